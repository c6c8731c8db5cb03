//! What somebody else may have added to an account, from the moment on that its person says was not them.

use domain::{Email, Event, EventKind, Events, Passkey, PasskeyId, Timestamp, User, UserId};
use storage::audit::AuditRow;
use storage::{StoreError, Tx, factors, passkeys, trusted_devices};

use crate::{App, Ctx, Fault};

/// What an account got since a moment.
#[derive(Debug, Clone, Default)]
pub struct Added {
    /// Passkeys that open something.
    pub passkeys: Vec<Passkey>,
    /// An application that shows codes.
    pub totp: bool,
    /// Recovery codes, used or not.
    pub recovery_codes: u64,
    /// Browsers that are known.
    pub devices: u64,
}

impl Added {
    /// Whether there is a second factor among it.
    pub const fn has_factor(&self) -> bool {
        self.totp || !self.passkeys.is_empty()
    }

    /// Whether it is nothing.
    pub const fn is_empty(&self) -> bool {
        !self.has_factor() && self.recovery_codes == 0 && self.devices == 0
    }

    /// The event that says something of it, with how much there was that has no event of its own.
    pub(crate) fn counted(&self, event: Event) -> Event {
        event
            .detail("recovery_codes", self.recovery_codes)
            .detail("known_browsers", self.devices)
    }
}

impl App {
    /// What an account got at this moment or later, and what of it counts.
    pub(crate) async fn added_since(
        &self,
        ctx: &Ctx,
        user: UserId,
        since: Timestamp,
    ) -> Result<Added, Fault> {
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let stored = passkeys::list_for_user(&mut read, user).await?;
        let totp = factors::totp(&mut read, user).await?;
        Ok(Added {
            passkeys: stored
                .into_iter()
                .map(|stored| stored.passkey)
                .filter(|passkey| passkey.created_at >= since && passkey.suspended_at.is_none())
                .collect(),
            totp: totp.is_some_and(|totp| {
                totp.suspended_at.is_none() && totp.confirmed_at.is_some_and(|at| at >= since)
            }),
            recovery_codes: factors::count_recovery_codes_since(&mut read, user, since).await?,
            devices: trusted_devices::count_since(&mut read, user, since).await?,
        })
    }

    /// The event that factors were set aside, with the notice to the address from which that was asked; nothing if there
    /// are none.
    pub(crate) async fn suspension(
        &self,
        ctx: &Ctx,
        (user, to): (&User, Option<&Email>),
        added: &Added,
    ) -> Result<Option<Events<AuditRow>>, Fault> {
        if !added.has_factor() {
            return Ok(None);
        }
        let ids: Vec<String> = added
            .passkeys
            .iter()
            .map(|passkey| passkey.id.to_string())
            .collect();
        let event = Event::warning(EventKind::FactorSuspended, "not_me")
            .user(user.id)
            .detail("passkeys", ids)
            .detail("totp", added.totp);
        let mail = match to {
            Some(to) => self.told_of_suspension(ctx, user, to).await?,
            None => None,
        };
        self.record_with_mail(ctx, event, mail).await.map(Some)
    }
}

/// Sets aside what was added since: it opens nothing, and is still asked for, because nobody proved that it is not the
/// person's (MF10). Codes that only stand in and known browsers go. False if that is not what was found before: somebody
/// adds and removes at this very moment. The caller has ended the sessions in which anything could be added.
pub(crate) async fn set_aside(
    tx: &mut Tx,
    (user, since): (UserId, Timestamp),
    found: &Added,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let gone = passkeys::suspend_since(tx, user, since, now).await?;
    let totp = factors::suspend_totp_since(tx, user, since, now).await?;
    forget(tx, (user, since)).await?;
    Ok(gone == found.passkeys.len() as u64 && totp == found.totp)
}

/// Removes what was added since, as somebody says who has just proved who they are (MF8). False as above.
pub(crate) async fn remove(
    tx: &mut Tx,
    (user, since): (UserId, Timestamp),
    (found, kept): (&Added, Option<PasskeyId>),
) -> Result<bool, StoreError> {
    for passkey in found.passkeys.iter().filter(|passkey| Some(passkey.id) != kept) {
        if !passkeys::delete(tx, user, passkey.id).await? {
            return Ok(false);
        }
    }
    if found.totp && !factors::remove_totp(tx, user).await? {
        return Ok(false);
    }
    forget(tx, (user, since)).await?;
    let passkeys = passkeys::list_for_user(tx, user).await?;
    let totp = factors::totp(tx, user).await?;
    let is_left = |passkey: &Passkey| passkey.created_at >= since && passkey.suspended_at.is_none();
    if totp.is_none() && passkeys.is_empty() {
        // They would stand in for nothing.
        factors::remove_recovery_codes(tx, user).await?;
    }
    let left = totp.is_some_and(|totp| totp.suspended_at.is_none() && totp.confirmed_at >= Some(since))
        || passkeys
            .iter()
            .any(|stored| is_left(&stored.passkey) && Some(stored.passkey.id) != kept);
    Ok(!left)
}

async fn forget(tx: &mut Tx, (user, since): (UserId, Timestamp)) -> Result<(), StoreError> {
    factors::remove_unconfirmed_totp(tx, user).await?;
    factors::remove_recovery_codes_since(tx, user, since).await?;
    trusted_devices::revoke_since(tx, user, since).await?;
    Ok(())
}
