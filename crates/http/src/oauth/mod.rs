//! The protocol endpoints.

pub(crate) mod authorize;
mod client;
pub(crate) mod cors;
pub(crate) mod discovery;
pub(crate) mod error;
pub(crate) mod introspect;
pub(crate) mod jwks;
pub(crate) mod logout;
pub(crate) mod revoke;
pub(crate) mod token;
pub(crate) mod userinfo;
