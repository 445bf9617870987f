//! Tests that need more than the crate: other servers, the built binary.

#[cfg(test)]
mod contract;
