//! What the operator sees: logs on standard error and Prometheus metrics.
//!
//! Neither holds personal data: labels are fixed words, intent names, error codes and Page ids. Latency is
//! measured by whoever did the work and handed in as a [`Duration`](std::time::Duration).

mod metrics;

pub use metrics::Metrics;

use std::io::IsTerminal;

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::LogFormat;

/// What the crates below say at `info` and `debug` is about their connections, addresses included; a Graph
/// address carries a person's id or the proof of a token. A directive that names a crate overrides this.
const QUIET: &str = "hyper=warn,hyper_util=warn,h2=warn,reqwest=warn,rustls=warn,";

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("telemetry.filter: `{filter}` is not a filter such as `info` or `bursar=debug`")]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        #[source]
        source: tracing_subscriber::filter::ParseError,
    },
    /// The process logs elsewhere already.
    #[error("logging is set up already")]
    Installed,
}

/// Sends the process's logs to standard error. Colours only for people at a terminal who did not set
/// `NO_COLOR`.
pub fn init(format: LogFormat, filter: &str) -> Result<(), TelemetryError> {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let ansi = !no_color && std::io::stderr().is_terminal();
    let subscriber = subscriber(format, filter, ansi, std::io::stderr)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| TelemetryError::Installed)
}

/// Makes a subscriber that writes to `writer`, for those who look at what is logged.
pub fn subscriber<W>(
    format: LogFormat,
    filter: &str,
    ansi: bool,
    writer: W,
) -> Result<Box<dyn Subscriber + Send + Sync>, TelemetryError>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let env_filter = EnvFilter::builder()
        .parse(format!("{QUIET}{filter}"))
        .map_err(|source| TelemetryError::Filter {
            filter: filter.to_owned(),
            source,
        })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(env_filter)
        .with_writer(writer)
        .with_ansi(ansi);
    Ok(match format {
        LogFormat::Json => Box::new(
            builder
                .json()
                .flatten_event(true)
                .with_span_list(false)
                .finish(),
        ),
        LogFormat::Pretty => Box::new(builder.with_target(false).compact().finish()),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Captured {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    fn logged(format: LogFormat, filter: &str, log: impl FnOnce()) -> String {
        let captured = Captured::default();
        let writer = captured.clone();
        let subscriber = subscriber(format, filter, false, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, log);
        captured.text()
    }

    #[test]
    fn json_lines_carry_fields_and_span() {
        let text = logged(LogFormat::Json, "info", || {
            let span = tracing::info_span!("request", http.route = "/healthz");
            let _inside = span.enter();
            tracing::info!(http.status = 200, "answered");
        });
        let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!(line["message"], "answered");
        assert_eq!(line["http.status"], 200);
        assert_eq!(line["span"]["http.route"], "/healthz");
    }

    #[test]
    fn pretty_lines_have_no_colours_when_they_are_off() {
        let text = logged(LogFormat::Pretty, "info", || {
            tracing::warn!(page.id = "1", "paused");
        });
        assert!(text.contains("paused page.id=\"1\""), "{text}");
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn crates_that_log_addresses_stay_quiet_unless_named() {
        let log = || tracing::debug!(target: "hyper_util::client", "connecting to graph");
        assert_eq!(logged(LogFormat::Pretty, "debug", log), "");
        assert!(logged(LogFormat::Pretty, "info,hyper_util=debug", log).contains("graph"));
    }

    #[test]
    fn a_filter_that_cannot_be_read_names_its_key() {
        let error = subscriber(LogFormat::Json, "bursar=loud", false, std::io::sink)
            .err()
            .unwrap();
        assert!(
            error
                .to_string()
                .starts_with("telemetry.filter: `bursar=loud`")
        );
    }
}
