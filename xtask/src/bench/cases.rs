//! What can be measured. To add a case, add a file with a `CASE` and a line to [`ALL`].

mod authz;
mod cold_start;
mod growth;
mod idle;
mod introspect;
mod login;
mod metadata;
mod opaque;
mod overload;
mod refresh;
mod revoke_lag;
mod token;
mod validate;

use super::Case;

/// Every case, in the order of a whole run.
pub(super) const ALL: &[Case] = &[
    metadata::CASE,
    token::ES256,
    token::EDDSA,
    token::RS256,
    opaque::COST,
    opaque::RATE,
    introspect::CASE,
    refresh::CASE,
    login::SIGN_IN,
    login::FLOOD,
    login::TIMING,
    validate::CASE,
    authz::LIB,
    authz::DIFF,
    revoke_lag::CASE,
    idle::CASE,
    cold_start::CASE,
    growth::CASE,
    overload::CASE,
];
