//! One file for each target.

pub(crate) mod authorize_request;
pub(crate) mod cookies;
pub(crate) mod form;
pub(crate) mod json;
pub(crate) mod jwk;
pub(crate) mod jwt;
pub(crate) mod redirect_uri;
pub(crate) mod scope;
pub(crate) mod token_request;
