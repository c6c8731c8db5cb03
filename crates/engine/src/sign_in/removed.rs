//! What an operator does for somebody who lost everything they sign in with beside their password.

use domain::{Event, EventKind, Events, OpaqueToken, UserId, UserStatus};
use storage::{factors, invitations, passkeys, users};

use super::{Proof, end, ended};
use crate::invitations::invited;
use crate::users::UserError;
use crate::{App, Ctx, Fault};

/// What became of somebody's second factors.
#[derive(Debug)]
pub enum FactorsRemoved {
    /// There were none.
    None,
    /// They are gone; the password is left.
    Removed,
    /// They are gone, and nothing is left: the person begins anew with this link.
    Invited(OpaqueToken),
}

impl App {
    /// Removes somebody's authenticator app, passkeys and recovery codes. They count nowhere from this commit on (MF13),
    /// and sessions that were opened by them end.
    /// Whoever has no password is invited again in the same commit: nobody is left without a way in.
    pub async fn remove_factors(&self, ctx: &Ctx, user: UserId) -> Result<FactorsRemoved, UserError> {
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let owned = factors::owned(&mut read, user).await?;
        let keys = passkeys::list_for_user(&mut read, user).await?;
        let account = users::find(&mut read, user).await?.ok_or(UserError::NotFound)?;
        drop(read);
        let totp = (owned.totp > 0).then(|| {
            Event::success(EventKind::FactorRemoved)
                .user(user)
                .detail("method", "totp")
        });
        let gone = keys.iter().map(|stored| {
            Event::success(EventKind::PasskeyRemoved)
                .user(user)
                .target("passkey", stored.passkey.id)
        });
        let mut all = totp.into_iter().chain(gone);
        let Some(first) = all.next() else {
            return Ok(FactorsRemoved::None);
        };
        // Somebody who waits for their first sign-in has a link, and somebody switched off is to stay that.
        let proofs: Vec<Proof> = keys
            .iter()
            .map(|stored| Proof::passkey(&stored.passkey))
            .chain([Proof::CODES])
            .collect();
        let opened = self.opened_by(ctx, (user, None), &proofs).await?;
        let anew = (account.password_hash.is_none() && account.user.status == UserStatus::Active)
            .then(|| self.new_invitation(ctx, user));
        let events = all.fold(Events::one(first), Events::and);
        let events = events.and_maybe(anew.as_ref().map(|(_, invitation)| invited(invitation)));
        let events = opened
            .iter()
            .map(|session| ended(user, *session))
            .fold(events, Events::and);
        let events = self.record(ctx, events).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        users::update_changed(&mut tx, user, ctx.now).await?;
        factors::remove_totp(&mut tx, user).await?;
        factors::remove_recovery_codes(&mut tx, user).await?;
        if passkeys::delete_all(&mut tx, user).await? != keys.len() as u64 {
            tx.rollback().await?;
            return Err(Fault::Internal("passkeys were made or removed at this moment; try again").into());
        }
        end(&mut tx, &opened, ctx.now).await?;
        if let Some((_, invitation)) = &anew {
            users::set_status(&mut tx, user, UserStatus::Invited, ctx.now).await?;
            invitations::insert(&mut tx, invitation).await?;
        }
        tx.commit(events).await?;
        Ok(match anew {
            Some((token, _)) => FactorsRemoved::Invited(token),
            None => FactorsRemoved::Removed,
        })
    }
}
