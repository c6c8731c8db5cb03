//! What a setting is.

use super::kinds::Kind;

mod table;

pub use table::KEYS;

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Dotted path in the TOML file.
    pub path: &'static str,
    pub(crate) kind: Kind,
    pub(crate) preset: Preset,
    /// Meaning, in one sentence without the final stop.
    pub doc: &'static str,
}

/// What holds when nobody sets the key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Preset {
    /// This TOML literal.
    Is(&'static str),
    /// A file of this name in the data directory.
    InData(&'static str),
    /// Nothing; the text says what that means.
    Unset(&'static str),
}

impl Key {
    /// Finds a setting by its path.
    #[must_use]
    pub fn find(path: &str) -> Option<&'static Key> {
        KEYS.iter().find(|key| key.path == path)
    }

    /// The environment variable that sets this key.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("RSP__{}", self.path.to_ascii_uppercase().replace('.', "__"))
    }

    /// Whether the value, or a part of it, must not be shown.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::DatabaseUrl | Kind::Secret | Kind::SharedUrl)
    }
}
