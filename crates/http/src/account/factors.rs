//! `/account/factors`: what a person has besides their password. Changes need a fresh proof of who they are (MF8).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Secret;
use engine::passkeys::MAX_PASSKEYS;
use engine::sign_in::{Back, ManageError};
use engine::{Fault, SignedIn};
use fast_qr::QRBuilder;
use fast_qr::convert::svg::SvgBuilder;

use super::{at_home, of, own, step_up};
use crate::extract::{Form, Query, Visit};
use crate::guard::csrf_token;
use crate::login;
use crate::pages::{FactorsNotice, FactorsPage, PasskeyItem, Problem, RecoveryCodesPage, TotpPage};
use crate::reply::{account_page, fault_page, problem_page, see_other};
use crate::state::AppState;
use crate::unrecorded::{refused, unreadable};

/// `GET /account/factors`.
pub(crate) async fn get(State(state): State<AppState>, visit: Visit, Query(query): Query) -> Response {
    let notice = match &query {
        Ok(params) => params.get("done").and_then(notice),
        Err(refused) => return unreadable(&visit, *refused),
    };
    let who = match at_home(&state, &visit, Back::Factors).await {
        Ok(who) => who,
        Err(response) => return response,
    };
    let shown = async {
        let can = state.app.enrolled(&visit.ctx, who.user.id).await?;
        let own = state.app.own_passkeys(&visit.ctx, &who).await?;
        let ids: Vec<String> = own.list.iter().map(|passkey| passkey.id.to_string()).collect();
        let page = FactorsPage {
            csrf: &csrf_token(visit.session_cookie().unwrap_or_default()),
            email: who.user.email.as_str(),
            passkeys: own
                .list
                .iter()
                .zip(&ids)
                .map(|(passkey, id)| PasskeyItem {
                    id,
                    name: &passkey.name,
                    backed_up: passkey.backed_up,
                    created_at: passkey.created_at.secs(),
                    last_used_at: passkey.last_used_at.map(domain::Timestamp::secs),
                    suspended: passkey.suspended_at.is_some(),
                })
                .collect(),
            passkeys_available: own.available && own.list.len() < MAX_PASSKEYS,
            now: visit.ctx.now.secs(),
            password: can.password,
            totp: can.totp,
            totp_suspended: can.totp && state.app.is_totp_suspended(&visit.ctx, &who).await?,
            recovery_left: can.recovery_codes,
            notice,
        };
        let html = page.render(&visit.chrome_here(&[]));
        Ok(account_page(&visit, StatusCode::OK, html))
    };
    shown
        .await
        .unwrap_or_else(|fault: Fault| fault_page(&visit, &fault))
}

/// `POST /account/factors/totp`: makes a seed.
pub(crate) async fn begin_totp(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let who = match own(&state, &visit, form, Back::Factors).await {
        Ok((who, _)) => who,
        Err(response) => return response,
    };
    match state.app.begin_totp(&visit.ctx, &who).await {
        Ok(()) => see_other(&format!("{}/account/factors/totp", visit.prefix())),
        Err(cause) => refusal(&state, &visit, &who, cause).await,
    }
}

/// `GET /account/factors/totp`: the seed that waits for its first code.
pub(crate) async fn totp(State(state): State<AppState>, visit: Visit, Query(query): Query) -> Response {
    if let Err(refused) = query {
        return unreadable(&visit, refused);
    }
    match at_home(&state, &visit, Back::Factors).await {
        Ok(who) => totp_page(&state, &visit, &who, false).await,
        Err(response) => response,
    }
}

/// `POST /account/factors/totp/confirm`: the first code.
pub(crate) async fn confirm_totp(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let (who, params) = match own(&state, &visit, form, Back::Factors).await {
        Ok(own) => own,
        Err(response) => return response,
    };
    let code = params
        .secret("code")
        .unwrap_or_else(|| Secret::new(String::new()));
    let waiting = match login::waiting_for_factor(&state, &visit, &who).await {
        Ok(waiting) => waiting,
        Err(fault) => return fault_page(&visit, &fault),
    };
    match state.app.confirm_totp(&visit.ctx, &who, &code).await {
        Ok(raised) => {
            let mut response = waiting.map_or_else(|| back(&visit, "enrolled"), |on| see_other(&on));
            login::signed_in_cookie(&visit, &mut response, &raised);
            response
        }
        Err(ManageError::WrongCode) => {
            let page = totp_page(&state, &visit, &who, true).await;
            refused(&of(&visit, &who), "wrong_code", page)
        }
        Err(cause) => refusal(&state, &visit, &who, cause).await,
    }
}

