use serde::{Deserialize, Serialize};

use crate::OAuthError;

/// What the person must be asked, or must not (OIDC Core section 3.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// Show nothing; an error if something would have to be shown.
    None,
    /// Sign in again.
    Login,
    /// Ask for consent again.
    Consent,
    /// Let the person choose an account.
    SelectAccount,
}

impl Prompt {
    /// Every value, as advertised.
    pub const ALL: [Self; 4] = [Self::None, Self::Login, Self::Consent, Self::SelectAccount];

    /// The value on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Login => "login",
            Self::Consent => "consent",
            Self::SelectAccount => "select_account",
        }
    }
}

/// The set of prompts of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Prompts(Vec<Prompt>);

impl Prompts {
    /// Parses the space-separated list. `none` stands alone; an unknown value is refused, as OpenID Connect's
    /// extension for further prompts asks.
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        let mut set = Vec::new();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let prompt = Prompt::ALL.into_iter().find(|p| p.as_str() == word);
            let prompt = prompt.ok_or(OAuthError::invalid_request("prompt has an unknown value"))?;
            if !set.contains(&prompt) {
                set.push(prompt);
            }
        }
        if set.contains(&Prompt::None) && set.len() > 1 {
            return Err(OAuthError::invalid_request("prompt none cannot be combined"));
        }
        Ok(Self(set))
    }

    /// Whether `prompt` was asked for.
    pub fn contains(&self, prompt: Prompt) -> bool {
        self.0.contains(&prompt)
    }

    /// `prompt=none`: nothing may be shown.
    pub fn is_none(&self) -> bool {
        self.contains(Prompt::None)
    }

    /// These without `prompt`: once the person did it, the flow goes on without asking again.
    #[must_use]
    pub fn without(&self, prompt: Prompt) -> Self {
        Self(self.0.iter().copied().filter(|p| *p != prompt).collect())
    }
}
