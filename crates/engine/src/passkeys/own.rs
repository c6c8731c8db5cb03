//! What people do with the passkeys they have.

use domain::{Acr, Actor, Event, EventKind, Events, PasskeyId, UserId};
use storage::{factors, passkeys, users};

use super::verify::RelyingParty;
use super::{MAX_PASSKEY_NAME, OwnPasskeys, PasskeyError};
use crate::sign_in::{Proof, end, ended};
use crate::{App, Ctx, Fault, SignedIn};

impl App {
    /// The person's passkeys.
    pub async fn own_passkeys(&self, ctx: &Ctx, who: &SignedIn) -> Result<OwnPasskeys, Fault> {
        let stored = passkeys::list_for_user(&mut self.db.read(ctx.tenant_id()).await?, who.user.id).await?;
        Ok(OwnPasskeys {
            list: stored.into_iter().map(|stored| stored.passkey).collect(),
            available: offered(ctx),
        })
    }

    /// Gives one of the person's passkeys another name.
    pub async fn rename_own_passkey(
        &self,
        ctx: &Ctx,
        who: &SignedIn,
        id: PasskeyId,
        name: &str,
    ) -> Result<(), PasskeyError> {
        let (ctx, user) = (&ctx.acting_as(Actor::User(who.user.id)), who.user.id);
        let event = Event::success(EventKind::PasskeyRenamed)
            .user(user)
            .target("passkey", id);
        let events = self.record(ctx, event).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !passkeys::update_name(&mut tx, user, id, &kept_name(name)).await? {
            tx.rollback().await?;
            return Err(PasskeyError::Gone);
        }
        tx.commit(events).await?;
        Ok(())
    }

    /// Removes one of the person's passkeys: it opens nothing from now on, on any node (MF13). They have just proved who
    /// they are (MF8), and keep a way in. Other sessions that it opened end. Recovery codes go with the last second factor:
    /// they would stand in for nothing.
    pub async fn remove_own_passkey(
        &self,
        ctx: &Ctx,
        who: &SignedIn,
        id: PasskeyId,
    ) -> Result<(), PasskeyError> {
        if !self.fresh_enough(ctx, who).await? {
            return Err(PasskeyError::NotFresh);
        }
        let (ctx, user) = (&ctx.acting_as(Actor::User(who.user.id)), who.user.id);
        let proofs = self.proofs_by(ctx, who, id).await?;
        let opened = self.opened_by(ctx, (user, Some(who.session.id)), &proofs).await?;
        let event = Event::success(EventKind::PasskeyRemoved)
            .user(user)
            .target("passkey", id);
        let events = opened.iter().map(|session| ended(user, *session));
        let events = self
            .record(ctx, events.fold(Events::one(event), Events::and))
            .await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        let removed = users::update_changed(&mut tx, user, ctx.now).await?
            && passkeys::delete(&mut tx, user, id).await?;
        let left = passkeys::list_for_user(&mut tx, user).await?;
        if !removed {
            tx.rollback().await?;
            return Err(if left.iter().any(|stored| stored.passkey.id == id) {
                PasskeyError::LastWayIn
            } else {
                PasskeyError::Gone
            });
        }
        if left.is_empty() && factors::owned(&mut tx, user).await?.totp == 0 {
            factors::remove_recovery_codes(&mut tx, user).await?;
        }
        end(&mut tx, &opened, ctx.now).await?;
        tx.commit(events).await?;
        Ok(())
    }

    /// By what somebody may have signed in that goes with this passkey: itself, and codes if there is nothing left for
    /// which they stand in.
    async fn proofs_by(&self, ctx: &Ctx, who: &SignedIn, id: PasskeyId) -> Result<Vec<Proof>, Fault> {
        let own = self.own_passkeys(ctx, who).await?.list;
        let itself = own.iter().find(|passkey| passkey.id == id).map(Proof::passkey);
        let is_last = own.len() <= 1 && !self.enrolled(ctx, who.user.id).await?.totp;
        Ok(itself
            .into_iter()
            .chain(is_last.then_some(Proof::CODES))
            .collect())
    }

    /// The strongest level the person's passkeys reach alone; `None` without passkeys.
    pub(crate) async fn passkey_level(&self, ctx: &Ctx, user: UserId) -> Result<Option<Acr>, Fault> {
        let stored = passkeys::list_for_user(&mut self.db.read(ctx.tenant_id()).await?, user).await?;
        Ok(stored
            .iter()
            .map(|stored| {
                let passkey = &stored.passkey;
                // One that is set aside is still asked for, but nobody is asked for its very kind.
                let bound = passkey.hardware_bound && passkey.suspended_at.is_none();
                match (passkey.user_verified, bound) {
                    (true, true) => Acr::Aal3,
                    (true, false) => Acr::Aal2,
                    (false, _) => Acr::Aal1,
                }
            })
            .max())
    }
}

/// Whether passkeys can belong to this issuer: it has a host name, not an address.
pub fn offered(ctx: &Ctx) -> bool {
    RelyingParty::of(ctx).is_ok()
}

/// A name as it is kept: one line of a bounded length.
pub(super) fn kept_name(typed: &str) -> String {
    typed
        .trim()
        .chars()
        .filter(|letter| !letter.is_control())
        .take(MAX_PASSKEY_NAME)
        .collect()
}
