//! Error answers of RFC 6749, 6750, 8707 and OpenID Connect.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! error_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $status:literal;)+) => {
        /// The registered error codes this product answers with.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ $name,)+
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The HTTP status when the error is answered directly, not by redirect.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }
        }
    };
}

error_codes! {
    /// The person or the product said no (RFC 6749 section 4.1.2.1).
    AccessDenied = "access_denied", 403;
    /// `prompt=none`, but the person must choose an account (OIDC Core section 3.1.2.6).
    AccountSelectionRequired = "account_selection_required", 400;
    /// `prompt=none`, but the person must consent (OIDC Core section 3.1.2.6).
    ConsentRequired = "consent_required", 400;
    /// The token lacks a scope (RFC 6750 section 3.1).
    InsufficientScope = "insufficient_scope", 403;
    /// The sign-in behind the token is too weak (RFC 9470 section 3).
    InsufficientUserAuthentication = "insufficient_user_authentication", 401;
    /// `prompt=none`, but the person must do something (OIDC Core section 3.1.2.6).
    InteractionRequired = "interaction_required", 400;
    /// Client authentication failed (RFC 6749 section 5.2).
    InvalidClient = "invalid_client", 401;
    /// Code or refresh token is invalid, expired, used, or another client's (RFC 6749 section 5.2).
    InvalidGrant = "invalid_grant", 400;
    /// A parameter is missing, repeated or malformed (RFC 6749 section 5.2).
    InvalidRequest = "invalid_request", 400;
    /// A scope is unknown, malformed or not for this client (RFC 6749 section 5.2).
    InvalidScope = "invalid_scope", 400;
    /// A resource is malformed, unknown or not for this client (RFC 8707 section 2).
    InvalidTarget = "invalid_target", 400;
    /// The access token is expired, revoked or malformed (RFC 6750 section 3.1).
    InvalidToken = "invalid_token", 401;
    /// `prompt=none`, but nobody, or somebody else, is signed in (OIDC Core section 3.1.2.6).
    LoginRequired = "login_required", 400;
    /// The `registration` parameter (OIDC Core section 3.1.2.6).
    RegistrationNotSupported = "registration_not_supported", 400;
    /// The `request` parameter (OIDC Core section 3.1.2.6).
    RequestNotSupported = "request_not_supported", 400;
    /// The `request_uri` parameter (OIDC Core section 3.1.2.6).
    RequestUriNotSupported = "request_uri_not_supported", 400;
    /// Something here broke (RFC 6749 section 4.1.2.1).
    ServerError = "server_error", 500;
    /// Overloaded, or a dependency is away (RFC 6749 section 4.1.2.1).
    TemporarilyUnavailable = "temporarily_unavailable", 503;
    /// The client may not use this grant (RFC 6749 section 5.2).
    UnauthorizedClient = "unauthorized_client", 400;
    /// An essential `acr` cannot be reached (OIDC Unmet Authentication Requirements).
    UnmetAuthenticationRequirements = "unmet_authentication_requirements", 400;
    /// No such grant type here (RFC 6749 section 5.2).
    UnsupportedGrantType = "unsupported_grant_type", 400;
    /// Another response type than `code` (OA8).
    UnsupportedResponseType = "unsupported_response_type", 400;
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// An error answer. Serialises to the JSON body of RFC 6749 section 5.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{code}: {description}")]
pub struct OAuthError {
    /// What kind of error.
    #[serde(rename = "error")]
    pub code: ErrorCode,
    /// A fixed text for the developer, in the characters RFC 6749 section 5.2 allows; never made from input (OA21).
    #[serde(rename = "error_description")]
    pub description: &'static str,
}

impl OAuthError {
    /// An error with its fixed text.
    pub const fn new(code: ErrorCode, description: &'static str) -> Self {
        Self { code, description }
    }

    /// `invalid_request` with its fixed text.
    pub const fn invalid_request(description: &'static str) -> Self {
        Self::new(ErrorCode::InvalidRequest, description)
    }

    /// The HTTP status when answered directly.
    pub const fn status(&self) -> u16 {
        self.code.status()
    }
}
