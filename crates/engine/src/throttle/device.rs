use std::time::Duration;

use domain::{OpaqueToken, TokenHash, TokenKind, UserId};
use storage::trusted_devices;

use super::Attempt;
use crate::{App, Ctx, Fault};

/// How long a browser counts as its person's after they signed in with it.
pub const DEVICE_KEPT: Duration = Duration::from_hours(90 * 24);
/// Browsers remembered for one person; the one not used for longest is forgotten first.
const DEVICES: u32 = 20;

impl App {
    /// The browser's secret, if the person of the attempt has signed in with it before. An account that does not exist
    /// costs the same look.
    pub(super) async fn known_device(
        &self,
        ctx: &Ctx,
        attempt: &Attempt<'_>,
    ) -> Result<Option<TokenHash>, Fault> {
        let presented = attempt
            .device
            .and_then(|cookie| OpaqueToken::parse(TokenKind::Device, cookie));
        let Some(hash) = presented else { return Ok(None) };
        let nobody = UserId::from_uuid(uuid::Uuid::nil());
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let known =
            trusted_devices::contains(&mut read, &hash, attempt.user.unwrap_or(nobody), ctx.now).await?;
        Ok(known.then_some(hash))
    }

    /// Forgets the browsers a person is known in, but for the one in hand.
    pub(crate) async fn forget_browsers(
        &self,
        ctx: &Ctx,
        user: UserId,
        in_hand: Option<&str>,
    ) -> Result<(), Fault> {
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        forget_devices(&mut tx, user, in_hand).await?;
        tx.commit_unrecorded("known browsers are forgotten; the end of the sessions is recorded")
            .await?;
        Ok(())
    }

    /// Remembers the browser in which somebody has just signed in. The new secret, if it needs one: a browser whose
    /// secret was not known for this person gets another, in case somebody else put it there.
    pub async fn remember_device(
        &self,
        ctx: &Ctx,
        user: UserId,
        cookie: Option<&str>,
    ) -> Result<Option<OpaqueToken>, Fault> {
        let old = cookie.and_then(|cookie| OpaqueToken::parse(TokenKind::Device, cookie));
        let until = ctx.now.plus(DEVICE_KEPT);
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if let Some(old) = &old
            && trusted_devices::update_use(&mut tx, old, user, until, ctx.now).await?
        {
            tx.commit_unrecorded("the use of a known browser is noted; the sign-in is recorded")
                .await?;
            return Ok(None);
        }
        let fresh = OpaqueToken::generate(TokenKind::Device, &self.world);
        if let Some(old) = &old {
            trusted_devices::update_token(&mut tx, old, &fresh.hash()).await?;
        }
        trusted_devices::insert(&mut tx, &fresh.hash(), user, until, ctx.now).await?;
        trusted_devices::purge_surplus(&mut tx, user, DEVICES).await?;
        tx.commit_unrecorded("a browser is remembered; the sign-in is recorded")
            .await?;
        Ok(Some(fresh))
    }
}

/// Forgets the browsers a person is known in, but for the one in hand: whoever got at the account may have signed in
/// with one of their own, and would go on to guess as the owner does (PW9).
pub(crate) async fn forget_devices(
    tx: &mut storage::Tx,
    user: UserId,
    in_hand: Option<&str>,
) -> Result<u64, storage::StoreError> {
    match in_hand.and_then(|cookie| OpaqueToken::parse(TokenKind::Device, cookie)) {
        Some(kept) => trusted_devices::revoke_others_for_user(tx, user, &kept).await,
        None => trusted_devices::revoke_for_user(tx, user).await,
    }
}
