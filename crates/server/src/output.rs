//! What a command hands back: an exit code, and results as a table, JSON or YAML.
//!
//! Results go to standard output, everything said about them to standard
//! error, so that a pipe receives data only.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

mod yaml;

/// Exit codes of the outside contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// The command did what it was asked.
    Done = 0,
    /// It refused, or a check found a problem.
    Refused = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// The server or its database cannot be reached.
    Unreachable = 3,
    /// The caller may not do this.
    Denied = 4,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

/// Why a command did not succeed: an exit code and lines for a person.
#[derive(Debug)]
pub struct Failure {
    pub exit: ExitCode,
    /// One complete sentence per line; printed to standard error, never holding a secret.
    pub lines: Vec<String>,
}

impl Failure {
    /// A refusal or a found problem, exit code 1.
    pub fn refused(line: impl Into<String>) -> Self {
        Self::new(ExitCode::Refused, line)
    }

    /// Wrong arguments or configuration, exit code 2.
    pub fn usage(line: impl Into<String>) -> Self {
        Self::new(ExitCode::Usage, line)
    }

    /// Server or database away, exit code 3.
    pub fn unreachable(line: impl Into<String>) -> Self {
        Self::new(ExitCode::Unreachable, line)
    }

    /// Not allowed, exit code 4.
    pub fn denied(line: impl Into<String>) -> Self {
        Self::new(ExitCode::Denied, line)
    }

    pub fn new(exit: ExitCode, line: impl Into<String>) -> Self {
        Self {
            exit,
            lines: vec![line.into()],
        }
    }

    /// Prints the lines to standard error and gives the exit code to end with.
    #[must_use]
    pub fn report(&self) -> ExitCode {
        for line in &self.lines {
            say(&format!("error: {line}"));
        }
        self.exit
    }
}

impl From<anyhow::Error> for Failure {
    /// An unexpected error: every cause in one line, exit code 1.
    fn from(error: anyhow::Error) -> Self {
        Self::refused(format!("{error:#}"))
    }
}

/// The form of `--output`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Aligned columns for people
    #[default]
    Table,
    /// JSON, indented
    Json,
    /// YAML 1.2
    Yaml,
}

/// A thing that can stand as one row of a table.
pub trait Row: Serialize {
    /// Column titles, upper case.
    const HEADERS: &'static [&'static str];

    /// One cell per title.
    fn cells(&self) -> Vec<String>;
}

/// Prints results in the chosen [`Format`].
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    format: Format,
}

impl Printer {
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self { format }
    }

    #[must_use]
    pub fn format(self) -> Format {
        self.format
    }

    /// Prints a list: a table with one row each, or a sequence.
    pub fn list<T: Row>(self, items: &[T]) -> io::Result<()> {
        emit(&self.render_list(items)?)
    }

    /// Prints one thing: its fields under each other, or a mapping.
    pub fn item<T: Serialize>(self, item: &T) -> io::Result<()> {
        emit(&self.render_item(item)?)
    }

    /// What [`Self::list`] prints.
    pub fn render_list<T: Row>(self, items: &[T]) -> io::Result<String> {
        Ok(match self.format {
            Format::Table => table(T::HEADERS, &items.iter().map(Row::cells).collect::<Vec<_>>()),
            Format::Json => json(&items)?,
            Format::Yaml => yaml::render(&serde_json::to_value(items)?),
        })
    }

    /// What [`Self::item`] prints.
    pub fn render_item<T: Serialize>(self, item: &T) -> io::Result<String> {
        let value = serde_json::to_value(item)?;
        Ok(match self.format {
            Format::Table => fields(&value),
            Format::Json => json(&value)?,
            Format::Yaml => yaml::render(&value),
        })
    }
}

/// Writes text to standard output as it is. A reader that went away is not an error.
pub fn emit(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes a line to standard error. Nothing is left to do when that fails.
pub fn say(line: &str) {
    let mut err = io::stderr().lock();
    writeln!(err, "{}", printable(line)).ok();
}

fn json<T: Serialize>(value: &T) -> io::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// Columns padded to their widest cell, two spaces between, no trailing blanks.
fn table(headers: &[&str], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| printable(cell)).collect())
        .collect();
    let width = |column: usize, header: &str| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .fold(header.chars().count(), usize::max)
    };
    let widths: Vec<usize> = headers
        .iter()
        .enumerate()
        .map(|(i, header)| width(i, header))
        .collect();
    let mut text = String::new();
    let titles = headers.iter().map(|header| (*header).to_owned()).collect();
    for row in std::iter::once(&titles).chain(&rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            // Writing into a String cannot fail.
            write!(line, "{cell:<width$}  ").ok();
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// `key: value` lines with the values aligned; nested values as compact JSON.
fn fields(value: &Value) -> String {
    let Value::Object(map) = value else {
        return plain(value) + "\n";
    };
    let width = map.keys().map(|key| key.chars().count()).max().unwrap_or(0) + 1;
    let mut text = String::new();
    for (key, value) in map {
        let line = format!("{:<width$} {}", format!("{key}:"), plain(value));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => printable(text),
        other => printable(&other.to_string()),
    }
}

/// Control characters and bidirectional overrides shown as escapes: a name from
/// the database must not steer the operator's terminal (LG4).
fn printable(text: &str) -> String {
    let risky = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.chars().any(risky) {
        return text.to_owned();
    }
    text.chars()
        .fold(String::with_capacity(text.len()), |mut out, c| {
            if risky(c) {
                out.extend(c.escape_unicode());
            } else {
                out.push(c);
            }
            out
        })
}

#[cfg(test)]
mod tests;
