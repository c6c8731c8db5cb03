//! The log: text for people on a terminal, JSON for everything else.

mod lines;
mod sink;

use std::any::Any;
use std::io::{self, IsTerminal as _};
use std::sync::OnceLock;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::config::LogFormat;

use lines::{Lines, Look};
use sink::Sink;

/// This process's log, once it is started.
static SINK: OnceLock<Sink> = OnceLock::new();

/// Why the log cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not understood.
    #[error("the log filter is not understood")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// There is no thread for writing.
    #[error("the log has no thread to write in")]
    Thread(#[from] io::Error),
    /// This process has a log already.
    #[error("the log was started before")]
    Started(#[from] TryInitError),
}

/// Starts the log on standard error; standard output belongs to results.
/// Panics are logged from here on.
pub fn start(level: &str, format: LogFormat) -> Result<(), TelemetryError> {
    let terminal = io::stderr().is_terminal();
    let filter = EnvFilter::try_new(level)?;
    let sink = Sink::start(io::stderr())?;
    let look = if wants_json(format, terminal) {
        Look::Json
    } else {
        Look::Text { colour: terminal }
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(Lines::new(look, sink.clone()))
        .try_init()?;
    SINK.get_or_init(|| sink);
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, message = literal(panic.payload()), "panic");
    }));
    Ok(())
}

/// Writes what the log still holds; before the process ends.
pub fn flush() {
    if let Some(sink) = SINK.get() {
        sink.flush();
    }
}

fn wants_json(format: LogFormat, terminal: bool) -> bool {
    match format {
        LogFormat::Auto => !terminal,
        LogFormat::Json => true,
        LogFormat::Text => false,
    }
}

/// The message of a panic if it was written in the source. A formatted one may
/// hold data, so it is not logged (CF4).
fn literal(payload: &dyn Any) -> &'static str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .unwrap_or("formatted message withheld")
}

#[cfg(test)]
mod tests {
    use super::{literal, start, wants_json};
    use crate::config::LogFormat;

    #[test]
    fn json_goes_to_machines() {
        assert!(wants_json(LogFormat::Auto, false));
        assert!(!wants_json(LogFormat::Auto, true));
        assert!(wants_json(LogFormat::Json, true));
        assert!(!wants_json(LogFormat::Text, false));
    }

    #[test]
    fn only_literal_panic_messages_are_kept() {
        assert_eq!(literal(&"index out of range"), "index out of range");
        assert!(!literal(&format!("no user {}", "alice")).contains("alice"));
    }

    #[test]
    fn a_filter_must_be_one() {
        assert!(start("rsp=loud", LogFormat::Auto).is_err());
    }
}
