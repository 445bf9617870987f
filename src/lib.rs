//! bursar: a self-hosted Messenger bot that answers banking queries.

pub mod intent;
