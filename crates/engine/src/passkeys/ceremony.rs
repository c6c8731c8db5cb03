//! A challenge waits for one answer, once, for five minutes, in one place: a flow, a session or an invitation. Whoever
//! looks one of these up has shown the secret that goes with it, so the answer comes from the browser that was asked.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{CeremonyId, FlowId, SessionId, TokenHash};
use serde::{Deserialize, Serialize};
use storage::passkey_ceremonies;
use webauthn_rs_core::proto::{AuthenticationState, RegistrationState};

use super::PasskeyError;
use crate::{App, Ctx, Fault};

/// How long a challenge waits (MF6).
pub(super) const LIFETIME: Duration = Duration::from_mins(5);

/// Where a challenge belongs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Flow(FlowId),
    Invitation(TokenHash),
    Session(SessionId),
}

impl Place {
    fn text(self) -> String {
        match self {
            Self::Flow(id) => format!("flow:{id}"),
            Self::Invitation(hash) => format!("invitation:{}", URL_SAFE_NO_PAD.encode(hash.as_bytes())),
            Self::Session(id) => format!("session:{id}"),
        }
    }
}

/// What is remembered of a challenge.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub(super) enum Kept {
    /// A passkey is made; what its authenticator will know the person by.
    Register {
        handle: [u8; 32],
        state: Box<RegistrationState>,
    },
    /// A passkey is used.
    SignIn { state: Box<AuthenticationState> },
}

impl App {
    pub(super) async fn keep_challenge(&self, ctx: &Ctx, place: Place, kept: &Kept) -> Result<String, Fault> {
        let id = CeremonyId::generate(&self.world);
        let state =
            serde_json::to_value(kept).map_err(|_| Fault::Internal("a challenge does not serialize"))?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        passkey_ceremonies::insert(&mut tx, &place.text(), id, &state, ctx.now.plus(LIFETIME)).await?;
        tx.commit_unrecorded("a challenge waits for a passkey; what comes of it is recorded")
            .await?;
        Ok(id.to_string())
    }

    /// The challenge, used up whatever becomes of the answer.
    pub(super) async fn use_challenge(
        &self,
        ctx: &Ctx,
        place: Place,
        id: &str,
    ) -> Result<Kept, PasskeyError> {
        let id: CeremonyId = id.parse().map_err(|_| PasskeyError::Gone)?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        let state = passkey_ceremonies::consume(&mut tx, &place.text(), id, ctx.now).await?;
        tx.commit_unrecorded("a challenge is used up; what comes of it is recorded")
            .await?;
        let state = state.ok_or(PasskeyError::Gone)?;
        serde_json::from_value(state)
            .map_err(|_| PasskeyError::Fault(Fault::Internal("a stored challenge is broken")))
    }
}
