use std::fmt;

use serde::Serialize;

use crate::output::Row;

/// Something wrong with a configuration, in one clear line. Never holds a
/// secret value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Stable name, for scripts.
    pub code: &'static str,
    /// What is wrong, and where.
    pub cause: String,
    /// What to do about it.
    pub fix: String,
}

impl Problem {
    pub(crate) fn new(code: &'static str, cause: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            code,
            cause: cause.into(),
            fix: fix.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.code, self.cause, self.fix)
    }
}

impl Row for Problem {
    const HEADERS: &'static [&'static str] = &["CODE", "CAUSE", "FIX"];

    fn cells(&self) -> Vec<String> {
        vec![self.code.to_owned(), self.cause.clone(), self.fix.clone()]
    }
}
