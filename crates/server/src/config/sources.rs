//! Where values come from: each of them remembers its origin, for
//! `rsp config print` and for messages.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use domain::Secret;
use serde::{Deserialize as _, Serialize};
use toml::{Table, Value};

use super::keys::{KEYS, Key, Preset};
use super::{Config, Problem};
use crate::cli::Global;
use crate::output::Row;

/// Prefix of environment variables that set a key.
const PREFIX: &str = "RSP__";
/// Suffix of such a variable that names a file with the value.
const FROM_FILE: &str = "_FILE";
/// The name a container image sets the log level by.
const LEVEL_ALIAS: &str = "RUST_LOG";
/// Name of the configuration file in the data directory.
pub const FILE_NAME: &str = "rsp.toml";
/// The data directory when none is named.
pub const DATA_DIR: &str = "rsp-data";

/// What a configuration is read from.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The TOML file; when absent, `rsp.toml` in the data directory is read if it exists.
    pub file: Option<PathBuf>,
    /// Directory of files that have no other place.
    pub data: PathBuf,
    /// The environment.
    pub env: BTreeMap<String, String>,
}

impl Sources {
    /// The command line's options and this process's environment, read once.
    #[must_use]
    pub fn of_process(global: &Global) -> Self {
        let env = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self {
            file: global.config.clone(),
            data: global.data.clone().unwrap_or_else(|| PathBuf::from(DATA_DIR)),
            env: env.collect(),
        }
    }

    /// Reads everything; all problems at once.
    pub fn load(&self) -> Result<Loaded, Vec<Problem>> {
        let mut layers = Layers {
            values: BTreeMap::new(),
            problems: Vec::new(),
        };
        layers.defaults(&self.data);
        let fallback = self.data.join(FILE_NAME);
        match &self.file {
            Some(path) => layers.file(path),
            None if fallback.exists() => layers.file(&fallback),
            None => {}
        }
        layers.environment(&self.env);
        if !layers.problems.is_empty() {
            return Err(layers.problems);
        }
        let mut config = Config::deserialize(Value::Table(layers.tree(""))).map_err(|error| {
            vec![Problem::new(
                "config.type",
                error.message(),
                "see `rsp config schema`",
            )]
        })?;
        config.keys.kek.variable = config
            .keys
            .kek
            .env
            .as_ref()
            .and_then(|name| self.env.get(name))
            .cloned()
            .map(Secret::new);
        Ok(Loaded {
            config,
            effective: layers.effective(),
        })
    }
}

/// A configuration and where its values came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub config: Config,
    /// Every key in the order of the reference, secrets masked.
    pub effective: Vec<Effective>,
}

/// One key as it is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Effective {
    pub key: &'static str,
    /// Masked where it is a secret; `None` when unset.
    pub value: Option<String>,
    /// Default, file with line, or environment variable.
    pub source: String,
}

impl Row for Effective {
    const HEADERS: &'static [&'static str] = &["KEY", "VALUE", "SOURCE"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.key.to_owned(),
            self.value.clone().unwrap_or_else(|| "-".to_owned()),
            self.source.clone(),
        ]
    }
}

#[derive(Debug, Clone)]
enum Origin {
    Default,
    DataDirectory,
    File { path: PathBuf, line: usize },
    Variable(String),
    SecretFile { variable: String, path: String },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::DataDirectory => f.write_str("default (data directory)"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::SecretFile { variable, path } => write!(f, "{variable} ({path})"),
        }
    }
}

struct Layers {
    values: BTreeMap<&'static str, (Value, Origin)>,
    problems: Vec<Problem>,
}

impl Layers {
    fn defaults(&mut self, data: &Path) {
        for key in KEYS {
            match key.preset {
                Preset::Is(literal) => {
                    // A literal of the table parses: `the_table_is_sound` proves it for each.
                    if let Some(value) = literal_value(literal) {
                        self.values.insert(key.path, (value, Origin::Default));
                    }
                }
                Preset::InData(name) => {
                    let path = std::path::absolute(data)
                        .unwrap_or_else(|_| data.to_owned())
                        .join(name);
                    let url = format!("sqlite://{}", path.display());
                    self.values.insert(key.path, (url.into(), Origin::DataDirectory));
                }
                Preset::Unset(_) => {}
            }
        }
    }

    fn set(&mut self, key: &'static Key, value: Result<Value, String>, origin: Origin) {
        match value {
            Ok(value) => {
                self.values.insert(key.path, (value, origin));
            }
            Err(expected) => self.problems.push(Problem::new(
                "config.value",
                format!("{} ({origin}) has a value it cannot have", key.path),
                format!("expected {expected}"),
            )),
        }
    }

