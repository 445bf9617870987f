//! The page that shows something once: an account's full numbers, a statement, a tax form (D2, N6, L2).
//!
//! Looking at the page shows nothing and spends nothing, since chats fetch links to preview them; its button reads the
//! bank and shows. The bank is read first: a bank that is down spends nothing either. What is shown is stored and
//! logged nowhere; the audit chain notes that it was seen. The button stands in for the bank's own login, as the one of
//! the step-up page does: for the simulated bank only.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::get;
use secrecy::ExposeSecret;

use crate::app::App;
use crate::bank::papers::{AccountNumbers, Document};
use crate::bank::{BankError, Connection};
use crate::conversation::view::{Shown, View};
use crate::inbox::stored::StoredInput;
use crate::intent::Language;
use crate::message::ConversationId;
use crate::store::keys::KeyError;
use crate::store::{StoreError, ViewId};

use super::inside;
use super::page::{Words, facts, language, render};

/// The path's template.
pub(super) const PATH: &str = "/view/{token}";

/// What stands before the token.
pub(super) const PREFIX: &str = "/view/";

/// Returns the routes.
pub(super) fn routes(app: Arc<App>) -> Router {
    Router::new()
        .route(PATH, get(show).post(open))
        .with_state(app)
}

/// Why nothing is shown.
#[derive(Debug, thiserror::Error)]
enum ViewError {
    /// Spent, expired, unknown, or its link to the bank was cut.
    #[error("there is nothing behind this link")]
    Gone,
    #[error("the bank gives no such thing")]
    NotGiven,
    #[error("the bank cannot be read")]
    Bank(#[source] Option<BankError>),
    #[error("the store cannot be read")]
    Store(#[from] StoreError),
    #[error("the keys cannot be read")]
    Keys(#[from] KeyError),
    #[error("what is stored makes no sense")]
    Unreadable(#[from] serde_json::Error),
}

/// What the bank gave.
enum Read {
    Numbers {
        label: String,
        numbers: AccountNumbers,
    },
    Document {
        /// What the browser calls the file.
        name: String,
        document: Document,
    },
}

/// Says what the button does, in general words.
async fn show(headers: HeaderMap) -> Response {
    let language = language(&headers);
    let words = match language {
        Language::En => Words {
            heading: "Show it once?",
            paragraphs: &[
                "In the chat, somebody asked for something that is shown outside it, such as a full account number, a statement or a tax form.",
                "If it was you, and nobody looks over your shoulder, show it here. The link works once.",
            ],
            button: Some("Yes, it is me: show it"),
        },
        Language::Es => Words {
            heading: "¿Mostrarlo una vez?",
            paragraphs: &[
                "En el chat se pidió algo que se muestra fuera de él, por ejemplo un número de cuenta completo, un estado de cuenta o una forma de impuestos.",
                "Si fuiste tú y nadie mira tu pantalla, ábrelo aquí. El enlace sirve una vez.",
            ],
            button: Some("Sí, soy yo: mostrar"),
        },
    };
    render(StatusCode::OK, language, words)
}

/// Shows it, once.
async fn open(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let language = language(&headers);
    match read(&app, &token).await {
        Ok(Read::Numbers { label, numbers }) => {
            let (heading, account, bank, number, note) = match language {
                Language::En => (
                    "Your account numbers",
                    "Account",
                    "Routing number",
                    "Account number",
                    "Close this page when you have what you need. Never write these numbers in the chat.",
                ),
                Language::Es => (
                    "Los números de tu cuenta",
                    "Cuenta",
                    "Número de ruta",
                    "Número de cuenta",
                    "Cierra esta página cuando tengas lo que necesitas. Nunca escribas estos números en el chat.",
                ),
            };
            let told = [
                (account, label.as_str()),
                (bank, numbers.bank_code.as_str()),
                (number, numbers.number.expose_secret()),
            ];
            facts(language, heading, &told, note)
        }
        Ok(Read::Document { name, document }) => file(&name, document),
        Err(error) => refused(&app, language, &error),
    }
}

/// Answers a document. The browser's own viewer shows it, and a viewer is a page: a policy that allows nothing would
/// leave it blank, so the policy here only keeps it out of others' frames.
fn file(name: &str, document: Document) -> Response {
    let mut response = Response::new(Body::from(document.bytes));
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, document.media_type),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, "frame-ancestors 'none'"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(value) = HeaderValue::try_from(format!("inline; filename=\"{name}.pdf\"")) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    response
}

fn refused(app: &App, language: Language, error: &ViewError) -> Response {
    let (status, words) = match (error, language) {
        (ViewError::Gone, Language::En) => (
            StatusCode::GONE,
            Words {
                heading: "This link is used up",
                paragraphs: &["It worked once, or it was too old. Ask for it again in the chat."],
                button: None,
            },
        ),
        (ViewError::Gone, Language::Es) => (
            StatusCode::GONE,
            Words {
                heading: "Este enlace ya no sirve",
                paragraphs: &["Ya se usó o pasó su tiempo. Pídelo otra vez en el chat."],
                button: None,
            },
        ),
        (ViewError::NotGiven, Language::En) => (
            StatusCode::NOT_FOUND,
            Words {
                heading: "The bank does not give this here",
                paragraphs: &["A person at the bank can help. Write *person* in the chat."],
                button: None,
            },
        ),
        (ViewError::NotGiven, Language::Es) => (
            StatusCode::NOT_FOUND,
            Words {
                heading: "El banco no da esto aquí",
                paragraphs: &[
                    "Una persona del banco puede ayudarte. Escribe *persona* en el chat.",
                ],
                button: None,
            },
        ),
        (_, Language::En) => (
            StatusCode::SERVICE_UNAVAILABLE,
            Words {
                heading: "The bank can't be read right now",
                paragraphs: &["Your link still works. Please try again in a minute."],
                button: Some("Try again"),
            },
        ),
        (_, Language::Es) => (
            StatusCode::SERVICE_UNAVAILABLE,
            Words {
                heading: "Ahora no llego al banco",
                paragraphs: &["Tu enlace sigue sirviendo. Prueba otra vez en un minuto."],
                button: Some("Probar otra vez"),
            },
        ),
    };
    if status == StatusCode::SERVICE_UNAVAILABLE {
        app.metrics.error("view", "not_shown");
        tracing::warn!(
            error = error as &dyn std::error::Error,
            "cannot show what a page was opened for"
        );
    }
    render(status, language, words)
}

/// Reads a page's view at the bank and spends it.
async fn read(app: &App, token: &str) -> Result<Read, ViewError> {
    let is_hex = token
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if token.len() != 32 || !is_hex {
        return Err(ViewError::Gone);
    }
    let id = ViewId::of(token);
    let row = app.store.view(id, app.clock.now_ms()).await?;
    let row = row.ok_or(ViewError::Gone)?;
    let keys = app.keys.customer(row.conversation, false).await?;
    let keys = keys.ok_or(ViewError::Gone)?;
    let view: View = serde_json::from_slice(&keys.open(&row.conversation.0, &row.body)?)?;
    // Who cut the link to the bank, or linked somebody else, sees nothing of the one before.
    let state = app.store.state(row.conversation).await?;
    let state = state.ok_or(ViewError::Gone)?;
    let state: crate::conversation::State =
        serde_json::from_slice(&keys.open(&row.conversation.0, &state)?)?;
    let linked = state
        .link
        .is_some_and(|link| link.bank == view.bank && link.subject == view.subject);
    if !linked || view.bank != app.bank.id {
        return Err(ViewError::Gone);
    }
    let what = view.shows.name();
    let given = at_bank(app, row.conversation, view).await?;
    if !app.store.spend_view(id, app.clock.now_ms()).await? {
        return Err(ViewError::Gone);
    }
    let seen = StoredInput::Viewed {
        what: what.to_owned(),
    };
    // The link is spent: nothing is shown that the chain does not note, and the page must not say that it still works.
    if let Err(error) = inside::insert(app, row.conversation, &seen).await {
        app.metrics.error("view", "not_noted");
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "cannot note that a page was seen"
        );
        return Err(ViewError::Gone);
    }
    Ok(given)
}

async fn at_bank(app: &App, conversation: ConversationId, view: View) -> Result<Read, ViewError> {
    let papers = app.bank.papers.as_ref().ok_or(ViewError::NotGiven)?;
    let connection = Connection::new(conversation, view.bank, view.subject);
    let reading = async {
        Ok(match view.shows {
            Shown::Numbers { account, label } => Read::Numbers {
                label,
                numbers: papers.numbers(&connection, &account).await?,
            },
            Shown::Statement {
                account,
                statement,
                day,
            } => Read::Document {
                name: format!("statement-{day}"),
                document: papers
                    .statement_document(&connection, &account, &statement)
                    .await?,
            },
            Shown::TaxForm { form, name, year } => Read::Document {
                name: format!("{name}-{year}"),
                document: papers.tax_form_document(&connection, &form).await?,
            },
        })
    };
    match tokio::time::timeout(app.read_budget, reading).await {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(BankError::NotFound)) => Err(ViewError::NotGiven),
        Ok(Err(error)) => Err(ViewError::Bank(Some(error))),
        Err(_) => Err(ViewError::Bank(None)),
    }
}
