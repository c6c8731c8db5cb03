//! What is wrong with a source, and where.

use std::fmt;

use cedar_policy::ffi::DetailedError;
use serde::Serialize;

/// A text to compile, with the name it is told by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// File name, or another name a person recognizes. `.json` at its end means JSON, anything else Cedar's own syntax.
    pub name: String,
    /// The text.
    pub text: String,
}

impl Source {
    /// A text under a name.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        let ending = self.name.rsplit_once('.').map_or("", |(_, ending)| ending);
        ending.eq_ignore_ascii_case("json")
    }
}

/// Which rule a source breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// An entity is its own ancestor.
    Cycle,
    /// Two things have one id.
    Duplicate,
    /// An entity does not fit the schema, or cannot be read.
    Entity,
    /// A template cannot be linked as asked.
    Link,
    /// The schema contradicts itself.
    Schema,
    /// The text cannot be read.
    Syntax,
    /// A bound is exceeded.
    TooLarge,
    /// A policy does not fit the schema.
    Validation,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Name of the source.
    pub file: String,
    /// Line, from 1; 0 where the whole source is meant.
    pub line: usize,
    /// Column in characters, from 1; 0 where the whole line or source is meant.
    pub column: usize,
    /// Which rule.
    pub kind: ProblemKind,
    /// The policy it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// What is wrong, in words.
    pub reason: String,
}

impl Problem {
    /// Something about a whole source.
    pub(crate) fn whole(source: &Source, kind: ProblemKind, reason: impl Into<String>) -> Self {
        Self {
            file: source.name.clone(),
            line: 0,
            column: 0,
            kind,
            policy: None,
            reason: reason.into(),
        }
    }

    /// Something at a byte of a source.
    pub(crate) fn at(source: &Source, byte: usize, kind: ProblemKind, reason: impl Into<String>) -> Self {
        let (line, column) = position(&source.text, byte);
        Self {
            line,
            column,
            ..Self::whole(source, kind, reason)
        }
    }

    /// What the engine says, at the first place it names, else at `otherwise`.
    pub(crate) fn told(
        source: &Source,
        kind: ProblemKind,
        error: DetailedError,
        otherwise: Option<usize>,
    ) -> Self {
        let place = error.source_locations.first().map(|label| label.loc.start);
        let reason = said(&error);
        match place.or(otherwise) {
            Some(byte) => Self::at(source, byte, kind, reason),
            None => Self::whole(source, kind, reason),
        }
    }

    /// What a JSON parser says.
    pub(crate) fn json(source: &Source, error: &serde_json::Error) -> Self {
        Self {
            line: error.line(),
            column: error.column(),
            ..Self::whole(source, ProblemKind::Syntax, error.to_string())
        }
    }

    /// Takes line and column out of `at line 3 column 5`, as the JSON parser's words go through others.
    pub(crate) fn with_line_in_words(mut self) -> Self {
        let numbers = self.reason.rsplit_once(" at line ").and_then(|(_, rest)| {
            let (line, rest) = rest.split_once(" column ")?;
            let column: String = rest.chars().take_while(char::is_ascii_digit).collect();
            Some((line.parse().ok()?, column.parse().ok()?))
        });
        if let (0, Some((line, column))) = (self.line, numbers) {
            (self.line, self.column) = (line, column);
        }
        self
    }

    pub(crate) fn of(mut self, policy: impl Into<String>) -> Self {
        self.policy = Some(policy.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// Why nothing was compiled. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .list.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Problems {
    /// The first ones, in the order of the sources.
    pub list: Vec<Problem>,
    /// How many more there are.
    pub more: usize,
}

/// Collects problems up to a bound.
#[derive(Debug)]
pub(crate) struct Collected {
    list: Vec<Problem>,
    more: usize,
    most: usize,
}

impl Collected {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            list: Vec::new(),
            more: 0,
            most: most.max(1),
        }
    }

    pub(crate) fn push(&mut self, problem: Problem) {
        if self.list.len() < self.most {
            self.list.push(problem);
        } else {
            self.more += 1;
        }
    }

    /// Ends here if there is a problem.
    pub(crate) fn check(&mut self) -> Result<(), Problems> {
        if self.list.is_empty() {
            return Ok(());
        }
        Err(Problems {
            list: std::mem::take(&mut self.list),
            more: self.more,
        })
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self {
            list: vec![problem],
            more: 0,
        }
    }
}

/// One line of text from what the engine says and advises.
pub(crate) fn said(error: &DetailedError) -> String {
    let label = error
        .source_locations
        .first()
        .and_then(|place| place.label.as_deref());
    let mut text = error.message.clone();
    for more in [label, error.help.as_deref()].into_iter().flatten() {
        if !text.contains(more) {
            text.push_str("; ");
            text.push_str(more);
        }
    }
    short(&text)
}

/// Characters of a reason: what is wrong may quote what was sent.
const MOST_SAID: usize = 600;

/// On one line, and not endless.
pub(crate) fn short(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(MOST_SAID) {
        line.truncate(end);
        line.push_str(" ...");
    }
    line
}

/// Line and column, both from 1, of a byte; of the end when there is no such byte.
pub(crate) fn position(text: &str, byte: usize) -> (usize, usize) {
    let mut end = byte.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = text.get(..end).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(start..).unwrap_or_default().chars().count() + 1;
    (line, column)
}
