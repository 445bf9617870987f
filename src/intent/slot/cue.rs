//! Words that say what stands beside them: that an account number follows, that money comes from
//! an account, that something is compared. The words of each cue are in `words.txt`.

macro_rules! cues {
    ($($(#[$doc:meta])* $cue:ident = $name:literal),+ $(,)?) => {
        /// A kind of such words; one word can be several.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Cue {
            $($(#[$doc])* $cue),+
        }

        impl Cue {
            /// Every cue with its name in `words.txt`.
            pub(super) const ALL: &[(Cue, &str)] = &[$((Cue::$cue, $name)),+];
        }
    };
}

cues! {
    /// "ending in 4417".
    Ending = "ending",
    /// A word for a card.
    Card = "card",
    /// The number after it names something: an order, an option, a page.
    Numbered = "numbered",
    /// A day or period after it is only compared to.
    Compares = "compares",
    /// The same with "to" or "with" between.
    ComparesTo = "compares_to",
    /// A kind of account that a name stands beside.
    AccountKind = "account_kind",
    /// What such a name is not.
    NoAccountName = "no_account_name",
    /// "3 days before".
    Ahead = "ahead",
    /// "a week ago" repeats nothing.
    NotRepeatedAfter = "not_repeated_after",
    /// "in a month" neither.
    NotRepeatedBefore = "not_repeated_before",
    /// A small word between a preposition and its noun.
    Determiner = "determiner",
    /// Money comes from the account after it.
    From = "from",
    /// Money goes to the account after it.
    To = "to",
    /// "leave 100 in checking": what stays there.
    Keeps = "keeps",
    /// Something was sent to a person, not paid to a shop.
    Sent = "sent",
    /// "... charged me".
    ChargeVerb = "charge_verb",
    /// Between the name and that verb.
    ChargeAuxiliary = "charge_auxiliary",
    /// "the ... charge".
    ChargeNoun = "charge_noun",
    /// Stands before a shop.
    At = "at",
    /// Stands before a shop or anything else.
    Towards = "towards",
    /// No shop is called so.
    NoMerchant = "no_merchant",
    /// Stands before who is paid.
    ToPayee = "to_payee",
    /// The same in English and Spanish, after the verb.
    PayVerb = "pay_verb",
    /// No person is called so.
    NoPayee = "no_payee",
    /// Stands before who is to pay.
    FromPayer = "from_payer",
    /// "mike owes me".
    Owes = "owes",
    /// A word for a bill.
    Bill = "bill",
    /// Stands before what a bill is for.
    BillOf = "bill_of",
    /// Stands before what is paid.
    PayBill = "pay_bill",
    /// No bill is called so.
    NoBiller = "no_biller",
    /// Stands before what a payment is for.
    For = "for",
    /// Stands before a place.
    Near = "near",
    /// No place is called so.
    NoPlace = "no_place",
    /// A relation that a name replaces ("my friend Carlos").
    Relation = "relation",
    /// An entry that can be counted.
    Entry = "entry",
    /// "the last ...".
    Last = "last",
    /// The amount after it is a lower bound.
    Over = "over",
    /// The amount after it is an upper bound.
    Under = "under",
    /// The amount after it should have been charged.
    Expected = "expected",
    /// The amount after it came out of the machine.
    Received = "received",
    /// A case number follows.
    Case = "case",
    /// An order number follows.
    Order = "order",
    /// A tracking number follows.
    Tracking = "tracking",
    /// A letter follows that is a choice.
    Option = "option",
    /// "not spanish".
    Refuses = "refuses",
    /// "how many pesos".
    HowMany = "how_many",
    /// The whole of the accounts.
    Total = "total",
    /// A bank word between "in" and a currency.
    Nationality = "nationality",
    /// Who pays wages is a source, not a payer.
    Employer = "employer",
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::slot::tables;

    #[test]
    fn every_cue_has_words_and_every_list_is_a_cue() {
        let rows = tables::rows("cues");
        for (cue, name) in Cue::ALL {
            assert!(
                rows.iter().any(|(row, _)| row == name),
                "{cue:?} has no words"
            );
        }
        for (row, _) in rows {
            assert!(
                Cue::ALL.iter().any(|(_, name)| *name == row),
                "{row} is no cue"
            );
        }
        assert!(
            Cue::ALL.len() <= 64,
            "the cues of a word are a mask of 64 bits"
        );
    }
}
