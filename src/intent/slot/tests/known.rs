//! What is known of the customer comes before what the words alone suggest.

use super::assert_filled;
use crate::intent::Language;
use crate::intent::slot::SlotContext;

#[test]
fn own_names_win() {
    let known = SlotContext {
        accounts: &["Rainy Day", "June Trip"],
        payees: &["Rosa Díaz", "May"],
        merchants: &["Corner Bakery"],
        ..SlotContext::default()
    };
    assert_filled(
        Language::En,
        &known,
        &[
            ("balance", "how much is in rainy day", "account=rainy day"),
            (
                "transfer_own",
                "move 50 from june trip to rainy day",
                "amount=50.00 | from=june trip | to=rainy day",
            ),
            (
                "pay_person",
                "send rosa diaz 40",
                "payee=rosa diaz | amount=40.00",
            ),
            ("pay_person", "send may 40", "payee=may | amount=40.00"),
            (
                "spending",
                "how much did i spend at the corner bakery in may",
                "merchant=corner bakery | period=month:may",
            ),
        ],
    );
}

#[test]
fn the_dollar_of_the_own_country_is_no_foreign_currency() {
    let case = [("pay_person", "send mom $40", "payee=mom | amount=40.00")];
    for home in ["USD", "CAD", "AUD"] {
        let known = SlotContext {
            home_currency: Some(home),
            ..SlotContext::default()
        };
        assert_filled(Language::En, &known, &case);
    }
    let abroad = SlotContext {
        home_currency: Some("GBP"),
        ..SlotContext::default()
    };
    assert_filled(
        Language::En,
        &abroad,
        &[(
            "pay_person",
            "send mom $40",
            "payee=mom | amount=40.00 | currency=USD",
        )],
    );
    let canadian = SlotContext {
        home_currency: Some("CAD"),
        ..SlotContext::default()
    };
    assert_filled(
        Language::En,
        &canadian,
        &[(
            "pay_person",
            "send mom 40 us dollars",
            "payee=mom | amount=40.00 | currency=USD",
        )],
    );
}
