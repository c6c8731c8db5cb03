use std::collections::HashMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::{Email, Profile, Secret, User, UserId, UserStatus};
use engine::users::{NewUser, UserError};
use protocol::{OAuthError, Params};
use serde::{Deserialize, Serialize};

use super::{Listing, Operator, body, not_found, page_limit, problem};
use crate::extract::Query;
use crate::reply::fault_status;
use crate::state::AppState;

/// A person as shown to administrators. No hash, no key.
#[derive(Debug, Serialize)]
struct UserView {
    id: UserId,
    email: Email,
    email_verified: bool,
    status: UserStatus,
    profile: Profile,
    created_at: String,
    updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_login_at: Option<String>,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            email_verified: user.email_verified,
            status: user.status,
            profile: user.profile,
            created_at: user.created_at.rfc3339(),
            updated_at: user.updated_at.rfc3339(),
            last_login_at: user.last_login_at.map(domain::Timestamp::rfc3339),
        }
    }
}

/// A person to be made. Administrators never set a password (PW14): the answer has no credential, an invitation does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateUser {
    email: Email,
    #[serde(default)]
    email_verified: bool,
    #[serde(default)]
    profile: Profile,
}

/// A person just made, and the secret of the link by which they set their first password, shown once.
#[derive(Debug, Serialize)]
struct CreatedUser {
    #[serde(flatten)]
    user: UserView,
    invitation: String,
}

/// `GET /admin/v1/users?after=…&limit=…`
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
    let Ok(after) = params.get("after").map(str::parse::<UserId>).transpose() else {
        return Err(problem(StatusCode::BAD_REQUEST, "after is the id of a person"));
    };
    match state.app.list_users(&operator.ctx, after, limit + 1).await {
        Ok(users) => {
            let views = users.into_iter().map(UserView::from).collect();
            Ok(Json(Listing::cut(views, limit, |user: &UserView| user.id.to_string())).into_response())
        }
        Err(refused) => Err(refusal(&refused)),
    }
}

/// `POST /admin/v1/users`
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
    let wanted: CreateUser = body(bytes, operator.content_type.as_deref())?;
    let new = NewUser {
        email: wanted.email,
        email_verified: wanted.email_verified,
        profile: wanted.profile,
        password: None::<Secret<String>>,
    };
    match state.app.create_invited_user(&operator.ctx, new).await {
        Ok((user, token)) => {
            let created = CreatedUser {
                invitation: token.expose().to_owned(),
                user: user.into(),
            };
            Ok((StatusCode::CREATED, Json(created)).into_response())
        }
        Err(refused) => Err(refusal(&refused)),
    }
}

/// `GET /admin/v1/users/{id}`
pub(crate) async fn read(
    State(state): State<AppState>,
    operator: Operator,
    Path(path): Path<HashMap<String, String>>,
) -> Response {
    operator.answer(match id(&path) {
        Some(id) => shown(state.app.user(&operator.ctx, id).await),
        None => Err(not_found()),
    })
}

/// `POST /admin/v1/users/{id}/disable`
pub(crate) async fn disable(
    State(state): State<AppState>,
    operator: Operator,
    Path(path): Path<HashMap<String, String>>,
) -> Response {
    operator.answer(match id(&path) {
        Some(id) => shown(state.app.disable_user(&operator.ctx, id).await),
        None => Err(not_found()),
    })
}

/// `POST /admin/v1/users/{id}/enable`
pub(crate) async fn enable(
    State(state): State<AppState>,
    operator: Operator,
    Path(path): Path<HashMap<String, String>>,
) -> Response {
    operator.answer(match id(&path) {
        Some(id) => shown(state.app.enable_user(&operator.ctx, id).await),
        None => Err(not_found()),
    })
}

/// `POST /admin/v1/users/{id}/compromise`: others know the person's password. It has to be changed at the next sign-in.
pub(crate) async fn compromise(
    State(state): State<AppState>,
    operator: Operator,
    Path(path): Path<HashMap<String, String>>,
) -> Response {
    operator.answer(match id(&path) {
        Some(id) => shown(state.app.mark_password_compromised(&operator.ctx, id).await),
        None => Err(not_found()),
    })
}

/// `POST /admin/v1/users/{id}/reset`: the person gets a mail with a link; nobody but them learns a password (PW14).
pub(crate) async fn reset(
    State(state): State<AppState>,
    operator: Operator,
    Path(path): Path<HashMap<String, String>>,
) -> Response {
    operator.answer(match id(&path) {
        Some(id) => shown(state.app.start_reset(&operator.ctx, id).await),
        None => Err(not_found()),
    })
}

pub(super) fn id(path: &HashMap<String, String>) -> Option<UserId> {
    path.get("id")?.parse().ok()
}

pub(super) fn shown(user: Result<User, UserError>) -> Result<Response, Response> {
    match user {
        Ok(user) => Ok(Json(UserView::from(user)).into_response()),
        Err(refused) => Err(refusal(&refused)),
    }
}

pub(super) fn refusal(refused: &UserError) -> Response {
    match refused {
        UserError::EmailTaken => problem(
            StatusCode::CONFLICT,
            "an account with this mail address exists already",
        ),
        UserError::NotFound => not_found(),
        UserError::Password(refused) => problem(StatusCode::BAD_REQUEST, &refused.to_string()),
        UserError::NameRefused => problem(StatusCode::BAD_REQUEST, "the name cannot be set"),
        UserError::NoMail => problem(StatusCode::CONFLICT, "no mail can be sent: mail.smtp is not set"),
        UserError::Fault(cause) => fault_status(cause),
    }
}
