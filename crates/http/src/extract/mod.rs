//! What handlers take from a request, parsed once at the edge.

mod cookies;
mod form;
mod tenancy;
mod visit;

pub(crate) use cookies::{
    clear_cookie, device_cookie, flow_cookie, flows_of, link_cookie, preference_cookie, session_cookie,
    set_cookie, theme_cookie,
};
pub(crate) use form::{Form, Query};
pub(crate) use tenancy::{Tenancy, of_host};
pub(crate) use visit::{Visit, of_nobody};
