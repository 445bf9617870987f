//! Inputs that the customer's pages make: sealed and stored like those of the channel.

use crate::app::App;
use crate::inbox::stored::StoredInput;
use crate::message::ConversationId;
use crate::store::{NewInput, StoreError};

/// Stores an input for a conversation; durable when it returns.
pub(super) async fn insert(
    app: &App,
    conversation: ConversationId,
    input: &StoredInput,
) -> Result<(), StoreError> {
    let unavailable =
        |error: Box<dyn std::error::Error + Send + Sync>| StoreError::Unavailable(Some(error));
    let now_ms = app.clock.now_ms();
    let bytes = serde_json::to_vec(input).map_err(|error| unavailable(error.into()))?;
    let body = app
        .keys
        .seal_ingest(now_ms, &conversation.0, &bytes)
        .map_err(|error| unavailable(error.into()))?;
    let input = NewInput {
        conversation,
        at_ms: now_ms,
        body,
    };
    app.store.insert_input(input, now_ms).await
}
