//! Whose name it is: a merchant's, a payee's, a payer's, a biller's; and memos and places.
//!
//! A known name comes first: the customer's own payees and merchants, a statement code, a shop
//! everybody knows. Else the words around say where a name stands: "at ...", "... charged me".

use std::ops::Range;

use super::{Scan, Style};
use crate::intent::slot::cue::Cue;
use crate::intent::slot::token::Kind;

impl Scan<'_> {
    /// The shop, service or company that an entry is with.
    pub(in crate::intent::slot) fn merchant(&self, has_category: bool) -> Option<String> {
        let known = self
            .known
            .merchants
            .iter()
            .find_map(|name| self.find_phrase(name));
        known
            .or_else(|| self.statement_code())
            .or_else(|| {
                self.listed(&self.grammar.vocabulary.brands)
                    .filter(|tokens| !self.is_verb(tokens))
            })
            .or_else(|| self.merchant_by_position(has_category))
            .map(|tokens| self.name_text(tokens))
    }

    /// "shell out" is no shop.
    fn is_verb(&self, tokens: &Range<usize>) -> bool {
        tokens.len() == 1 && self.word(tokens.start) == "shell" && self.word(tokens.end) == "out"
    }

    fn merchant_by_position(&self, has_category: bool) -> Option<Range<usize>> {
        let vocabulary = &self.grammar.vocabulary;
        let fits = |tokens: &Range<usize>| {
            let category = has_category
                && (self.holds_any(&vocabulary.categories, tokens)
                    || self.holds_any(&vocabulary.other_categories, tokens)
                    // "eating" of "eating out".
                    || self.begins(&vocabulary.categories, tokens.start));
            // "Casa Lucio" is a restaurant, "casa" is where somebody lives.
            let plain = tokens.clone().all(|at| {
                !self.is(at, Cue::NoMerchant) || (tokens.len() > 1 && self.word(at) == "casa")
            });
            plain
                && !category
                && !self.holds_any(&vocabulary.people, tokens)
                && !self.is_all(&vocabulary.places, tokens)
                && !self.holds_any(&vocabulary.rails, tokens)
                && !self.holds_any(&vocabulary.cards, tokens)
        };
        self.subject_of_charge()
            .into_iter()
            .chain(self.before_cue(Cue::ChargeNoun))
            .chain(self.after(Cue::At, Style::Thing))
            .chain(self.after(Cue::Towards, Style::Thing))
            .chain(self.capitals())
            .find(fits)
    }

    /// "netflix charged me", "el gimnasio me cobró".
    fn subject_of_charge(&self) -> Option<Range<usize>> {
        (1..self.len())
            .filter(|at| self.is(*at, Cue::ChargeVerb))
            .find_map(|at| {
                let auxiliary = self.was(at, 1, Cue::ChargeAuxiliary);
                self.back_from(if auxiliary { at - 1 } else { at })
            })
    }

    /// Whom money is sent to.
    pub(in crate::intent::slot) fn payee(&self) -> Option<String> {
        let people = &self.grammar.vocabulary.people;
        let fits = |tokens: &Range<usize>| self.is_payee(tokens);
        self.known_payee()
            .or_else(|| self.after(Cue::ToPayee, Style::Person).find(fits))
            .or_else(|| self.after(Cue::PayVerb, Style::Person).find(fits))
            .or_else(|| self.listed(people))
            .or_else(|| self.after_amount().filter(fits))
            .or_else(|| {
                self.after(Cue::For, Style::Person)
                    .find(|tokens| self.holds_any(people, tokens))
            })
            .or_else(|| self.capitals().find(fits))
            .map(|tokens| self.name_text(tokens))
    }

    /// A person among shops: in a list of entries, or in what is spent.
    pub(in crate::intent::slot) fn person(&self) -> Option<String> {
        let people = &self.grammar.vocabulary.people;
        let is_person = |tokens: &Range<usize>| self.holds_any(people, tokens);
        self.known_payee()
            .or_else(|| self.after(Cue::ToPayee, Style::Person).find(is_person))
            .or_else(|| self.after(Cue::PayVerb, Style::Person).find(is_person))
            .or_else(|| self.listed(people))
            .or_else(|| {
                let sent = self.has(Cue::Sent);
                sent.then(|| {
                    self.after(Cue::ToPayee, Style::Person)
                        .find(|tokens| self.is_payee(tokens))
                })
                .flatten()
            })
            .map(|tokens| self.name_text(tokens))
    }

    fn known_payee(&self) -> Option<Range<usize>> {
        self.known
            .payees
            .iter()
            .find_map(|name| self.find_phrase(name))
    }

    fn is_payee(&self, tokens: &Range<usize>) -> bool {
        let vocabulary = &self.grammar.vocabulary;
        !self.is(tokens.start, Cue::NoPayee)
            && !self.holds_any(&vocabulary.rails, tokens)
            && !self.holds_any(&vocabulary.places, tokens)
    }

    /// Who is to pay.
    pub(in crate::intent::slot) fn payer(&self) -> Option<String> {
        let fits = |tokens: &Range<usize>| self.is_payee(tokens);
        self.known_payee()
            .or_else(|| self.before_cue(Cue::Owes).find(fits))
            .or_else(|| self.listed(&self.grammar.vocabulary.people))
            .or_else(|| self.after(Cue::FromPayer, Style::Person).find(fits))
            .or_else(|| self.after(Cue::ToPayee, Style::Person).find(fits))
            .or_else(|| self.capitals().find(fits))
            .map(|tokens| self.name_text(tokens))
    }

    /// The person that money came from; whoever pays wages is a source instead.
    pub(in crate::intent::slot) fn paying_person(&self) -> Option<String> {
        let people = &self.grammar.vocabulary.people;
        let context = self.context();
        let listed = || {
            (0..self.len())
                .filter_map(|at| people.at(&context, at))
                .map(|found| found.tokens)
                .find(|tokens| !self.is(tokens.start, Cue::Employer))
        };
        let from = || {
            let named = |tokens: &Range<usize>| {
                self.is_payee(tokens)
                    && !self.is(tokens.start, Cue::NoMerchant)
                    && !self.is(tokens.start, Cue::Employer)
            };
            let from = self.after(Cue::FromPayer, Style::Person);
            from.filter(|tokens| matches!(self.before(tokens.start, 1), "from" | "de"))
                .find(named)
        };
        let found = self.known_payee().or_else(listed).or_else(from)?;
        Some(self.name_text(found))
    }

    /// What bill is paid: "electric", "luz", "verizon".
    pub(in crate::intent::slot) fn biller(&self) -> Option<String> {
        let vocabulary = &self.grammar.vocabulary;
        let fits = |tokens: &Range<usize>| {
            !self.is(tokens.start, Cue::NoBiller) && !self.holds_any(&vocabulary.rails, tokens)
        };
        self.known_payee()
            .or_else(|| self.listed(&vocabulary.brands))
            .or_else(|| self.before_cue(Cue::Bill).find(fits))
            .or_else(|| self.after(Cue::BillOf, Style::Thing).find(fits))
            .or_else(|| self.after(Cue::PayBill, Style::Thing).find(fits))
            .or_else(|| self.listed(&vocabulary.people))
            .map(|tokens| self.name_text(tokens))
    }

    /// The bill of a question, where it is named as one: "when is the water bill due".
    pub(in crate::intent::slot) fn named_bill(&self) -> Option<String> {
        let fits = |tokens: &Range<usize>| {
            !self.is(tokens.start, Cue::NoBiller) && !self.is(tokens.start, Cue::NoMerchant)
        };
        let household = || self.listed(&self.grammar.vocabulary.bills);
        self.before_cue(Cue::Bill)
            .find(fits)
            .or_else(|| self.listed(&self.grammar.vocabulary.brands))
            .or_else(|| self.after(Cue::BillOf, Style::Thing).find(fits))
            .or_else(household)
            .map(|tokens| self.name_text(tokens))
    }

    /// What a payment is for.
    pub(in crate::intent::slot) fn memo(&self, payee: Option<&str>) -> Option<String> {
        let vocabulary = &self.grammar.vocabulary;
        self.after(Cue::For, Style::Thing).find_map(|tokens| {
            let text = self.name_text(tokens.start..self.memo_end(tokens.end));
            let person = self.holds_any(&vocabulary.people, &tokens);
            let rail = self.holds_any(&vocabulary.rails, &tokens);
            let same = payee.is_some_and(|payee| text.starts_with(payee));
            (!person && !rail && !same).then_some(text)
        })
    }

    /// "lunch and drinks", "luz de mayo": small words inside a memo.
    fn memo_end(&self, end: usize) -> usize {
        let mut end = end;
        while matches!(self.word(end), "and" | "&" | "y" | "of" | "de" | "n") {
            let more = self.names_from(end + 1, 2);
            if more == 0 {
                break;
            }
            end += 1 + more;
        }
        end
    }

    /// A ZIP code, a city, a country; with `open`, also what stands after "near".
    pub(in crate::intent::slot) fn place(&self, open: bool) -> Option<String> {
        let zip = (0..self.len())
            .find(|at| self.is_zip(*at, open))
            .map(|at| at..at + 1);
        zip.or_else(|| self.listed(&self.grammar.vocabulary.places))
            .or_else(|| {
                let fits = |tokens: &Range<usize>| !self.is(tokens.start, Cue::NoPlace);
                open.then(|| self.after(Cue::Near, Style::Thing).find(fits))
                    .flatten()
            })
            .map(|tokens| self.name_text(tokens))
    }

    fn is_zip(&self, at: usize, open: bool) -> bool {
        let five = self
            .token(at)
            .is_some_and(|token| token.kind == Kind::Number && token.end - token.start == 5);
        let named = matches!(
            self.before(at, 1),
            "zip" | "code" | "zipcode" | "postal" | "codigo"
        );
        let goes_on = self.token(at + 1).is_some_and(|next| {
            next.glued && !matches!(next.kind, Kind::Break | Kind::Sign('.' | '?' | ',' | '!'))
        });
        five && (open || named) && !goes_on
    }
}