/// `POST /account/factors/totp/remove`.
pub(crate) async fn remove_totp(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let who = match own(&state, &visit, form, Back::Factors).await {
        Ok((who, _)) => who,
        Err(response) => return response,
    };
    match state.app.remove_own_totp(&visit.ctx, &who).await {
        Ok(()) => back(&visit, "removed"),
        Err(cause) => refusal(&state, &visit, &who, cause).await,
    }
}

/// `POST /account/factors/recovery-codes`: made anew, and shown this once.
pub(crate) async fn recovery_codes(
    State(state): State<AppState>,
    visit: Visit,
    Form(form): Form,
) -> Response {
    let who = match own(&state, &visit, form, Back::Factors).await {
        Ok((who, _)) => who,
        Err(response) => return response,
    };
    match state.app.make_recovery_codes(&visit.ctx, &who).await {
        Ok(codes) => {
            let codes = codes.iter().map(|code| code.expose().as_str()).collect();
            let html = RecoveryCodesPage { codes }.render(&visit.chrome(&[]));
            account_page(&visit, StatusCode::OK, html)
        }
        Err(cause) => refusal(&state, &visit, &who, cause).await,
    }
}

async fn totp_page(state: &AppState, visit: &Visit, who: &SignedIn, wrong: bool) -> Response {
    let setup = match state.app.totp_setup(&visit.ctx, who).await {
        Ok(setup) => setup,
        Err(ManageError::Nothing) => return see_other(&format!("{}/account/factors", visit.prefix())),
        Err(cause) => return refusal(state, visit, who, cause).await,
    };
    let Ok(qr) = QRBuilder::new(setup.address.expose().as_str()).build() else {
        return fault_page(
            visit,
            &Fault::Internal("an otpauth address does not fit a QR code"),
        );
    };
    let svg = SvgBuilder::default().to_str(&qr);
    let page = TotpPage {
        csrf: &csrf_token(visit.session_cookie().unwrap_or_default()),
        picture: &format!("data:image/svg+xml;base64,{}", STANDARD.encode(svg)),
        secret: setup.secret.expose(),
        wrong,
    };
    let status = if wrong {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    account_page(visit, status, page.render(&visit.chrome(&[])))
}

/// Not fresh: the person signs in once more and comes back to the list. What is not there does not exist for them.
async fn refusal(state: &AppState, visit: &Visit, who: &SignedIn, cause: ManageError) -> Response {
    match cause {
        ManageError::NotFresh => match step_up(state, visit, Back::Factors).await {
            Ok(response) => response,
            Err(fault) => fault_page(visit, &fault),
        },
        ManageError::Nothing | ManageError::WrongCode => {
            let page = problem_page(visit, Problem::NotFound, None);
            refused(&of(visit, who), "gone", page)
        }
        ManageError::Fault(fault) => fault_page(visit, &fault),
    }
}

fn back(visit: &Visit, done: &str) -> Response {
    see_other(&format!("{}/account/factors?done={done}", visit.prefix()))
}

fn notice(done: &str) -> Option<FactorsNotice> {
    match done {
        "enrolled" => Some(FactorsNotice::Enrolled),
        "last-way-in" => Some(FactorsNotice::LastWayIn),
        "passkey" => Some(FactorsNotice::PasskeyAdded),
        "passkey-removed" => Some(FactorsNotice::PasskeyRemoved),
        "passkey-renamed" => Some(FactorsNotice::PasskeyRenamed),
        "removed" => Some(FactorsNotice::Removed),
        "required" => Some(FactorsNotice::Required),
        _ => None,
    }
}
