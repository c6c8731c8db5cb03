use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::Slug;
use engine::TenantView;

use crate::layers::told;
use crate::state::AppState;

/// The tenant a request is for: the one its path names, else the one of its host, else the default one.
#[derive(Debug, Clone)]
pub(crate) struct Tenancy(pub(crate) Arc<TenantView>);

impl FromRequestParts<AppState> for Tenancy {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        // An unreadable path is as unknown as a tenant that is not there.
        let params = RawPathParams::from_request_parts(parts, state).await.ok();
        let named = params
            .iter()
            .flatten()
            .find_map(|(name, value)| (name == "tenant").then(|| value.parse::<Slug>()));
        let tenant = match named {
            Some(slug) => slug
                .ok()
                .filter(|slug| !slug.is_default())
                .and_then(|slug| state.app.tenant(&slug)),
            None => by_host(&parts.headers, state),
        };
        tenant
            .map(Self)
            .ok_or_else(|| told("unknown_tenant", StatusCode::NOT_FOUND.into_response()))
    }
}

/// The tenant that owns the host a request was sent to, else the default one.
pub(super) fn by_host(headers: &HeaderMap, state: &AppState) -> Option<Arc<TenantView>> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    of_host(host, state)
}

/// The same, from the text of `Host`.
pub(crate) fn of_host(host: Option<&str>, state: &AppState) -> Option<Arc<TenantView>> {
    host.and_then(|host| state.app.tenant_by_host(without_port(host)))
        .or_else(|| state.app.tenant(&Slug::default_tenant()))
}

fn without_port(host: &str) -> &str {
    host.rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(h, _)| h)
}
