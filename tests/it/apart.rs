//! One customer's data never appears in another's reply (requirement E9).

use bursar::message::Psid;
use bursar::money::{Currency, Money};
use bursar::simulator::bank::Sudden;

use crate::process::World;

const PEOPLE: usize = 8;

/// Questions whose answers show what is in the account; the middle one fails a while at the bank.
const QUESTIONS: [&str; 4] = [
    "show my last charges",
    "whats not final yet",
    "show my charges from today",
    "what is this charge",
];

fn shop(person: usize) -> String {
    // Words that no other shop of the scenario begins with.
    let names = [
        "Quokka", "Walrus", "Gecko", "Ibex", "Lemur", "Okapi", "Tapir", "Zebu",
    ];
    format!("{} Books", names[person])
}

/// Eight customers write at once, in an order that changes from round to round, to one process and one store. Each
/// has a charge of their own; none is ever named to another.
#[tokio::test(flavor = "multi_thread")]
async fn no_reply_holds_another_customers_data() {
    let world = World::start().await;
    let process = world.spawn("apart.log");
    let people: Vec<Psid> = (0..PEOPLE)
        .map(|person| Psid::from(format!("PSID-010{person}").as_str()))
        .collect();
    for (person, psid) in people.iter().enumerate() {
        let minor = -10_000 - i64::try_from(person).unwrap() * 111;
        world
            .bank
            .control()
            .add_sudden(
                &World::subject(psid),
                &Sudden {
                    account: "chk-1234".into(),
                    card: Some("card-4417".into()),
                    amount: Money::from_minor(minor, Currency::USD),
                    description: shop(person).to_uppercase(),
                    merchant: Some(shop(person)),
                    mcc: None,
                    booked: false,
                },
            )
            .unwrap();
    }
    for (round, question) in QUESTIONS.iter().enumerate() {
        let before: Vec<usize> = people.iter().map(|psid| world.texts(psid).len()).collect();
        let says = (0..PEOPLE).map(|at| {
            let person = (at * 3 + round) % PEOPLE;
            world.say(&process, &people[person], question)
        });
        futures::future::join_all(says).await;
        world
            .until("an answer to everybody", || {
                people
                    .iter()
                    .zip(&before)
                    .all(|(psid, before)| world.texts(psid).len() > *before)
            })
            .await;
    }
    world
        .until("each to see the charge of their own", || {
            people
                .iter()
                .enumerate()
                .all(|(person, psid)| world.texts(psid).join("\n").contains(&shop(person)))
        })
        .await;
    for (person, psid) in people.iter().enumerate() {
        let said = world.texts(psid).join("\n");
        for other in (0..PEOPLE).filter(|other| *other != person) {
            assert!(
                !said.contains(&shop(other)),
                "{person} heard of {other}: {said}"
            );
        }
    }
}
