//! Skills: what the bot can do for a customer. A skill is two pure functions: what must be asked for these
//! slots, and which reply variant with which values, given the answers. Flows with choices and
//! confirmations are the same two functions called again with more bindings.
//!
//! To add one: a file `skill/<name>.rs` with a `pub(super) const SKILL: Skill`, one line in [`SKILLS`], and
//! the variants in `intents/<name>.toml`.

mod affordability;
mod alerts;
mod available_credit;
mod balance;
mod balance_explain;
mod bill_due;
mod card_declined;
mod card_freeze;
mod card_limits;
mod card_lost_stolen;
mod card_order;
mod card_status;
mod card_switch_on;
mod care;
pub mod category;
mod data_request;
mod deposit_hold;
mod dispute;
mod dispute_follow_up;
mod exchange_rate;
mod faq;
mod fee_explain;
mod help;
mod how_do_you_know;
pub(super) mod human;
mod income_check;
pub mod ledger;
mod locate;
pub mod merchant;
mod movement;
mod order_status;
mod papers;
mod pay_card;
mod pay_person;
mod payee;
mod payee_remove;
mod payments;
mod pending;
mod privacy;
mod rates;
pub mod recurrence;
mod recurring_list;
mod recurring_stop;
mod refund_status;
pub mod resolve;
mod rewards;
mod service;
mod spending;
mod spending_summary;
mod tax_document;
mod transaction_explain;
mod transactions;
mod transfer_own;
mod travel_notice;
mod upcoming_bills;

use crate::bank::{Answers, BankCommand, CommandOutcome, Failure, Query};
use crate::intent::catalogue::Catalogue;
use crate::intent::{Expecting, Language};
use crate::reply::value::{Origin, Place, Value, Values};
use crate::store::SendClass;

use super::case::{Case, Charge};
use super::offer::Role;
use super::policy::{Access, Policy};
use super::request::Request;
use super::state::{Executing, State};
use super::view::Shown;

/// A skill.
#[derive(Debug, Clone, Copy)]
pub struct Skill {
    /// Its name, as intents name it.
    pub name: &'static str,
    /// The least access it needs.
    pub access: Access,
    /// What must be asked before it can answer.
    pub ask: fn(&Request, &Context<'_>) -> Vec<Query>,
    /// What it answers.
    pub answer: fn(&Request, &Answers, &Context<'_>) -> Next,
    /// The variants of its own intent that it chooses among; `intents check` looks for each.
    pub variants: &'static [&'static str],
    /// What it says when a command of its own came to an end.
    pub report: Option<fn(&Executing, &CommandOutcome, &Context<'_>) -> Outcome>,
}

/// All skills. The order means nothing.
pub const SKILLS: &[Skill] = &[
    affordability::SKILL,
    alerts::LIST,
    alerts::REMOVE,
    alerts::SET,
    available_credit::SKILL,
    balance::SKILL,
    balance_explain::SKILL,
    bill_due::SKILL,
    card_declined::SKILL,
    card_freeze::SKILL,
    card_limits::SKILL,
    card_lost_stolen::SKILL,
    card_order::DELIVERY,
    card_order::REPLACE,
    card_status::SKILL,
    card_switch_on::ACTIVATE,
    card_switch_on::UNFREEZE,
    care::ALERT_REPLY,
    care::BEREAVEMENT,
    care::COMPLAINT,
    care::CRISIS,
    care::FRAUD,
    care::FRUSTRATION,
    care::HARDSHIP,
    data_request::DELETE,
    data_request::EXPORT,
    deposit_hold::SKILL,
    dispute::SKILL,
    dispute_follow_up::STATUS,
    dispute_follow_up::WITHDRAW,
    exchange_rate::SKILL,
    faq::SKILL,
    fee_explain::SKILL,
    help::SKILL,
    how_do_you_know::SKILL,
    human::SKILL,
    income_check::SKILL,
    locate::HOURS,
    locate::LOCATE,
    order_status::SKILL,
    papers::DETAILS,
    papers::RECEIPT,
    papers::STATEMENT,
    pay_card::SKILL,
    pay_person::BILL,
    pay_person::PERSON,
    payee_remove::SKILL,
    payments::CANCEL,
    payments::PAYEES,
    payments::PROOF,
    payments::STATUS,
    pending::SKILL,
    privacy::IDENTITY,
    privacy::LOGOUT,
    privacy::LOST_DEVICE,
    privacy::MODE,
    privacy::REPORT,
    privacy::UNLINK,
    rates::LOAN,
    rates::RATE,
    recurring_list::SKILL,
    recurring_stop::SKILL,
    refund_status::SKILL,
    rewards::BALANCE,
    service::LANGUAGE,
    service::LINK,
    service::STOP,
    spending::SKILL,
    spending_summary::SKILL,
    tax_document::SKILL,
    transaction_explain::SKILL,
    transactions::SKILL,
    transfer_own::SKILL,
    travel_notice::SKILL,
    upcoming_bills::SKILL,
];

/// Where the step-up page is; `{token}` becomes the conversation's and the turn's secret when it is said.
pub const STEP_UP_PATH: &str = "/stepup/{token}";

/// Where a page shows something once; `{token}` becomes the page's secret when it is said.
pub const VIEW_PATH: &str = "/view/{token}";

/// Returns the skill of a name.
pub fn skill(name: &str) -> Option<&'static Skill> {
    SKILLS.iter().find(|skill| skill.name == name)
}

/// What a skill may look at.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The conversation.
    pub state: &'a State,
    /// What is allowed and there.
    pub policy: &'a Policy,
    /// Locale, zone, present.
    pub place: &'a Place,
    /// The catalogue, for descriptions.
    pub catalogue: &'a Catalogue,
    /// When the customer's input happened, ms.
    pub at_ms: i64,
    /// The customer's redacted words of this turn; empty after a tap.
    pub words: &'a str,
}

