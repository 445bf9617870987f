//! Errors, partial answers, paging and what banks send that they should not.

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::super::{BalanceSign, DateFilter, account as wire_account, transaction, wire::Number};
use super::*;
use crate::bank::Reading;
use crate::bank::http::peer::{Act, json};
use crate::bank::model::{AccountKind, AccountStatus, BalanceKind, TransactionStatus};
use crate::money::{Currency, Money};

const CHECKING: &str = r#"{"accountCategory":"DEPOSIT_ACCOUNT","accountId":"a","accountType":"CHECKING",
"accountNumberDisplay":"xxxx-1234","nickname":"Main","status":"OPEN","currency":{"currencyCode":"USD"},
"currentBalance":0.8,"availableBalance":1e2}"#;

fn entry(id: &str, day: &str) -> String {
    format!(
        r#"{{"accountCategory":"DEPOSIT_ACCOUNT","transactionId":"{id}","description":"SHOP","debitCreditMemo":"DEBIT",
"status":"POSTED","amount":1.00,"transactionTimestamp":"{day}T12:00:00-05:00","postedTimestamp":"{day}T12:00:00-05:00"}}"#
    )
}

/// Reads November of account `a` from a bank that answers its entries with `act`.
async fn november(
    act: impl Fn(&crate::bank::http::peer::Seen, usize) -> Act + Send + Sync + 'static,
) -> (Peer, Result<Vec<String>, BankError>) {
    let peer = Peer::start(move |seen, number| {
        if seen.path().ends_with("/accounts/a") {
            json(200, CHECKING)
        } else {
            act(seen, number)
        }
    })
    .await;
    let found = adapter(&peer, settings())
        .transactions(
            &connection(),
            &account("a"),
            range("2026-11-01", "2026-11-30"),
        )
        .await
        .map(|entries| entries.into_iter().map(|entry| entry.id.0).collect());
    (peer, found)
}

