//! The Messenger channel: Meta's wire forms begin and end here.
//!
//! [`webhook`] verifies ([`signature`]) and parses ([`payload`]) what Meta posts; [`send_api`] sends.
//! [`signed_request`] reads the form in which Meta's privacy callbacks arrive.

pub mod payload;
pub mod send_api;
pub mod signature;
pub mod signed_request;
pub mod webhook;