    fn file(&mut self, path: &Path) {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                let cause = format!("{} cannot be read: {error}", path.display());
                return self.problems.push(Problem::new(
                    "config.file",
                    cause,
                    "name a readable file with --config",
                ));
            }
        };
        let parsed = text.parse::<Table>().and_then(|table| {
            let spans = toml::de::DeTable::parse(&text)?;
            Ok((table, lines(&text, spans.get_ref())))
        });
        match parsed {
            Ok((table, lines)) => self.table(&table, "", path, &lines),
            Err(error) => {
                let line = error.span().map_or(1, |span| line_of(&text, span.start));
                let cause = format!("{}:{line} is not TOML: {}", path.display(), error.message());
                self.problems
                    .push(Problem::new("config.syntax", cause, "correct that line"));
            }
        }
    }

    fn table(&mut self, table: &Table, prefix: &str, file: &Path, lines: &BTreeMap<String, usize>) {
        for (name, value) in table {
            let path = if prefix.is_empty() {
                name.clone()
            } else {
                format!("{prefix}.{name}")
            };
            let line = lines.get(&path).copied().unwrap_or(1);
            let origin = Origin::File {
                path: file.to_owned(),
                line,
            };
            match (Key::find(&path), value) {
                (Some(key), value) => self.set(key, key.kind.check(value), origin),
                (None, Value::Table(inner)) if is_section(&path) => self.table(inner, &path, file, lines),
                (None, _) => self.unknown(&path, &origin),
            }
        }
    }

    fn environment(&mut self, env: &BTreeMap<String, String>) {
        if let (Some(level), Some(key)) = (env.get(LEVEL_ALIAS), Key::find("log.level")) {
            self.set(
                key,
                key.kind.read(level),
                Origin::Variable(LEVEL_ALIAS.to_owned()),
            );
        }
        for (variable, text) in env {
            let Some(name) = variable.strip_prefix(PREFIX) else {
                continue;
            };
            if let Some(key) = Key::find(&dotted(name)) {
                self.set(key, key.kind.read(text), Origin::Variable(variable.clone()));
                continue;
            }
            let named = name
                .strip_suffix(FROM_FILE)
                .and_then(|name| Key::find(&dotted(name)));
            match named.filter(|key| key.is_secret()) {
                Some(key) => self.secret_file(key, variable, text),
                None => self.unknown(&dotted(name), &Origin::Variable(variable.clone())),
            }
        }
    }

    fn secret_file(&mut self, key: &'static Key, variable: &str, path: &str) {
        match fs::read_to_string(path) {
            Ok(text) => {
                let origin = Origin::SecretFile {
                    variable: variable.to_owned(),
                    path: path.to_owned(),
                };
                self.set(key, key.kind.read(text.trim_end_matches(['\r', '\n'])), origin);
            }
            Err(error) => self.problems.push(Problem::new(
                "config.secret_file",
                format!("{variable} names {path}, which cannot be read: {error}"),
                "let it name a readable file",
            )),
        }
    }

    fn unknown(&mut self, path: &str, origin: &Origin) {
        let fix = match nearest(path) {
            Some(key) => format!("did you mean {key}?"),
            None => "see `rsp config schema` for all keys".to_owned(),
        };
        self.problems.push(Problem::new(
            "config.unknown_key",
            format!("{path} ({origin}) is not a setting"),
            fix,
        ));
    }

    /// The table at `prefix`, which is empty or ends in a dot. Sections exist
    /// even where all of their keys are unset.
    fn tree(&self, prefix: &str) -> Table {
        let mut table = Table::new();
        for key in KEYS {
            let Some(rest) = key.path.strip_prefix(prefix) else {
                continue;
            };
            match (rest.split_once('.'), self.values.get(key.path)) {
                (None, Some((value, _))) => {
                    table.insert(rest.to_owned(), value.clone());
                }
                (Some((name, _)), _) if !table.contains_key(name) => {
                    table.insert(name.to_owned(), self.tree(&format!("{prefix}{name}.")).into());
                }
                _ => {}
            }
        }
        table
    }

    fn effective(&self) -> Vec<Effective> {
        let row = |key: &Key| match self.values.get(key.path) {
            Some((value, origin)) => Effective {
                key: key.path,
                value: Some(key.kind.show(value)),
                source: origin.to_string(),
            },
            None => Effective {
                key: key.path,
                value: None,
                source: Origin::Default.to_string(),
            },
        };
        KEYS.iter().map(row).collect()
    }
}

/// `SERVER__LISTEN` as `server.listen`.
fn dotted(name: &str) -> String {
    name.to_ascii_lowercase().replace("__", ".")
}

fn is_section(path: &str) -> bool {
    KEYS.iter().any(|key| {
        key.path
            .strip_prefix(path)
            .is_some_and(|rest| rest.starts_with('.'))
    })
}

/// The value of a TOML literal.
pub(super) fn literal_value(literal: &str) -> Option<Value> {
    format!("x = {literal}").parse::<Table>().ok()?.remove("x")
}

/// The setting somebody probably meant: a few typing mistakes away, or the right name in the wrong section.
fn nearest(path: &str) -> Option<&'static str> {
    let leaf = |path: &str| path.rsplit('.').next().map(str::to_owned);
    let close = KEYS
        .iter()
        .map(|key| (strsim::damerau_levenshtein(path, key.path), key.path))
        .min()
        .filter(|(distance, _)| *distance <= 3 && *distance * 3 <= path.len());
    close.map(|(_, path)| path).or_else(|| {
        let wanted = leaf(path)?;
        KEYS.iter()
            .map(|key| key.path)
            .find(|path| leaf(path).as_deref() == Some(wanted.as_str()))
    })
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// The line of every key in the file, by dotted path.
fn lines(text: &str, table: &toml::de::DeTable<'_>) -> BTreeMap<String, usize> {
    fn walk(text: &str, table: &toml::de::DeTable<'_>, prefix: &str, found: &mut BTreeMap<String, usize>) {
        for (name, value) in table {
            let path = if prefix.is_empty() {
                name.get_ref().to_string()
            } else {
                format!("{prefix}.{}", name.get_ref())
            };
            if let toml::de::DeValue::Table(inner) = value.get_ref() {
                walk(text, inner, &path, found);
            }
            found.insert(path, line_of(text, name.span().start));
        }
    }
    let mut found = BTreeMap::new();
    walk(text, table, "", &mut found);
    found
}