impl Context<'_> {
    /// Returns the language of the replies.
    pub const fn language(&self) -> Language {
        self.place.locale.language
    }
}

/// What a skill does next.
#[derive(Debug)]
pub enum Next {
    /// It must ask more first.
    Ask(Vec<Query>),
    /// It is done, until the customer answers.
    Done(Box<Outcome>),
}

impl From<Outcome> for Next {
    fn from(outcome: Outcome) -> Self {
        Self::Done(Box::new(outcome))
    }
}

/// A change of the conversation that a skill makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Answer in this language from now on.
    Language(Language),
    /// No more messages on our own initiative.
    StopMessages,
    /// Messages on our own initiative again.
    ResumeMessages,
    /// Hide amounts, or show them again.
    Private(bool),
    /// Cut the link to the bank.
    Unlink,
    /// Let the chat be linked again after the customer cut the link.
    MayLink,
    /// Drop flow, choices and context.
    Forget,
    /// Give the thread to a person.
    HandOver,
    /// Send the customer to the step-up page for this request.
    StepUp(Request),
    /// Let a page show this, once.
    View(Shown),
    /// Note something in the audit chain: a fixed word and details.
    Audit(&'static str, serde_json::Value),
}

/// What a skill wants to happen.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What to say, in order; three bubbles at most.
    pub says: Vec<Say>,
    /// What the last of them asks.
    pub asks: Option<Ask>,
    /// What to tell the bank, with the request that its report belongs to.
    pub commands: Vec<(BankCommand, Request)>,
    /// Cases to open or extend.
    pub cases: Vec<Case>,
    /// The charge that the first of them is about, where that is known now.
    pub charge: Option<Charge>,
    /// Changes of the conversation.
    pub changes: Vec<Change>,
    /// What follow-ups start from, where it is not the request itself.
    pub topic: Option<Request>,
    /// Why the bank could not be read, if that is the answer.
    pub failure: Option<Failure>,
}

/// What a message asks the customer.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Confirmation, choice, fraud alert.
    pub expecting: Expecting,
    /// The request a change starts from.
    pub base: Request,
    /// Whether a side question comes back to it (A11).
    pub resumes: bool,
    /// Options in order: title, role, what it does.
    pub options: Vec<(String, Role, Request)>,
}

/// One variant with its values.
#[derive(Debug, Clone)]
pub struct Line {
    /// The variant.
    pub variant: &'static str,
    /// Its values.
    pub values: Values,
}

/// One message to say.
#[derive(Debug, Clone)]
pub struct Say {
    /// Whose reply; empty for the shared ones.
    pub intent: String,
    /// The message.
    pub lead: Line,
    /// Lines of a list under it.
    pub items: Vec<Line>,
    /// A last line after the list.
    pub tail: Option<Line>,
    /// What buttons of the catalogue do, by id, where the shared shortcuts do not know them.
    pub on: Vec<(&'static str, Role, Request)>,
    /// Buttons of the catalogue to leave out.
    pub without: Vec<&'static str>,
    /// What else the customer's words may have meant, behind all other buttons: titles and requests.
    pub asides: Vec<(String, Request)>,
    /// What it is to the outbox.
    pub class: SendClass,
    /// A receipt or carousel in place of words.
    pub shape: Shape,
}

/// The form a message takes.
#[derive(Debug, Clone, Default)]
pub enum Shape {
    /// Words, with quick replies.
    #[default]
    Words,
    /// Words, then a button that opens one of our pages: its title's variant and the path.
    Link {
        /// The variant whose text is the button's title.
        title: &'static str,
        /// The path below the public URL.
        path: String,
    },
    /// A receipt; the words are sent before it.
    Receipt(crate::message::Receipt),
    /// A picture; the words say what it shows.
    Picture {
        /// PNG, base64.
        png_base64: String,
    },
}

impl Say {
    /// Says a variant of an intent.
    pub fn new(intent: &str, variant: &'static str, values: Values) -> Self {
        Self {
            intent: intent.to_owned(),
            lead: Line { variant, values },
            items: Vec::new(),
            tail: None,
            on: Vec::new(),
            without: Vec::new(),
            asides: Vec::new(),
            class: SendClass::Answer,
            shape: Shape::Words,
        }
    }

    /// Says a shared variant.
    pub fn shared(variant: &'static str) -> Self {
        Self::new("", variant, Values::new())
    }

