//! "That was not me", said of something on the activity page by somebody who is signed in.

use domain::{Actor, Event, EventId, EventKind, Events, Outcome, Passkey, PasskeyId, SessionId, Timestamp};
use storage::audit::AuditRow;
use storage::{activity, factor_recoveries, grants, links, sessions, users};

use crate::activity::SHOWN;
use crate::sign_in::{Added, ManageError, foreign};
use crate::{App, Ctx, Fault, SignedIn};

/// What was somebody else's doing, and what ends with it.
#[derive(Debug)]
pub struct Foreign {
    /// The event on the activity page.
    pub id: EventId,
    /// What it was.
    pub kind: EventKind,
    /// When.
    pub at: Timestamp,
    /// From this moment on nothing is believed to be the person's: when the sign-in began it was done in.
    pub since: Timestamp,
    /// What was added from then on.
    pub added: Added,
    /// The passkey among it that stays, because without it there would be no way in.
    pub kept: Option<PasskeyId>,
    /// Other sessions, which end.
    pub sessions: Vec<SessionId>,
    /// Whether there is a password, which others may know.
    pub password: bool,
}

/// Whether somebody can say of it that it was not them.
pub const fn is_deniable(kind: EventKind, outcome: Outcome) -> bool {
    !matches!(outcome, Outcome::Failure)
        && matches!(
            kind,
            EventKind::ConsentGranted
                | EventKind::FactorEnrolled
                | EventKind::FactorRemoved
                | EventKind::Login
                | EventKind::PasskeyAdded
                | EventKind::PasskeyRemoved
                | EventKind::PasswordChanged
                | EventKind::ProfileChanged
                | EventKind::RecoveryCodesMade
        )
}

impl App {
    /// What would end if the person says that this event of theirs was somebody else's doing; nothing if there is no such
    /// event.
    pub async fn foreign(&self, ctx: &Ctx, who: &SignedIn, id: EventId) -> Result<Option<Foreign>, Fault> {
        let user = who.user.id;
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let found = activity::find(&mut read, user, id).await?;
        let is_shown =
            |row: &AuditRow| is_deniable(row.kind, row.outcome) && ctx.now.since(row.occurred_at) <= SHOWN;
        let Some(row) = found.filter(is_shown) else {
            return Ok(None);
        };
        let since = match row.session_id.filter(|session| *session != who.session.id) {
            Some(session) => sessions::find(&mut read, session)
                .await?
                .map_or(row.occurred_at, |session| session.created_at.min(row.occurred_at)),
            None => row.occurred_at,
        };
        let live = sessions::list_for_user(&mut read, user, ctx.now).await?;
        drop(read);
        let added = self.added_since(ctx, user, since).await?;
        let password = self.enrolled(ctx, user).await?.password;
        let kept = if password {
            None
        } else {
            self.last_way_in(ctx, who, &added.passkeys).await?
        };
        Ok(Some(Foreign {
            id,
            kind: row.kind,
            at: row.occurred_at,
            since,
            added,
            kept,
            sessions: live
                .into_iter()
                .map(|(session, _)| session.id)
                .filter(|session| *session != who.session.id)
                .collect(),
            password,
        }))
    }

    /// Without a password and an older passkey the one used last stays: it is the one they have just signed in with.
    async fn last_way_in(
        &self,
        ctx: &Ctx,
        who: &SignedIn,
        added: &[Passkey],
    ) -> Result<Option<PasskeyId>, Fault> {
        let all = self.own_passkeys(ctx, who).await?.list;
        let is_older = |passkey: &Passkey| {
            passkey.suspended_at.is_none() && added.iter().all(|new| new.id != passkey.id)
        };
        if all.iter().any(is_older) {
            return Ok(None);
        }
        let last = added.iter().max_by_key(|passkey| passkey.last_used_at);
        Ok(last.map(|passkey| passkey.id))
    }

    /// Ends it: every other session, what was added since, and the password, which has to be replaced at the next
    /// sign-in. The person has just proved who they are, as strongly as they can (MF8).
    pub async fn deny_own(&self, ctx: &Ctx, who: &SignedIn, id: EventId) -> Result<(), ManageError> {
        if !self.fresh_enough(ctx, who).await? {
            return Err(ManageError::NotFresh);
        }
        let foreign = self.foreign(ctx, who, id).await?.ok_or(ManageError::Nothing)?;
        let (ctx, user) = (&ctx.acting_as(Actor::User(who.user.id)), who.user.id);
        let events = self.record(ctx, events(who, &foreign)).await?;
        let mac = self.address_mac(ctx, &who.user.email).await?;
        let spared = links::Spared {
            address_mac: &mac,
            before: None,
        };
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        // From the first write on nobody else changes the account.
        users::update_changed(&mut tx, user, ctx.now).await?;
        if foreign.password {
            users::mark_compromised(&mut tx, user, ctx.now).await?;
        }
        let ended = sessions::end_others_for_user(&mut tx, user, who.session.id, ctx.now).await?;
        for session in ended {
            grants::revoke_online_for_session(&mut tx, session, ctx.now).await?;
        }
        let found = (&foreign.added, foreign.kept);
        let removed = foreign::remove(&mut tx, (user, foreign.since), found).await?;
        if !removed {
            tx.rollback().await?;
            return Err(Fault::Busy("the account changed meanwhile").into());
        }
        factor_recoveries::stop(&mut tx, user).await?;
        links::revoke_for_user(&mut tx, user, spared, ctx.now).await?;
        tx.commit(events).await?;
        Ok(())
    }
}

fn events(who: &SignedIn, foreign: &Foreign) -> Events {
    let user = who.user.id;
    let denied = Event::warning(EventKind::AccountDenied, "not_me")
        .user(user)
        .session(who.session.id)
        .target("event", foreign.id);
    let passkeys = foreign
        .added
        .passkeys
        .iter()
        .filter(|passkey| Some(passkey.id) != foreign.kept);
    let passkeys = passkeys.map(|passkey| {
        Event::success(EventKind::PasskeyRemoved)
            .user(user)
            .target("passkey", passkey.id)
    });
    let totp = foreign.added.totp.then(|| {
        Event::success(EventKind::FactorRemoved)
            .user(user)
            .detail("method", "totp")
    });
    let password = foreign
        .password
        .then(|| Event::warning(EventKind::PasswordCompromised, "not_me").user(user));
    let ended = foreign.sessions.iter().map(|session| {
        Event::success(EventKind::SessionEnded)
            .user(user)
            .session(*session)
    });
    passkeys
        .chain(totp)
        .chain(password)
        .chain(ended)
        .fold(Events::one(foreign.added.counted(denied)), Events::and)
}
