//! Messenger, simulated: a Graph stand-in that judges what it is sent, and the customer's side of it.

pub mod events;
pub mod wire;
