use axum::extract::State;
use axum::response::Response;
use domain::{Event, EventKind};
use engine::authorize::{AuthorizeError, Begun, Visitor};
use protocol::{OAuthError, Params};

use crate::extract::{Form, Query, Visit};
use crate::login;
use crate::reply::{deliver, fault_page, local_error};
use crate::state::AppState;

/// `GET /oauth/authorize`.
pub(crate) async fn get(State(state): State<AppState>, visit: Visit, Query(query): Query) -> Response {
    let signed_in = match visit.signed_in(&state.app).await {
        Ok(signed_in) => signed_in,
        Err(fault) => return fault_page(&visit, &fault),
    };
    begin(&state, &visit, query, Visitor::Known(signed_in.as_ref())).await
}

/// `POST /oauth/authorize`: may come from another site, so the browser's cookies are not seen here. The request is kept
/// and the browser goes on with a GET.
pub(crate) async fn post(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    begin(&state, &visit, form, Visitor::Unseen).await
}

async fn begin(
    state: &AppState,
    visit: &Visit,
    params: Result<Params, OAuthError>,
    visitor: Visitor<'_>,
) -> Response {
    let params = match params {
        Ok(params) => params,
        Err(refused) => {
            let event = Event::failure(EventKind::AuthorizationRefused, refused.code.as_str());
            return match state.app.refuse(&visit.ctx, event).await {
                Ok(()) => local_error(visit, refused),
                Err(fault) => fault_page(visit, &fault),
            };
        }
    };
    match state.app.begin_authorization(&visit.ctx, &params, visitor).await {
        Ok(Begun::Respond(delivery)) => {
            deliver(visit, params.get("client_id").unwrap_or_default(), &delivery)
        }
        Ok(Begun::Interact(flow)) => login::enter(visit, "/login", &flow),
        Err(AuthorizeError::Local(refused)) => local_error(visit, refused),
        Err(AuthorizeError::Fault(fault)) => fault_page(visit, &fault),
    }
}
