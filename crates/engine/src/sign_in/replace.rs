//! A password that others know is replaced after everything else was proved, never before (PW3, MF10).

use domain::{Event, EventKind, Method, Secret, User, UserId};
use storage::users::{self, Account};

use super::next::{needed, opens};
use super::{Progress, Proved};
use crate::authorize::LiveFlow;
use crate::passwords::{PasswordRefused, Verdict};
use crate::{App, Ctx, Fault, SignedIn};

/// Why a password was not replaced in a sign-in.
#[derive(Debug, thiserror::Error)]
pub enum NotReplaced {
    /// Something else.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The sign-in does not wait for it.
    #[error("nothing waits for another password")]
    NotYet,
    /// The new one cannot be set.
    #[error(transparent)]
    Refused(PasswordRefused),
}

impl App {
    /// Whether a password is all that is missing in a flow.
    pub(crate) async fn opens_with_password(
        &self,
        ctx: &Ctx,
        flow: &LiveFlow,
        user: &User,
    ) -> Result<bool, Fault> {
        let progress = flow.progress.with(user.id, Method::Password);
        self.is_enough(ctx, flow, &progress, user.id).await
    }

    async fn is_enough(
        &self,
        ctx: &Ctx,
        flow: &LiveFlow,
        progress: &Progress,
        user: UserId,
    ) -> Result<bool, Fault> {
        let can = self.enrolled(ctx, user).await?;
        let rule = ctx.tenant.tenant.settings.sign_in.second_factor.rule;
        Ok(opens(&progress.proofs, needed(rule, &flow.asks(), can), can))
    }

    /// Whether others know the password that was proved among other things. Where it was proved alone, it was replaced
    /// at once.
    pub(super) async fn must_replace(
        &self,
        ctx: &Ctx,
        user: UserId,
        progress: &Progress,
    ) -> Result<bool, Fault> {
        if progress.proofs.len() < 2 || !progress.proofs.contains(&Method::Password) {
            return Ok(false);
        }
        let found = users::find(&mut self.db.read(ctx.tenant_id()).await?, user).await?;
        Ok(found.is_some_and(|account| account.password_compromised_at.is_some()))
    }

    /// Whose password has to be replaced before a flow goes on, everything else being proved in it.
    pub async fn to_replace(&self, ctx: &Ctx, flow: &LiveFlow) -> Result<Option<User>, Fault> {
        Ok(self.waiting_account(ctx, flow).await?.map(|account| account.user))
    }

    async fn waiting_account(&self, ctx: &Ctx, flow: &LiveFlow) -> Result<Option<Account>, Fault> {
        let Some(user) = self.half_way(ctx, flow).await? else {
            return Ok(None);
        };
        let waits = self.must_replace(ctx, user.id, &flow.progress).await?
            && self.is_enough(ctx, flow, &flow.progress, user.id).await?;
        if !waits {
            return Ok(None);
        }
        let found = users::find(&mut self.db.read(ctx.tenant_id()).await?, user.id).await?;
        Ok(found.filter(|account| account.password_compromised_at.is_some()))
    }

    /// Replaces the password of the person a flow waits for, and signs them in with what they proved.
    pub async fn replace_in_flow(
        &self,
        ctx: &Ctx,
        flow: &LiveFlow,
        typed: &Secret<String>,
        before: Option<&SignedIn>,
    ) -> Result<Proved, NotReplaced> {
        let account = self
            .waiting_account(ctx, flow)
            .await?
            .ok_or(NotReplaced::NotYet)?;
        let user = &account.user;
        let about = (&user.email, &user.profile);
        let checked = match self.check_new_password(ctx, about, typed).await? {
            // The same again would change nothing.
            Ok(_) if self.is_present(ctx, &account, typed).await? => Err(PasswordRefused::Common),
            checked => checked,
        };
        let new = match checked {
            Ok(new) => new,
            Err(reason) => {
                let refused = Event::failure(EventKind::PasswordChangeRefused, reason.as_str());
                self.refuse(ctx, refused.user(user.id)).await?;
                return Err(NotReplaced::Refused(reason));
            }
        };
        let hash = self.passwords.hash(&self.world, ctx.tenant_id(), &new).await?;
        if !self.store_replaced(ctx, &account, &hash).await? {
            // Somebody else changed it a moment ago.
            return Err(NotReplaced::NotYet);
        }
        Ok(self
            .proved(ctx, flow, account.user, Method::Password, before)
            .await?)
    }

    async fn is_present(&self, ctx: &Ctx, account: &Account, typed: &Secret<String>) -> Result<bool, Fault> {
        let present = account.password_hash.as_deref();
        let verdict = self.verify_password(ctx, typed, present).await?;
        Ok(matches!(verdict, Verdict::Right { .. }))
    }
}
