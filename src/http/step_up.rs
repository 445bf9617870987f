//! The step-up page: a confirmation outside the thread, so that whoever holds the chat alone cannot do what needs
//! one (requirement C4).
//!
//! This page confirms by a tap and stands in for the bank's own login, which account linking brings: it is for
//! the simulated bank only. It says the same whether or not the token is known, and shows nothing of the
//! customer's. Looking changes nothing, since chats fetch links to preview them.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::inbox::stored::StoredInput;
use crate::intent::Language;
use crate::message::ConversationId;
use crate::store::StoreError;

use super::inside;
use super::page::{Words, language, render};

/// The path's template.
pub(super) const PATH: &str = "/stepup/{token}";

/// What stands before the token.
pub(super) const PREFIX: &str = "/stepup/";

/// Returns the routes.
pub(super) fn routes(app: Arc<App>) -> Router {
    Router::new()
        .route(PATH, get(show).post(confirm))
        .with_state(app)
}

/// Shows what is to be confirmed, in general words.
async fn show(headers: HeaderMap) -> Response {
    let language = language(&headers);
    let words = match language {
        Language::En => Words {
            heading: "Is this you?",
            paragraphs: &[
                "In the chat, somebody asked for a change that needs a second confirmation, such as letting a stopped card work again.",
                "If it was you, confirm it here and go back to the chat. If not, close this page: nothing happens.",
            ],
            button: Some("Yes, it is me"),
        },
        Language::Es => Words {
            heading: "¿Eres tú?",
            paragraphs: &[
                "En el chat se pidió un cambio que necesita una segunda confirmación, por ejemplo volver a activar una tarjeta bloqueada.",
                "Si fuiste tú, confírmalo aquí y vuelve al chat. Si no, cierra esta página: no pasa nada.",
            ],
            button: Some("Sí, soy yo"),
        },
    };
    render(StatusCode::OK, language, words)
}

/// Takes the confirmation in; the turn decides whether it was waited for.
async fn confirm(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some((conversation, secret)) = read(&token)
        && let Err(error) = store(&app, conversation, secret).await
    {
        app.metrics.error("step_up", "not_stored");
        tracing::error!(
            error = &error as &dyn std::error::Error,
            conversation.id = %conversation,
            "cannot store a step-up"
        );
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let language = language(&headers);
    let words = match language {
        Language::En => Words {
            heading: "Thank you",
            paragraphs: &[
                "You can close this page and go back to the chat. If the link was still good, the answer is there.",
            ],
            button: None,
        },
        Language::Es => Words {
            heading: "Gracias",
            paragraphs: &[
                "Puedes cerrar esta página y volver al chat. Si el enlace aún era válido, la respuesta está allí.",
            ],
            button: None,
        },
    };
    render(StatusCode::OK, language, words)
}

/// Reads a token: the conversation's id and the secret, 32 lower-case hex digits each.
fn read(token: &str) -> Option<(ConversationId, &str)> {
    let (id, secret) = token.split_at_checked(32)?;
    let is_hex = |text: &str| {
        text.len() == 32
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    if !is_hex(id) || !is_hex(secret) {
        return None;
    }
    let mut bytes = [0; 16];
    hex::decode_to_slice(id, &mut bytes).ok()?;
    Some((ConversationId(bytes), secret))
}

async fn store(app: &App, conversation: ConversationId, secret: &str) -> Result<(), StoreError> {
    // A conversation nobody knows gets no rows by asking.
    if app.store.state(conversation).await?.is_none() {
        return Ok(());
    }
    let input = StoredInput::SteppedUp {
        secret: secret.to_owned(),
    };
    inside::insert(app, conversation, &input).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_two_times_32_lower_case_hex_digits() {
        let id = "00112233445566778899aabbccddeeff";
        let secret = "ffeeddccbbaa99887766554433221100";
        let token = format!("{id}{secret}");
        let (conversation, read_secret) = read(&token).unwrap();
        assert_eq!(conversation.to_string(), id);
        assert_eq!(read_secret, secret);
        for token in [
            String::new(),
            id.to_owned(),
            format!("{id}{secret}0"),
            format!("{id}{}", &secret[1..]),
            format!("{}{secret}", id.to_uppercase()),
            format!("{id}{}", secret.replace('f', "g")),
            "é".repeat(32),
        ] {
            assert!(read(&token).is_none(), "{token}");
        }
    }
}
