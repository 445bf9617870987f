//! Names that no table holds: merchants, payees, payers, billers, memos and places.
//!
//! A known name comes first: the customer's own payees and merchants, a statement code, a shop
//! everybody knows. Else the words around say where a name stands: "at ...", "... charged me".
//! Values are lower case and as the customer wrote them, without articles and possessives.

use std::ops::Range;

use super::scan::Scan;
use super::token::Kind;
use super::vocabulary::Words;
use crate::intent::Language;

/// The longest name in words.
const LONGEST: usize = 4;

impl Scan<'_> {
    /// The shop, service or company that an entry is with.
    pub(super) fn merchant(&self, has_category: bool) -> Option<String> {
        let known = self
            .known
            .merchants
            .iter()
            .find_map(|name| self.find_phrase(name));
        known
            .or_else(|| self.statement_code())
            .or_else(|| self.listed(&self.grammar.vocabulary.brands))
            .or_else(|| self.merchant_by_position(has_category))
            .map(|tokens| self.name_text(tokens))
    }

    fn merchant_by_position(&self, has_category: bool) -> Option<Range<usize>> {
        let fits = |tokens: &Range<usize>| {
            !self.holds_any(&self.grammar.vocabulary.people, tokens)
                && !self.holds_any(&self.grammar.vocabulary.places, tokens)
                && !self.holds_any(&self.grammar.vocabulary.rails, tokens)
                && !(has_category
                    && (self.holds_any(&self.grammar.vocabulary.categories, tokens)
                        || self.holds_any(&self.grammar.vocabulary.other_categories, tokens)))
        };
        self.subject_of_charge()
            .into_iter()
            .chain(self.before_noun())
            .chain(self.after(
                &[
                    "at", "from", "by", "called", "named", "en", "llamada", "llamado", "llamados",
                ],
                0,
            ))
            .chain(self.after(
                &[
                    "to", "on", "with", "for", "de", "del", "a", "al", "con", "por",
                ],
                0,
            ))
            .chain(self.capitals())
            .find(fits)
    }

    /// Whom money is sent to.
    pub(super) fn payee(&self) -> Option<String> {
        let known = self
            .known
            .payees
            .iter()
            .find_map(|name| self.find_phrase(name));
        let verbs = [
            "pay",
            "send",
            "zelle",
            "venmo",
            "wire",
            "give",
            "paypal",
            "bizum",
            "owe",
            "reimburse",
            "tip",
            "spot",
            "repay",
            "sending",
            "paying",
            "paid",
            "sent",
            "remove",
            "delete",
            "add",
            "lend",
            "zelled",
            "venmoed",
        ];
        known
            .or_else(|| {
                self.after(&["to", "a", "al", "para", "pa"], 1)
                    .find(|tokens| self.is_payee(tokens))
            })
            .or_else(|| self.after(&verbs, 1).find(|tokens| self.is_payee(tokens)))
            .or_else(|| self.listed(&self.grammar.vocabulary.people))
            .or_else(|| self.after_amount().filter(|tokens| self.is_payee(tokens)))
            .or_else(|| {
                let verbs = [
                    "paga", "pagale", "pagar", "agrega", "agregar", "anade", "borra", "elimina",
                    "quita", "eliminar", "borrar", "nuevo",
                ];
                self.after(&verbs, 1).find(|tokens| self.is_payee(tokens))
            })
            .or_else(|| {
                self.after(&["for", "with"], 1)
                    .find(|tokens| self.is_person(tokens))
            })
            .or_else(|| self.capitals().find(|tokens| self.is_payee(tokens)))
            .map(|tokens| self.name_text(tokens))
    }

    /// Who is to pay, or who paid.
    pub(super) fn payer(&self) -> Option<String> {
        let known = self
            .known
            .payees
            .iter()
            .find_map(|name| self.find_phrase(name));
        let english = [
            "from", "ask", "request", "charge", "bill", "invoice", "remind", "tell", "get", "has",
            "did",
        ];
        let spanish = [
            "a",
            "al",
            "de",
            "pide",
            "pidele",
            "pidale",
            "cobrale",
            "solicita",
            "solicitale",
            "pedirle",
            "cobra",
        ];
        known
            .or_else(|| self.before_words(&["owes", "debe", "owe"]))
            .or_else(|| self.listed(&self.grammar.vocabulary.people))
            .or_else(|| {
                self.after(
                    if self.text.language == Language::En {
                        &english
                    } else {
                        &spanish
                    },
                    1,
                )
                .find(|tokens| self.is_payee(tokens))
            })
            .or_else(|| self.capitals().find(|tokens| self.is_payee(tokens)))
            .map(|tokens| self.name_text(tokens))
    }

    /// What bill is paid: "electric", "luz", "verizon".
    pub(super) fn biller(&self) -> Option<String> {
        let known = self
            .known
            .payees
            .iter()
            .find_map(|name| self.find_phrase(name));
        let fits = |tokens: &Range<usize>| !self.holds_any(&self.grammar.vocabulary.rails, tokens);
        known
            .or_else(|| self.listed(&self.grammar.vocabulary.brands))
            .or_else(|| {
                self.before_words(&["bill", "bills", "invoice"])
                    .filter(fits)
            })
            .or_else(|| {
                self.after(&["recibo", "factura", "recibos", "servicio"], 0)
                    .find(fits)
            })
            .or_else(|| {
                self.after(
                    &[
                        "to", "pay", "paying", "paid", "a", "al", "pagar", "paga", "pagame",
                        "pague", "pago", "abona", "abonar", "for", "de", "del", "cubrir", "cover",
                        "para", "make",
                    ],
                    0,
                )
                .find(fits)
            })
            .or_else(|| self.listed(&self.grammar.vocabulary.people))
            .map(|tokens| self.name_text(tokens))
    }

    /// What a payment is for.
    pub(super) fn memo(&self, payee: Option<&str>) -> Option<String> {
        let words: &[&str] = match self.text.language {
            Language::En => &["for", "memo", "note", "saying", "says", "reference"],
            Language::Es => &[
                "por", "para", "pa", "concepto", "nota", "diga", "motivo", "asunto",
            ],
        };
        self.after(words, 2).find_map(|tokens| {
            let end = self.extend_memo(tokens.end);
            let text = self.name_text(tokens.start..end);
            let person = self.is_person(&tokens);
            (Some(text.as_str()) != payee
                && !person
                && !payee.is_some_and(|payee| text.starts_with(payee)))
            .then_some(text)
        })
    }

    /// "lunch and drinks", "luz de mayo": small words inside a memo.
    fn extend_memo(&self, end: usize) -> usize {
        let mut end = end;
        while end < self.len() && matches!(self.word(end), "and" | "&" | "y" | "of" | "de" | "n") {
            let more = self.names_from(end + 1, 2);
            if more == 0 {
                break;
            }
            end += 1 + more;
        }
        end
    }

    /// A ZIP code, a city, a country, or what stands after "near".
    pub(super) fn place(&self, open: bool) -> Option<String> {
        let zip = (0..self.len()).find(|at| {
            self.token(*at)
                .is_some_and(|token| token.kind == Kind::Number && token.end - token.start == 5)
                && (open
                    || matches!(
                        self.before(*at, 1),
                        "zip" | "code" | "zipcode" | "postal" | "codigo"
                    ))
                && !self.token(at + 1).is_some_and(|next| {
                    next.glued
                        && next.kind != Kind::Break
                        && !matches!(next.kind, Kind::Sign('.' | '?' | ',' | '!'))
                })
        });
        let zip = zip.map(|at| at..at + 1);
        zip.or_else(|| self.listed(&self.grammar.vocabulary.places))
            .or_else(|| {
                let words = [
                    "near", "around", "in", "at", "by", "to", "on", "cerca", "en", "de", "por",
                    "a", "visiting",
                ];
                let fits = |tokens: &Range<usize>| {
                    let first = self.word(tokens.start);
                    !matches!(
                        first,
                        "atm"
                            | "atms"
                            | "branch"
                            | "branches"
                            | "cajero"
                            | "sucursal"
                            | "bank"
                            | "banco"
                            | "house"
                            | "casa"
                            | "nearby"
                            | "cash"
                            | "closest"
                            | "nearest"
                            | "close"
                            | "area"
                            | "zona"
                            | "location"
                            | "town"
                            | "city"
                            | "ubicacion"
                            | "efectivo"
                            | "person"
                            | "persona"
                            | "lobby"
                            | "drive"
                    )
                };
                open.then(|| self.after(&words, 0).find(fits)).flatten()
            })
            .map(|tokens| self.name_text(tokens))
    }

    /// The text of a name in a slot: lower case, without a possessive, and without the relation
    /// where a name follows it ("my friend Carlos").
    pub(super) fn name_text(&self, tokens: Range<usize>) -> String {
        const RELATIONS: [&str; 24] = [
            "friend", "buddy", "amigo", "amiga", "cousin", "primo", "prima", "brother", "sister",
            "hermano", "hermana", "nephew", "niece", "grandson", "nieto", "nieta", "neighbor",
            "vecino", "coworker", "roommate", "son", "daughter", "hijo", "hija",
        ];
        let named = tokens.len() > 1
            && RELATIONS.contains(&self.word(tokens.start))
            && self.token(tokens.start + 1).is_some_and(|token| {
                token.kind == Kind::Word
                    && !matches!(self.text.word(token), "de" | "del" | "of" | "in")
            });
        let start = tokens.start + usize::from(named);
        let text = self.text.slice(start..tokens.end).to_lowercase();
        let text = text.trim_matches(|c: char| {
            c.is_whitespace() || matches!(c, '\'' | '"' | ',' | '.' | '?' | '!')
        });
        // A shop is called that: "domino's", "wendy's".
        let is_brand = self
            .grammar
            .vocabulary
            .brands
            .at(&self.context(), start)
            .is_some_and(|found| found.tokens.end == tokens.end && found.value.ends_with("'s"));
        if is_brand {
            return text.to_owned();
        }
        let bare = text
            .strip_suffix("'s")
            .or_else(|| text.strip_suffix("’s"))
            .unwrap_or(text);
        // "my moms account": the apostrophe is often left out.
        let person = bare
            .strip_suffix('s')
            .filter(|person| tokens.len() == 1 && self.grammar.vocabulary.people.holds(person));
        person.unwrap_or(bare).to_owned()
    }

    /// The names that follow one of the words, from left to right; `mode` 1 lets a person be
    /// described ("la señora de la limpieza"), 2 reads a memo.
    fn after<'w>(
        &'w self,
        words: &'w [&'w str],
        mode: u8,
    ) -> impl Iterator<Item = Range<usize>> + 'w {
        (0..self.len())
            .filter(move |at| self.is_free(*at) && words.contains(&self.word(*at)))
            .filter_map(move |at| {
                let start = self.skip_determiners(at + 1);
                let end = self.name_end(start, mode);
                (end > start).then_some(start..end)
            })
    }

    /// Past articles, possessives, amounts and "of".
    fn skip_determiners(&self, at: usize) -> usize {
        let mut at = at;
        while let Some(token) = self.token(at) {
            let determiner = matches!(
                self.word(at),
                "the"
                    | "my"
                    | "a"
                    | "an"
                    | "our"
                    | "your"
                    | "his"
                    | "her"
                    | "their"
                    | "this"
                    | "that"
                    | "some"
                    | "el"
                    | "la"
                    | "los"
                    | "las"
                    | "un"
                    | "una"
                    | "mi"
                    | "mis"
                    | "tu"
                    | "su"
                    | "sus"
                    | "al"
                    | "lo"
                    | "nuestro"
                    | "nuestra"
                    | "of"
                    | "de"
                    | "del"
                    | "old"
                    | "new"
                    | ":"
                    | "to"
                    | "out"
                    | "#"
                    | "\""
                    | "ese"
                    | "esa"
                    | "este"
                    | "esta"
                    | "me"
                    | "le"
            );
            let money = self.taken.get(at) == Some(&super::scan::Taken::Money);
            if !determiner && !money || token.kind == Kind::Break {
                break;
            }
            at += 1;
        }
        at
    }

    fn name_end(&self, start: usize, mode: u8) -> usize {
        let mut end = start;
        while end < self.len() && end - start < LONGEST + 2 {
            if self.is_name(end) {
                end += 1;
                continue;
            }
            // "at&t", "coca-cola", "amazon.com", "7-eleven": signs and numbers inside a name.
            let glued = |at: usize| self.token(at).is_some_and(|token| token.glued);
            let inside = self.token(end).is_some_and(|token| match token.kind {
                Kind::Sign(c) => {
                    (glued(end)
                        && glued(end + 1)
                        && matches!(c, '&' | '-' | '.' | '*' | '/' | '_' | '+' | '#'))
                        || (c == '&' && self.is_name(end + 1) && end > start)
                }
                Kind::Number => token.glued && end > start && self.is_free(end),
                _ => false,
            });
            if inside {
                end += 1;
                continue;
            }
            let of = mode == 1 && end > start && matches!(self.word(end), "de" | "del" | "of");
            if of {
                let next = if matches!(self.word(end + 1), "la" | "los" | "el" | "las" | "the") {
                    end + 2
                } else {
                    end + 1
                };
                if self.is_name(next) {
                    end = next + 1;
                    continue;
                }
            }
            break;
        }
        end.min(start + LONGEST + 2)
    }

    /// "netflix charged me", "el gimnasio me cobró".
    fn subject_of_charge(&self) -> Option<Range<usize>> {
        (1..self.len()).find_map(|at| {
            let verb = matches!(
                self.word(at),
                "charged"
                    | "charges"
                    | "billed"
                    | "took"
                    | "keeps"
                    | "charging"
                    | "cobro"
                    | "cobra"
                    | "cobran"
                    | "quita"
                    | "overcharged"
                    | "double"
                    | "renewed"
                    | "added"
                    | "sent"
                    | "ran"
                    | "debited"
            );
            if !verb {
                return None;
            }
            let end = if matches!(
                self.before(at, 1),
                "me" | "still" | "has" | "double" | "sigue" | "just" | "volvio" | "wont"
            ) {
                at - 1
            } else {
                at
            };
            self.back_from(end)
        })
    }

    /// "the netflix charge", "my amazon refund".
    fn before_noun(&self) -> Option<Range<usize>> {
        let nouns: &[&str] = &[
            "charge",
            "charges",
            "payment",
            "payments",
            "purchase",
            "purchases",
            "transaction",
            "transactions",
            "subscription",
            "subscriptions",
            "membership",
            "refund",
            "refunds",
            "order",
            "orders",
            "receipt",
            "receipts",
            "bill",
            "bills",
            "ride",
            "rides",
            "hold",
            "return",
            "credit",
            "trial",
            "plan",
            "spending",
            "account",
            "package",
            "delivery",
            "debit",
            "suscripcion",
            "expenses",
            "total",
        ];
        self.before_words(nouns)
    }

    fn before_words(&self, words: &[&str]) -> Option<Range<usize>> {
        (1..self.len())
            .filter(|at| words.contains(&self.word(*at)))
            .find_map(|at| self.back_from(at))
    }

    /// The name that ends before a token.
    fn back_from(&self, end: usize) -> Option<Range<usize>> {
        let mut start = end;
        while start > 0 && end - start < LONGEST {
            let at = start - 1;
            let inside = self.token(at).is_some_and(|token| {
                matches!(token.kind, Kind::Sign('&' | '-' | '.' | '*'))
                    && token.glued
                    && self.token(at + 1).is_some_and(|next| next.glued)
            });
            if !(self.is_name(at) || inside) {
                break;
            }
            start = at;
        }
        (start < end && self.text.slice(start..end).len() > 1).then_some(start..end)
    }

    /// "zelle 40 mom", "50 a jessica": the words right after the amount.
    fn after_amount(&self) -> Option<Range<usize>> {
        self.amounts.iter().find_map(|amount| {
            let start = self.skip_determiners(amount.tokens.end);
            let end = self.name_end(start, 1);
            (end > start).then_some(start..end)
        })
    }

    /// Words that begin with a capital where a sentence does not.
    fn capitals(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        // A shouted message has capitals everywhere.
        let words = self
            .text
            .tokens
            .iter()
            .filter(|token| token.kind == Kind::Word);
        let shouted =
            words.clone().filter(|token| token.capital).count() * 2 > words.count().max(3);
        let capital = move |at: usize| {
            !shouted && self.is_name(at) && self.token(at).is_some_and(|token| token.capital)
        };
        let mut next = 1;
        std::iter::from_fn(move || {
            while next < self.len() {
                let start = next;
                let ends_sentence = matches!(
                    self.token(start - 1).map(|token| token.kind),
                    Some(Kind::Sign('.' | '!' | '?') | Kind::Break)
                );
                let length = (start..start + LONGEST)
                    .take_while(|at| capital(*at))
                    .count();
                next = start + length.max(1);
                if length > 0 && !ends_sentence {
                    return Some(start..start + length);
                }
            }
            None
        })
    }

    /// "SQ *BLUE BOTTLE", "AMZN MKTP US*2K4QX1": as printed on a statement.
    fn statement_code(&self) -> Option<Range<usize>> {
        let star = (1..self.len()).find(|at| {
            self.text.sign_at(*at) == Some('*')
                && self.token(at + 1).is_some_and(|next| {
                    next.glued && matches!(next.kind, Kind::Word | Kind::Number)
                })
        })?;
        let shouted = |at: usize| {
            let token = self.token(at)?;
            let text = self.text.original.get(token.start..token.end)?;
            Some(matches!(token.kind, Kind::Word) && text.chars().all(|c| !c.is_lowercase()))
        };
        let all_capitals = shouted(star + 1) == Some(true) || shouted(star - 1) == Some(true);
        let mut start = star;
        while start > 0 && star - start < 4 {
            let at = start - 1;
            let code = if all_capitals {
                shouted(at) == Some(true)
            } else {
                star - start == 0 && self.token(at).is_some_and(|token| token.kind == Kind::Word)
            };
            if !code {
                break;
            }
            start = at;
        }
        let mut end = star + 1;
        while let Some(token) = self.token(end) {
            let glued = token.glued
                && matches!(
                    token.kind,
                    Kind::Word | Kind::Number | Kind::Sign('*' | '.' | '-' | '&' | '/')
                );
            let word = if all_capitals {
                shouted(end) == Some(true) && !token.entry.function
            } else {
                end - star < 3 && self.is_name(end)
            };
            if !(glued || word) || end - star > 8 {
                break;
            }
            end += 1;
        }
        // A full stop at the end is the sentence's.
        if matches!(
            self.token(end - 1).map(|token| token.kind),
            Some(Kind::Sign('.' | '-'))
        ) {
            end -= 1;
        }
        (start < star).then_some(start..end)
    }

    /// The first entry of a list that stands in the message.
    fn listed(&self, words: &Words) -> Option<Range<usize>> {
        let context = self.context();
        (0..self.len())
            .filter_map(|at| words.at(&context, at))
            .map(|found| found.tokens)
            .find(|tokens| tokens.clone().all(|at| self.is_free(at)))
    }

    /// Whether an entry of a list covers the range.
    fn holds_any(&self, words: &Words, tokens: &Range<usize>) -> bool {
        let context = self.context();
        tokens.clone().any(|at| {
            words
                .at(&context, at)
                .is_some_and(|found| found.tokens.end <= tokens.end)
        })
    }

    fn is_person(&self, tokens: &Range<usize>) -> bool {
        self.holds_any(&self.grammar.vocabulary.people, tokens)
    }

    fn is_payee(&self, tokens: &Range<usize>) -> bool {
        let first = self.word(tokens.start);
        !matches!(
            first,
            "bank"
                | "banco"
                | "friends"
                | "person"
                | "persona"
                | "people"
                | "payee"
                | "payees"
                | "recipient"
                | "contact"
                | "beneficiary"
                | "beneficiario"
                | "destinatario"
                | "zelle"
                | "venmo"
                | "contacto"
                | "error"
                | "mistake"
                | "tiempo"
                | "nombre"
                | "traves"
                | "travez"
                | "casa"
                | "work"
        ) && !tokens.clone().all(|at| {
            self.grammar
                .vocabulary
                .rails
                .at(&self.context(), at)
                .is_some()
        })
    }
}