#[tokio::test]
async fn errors_map_as_the_table_says() {
    for (status, body, expected) in [
        (401, r#"{"code":"602","message":"m"}"#, "consent_expired"),
        (401, "", "consent_expired"),
        (403, r#"{"code":"602","message":"m"}"#, "consent_expired"),
        (403, "{}", "forbidden"),
        (403, r#"{"code":"706","message":"m"}"#, "forbidden"),
        (409, r#"{"code":706,"message":"m"}"#, "forbidden"),
        (404, r#"{"code":"701","message":"m"}"#, "not_found"),
        (400, r#"{"code":"801","message":"m"}"#, "not_found"),
        (404, "<html>", "not_found"),
        (429, "{}", "rate_limited"),
        (500, r#"{"code":500,"message":"m"}"#, "unavailable"),
        (501, "{}", "unavailable"),
        (503, "<html>", "unavailable"),
        (400, r#"{"code":"703","message":"m"}"#, "unexpected"),
        (409, r#"{"code":"705","message":"m"}"#, "unexpected"),
        (200, "<html>Welcome</html>", "unexpected"),
        (200, "", "unexpected"),
        (200, "{}", "unexpected"),
        (200, "[]", "unexpected"),
        (200, r#"{"accounts":{}}"#, "unexpected"),
        (200, r#"{"accounts":[1]}"#, "unexpected"),
        (200, r#"{"accounts":[{}]}"#, "unexpected"),
        (
            200,
            r#"{"accounts":[{"accountId":"a","currentBalance":"much","status":"OPEN"}]}"#,
            "unexpected",
        ),
        (
            200,
            "{\"accounts\":[{\"accountId\":\"\u{fffd}",
            "unexpected",
        ),
    ] {
        let peer = Peer::start(move |_, _| json(status, body)).await;
        let error = adapter(&peer, settings())
            .accounts(&connection())
            .await
            .unwrap_err();
        assert_eq!(error.name(), expected, "{status} {body}");
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let peer = Peer::start(|seen, _| {
        if seen.header("authorization") == Some("Bearer token-1") {
            json(200, r#"{"accounts":[]}"#)
        } else {
            json(401, "{}")
        }
    })
    .await;
    let found = adapter(&peer, settings()).accounts(&connection()).await;
    assert!(found.unwrap().accounts.is_empty());
    assert_eq!(peer.seen().len(), 2);

    let peer = Peer::start(|_, _| json(401, "{}")).await;
    let error = adapter(&peer, settings())
        .accounts(&connection())
        .await
        .unwrap_err();
    assert!(matches!(error, BankError::ConsentExpired));
    assert_eq!(peer.seen().len(), 2, "once, not for ever");
}

#[tokio::test]
async fn every_way_of_paging_is_followed_to_the_end() {
    for form in ["offset", "pageKey", "link", "absolute"] {
        let (peer, found) = november(move |seen, _| {
            let second = seen.target.contains("=second");
            let mark = if second {
                String::new()
            } else {
                match form {
                    "offset" => r#""page":{"nextOffset":"second"},"#.to_owned(),
                    "pageKey" => r#""page":{"nextPageKey":"second"},"#.to_owned(),
                    "link" => {
                        r#""links":{"next":{"href":"/accounts/a/transactions?offset=second"}},"#
                            .to_owned()
                    }
                    _ => r#""links":{"next":{"href":"/fdx/v6/accounts/a/transactions?offset=second"}},"#
                        .to_owned(),
                }
            };
            let (id, day) = if second {
                ("t1", "2026-11-02")
            } else {
                ("t2", "2026-11-03")
            };
            // The first page's entry is there again: the list grew in between.
            let again = if second {
                format!(",{}", entry("t2", "2026-11-03"))
            } else {
                String::new()
            };
            json(
                200,
                &format!("{{{mark}\"transactions\":[{}{again}]}}", entry(id, day)),
            )
        })
        .await;
        assert_eq!(found.unwrap(), ["t2", "t1"], "{form}");
        let seen = peer.seen();
        assert_eq!(seen.len(), 3, "{form}");
        assert_eq!(seen[2].path(), "/fdx/v6/accounts/a/transactions", "{form}");
        if form == "offset" {
            assert!(seen[2].target.contains("startTime="), "the filter stays");
        }
    }
}

#[tokio::test]
async fn paging_ends_where_a_server_goes_in_circles() {
    let (peer, found) = november(|_, _| {
        json(
            200,
            &format!(
                r#"{{"page":{{"nextOffset":"same"}},"transactions":[{}]}}"#,
                entry("t1", "2026-11-02")
            ),
        )
    })
    .await;
    assert_eq!(found.unwrap(), ["t1"]);
    assert_eq!(peer.seen().len(), 3);

    let (peer, found) = november(|_, number| {
        json(
            200,
            &format!(r#"{{"page":{{"nextOffset":{number}}},"transactions":[]}}"#),
        )
    })
    .await;
    assert_eq!(
        found.unwrap_err().name(),
        "unexpected",
        "a cut list is no list"
    );
    assert_eq!(peer.seen().len(), 101);
}

#[tokio::test]
async fn a_next_link_never_takes_the_token_elsewhere() {
    let elsewhere = Peer::start(|_, _| json(200, r#"{"transactions":[]}"#)).await;
    for href in [
        elsewhere.url.clone(),
        elsewhere.url.replace("http:", ""),
        "https://evil.example/accounts".to_owned(),
    ] {
        let (_, found) = november(move |_, _| {
            json(
                200,
                &format!(r#"{{"links":{{"next":{{"href":"{href}"}}}},"transactions":[]}}"#),
            )
        })
        .await;
        assert_eq!(found.unwrap_err().name(), "unexpected");
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn no_data_is_an_answer() {
    for (status, body) in [(404, r#"{"code":"601","message":"no data"}"#), (204, "")] {
        let (_, found) = november(move |_, _| json(status, body)).await;
        assert_eq!(found.unwrap(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn an_account_that_fails_is_named_and_the_others_are_shown() {
    let body = format!(
        r#"{{"accounts":[{CHECKING},{{"locAccount":{{"accountId":"b","accountNumberDisplay":"1005","status":"OPEN","error":{{"code":"500","message":"m"}}}}}}]}}"#
    );
    let peer = Peer::start(move |_, _| json(206, &body)).await;
    let found = adapter(&peer, settings())
        .accounts(&connection())
        .await
        .unwrap();
    assert_eq!(found.accounts.len(), 1);
    assert_eq!(found.missing, ["••1005"]);
    let amount = |kind| found.accounts[0].balance(kind).unwrap().amount;
    assert_eq!(
        amount(BalanceKind::Booked),
        Money::from_minor(80, Currency::USD)
    );
    assert_eq!(
        amount(BalanceKind::Available),
        Money::from_minor(10_000, Currency::USD)
    );
    assert_eq!(found.accounts[0].mask, "1234");

    // A bank that says "in part" and not what.
    let body = format!(r#"{{"accounts":[{CHECKING}]}}"#);
    let peer = Peer::start(move |_, _| json(206, &body)).await;
    let found = adapter(&peer, settings())
        .accounts(&connection())
        .await
        .unwrap();
    assert_eq!(found.missing, ["••••"]);
}

#[tokio::test]
async fn balances_a_list_leaves_out_are_fetched() {
    let peer = Peer::start(|seen, _| match seen.path() {
        "/fdx/v6/accounts" => json(
            200,
            r#"{"accounts":[{"accountCategory":"DEPOSIT_ACCOUNT","accountId":"a","status":"OPEN"},
               {"accountCategory":"DEPOSIT_ACCOUNT","accountId":"gone","nickname":"Old","status":"OPEN"}]}"#,
        ),
        "/fdx/v6/accounts/a" => json(200, CHECKING),
        _ => json(500, "{}"),
    })
    .await;
    let found = adapter(&peer, settings())
        .accounts(&connection())
        .await
        .unwrap();
    assert_eq!(found.accounts.len(), 1);
    assert_eq!(found.accounts[0].name, "Main");
    assert_eq!(found.missing, ["Old"]);
}

#[tokio::test]
async fn the_sign_of_what_is_owed_is_a_setting() {
    let body = r#"{"accounts":[{"accountCategory":"LOC_ACCOUNT","accountId":"c","accountType":"CREDITCARD",
        "status":"DELINQUENT","currentBalance":-642.18,"availableCredit":10}]}"#;
    for (sign, expected) in [
        (BalanceSign::OwedIsPositive, 64_218),
        (BalanceSign::OwedIsNegative, -64_218),
    ] {
        let peer = Peer::start(move |_, _| json(200, body)).await;
        let fdx = adapter(
            &peer,
            Settings {
                balance_sign: sign,
                ..settings()
            },
        );
        let found = fdx.accounts(&connection()).await.unwrap();
        let card = &found.accounts[0];
        assert_eq!(
            card.balance(BalanceKind::Booked).unwrap().amount.minor(),
            expected
        );
        assert_eq!(card.status, AccountStatus::Blocked);
    }
}

#[tokio::test]
async fn newer_banks_are_asked_by_date() {
    let peer = Peer::start(|seen, _| {
        if seen.path().ends_with("/accounts/a") {
            json(200, CHECKING)
        } else {
            json(200, r#"{"transactions":[]}"#)
        }
    })
    .await;
    let fdx = adapter(
        &peer,
        Settings {
            date_filter: DateFilter::Date,
            ..settings()
        },
    );
    for _ in 0..2 {
        fdx.transactions(
            &connection(),
            &account("a"),
            range("2026-11-01", "2026-11-30"),
        )
        .await
        .unwrap();
    }
    let seen = peer.seen();
    assert!(seen[1].target.contains("startDate=2026-10-31"));
    assert!(!seen[1].target.contains("startTime"));
    assert_eq!(seen.len(), 3, "the account's currency is asked for once");
}

#[tokio::test]
async fn ids_cannot_change_the_path() {
    let peer = Peer::start(|_, _| json(200, r#"{"statements":[]}"#)).await;
    let fdx = adapter(&peer, settings());
    for id in ["..", ".", ""] {
        assert!(fdx.statements(&connection(), &account(id)).await.is_err());
    }
    assert!(peer.seen().is_empty());
    fdx.statements(&connection(), &account("../../x?y#z"))
        .await
        .unwrap();
    assert_eq!(
        peer.seen()[0].path(),
        "/fdx/v6/accounts/..%2F..%2Fx%3Fy%23z/statements"
    );
}

fn read_entry(json: &str) -> Result<crate::bank::model::Transaction, super::super::WireError> {
    let raw = RawValue::from_string(json.to_owned()).unwrap();
    transaction::read(&raw, &account("a"), Currency::USD, &TimeZone::UTC)
}

#[test]
fn signs_come_from_the_direction() {
    let amount = |memo: &str, amount: &str| {
        read_entry(&format!(
            r#"{{"transactionId":"t","description":"d","debitCreditMemo":"{memo}","status":"POSTED","amount":{amount}}}"#
        ))
        .map(|entry| (entry.amount.minor(), entry.status))
    };
    assert_eq!(amount("DEBIT", "5"), Ok((-500, TransactionStatus::Booked)));
    assert_eq!(amount("DEBIT", "-5"), Ok((-500, TransactionStatus::Booked)));
    assert_eq!(
        amount("CREDIT", "5.10"),
        Ok((510, TransactionStatus::Booked))
    );
    assert_eq!(amount("MEMO", "5"), Ok((-500, TransactionStatus::Pending)));
    assert!(amount("SIDEWAYS", "5").is_err());
}

#[test]
fn what_money_hangs_on_must_be_there() {
    let whole = r#"{"transactionId":"t","description":"d","debitCreditMemo":"DEBIT","status":"POSTED","amount":5}"#;
    assert!(read_entry(whole).is_ok());
    for field in ["transactionId", "debitCreditMemo", "amount"] {
        let broken = whole.replace(field, "other");
        assert_eq!(
            read_entry(&broken).unwrap_err(),
            super::super::WireError::Missing(field)
        );
    }
    // What nothing hangs on may be missing, null or unheard of.
    let odd = r#"{"transactionId":7,"debitCreditMemo":"DEBIT","status":"SETTLING_SOON","amount":"5.00",
        "description":null,"payee":"","category":"FOOD","brandNew":{"a":[1]}}"#;
    let entry = read_entry(odd).unwrap();
    assert_eq!(entry.status, TransactionStatus::Pending, "never good news");
    assert_eq!(entry.category.as_deref(), Some("FOOD"));
    assert_eq!((entry.merchant, entry.mcc), (None, None));
}

#[test]
fn foreign_amounts_have_the_sign_of_the_entry() {
    let entry = read_entry(
        r#"{"transactionId":"t","description":"d","debitCreditMemo":"DEBIT","status":"POSTED","amount":91.36,
            "foreignAmount":1200,"foreignCurrency":"JPY"}"#,
    )
    .unwrap();
    let original = entry.original_amount.unwrap();
    assert_eq!(
        (original.minor(), original.currency().code()),
        (-1200, "JPY")
    );
}

#[test]
fn unknown_kinds_of_account_are_kept_as_others() {
    let read = |json: &str| {
        let raw = RawValue::from_string(json.to_owned()).unwrap();
        match wire_account::read(&raw, &settings()).unwrap() {
            wire_account::Read::Account { account, .. } => account.kind,
            wire_account::Read::Missing(_) => panic!("it is there"),
        }
    };
    let kind = |category: &str, code: &str| {
        read(&format!(
            r#"{{"accountCategory":"{category}","accountId":"a","accountType":"{code}","status":"NEW_WORD"}}"#
        ))
    };
    assert_eq!(kind("DEPOSIT_ACCOUNT", "PIGGYBANK"), AccountKind::Other);
    assert_eq!(kind("LOC_ACCOUNT", "PIGGYBANK"), AccountKind::LineOfCredit);
    assert_eq!(kind("LOAN_ACCOUNT", "AUTOLOAN"), AccountKind::Loan);
    assert_eq!(kind("BRAND_NEW", "CHECKING"), AccountKind::Checking);
}

proptest! {
    #[test]
    fn entries_and_accounts_never_panic(
        id in "\"[a-z]{0,3}\"|[0-9]{1,3}|null|\\{\\}",
        amount in "-?[0-9]{0,25}(\\.[0-9]{0,25})?(e-?[0-9]{1,3})?|null|\"x\"",
        time in "[0-9:TZ+-]{0,30}",
        word in "[A-Z]{0,12}",
    ) {
        let json = format!(
            r#"{{"transactionId":{id},"accountId":{id},"amount":{amount},"currentBalance":{amount},"interestRate":{amount},
               "transactionTimestamp":"{time}","postedTimestamp":"{time}","balanceAsOf":"{time}","nextPaymentDate":"{time}",
               "debitCreditMemo":"DEBIT","status":"{word}","transactionType":"{word}","accountType":"{word}",
               "accountCategory":"{word}","category":"{word}","subCategory":"MCC"}}"#
        );
        if let Ok(raw) = RawValue::from_string(json) {
            if let Ok(entry) = transaction::read(&raw, &account("a"), Currency::USD, &TimeZone::UTC) {
                prop_assert!(!entry.amount.abs().is_negative());
            }
            if let Ok(wire_account::Read::Account { account, .. }) = wire_account::read(&raw, &settings()) {
                prop_assert!(account.mask.len() <= 4);
            }
        }
    }

    #[test]
    fn amounts_keep_every_cent(minor in 0_i64..1_000_000_000) {
        let text = Money::from_minor(minor, Currency::USD).to_decimal();
        let number: Number = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(Money::parse(number.text(), Currency::USD).unwrap().minor(), minor);
    }
}
