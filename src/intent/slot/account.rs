//! Accounts and cards: by kind, by the customer's own name, by the last four digits; and which of
//! two accounts money leaves.

use super::cue::Cue;
use super::scan::{FoundAccount, Scan, Taken};
use super::token::Kind;

/// What an account is to a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    From,
    To,
    Unsaid,
}

impl Scan<'_> {
    /// "ending in 4417", "card 4417", "••4417", "the 4417 card".
    pub(super) fn find_last_four(&mut self) {
        let found = (0..self.len()).find(|at| self.is_last_four(*at));
        if let Some(at) = found {
            self.last_four = Some(self.word(at).to_owned());
            self.take(at..at + 1, Taken::Identifier);
        }
    }

    fn is_last_four(&self, at: usize) -> bool {
        let Some(token) = self.token(at) else {
            return false;
        };
        if token.kind != Kind::Number || token.end - token.start != 4 {
            return false;
        }
        let sign_before = at.checked_sub(1).and_then(|at| self.text.sign_at(at));
        let masked = token.glued
            && (matches!(sign_before, Some('•' | '*' | '#' | '…' | '·'))
                || self.before(at, 1).bytes().all(|letter| letter == b'x'));
        let ending = self.within(at, 3, Cue::Ending);
        // "last four 4417", "los últimos cuatro son 4417"
        let last = (2..=4).any(|steps| matches!(self.before(at, steps), "last" | "ultimos"));
        let four = (1..=3).any(|steps| {
            matches!(
                self.before(at, steps),
                "four" | "4" | "cuatro" | "digits" | "digitos"
            )
        });
        let year = token
            .number
            .is_some_and(|value| (1990..2040).contains(&value));
        let beside_card =
            self.was(at, 1, Cue::Card) || matches!(self.word(at + 1), "card" | "tarjeta");
        let goes_on = self.token(at + 1).is_some_and(|next| {
            next.glued
                && !matches!(
                    next.kind,
                    Kind::Break | Kind::Sign('.' | '?' | ',' | '!' | ')' | ';' | ':')
                )
        });
        !goes_on
            && sign_before != Some('$')
            && (masked || ending || (last && four) || (beside_card && !year))
    }

    pub(super) fn find_known_accounts(&mut self) {
        let known = self.known.accounts;
        for name in known {
            if let Some(tokens) = self.find_phrase(name) {
                self.take(tokens.clone(), Taken::Account);
                self.accounts.push(FoundAccount {
                    value: name.to_lowercase(),
                    tokens,
                });
            }
        }
    }

    pub(super) fn find_accounts(&mut self) {
        for hit in self.grammar.vocabulary.accounts.all(&self.context()) {
            if hit.tokens.clone().all(|at| self.is_free(at)) {
                self.take(hit.tokens.clone(), Taken::Account);
                self.accounts.push(FoundAccount {
                    value: hit.value.to_owned(),
                    tokens: hit.tokens,
                });
            }
        }
        for account in self.nicknames() {
            self.take(account.tokens.clone(), Taken::Account);
            self.accounts.push(account);
        }
        self.accounts.sort_by_key(|account| account.tokens.start);
    }

    /// "the vacation fund", "my joint account", "cuenta de gastos": a name given by the customer.
    fn nicknames(&self) -> Vec<FoundAccount> {
        let mut found = Vec::new();
        for at in 0..self.len() {
            if !self.is(at, Cue::AccountKind) || !self.is_free(at) {
                continue;
            }
            let kind = self.word(at);
            let spanish = matches!(kind, "cuenta" | "fondo" | "bolsillo");
            let tokens = if spanish {
                let start =
                    at + 1 + usize::from(matches!(self.word(at + 1), "de" | "del" | "para"));
                start..start + self.names_from(start, 2)
            } else {
                at - self.names_before(at, 2)..at
            };
            let unnamed = tokens.clone().any(|at| self.is(at, Cue::NoAccountName));
            // "mike's account" is somebody else's.
            let owned = self.text.slice(tokens.clone()).contains(['\'', '’']);
            let person = self
                .grammar
                .vocabulary
                .people
                .holds(self.word(tokens.start).trim_end_matches('s'));
            if tokens.is_empty()
                || unnamed
                || owned
                || person
                || self.text.slice(tokens.clone()).len() < 3
            {
                continue;
            }
            // A fund is named with its kind, an account without.
            let named = match kind {
                "fund" | "pot" | "jar" => tokens.start..at + 1,
                "fondo" => at..tokens.end,
                _ => tokens,
            };
            let value = self.text.slice(named.clone()).to_lowercase();
            found.push(FoundAccount {
                value,
                tokens: named,
            });
        }
        found
    }

    /// The account that is asked about.
    pub(super) fn account(&self, intent: &str) -> Option<String> {
        // There a card is a card, elsewhere it is the account that the entries are on.
        let card_slot = matches!(intent, "available_credit" | "interest_rate");
        let found = self
            .accounts
            .iter()
            .find(|account| !(card_slot && account.value == "credit_card"));
        match found {
            Some(account) => Some(account.value.clone()),
            None => (intent == "balance" && self.has(Cue::Total)).then(|| "all".to_owned()),
        }
    }

    /// Which account money leaves, by the word before it.
    pub(super) fn transfer_from(&self) -> Option<String> {
        let roles = self.roles();
        let find = |wanted| {
            roles
                .iter()
                .find(|(role, _)| *role == wanted)
                .map(|(_, value)| *value)
        };
        // "savings to checking"
        find(Role::From)
            .or_else(|| find(Role::To).and(find(Role::Unsaid)))
            .map(str::to_owned)
    }

    /// Which account money enters.
    pub(super) fn transfer_to(&self) -> Option<String> {
        let roles = self.roles();
        let find = |wanted| {
            roles
                .iter()
                .find(|(role, _)| *role == wanted)
                .map(|(_, value)| *value)
        };
        // "cover my checking with 80 from savings"
        find(Role::To)
            .or_else(|| find(Role::Unsaid))
            .map(str::to_owned)
    }

    fn roles(&self) -> Vec<(Role, &str)> {
        self.accounts
            .iter()
            .filter(|account| account.value != "all")
            .map(|account| (self.role(account.tokens.start), account.value.as_str()))
            .collect()
    }

    fn role(&self, start: usize) -> Role {
        let mut at = start;
        while at > 0 {
            let word = self.word(at - 1);
            // "de la cuenta de ahorros": the second "de" belongs to the account.
            let of_account = word == "de"
                && matches!(
                    self.before(at - 1, 1),
                    "cuenta" | "caja" | "cuentas" | "la" | "las"
                );
            let small = matches!(
                word,
                "my" | "the"
                    | "mi"
                    | "mis"
                    | "la"
                    | "el"
                    | "our"
                    | "cuenta"
                    | "account"
                    | "cuentas"
                    | "los"
                    | "las"
                    | "main"
                    | "over"
            );
            if !(small || of_account) {
                break;
            }
            at -= 1;
        }
        let stays = matches!(self.before(at, 1), "in" | "en") && self.has(Cue::Keeps);
        if stays
            || self.was(at, 1, Cue::From)
            || (self.before(at, 1) == "of" && self.before(at, 2) == "out")
        {
            Role::From
        } else if self.was(at, 1, Cue::To) {
            Role::To
        } else {
            Role::Unsaid
        }
    }

    /// "Freeze 4417": where only a card can be meant, four digits are its last ones.
    fn bare_digits(&self, intent: &str) -> Option<&str> {
        let only_cards = matches!(
            intent,
            "card_freeze" | "card_unfreeze" | "card_lost_stolen" | "card_status" | "card_activate"
        );
        let four = |at: usize| {
            self.token(at).is_some_and(|token| {
                let year = token
                    .number
                    .is_some_and(|value| (1990..2040).contains(&value));
                token.kind == Kind::Number && token.end - token.start == 4 && !year
            }) && !matches!(
                at.checked_sub(1).and_then(|at| self.text.sign_at(at)),
                Some('$' | '€' | '£')
            )
        };
        let mut found = (0..self.len()).filter(|at| only_cards && four(*at));
        let only = found.next()?;
        found.next().is_none().then(|| self.word(only))
    }

    /// The card: by its last four digits, its brand, or its kind.
    pub(super) fn card(&self, intent: &str) -> Option<String> {
        if let Some(digits) = &self.last_four {
            return Some(format!("last4:{digits}"));
        }
        if let Some(digits) = self.bare_digits(intent) {
            return Some(format!("last4:{digits}"));
        }
        let found = self.grammar.vocabulary.cards.all(&self.context());
        let is_kind = |value: &str| matches!(value, "debit" | "credit");
        let brand = found.iter().find(|found| !is_kind(found.value));
        let debit = found.iter().any(|found| found.value == "debit");
        // For a balance the credit card is an account, for a bill it is the product.
        let otherwise = matches!(intent, "balance" | "bill_due" | "interest_rate");
        let kind = found
            .iter()
            .find(|found| is_kind(found.value) && !(otherwise && found.value == "credit"));
        match brand {
            Some(_) if debit => Some("debit".to_owned()),
            Some(brand) => Some(brand.value.to_owned()),
            None => kind.map(|found| found.value.to_owned()),
        }
    }
}
