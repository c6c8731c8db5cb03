//! `/account/factors/recovery/stop`: a recovery of lost factors, stopped by whoever has not lost them.

use axum::extract::State;
use axum::response::Response;
use engine::sign_in::Back;

use super::{done, own};
use crate::extract::{Form, Visit};
use crate::state::AppState;

/// `POST /account/factors/recovery/stop`.
pub(crate) async fn stop(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let who = match own(&state, &visit, form, Back::Overview).await {
        Ok((who, _)) => who,
        Err(response) => return response,
    };
    let stopped = state.app.stop_own_recovery(&visit.ctx, &who).await;
    done(&visit, &who, "recovery-stopped", stopped)
}
