//! Which payee was meant, by the customer's own list: "mom", "jessica", "rent".

use crate::bank::model::Payee;
use crate::intent::normalize::normalize;
use crate::reply::value::clean;

use super::super::request::Request;
use super::Context;
use super::movement::something_else;

/// Words people use for the same person or company, in both languages. The first of a row is no better than the others.
const SAME: [&[&str]; 9] = [
    &["mom", "mum", "mommy", "mother", "ma", "mama", "madre"],
    &["dad", "daddy", "father", "papa", "padre"],
    &["sister", "sis", "hermana"],
    &["brother", "bro", "hermano"],
    &[
        "landlord",
        "rent",
        "renta",
        "alquiler",
        "casero",
        "arrendador",
    ],
    &["electric", "electricity", "power", "luz", "electricidad"],
    &["water", "agua"],
    &["phone", "mobile", "cell", "telefono", "celular"],
    &["internet", "wifi", "broadband"],
];

/// Words that name nobody.
const EMPTY: [&str; 10] = [
    "my", "mi", "the", "el", "la", "bill", "company", "factura", "recibo", "cuenta",
];

fn plain(text: &str) -> Vec<String> {
    normalize(text)
        .text
        .chars()
        .map(|c| match c {
            'á' => 'a',
            'é' => 'e',
            'í' => 'i',
            'ó' => 'o',
            'ú' => 'u',
            c => c,
        })
        .collect::<String>()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn same(said: &str, named: &str) -> bool {
    said == named
        || SAME
            .iter()
            .any(|row| row.contains(&said) && row.contains(&named))
}

/// Finds the payees a name can mean: every word that was said must be in their name.
pub(super) fn named<'a>(all: &[&'a Payee], said: &str) -> Vec<&'a Payee> {
    all.iter()
        .copied()
        .filter(|payee| is_named(&payee.name, said))
        .collect()
}

/// Tells whether somebody of this name can be meant.
pub(super) fn is_named(name: &str, said: &str) -> bool {
    let name = plain(name);
    let mut words = plain(said)
        .into_iter()
        .filter(|word| !EMPTY.contains(&word.as_str()))
        .peekable();
    words.peek().is_some() && words.all(|word| name.iter().any(|part| same(&word, part)))
}

/// What a payee is called in a reply: `Mom (Rosa D., ••8812)`.
pub(super) fn label(payee: &Payee) -> String {
    let hint: String = payee
        .account_hint
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let digits = hint.get(hint.len().saturating_sub(4)..).unwrap_or_default();
    let name = clean(&payee.name);
    if digits.is_empty() {
        name
    } else if let Some(open) = name.strip_suffix(')') {
        format!("{open}, ••{digits})")
    } else {
        format!("{name} (••{digits})")
    }
}

/// Writes a name the customer said in lower case as names are written.
pub(super) fn capital(name: &str) -> String {
    let mut characters = name.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}

/// What a payee of this name is called on a button.
pub(super) fn short(name: &str) -> String {
    let name = clean(name);
    match name.split_once(" (") {
        Some((short, _)) => short.to_owned(),
        None => name,
    }
}

/// Offers payees, four at most and a way out.
pub(super) fn options(
    payees: &[&Payee],
    request: &Request,
    context: &Context<'_>,
) -> Vec<(String, Request)> {
    let mut options: Vec<(String, Request)> = payees
        .iter()
        .take(4)
        .map(|payee| {
            (
                short(&payee.name),
                request.clone().bind("payee", payee.id.as_str()),
            )
        })
        .collect();
    options.push(something_else(context));
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bank::model::PayeeId;

    fn payee(name: &str) -> Payee {
        Payee {
            id: PayeeId(name.to_owned()),
            name: name.to_owned(),
            account_hint: "••8812".to_owned(),
            biller: false,
            paid_before: true,
        }
    }

    #[test]
    fn names_are_found_by_words_and_by_kin() {
        let all = [
            payee("Mom (Rosa D.)"),
            payee("Jessica L."),
            payee("Jessica R."),
        ];
        let all: Vec<&Payee> = all.iter().collect();
        let found = |said: &str| -> Vec<&str> {
            named(&all, said).iter().map(|p| p.name.as_str()).collect()
        };
        assert_eq!(found("my mum"), ["Mom (Rosa D.)"]);
        assert_eq!(found("mamá"), ["Mom (Rosa D.)"]);
        assert_eq!(found("rosa"), ["Mom (Rosa D.)"]);
        assert_eq!(found("jessica"), ["Jessica L.", "Jessica R."]);
        assert_eq!(found("jessica r"), ["Jessica R."]);
        assert!(found("bob").is_empty());
        assert!(found("the").is_empty());
        assert_eq!(label(all[0]), "Mom (Rosa D., ••8812)");
        assert_eq!(label(all[1]), "Jessica L. (••8812)");
    }
}
