//! What the simulated bank takes for other money. The table is for one US dollar; the other way is computed from it.

/// Units of each currency for one US dollar.
const FOR_A_DOLLAR: [(&str, &str); 7] = [
    ("BRL", "5.8120"),
    ("CAD", "1.4021"),
    ("CHF", "0.8874"),
    ("EUR", "0.9217"),
    ("GBP", "0.7893"),
    ("JPY", "154.68"),
    ("MXN", "20.4150"),
];

/// Returns units of `to` for one of `from` as decimal text; `None` where neither is the dollar or the bank does not
/// trade the other.
pub(super) fn rate(from: &str, to: &str) -> Option<String> {
    let of = |code: &str| {
        FOR_A_DOLLAR
            .iter()
            .find_map(|(other, rate)| (*other == code).then_some(*rate))
    };
    match (from, to) {
        ("USD", to) => of(to).map(str::to_owned),
        (from, "USD") => inverse(of(from)?),
        _ => None,
    }
}

/// One divided by a rate, cut after eight digits.
fn inverse(rate: &str) -> Option<String> {
    let (whole, part) = rate.split_once('.')?;
    let digits: u128 = format!("{whole}{part}").parse().ok()?;
    let scale = 10_u128.checked_pow(u32::try_from(part.len()).ok()?)?;
    let all = scale.checked_mul(100_000_000)?.checked_div(digits)?;
    Some(format!("{}.{:08}", all / 100_000_000, all % 100_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_through_the_dollar() {
        assert_eq!(rate("USD", "EUR").as_deref(), Some("0.9217"));
        assert_eq!(rate("EUR", "USD").as_deref(), Some("1.08495171"));
        assert_eq!(rate("JPY", "USD").as_deref(), Some("0.00646495"));
        assert_eq!(rate("EUR", "GBP"), None);
        assert_eq!(rate("USD", "XXX"), None);
        assert_eq!(rate("USD", "USD"), None);
    }
}
