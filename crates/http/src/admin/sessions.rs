//! What administrators do about a person's sign-ins: see and end sessions, end a lock.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use domain::{Session, SessionId, UserId};
use serde::Serialize;

use super::users::{id, refusal, shown};
use super::{Operator, fault, not_found};
use crate::state::AppState;

/// A session as shown to administrators.
#[derive(Debug, Serialize)]
struct SessionView {
    id: SessionId,
    acr: &'static str,
    amr: Vec<&'static str>,
    auth_time: String,
    created_at: String,
    last_seen_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    browser: Option<&'static str>,
}

impl From<Session> for SessionView {
    fn from(session: Session) -> Self {
        Self {
            id: session.id,
            acr: session.acr.as_str(),
            amr: session.amr.iter().map(|amr| amr.as_str()).collect(),
            auth_time: session.auth_time.rfc3339(),
            created_at: session.created_at.rfc3339(),
            last_seen_at: session.last_seen_at.rfc3339(),
            browser: session.device.map(|device| device.browser.as_str()),
        }
    }
}

/// A person's live sessions: as many as there may be at once, so there are no pages.
#[derive(Debug, Serialize)]
struct Sessions {
    items: Vec<SessionView>,
}

/// How many were ended.
#[derive(Debug, Serialize)]
struct Ended {
    ended: usize,
}

/// `GET /admin/v1/users/{id}/sessions`
pub(crate) async fn list(
    State(state): State<AppState>,
    operator: Operator,
    Path(path): Path<HashMap<String, String>>,
) -> Response {
    operator.answer(listed(&state, &operator, id(&path)).await)
}

async fn listed(state: &AppState, operator: &Operator, user: Option<UserId>) -> Result<Response, Response> {
    let user = user.ok_or_else(not_found)?;
    let (app, ctx) = (&state.app, &operator.ctx);
    app.user(ctx, user).await.map_err(|refused| refusal(&refused))?;
    let sessions = app
        .live_sessions_of(ctx, user)
        .await
        .map_err(|cause| fault(&cause))?;
    let items = sessions.into_iter().map(SessionView::from).collect();
    Ok(Json(Sessions { items }).into_response())
}

/// `POST /admin/v1/users/{id}/sessions/end-all`
pub(crate) async fn end_all(
    State(state): State<AppState>,
    operator: Operator,
    Path(path): Path<HashMap<String, String>>,
) -> Response {
    operator.answer(ended(&state, &operator, id(&path)).await)
}

async fn ended(state: &AppState, operator: &Operator, user: Option<UserId>) -> Result<Response, Response> {
    let user = user.ok_or_else(not_found)?;
    let (app, ctx) = (&state.app, &operator.ctx);
    app.user(ctx, user).await.map_err(|refused| refusal(&refused))?;
    let ended = app
        .end_sessions_of(ctx, user)
        .await
        .map_err(|cause| fault(&cause))?;
    Ok(Json(Ended { ended }).into_response())
}

/// `POST /admin/v1/users/{id}/sessions/{session}/end`
pub(crate) async fn end(
    State(state): State<AppState>,
    operator: Operator,
    Path(path): Path<HashMap<String, String>>,
) -> Response {
    let session = path
        .get("session")
        .and_then(|text| text.parse::<SessionId>().ok());
    let answer = match id(&path).zip(session) {
        None => Err(not_found()),
        Some((user, session)) => match state.app.end_session_of(&operator.ctx, user, session).await {
            Ok(true) => Ok(Json(Ended { ended: 1 }).into_response()),
            Ok(false) => Err(not_found()),
            Err(cause) => Err(fault(&cause)),
        },
    };
    operator.answer(answer)
}

/// `POST /admin/v1/users/{id}/unlock`: the account can be tried from everywhere again.
pub(crate) async fn unlock(
    State(state): State<AppState>,
    operator: Operator,
    Path(path): Path<HashMap<String, String>>,
) -> Response {
    operator.answer(unlocked(&state, &operator, id(&path)).await)
}

async fn unlocked(state: &AppState, operator: &Operator, user: Option<UserId>) -> Result<Response, Response> {
    let user = user.ok_or_else(not_found)?;
    let found = state.app.user(&operator.ctx, user).await;
    let found = found.map_err(|refused| refusal(&refused))?;
    state
        .app
        .unlock(&operator.ctx, &found)
        .await
        .map_err(|cause| fault(&cause))?;
    shown(Ok(found))
}
