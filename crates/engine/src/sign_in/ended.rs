//! Sessions end with what they were proved by (SE5, MF13).

use domain::{Amr, Event, EventKind, Passkey, Session, SessionId, Timestamp, UserId};
use storage::{StoreError, Tx, grants, sessions};

use crate::{App, Ctx, Fault};

/// What is being removed that somebody may have proved themselves by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proof {
    /// What sessions that were opened by it say.
    amr: Amr,
    /// It was not used after this moment, if that is known.
    until: Option<Timestamp>,
}

impl Proof {
    /// Codes: of an application, or those that stand in for it.
    pub(crate) const CODES: Self = Self {
        amr: Amr::OneTimeCode,
        until: None,
    };

    /// A passkey. A session says of which kind it was and not which one; when this one was last used says more.
    pub(crate) fn passkey(passkey: &Passkey) -> Self {
        Self {
            amr: if passkey.hardware_bound {
                Amr::HardwareKey
            } else {
                Amr::SoftwareKey
            },
            until: Some(passkey.last_used_at.unwrap_or(passkey.created_at)),
        }
    }

    fn opened(self, session: &Session) -> bool {
        session.amr.contains(&self.amr) && self.until.is_none_or(|until| session.auth_time <= until)
    }
}

impl App {
    /// The person's sessions that one of these may have opened, but for the one at hand.
    pub(crate) async fn opened_by(
        &self,
        ctx: &Ctx,
        (user, kept): (UserId, Option<SessionId>),
        proofs: &[Proof],
    ) -> Result<Vec<SessionId>, Fault> {
        let live = sessions::list_for_user(&mut self.db.read(ctx.tenant_id()).await?, user, ctx.now).await?;
        Ok(live
            .into_iter()
            .map(|(session, _)| session)
            .filter(|session| Some(session.id) != kept && proofs.iter().any(|proof| proof.opened(session)))
            .map(|session| session.id)
            .collect())
    }
}

/// The event of a session that ends with it.
pub(crate) fn ended(user: UserId, session: SessionId) -> Event {
    Event::success(EventKind::SessionEnded)
        .user(user)
        .session(session)
        .detail("by", "factor_removed")
}

/// Ends them, and what was granted in them.
pub(crate) async fn end(tx: &mut Tx, ended: &[SessionId], now: Timestamp) -> Result<(), StoreError> {
    for session in ended {
        if sessions::end(tx, *session, now).await? {
            grants::revoke_online_for_session(tx, *session, now).await?;
        }
    }
    Ok(())
}
