//! What can be measured. To add a case, add a file with a `CASE` and a line to [`ALL`].

mod introspect;
mod login;
mod metadata;
mod overload;
mod refresh;
mod token;

use super::Case;

/// Every case, in the order of a whole run.
pub(super) const ALL: &[Case] = &[
    metadata::CASE,
    token::ES256,
    token::EDDSA,
    token::RS256,
    introspect::CASE,
    refresh::CASE,
    login::SIGN_IN,
    login::FLOOD,
    login::TIMING,
    overload::CASE,
];
