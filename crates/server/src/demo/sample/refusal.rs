//! Why a sign-in did not work, in words for the error page. No text here ever holds a secret.

use std::borrow::Cow;

use axum::http::StatusCode;
use protocol::ParamsError;
use serde_json::{Map, Value};

use super::id_token::IdTokenRefused;

/// Longest `error` and `error_description` that are shown.
const MAX_CODE: usize = 64;
const MAX_DESCRIPTION: usize = 200;

/// Why it did not work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// The issuer answered with an error (RFC 6749 sections 4.1.2.1 and 5.2).
    #[error("the issuer answered {code}")]
    Answered {
        /// `error`.
        code: String,
        /// `error_description`.
        description: Option<String>,
    },
    /// A form without this session's CSRF value.
    #[error("The form was not sent by a page of this application, or is from an earlier sign-in.")]
    CrossSite,
    /// The ID token does not hold.
    #[error("The ID token was not accepted: {0}.")]
    IdToken(#[from] IdTokenRefused),
    /// The response names another issuer (RFC 9207 section 2.4).
    #[error("The answer does not come from the issuer that was asked.")]
    Issuer,
    /// An answer that is not what the standard says. What answered.
    #[error("The answer of the {0} could not be understood.")]
    Malformed(&'static str),
    /// Parameters that cannot be read.
    #[error("The answer could not be read: {0}.")]
    Params(#[from] ParamsError),
    /// `state` is not of a sign-in that this browser began.
    #[error("This browser did not begin this sign-in, or it was already finished or took too long.")]
    State,
    /// No answer.
    #[error("The issuer does not answer. It may still be starting; try again in a moment.")]
    Unreachable,
    /// The userinfo answer is about somebody else (OIDC Core section 5.3.2).
    #[error("The userinfo answer is about another person than the ID token.")]
    Userinfo,
}

impl Refusal {
    /// Reads an error answer. The parts are cut to what RFC 6749 allows them to be.
    pub(super) fn answered(code: &str, description: Option<&str>) -> Option<Self> {
        let well_formed = (1..=MAX_CODE).contains(&code.len()) && code.bytes().all(is_shown);
        well_formed.then(|| Self::Answered {
            code: code.to_owned(),
            description: description.map(|text| {
                let shown = text
                    .chars()
                    .filter(|letter| u8::try_from(*letter).is_ok_and(is_shown));
                shown.take(MAX_DESCRIPTION).collect()
            }),
        })
    }

    /// Reads the JSON error answer of an endpoint.
    pub(super) fn from_json(endpoint: &'static str, answer: &Map<String, Value>) -> Self {
        let text = |name| answer.get(name).and_then(Value::as_str);
        text("error")
            .and_then(|code| Self::answered(code, text("error_description")))
            .unwrap_or(Self::Malformed(endpoint))
    }

    /// The code on the error page.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Answered { code, .. } => code,
            Self::CrossSite => "csrf_mismatch",
            Self::IdToken(_) => "invalid_id_token",
            Self::Issuer => "issuer_mismatch",
            Self::Malformed(_) | Self::Params(_) => "invalid_response",
            Self::State => "state_mismatch",
            Self::Unreachable => "issuer_unreachable",
            Self::Userinfo => "userinfo_mismatch",
        }
    }

    /// The code in words, and what the issuer says about it.
    pub(super) fn words(&self) -> Cow<'static, str> {
        let Self::Answered { code, description } = self else {
            return self.to_string().into();
        };
        let meaning = meaning(code);
        match description.as_deref().filter(|text| !text.is_empty()) {
            None => meaning.into(),
            Some(text) => format!("{meaning} The issuer says: {text}").into(),
        }
    }

    /// The status of the error page.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Answered { .. } | Self::Params(_) | Self::State => StatusCode::BAD_REQUEST,
            Self::CrossSite => StatusCode::FORBIDDEN,
            Self::IdToken(_) | Self::Issuer | Self::Malformed(_) | Self::Userinfo => StatusCode::BAD_GATEWAY,
            Self::Unreachable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Whether a session whose refresh ended so is over.
    pub(super) fn ends_session(&self) -> bool {
        match self {
            Self::Answered { code, .. } => code == "invalid_grant",
            Self::IdToken(_) | Self::Userinfo => true,
            _ => false,
        }
    }
}

/// The characters of `error` and `error_description` (RFC 6749 section 4.1.2.1).
fn is_shown(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e) && byte != b'"' && byte != b'\\'
}

fn meaning(code: &str) -> &'static str {
    match code {
        "access_denied" => "You or the issuer refused to let this application in.",
        "invalid_client" => "The issuer does not accept this application's id and secret.",
        "invalid_grant" => "The code or the refresh token no longer works: it was used, ended or revoked.",
        "invalid_request" => "The issuer does not accept the request as it was sent.",
        "invalid_scope" => "This application asked for a scope that it may not have.",
        "server_error" => "Something broke at the issuer.",
        "temporarily_unavailable" => "The issuer is busy; try again in a moment.",
        "unauthorized_client" => "This application may not sign people in this way.",
        _ => "The issuer did not sign you in.",
    }
}
