//! House rules that a program can hold. Each takes what it judges as an argument, so tests can show it a breach.

pub mod edges;
pub mod files;
pub mod source;
pub mod sql;
pub mod words;

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use self::source::Source;
use crate::command::output_of;

/// File that lists every caller of `commit_unrecorded`, relative to the workspace.
pub const UNRECORDED: &str = "xtask/commit-unrecorded.txt";

/// A breach of a house rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// File, relative to the workspace.
    pub path: String,
    /// Line, counted from one; zero when the whole file is meant.
    pub line: usize,
    /// What is wrong and what to do.
    pub text: String,
}

impl Finding {
    pub(crate) fn new(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            text: text.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.text)
    }
}

/// Judges the whole workspace at `root`.
pub fn all(root: &Path) -> Result<Vec<Finding>> {
    let files = files::list(root)?;
    let mut sources = Vec::new();
    let mut findings = Vec::new();
    for path in files.iter().filter(|path| is_rust(path)) {
        let text = fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"))?;
        match Source::parse(path, &text) {
            Ok(source) => sources.push(source),
            Err(finding) => findings.push(finding),
        }
    }
    let metadata = output_of("cargo", &["metadata", "--no-deps", "--format-version", "1"])?;
    findings.extend(edges::check(&serde_json::from_str(&metadata)?));
    findings.extend(files.iter().filter_map(|path| files::check_name(path)));
    findings.extend(sources.iter().filter_map(files::check_length));
    findings.extend(sources.iter().flat_map(sql::check_literals));
    findings.extend(sql::check_assertions(&sources));
    findings.extend(sql::check_unrecorded(
        &sources,
        &fs::read_to_string(root.join(UNRECORDED)).unwrap_or_default(),
    ));
    findings.extend(sources.iter().flat_map(words::check_tokens));
    for path in &files {
        // What is not text has no words.
        if let Ok(text) = fs::read_to_string(root.join(path)) {
            findings.extend(words::check_text(path, &text));
        }
    }
    Ok(findings)
}

pub(crate) fn is_rust(path: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|extension| extension == "rs")
}
