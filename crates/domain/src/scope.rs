use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One scope value: printable ASCII without space, quote and backslash (RFC 6749 section 3.3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope(String);

/// The text is not a scope (or list of scopes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScopeRefused {
    /// A character outside RFC 6749 section 3.3, or an empty value.
    #[error("scope has a character that is not allowed")]
    Malformed,
    /// Over 500 characters in all (A8).
    #[error("scope is longer than 500 characters")]
    TooLong,
}

impl Scope {
    /// The scope's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Scope {
    type Err = ScopeRefused;

    fn from_str(text: &str) -> Result<Self, ScopeRefused> {
        let allowed = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if text.is_empty() || !text.bytes().all(allowed) {
            return Err(ScopeRefused::Malformed);
        }
        if text.len() > Scopes::MAX_LENGTH {
            Err(ScopeRefused::TooLong)
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Scope {
    type Error = ScopeRefused;

    fn try_from(text: String) -> Result<Self, ScopeRefused> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.0
    }
}

/// A set of scopes in the order first named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Longest accepted text (A8).
    pub const MAX_LENGTH: usize = 500;

    /// No scope at all.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Whether `scope` is in the set.
    pub fn contains(&self, scope: &str) -> bool {
        self.0.iter().any(|s| s.as_str() == scope)
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every scope here is in `other`.
    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.0.iter().all(|s| other.contains(s.as_str()))
    }

    /// Those of these that are also in `other`, in this order.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(
            self.0
                .iter()
                .filter(|s| other.contains(s.as_str()))
                .cloned()
                .collect(),
        )
    }

    /// These and those of `other`.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.iter().chain(other.iter()).cloned().collect()
    }

    /// These without those of `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(
            self.0
                .iter()
                .filter(|s| !other.contains(s.as_str()))
                .cloned()
                .collect(),
        )
    }

    /// Each scope in turn.
    pub fn iter(&self) -> std::slice::Iter<'_, Scope> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Scopes {
    type Item = &'a Scope;
    type IntoIter = std::slice::Iter<'a, Scope>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let mut set = Vec::new();
        for scope in scopes {
            if !set.contains(&scope) {
                set.push(scope);
            }
        }
        Self(set)
    }
}

impl FromStr for Scopes {
    type Err = ScopeRefused;

    /// Parses a space-separated list; repeated values count once.
    fn from_str(text: &str) -> Result<Self, ScopeRefused> {
        if text.len() > Self::MAX_LENGTH {
            return Err(ScopeRefused::TooLong);
        }
        text.split(' ')
            .filter(|part| !part.is_empty())
            .map(str::parse)
            .collect()
    }
}

impl TryFrom<String> for Scopes {
    type Error = ScopeRefused;

    fn try_from(text: String) -> Result<Self, ScopeRefused> {
        text.parse()
    }
}

impl From<Scopes> for String {
    fn from(scopes: Scopes) -> Self {
        scopes.to_string()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, scope) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}
