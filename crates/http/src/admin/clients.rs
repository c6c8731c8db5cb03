use std::collections::HashMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::{AuthMethod, Client, ClientId, ClientKind, ClientSettings};
use engine::clients::{ClientError, NewClient};
use protocol::{OAuthError, Params};
use serde::{Deserialize, Serialize};

use super::{Listing, Operator, body, not_found, page_limit, problem};
use crate::extract::Query;
use crate::reply::fault_status;
use crate::state::AppState;

/// A client as shown to administrators: whether it has a secret, never the secret.
#[derive(Debug, Serialize)]
struct ClientView {
    client_id: ClientId,
    name: String,
    kind: ClientKind,
    token_endpoint_auth_method: AuthMethod,
    settings: ClientSettings,
    disabled: bool,
    created_at: String,
    updated_at: String,
}

impl From<Client> for ClientView {
    fn from(client: Client) -> Self {
        Self {
            client_id: client.client_id,
            name: client.name,
            kind: client.kind,
            token_endpoint_auth_method: client.auth_method,
            settings: client.settings,
            disabled: client.disabled_at.is_some(),
            created_at: client.created_at.rfc3339(),
            updated_at: client.updated_at.rfc3339(),
        }
    }
}

/// A client to be made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateClient {
    client_id: Option<ClientId>,
    name: String,
    kind: ClientKind,
    token_endpoint_auth_method: AuthMethod,
    #[serde(default)]
    settings: ClientSettings,
}

/// A client just made, with its secret, shown once.
#[derive(Debug, Serialize)]
struct CreatedClient {
    #[serde(flatten)]
    client: ClientView,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

/// `GET /admin/v1/clients?after=…&limit=…`
pub(crate) async fn list(State(state): State<AppState>, operator: Operator, Query(query): Query) -> Response {
    operator.answer(listed(&state, &operator, query).await)
}

async fn listed(
    state: &AppState,
    operator: &Operator,
    query: Result<Params, OAuthError>,
) -> Result<Response, Response> {
    let params = query.map_err(|refused| problem(StatusCode::BAD_REQUEST, refused.description))?;
    let limit = page_limit(&params)?;
    let Ok(after) = params.get("after").map(str::parse::<ClientId>).transpose() else {
        return Err(problem(StatusCode::BAD_REQUEST, "after is the id of a client"));
    };
    match state
        .app
        .list_clients(&operator.ctx, after.as_ref(), limit + 1)
        .await
    {
        Ok(clients) => {
            let views = clients.into_iter().map(ClientView::from).collect();
            let page = Listing::cut(views, limit, |client: &ClientView| client.client_id.to_string());
            Ok(Json(page).into_response())
        }
        Err(refused) => Err(refusal(&refused)),
    }
}

/// `POST /admin/v1/clients`
pub(crate) async fn create(
    State(state): State<AppState>,
    operator: Operator,
    bytes: Result<Bytes, BytesRejection>,
) -> Response {
    operator.answer(created(&state, &operator, bytes).await)
}

async fn created(
    state: &AppState,
    operator: &Operator,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Response> {
    let wanted: CreateClient = body(bytes, operator.content_type.as_deref())?;
    let new = NewClient {
        client_id: wanted.client_id,
        name: wanted.name,
        kind: wanted.kind,
        auth_method: wanted.token_endpoint_auth_method,
        settings: wanted.settings,
    };
    match state.app.create_client(&operator.ctx, new).await {
        Ok((client, secret)) => {
            let client_secret = secret.map(|secret| secret.expose().clone());
            let created = CreatedClient {
                client: client.into(),
                client_secret,
            };
            Ok((StatusCode::CREATED, Json(created)).into_response())
        }
        Err(refused) => Err(refusal(&refused)),
    }
}

/// `GET /admin/v1/clients/{id}`
pub(crate) async fn read(
    State(state): State<AppState>,
    operator: Operator,
    Path(path): Path<HashMap<String, String>>,
) -> Response {
    operator.answer(match id(&path) {
        Some(id) => shown(state.app.client(&operator.ctx, &id).await),
        None => Err(not_found()),
    })
}

/// `POST /admin/v1/clients/{id}/disable`
pub(crate) async fn disable(
    State(state): State<AppState>,
    operator: Operator,
    Path(path): Path<HashMap<String, String>>,
) -> Response {
    operator.answer(match id(&path) {
        Some(id) => shown(state.app.disable_client(&operator.ctx, &id).await),
        None => Err(not_found()),
    })
}

/// `POST /admin/v1/clients/{id}/enable`
pub(crate) async fn enable(
    State(state): State<AppState>,
    operator: Operator,
    Path(path): Path<HashMap<String, String>>,
) -> Response {
    operator.answer(match id(&path) {
        Some(id) => shown(state.app.enable_client(&operator.ctx, &id).await),
        None => Err(not_found()),
    })
}

fn id(path: &HashMap<String, String>) -> Option<ClientId> {
    path.get("id")?.parse().ok()
}

fn shown(client: Result<Client, ClientError>) -> Result<Response, Response> {
    match client {
        Ok(client) => Ok(Json(ClientView::from(client)).into_response()),
        Err(refused) => Err(refusal(&refused)),
    }
}

fn refusal(refused: &ClientError) -> Response {
    match refused {
        ClientError::IdTaken => problem(StatusCode::CONFLICT, "a client with this id exists already"),
        ClientError::NotFound => not_found(),
        ClientError::Settings(refused) => problem(StatusCode::BAD_REQUEST, refused.0),
        ClientError::Fault(cause) => fault_status(cause),
    }
}
