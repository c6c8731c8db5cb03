//! The rules of OAuth 2.1, OpenID Connect and JOSE as pure functions: parse, check, build.
//!
//! Nothing here does I/O or reads a clock; whoever calls passes in `now`. Every parser takes untrusted input and
//! answers with a typed value or a refusal whose text is fixed, so that no input is ever echoed (OA21).

pub mod access_token;
pub mod authorize;
pub mod bearer;
pub mod client_auth;
pub mod cookies;
pub mod discovery;
pub mod error;
mod form;
pub mod id_token;
pub mod introspection;
pub mod jose;
pub mod logout;
pub mod params;
pub mod pkce;
pub mod resource;
pub mod revocation;
pub mod token;
pub mod userinfo;
pub mod validation;

pub use error::{ErrorCode, OAuthError};
pub use params::{Params, ParamsError};
