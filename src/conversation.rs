//! The conversation: a pure function from a state and an input to a new state and effects.
//!
//! No I/O, no clock, no randomness in here. Production, tests and `replay` run the same code. What a skill
//! needs from the bank is asked for by an effect and comes back as the next input of the same turn.
//!
//! * [`state`]: what is remembered; [`input`]: what can happen; [`effect`]: what may follow.
//! * [`case`]: what a person at the bank gets;
//! * [`request`]: one thing to do; [`offer`]: what the last message's buttons would do.
//! * [`skill`]: what the bot can do; [`policy`]: what it may do; [`step`](mod@step): how it all joins.

pub mod case;
pub mod effect;
pub mod fees;
pub mod input;
pub mod legal;
pub mod offer;
pub mod places;
pub mod policy;
pub mod request;
pub mod skill;
pub mod speak;
pub mod state;
pub mod step;
#[cfg(test)]
mod truth;
pub mod view;
#[cfg(test)]
mod walk;

pub use case::Case;
pub use effect::{Effect, Spoken};
pub use input::{Input, TurnId, What};
pub use policy::Policy;
pub use request::Request;
pub use state::State;
pub use step::{Knowledge, Step, Waiting, step};
