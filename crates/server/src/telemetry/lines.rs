//! One event, one line: JSON for programs, text for people on a terminal. A line names the request it was written in.

use std::cell::RefCell;
use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::layer::Context;

use super::sink::Sink;

thread_local! {
    /// Each thread makes its lines in the same place, so that a line costs no allocation.
    static LINE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// An object a line.
    Json,
    /// Words.
    Text {
        /// Whether the level has a colour.
        colour: bool,
    },
}

/// Makes lines of events and gives them to the sink.
pub(super) struct Lines {
    look: Look,
    sink: Sink,
}

impl Lines {
    pub(super) const fn new(look: Look, sink: Sink) -> Self {
        Self { look, sink }
    }

    fn put(&self, event: &Event<'_>, line: &mut String) {
        line.clear();
        // Writing into a String cannot fail; a value that cannot be shown loses itself alone.
        match self.look {
            Look::Json => json(event, line).ok(),
            Look::Text { colour } => text(event, line, colour).ok(),
        };
        line.push('\n');
        self.sink
            .put(line.as_bytes(), *event.metadata().level() <= Level::WARN);
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        LINE.with(|line| match line.try_borrow_mut() {
            Ok(mut line) => self.put(event, &mut line),
            // A value that logs while it is shown.
            Err(_) => self.put(event, &mut String::new()),
        });
    }
}

fn json(event: &Event<'_>, line: &mut String) -> fmt::Result {
    line.push_str("{\"timestamp\":\"");
    SystemTime.format_time(&mut Writer::new(line))?;
    write!(line, "\",\"level\":\"{}\",\"target\":", event.metadata().level())?;
    quoted(line, event.metadata().target());
    if let Some(id) = http_face::layers::current_request() {
        write!(line, ",\"request_id\":\"{id}\"")?;
    }
    event.record(&mut JsonFields(line));
    line.push('}');
    Ok(())
}

fn text(event: &Event<'_>, line: &mut String, colour: bool) -> fmt::Result {
    SystemTime.format_time(&mut Writer::new(line))?;
    let level = *event.metadata().level();
    match (colour, level) {
        (false, _) => write!(line, " {level:>5}")?,
        (true, Level::ERROR) => write!(line, " \x1b[31m{level:>5}\x1b[0m")?,
        (true, Level::WARN) => write!(line, " \x1b[33m{level:>5}\x1b[0m")?,
        (true, _) => write!(line, " \x1b[2m{level:>5}\x1b[0m")?,
    }
    event.record(&mut TextFields(line));
    if let Some(id) = http_face::layers::current_request() {
        write!(line, " request_id={id}")?;
    }
    Ok(())
}

/// A JSON string: control characters, and with them line breaks from outside, are escaped.
fn quoted(line: &mut String, text: &str) {
    if text
        .bytes()
        .all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\')
    {
        line.push('"');
        line.push_str(text);
        line.push('"');
        return;
    }
    match serde_json::to_string(text) {
        Ok(text) => line.push_str(&text),
        Err(_) => line.push_str("\"\""),
    }
}

thread_local! {
    /// Where a value is shown before it is known whether anything in it has to be escaped.
    static SHOWN: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Shows a value and gives its text to `take`.
fn shown(value: &dyn fmt::Debug, take: impl FnOnce(&str)) {
    SHOWN.with(|shown| match shown.try_borrow_mut() {
        Ok(mut text) => {
            text.clear();
            write!(text, "{value:?}").ok();
            take(&text);
        }
        // A value that logs while it is shown.
        Err(_) => take(&format!("{value:?}")),
    });
}

struct JsonFields<'a>(&'a mut String);

impl JsonFields<'_> {
    fn name(&mut self, field: &Field) {
        self.0.push_str(",\"");
        self.0.push_str(field.name());
        self.0.push_str("\":");
    }

    fn plain(&mut self, field: &Field, value: impl fmt::Display) {
        self.name(field);
        write!(self.0, "{value}").ok();
    }
}

impl Visit for JsonFields<'_> {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.plain(field, value);
        } else {
            self.plain(field, "null");
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        quoted(self.0, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        shown(value, |text| self.record_str(field, text));
    }
}

struct TextFields<'a>(&'a mut String);

impl TextFields<'_> {
    fn name(&mut self, field: &Field) {
        self.0.push(' ');
        if field.name() != "message" {
            self.0.push_str(field.name());
            self.0.push('=');
        }
    }
}

impl Visit for TextFields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        for sign in value.chars() {
            // Line breaks and escape sequences could make one line look like another (K1).
            if sign.is_control() {
                self.0.extend(sign.escape_default());
            } else {
                self.0.push(sign);
            }
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        shown(value, |text| self.record_str(field, text));
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::{Lines, Look};
    use crate::telemetry::sink::Sink;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(look: Look, log: impl FnOnce()) -> String {
        let page = Page::default();
        let sink = Sink::start(page.clone()).unwrap();
        let subscriber = tracing_subscriber::registry().with(Lines::new(look, sink.clone()));
        tracing::subscriber::with_default(subscriber, log);
        sink.flush();
        let bytes = page.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn an_event_is_an_object_on_one_line() {
        let line = logged(Look::Json, || {
            tracing::info!(count = 3, ratio = 0.5, good = true, cause = %"a \"b\"\nc", "what {}", "happened");
        });
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["message"], "what happened");
        assert_eq!((&read["count"], &read["good"]), (&3.into(), &true.into()));
        assert_eq!(read["cause"], "a \"b\"\nc");
        assert_eq!(read["level"], "INFO");
        assert!(read["timestamp"].as_str().unwrap().ends_with('Z'));
        assert!(read.get("request_id").is_none());
    }

    #[test]
    fn text_from_outside_stays_on_its_line() {
        let look = Look::Text { colour: false };
        let line = logged(look, || tracing::warn!(path = "/a\r\nERROR \x1b[2J", "refused"));
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        assert!(
            line.contains("WARN refused path=/a\\r\\nERROR \\u{1b}[2J"),
            "{line}"
        );
    }
}