    /// Adds a line of a list.
    #[must_use]
    pub fn item(mut self, variant: &'static str, values: Values) -> Self {
        self.items.push(Line { variant, values });
        self
    }

    /// Adds a last line.
    #[must_use]
    pub fn tail(mut self, variant: &'static str, values: Values) -> Self {
        self.tail = Some(Line { variant, values });
        self
    }

    /// Binds a button of the catalogue.
    #[must_use]
    pub fn on(mut self, id: &'static str, request: Request) -> Self {
        self.on.push((id, Role::Plain, request));
        self
    }

    /// Leaves a button of the catalogue out.
    #[must_use]
    pub fn without(mut self, id: &'static str) -> Self {
        self.without.push(id);
        self
    }

    /// Sets what it is to the outbox.
    #[must_use]
    pub fn class(mut self, class: SendClass) -> Self {
        self.class = class;
        self
    }
}

impl Outcome {
    /// Says one thing.
    pub fn say(say: Say) -> Self {
        Self {
            says: vec![say],
            ..Self::default()
        }
    }

    /// Says why there is no answer (requirement B6).
    pub fn failed(failure: Failure) -> Self {
        let mut outcome = Self::say(match failure {
            Failure::Down => Say::shared("source_down"),
            Failure::Slow => Say::shared("bank_slow"),
            Failure::Relink => Say::shared("not_linked"),
            Failure::Forbidden | Failure::NotOffered | Failure::NotFound => {
                Say::shared("feature_off")
            }
        });
        outcome.failure = Some(failure);
        outcome
    }

    /// Asks for one of several things.
    #[must_use]
    pub fn choose(mut self, base: &Request, options: Vec<(String, Request)>) -> Self {
        self.asks = Some(Ask {
            expecting: Expecting::Choice,
            base: base.clone(),
            resumes: true,
            options: options
                .into_iter()
                .map(|(title, request)| (title, Role::Plain, request))
                .collect(),
        });
        self.prompt()
    }

    /// Asks for a yes or a no. The last thing said carries buttons `yes` and `no` in the catalogue, which
    /// are bound here to exactly the request that would be done (requirement C1).
    #[must_use]
    pub fn confirm(mut self, base: &Request, yes: Request, no: Request) -> Self {
        self.asks = Some(Ask {
            expecting: Expecting::Confirmation,
            base: base.clone(),
            resumes: true,
            options: Vec::new(),
        });
        if let Some(say) = self.says.last_mut() {
            say.on.push(("yes", Role::Yes, yes));
            say.on.push(("no", Role::No, no));
        }
        self.prompt()
    }

    /// Asks a yes or a no beside what was said: unlike [`Outcome::confirm`], a side question leaves it
    /// behind. `yes` and `no` are buttons of the last thing said, by id.
    #[must_use]
    pub fn ask_beside(
        mut self,
        base: &Request,
        yes: (&'static str, Request),
        no: (&'static str, Request),
    ) -> Self {
        self.asks = Some(Ask {
            expecting: Expecting::Confirmation,
            base: base.clone(),
            resumes: false,
            options: Vec::new(),
        });
        if let Some(say) = self.says.last_mut() {
            say.on.push((yes.0, Role::Yes, yes.1));
            say.on.push((no.0, Role::No, no.1));
        }
        self
    }

    /// Asks for something in words: the answer changes the request that is open.
    #[must_use]
    pub fn ask_for_words(mut self, base: &Request) -> Self {
        self.asks = Some(Ask {
            expecting: Expecting::Confirmation,
            base: base.clone(),
            resumes: true,
            options: Vec::new(),
        });
        self.prompt()
    }

    /// Opens or extends a case.
    #[must_use]
    pub fn case(mut self, case: Case) -> Self {
        self.cases.push(case);
        self
    }

    /// Tells the bank something.
    #[must_use]
    pub fn command(mut self, command: BankCommand, request: Request) -> Self {
        self.commands.push((command, request));
        self
    }

    /// Changes the conversation.
    #[must_use]
    pub fn change(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    fn prompt(mut self) -> Self {
        if let Some(say) = self.says.last_mut() {
            say.class = SendClass::Prompt;
        }
        self
    }
}

/// Nothing to ask: for skills that need no bank.
pub fn ask_nothing(_: &Request, _: &Context<'_>) -> Vec<Query> {
    Vec::new()
}

/// A value counted by a rule.
pub fn counted(count: usize, rule: &str) -> (Value, Origin) {
    (
        Value::Count(u64::try_from(count).unwrap_or(u64::MAX)),
        Origin::rule(rule),
    )
}

/// Returns the variant that tells what came of an order, for skills that name them so. Unknown is never told as done (C7).
const fn told_as(outcome: &CommandOutcome) -> &'static str {
    match outcome {
        CommandOutcome::Done { .. } => "done",
        CommandOutcome::Rejected { .. } | CommandOutcome::NeedsApproval { .. } => "refused",
        CommandOutcome::Unknown => "unknown",
        CommandOutcome::NotSent => "not_sent",
    }
}
