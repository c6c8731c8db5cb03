//! The one door to a new password: every place that sets one goes through here.

use std::sync::Arc;

use domain::{Email, PasswordRules, Profile, Secret};

use super::rules;
use super::{ContextWords, NewPassword, PasswordRefused, Strength};
use crate::{App, Ctx, Fault};

impl App {
    /// What is asked of a new password at this tenant.
    pub fn password_rules(&self, ctx: &Ctx) -> PasswordRules {
        rules::rules_of(&ctx.tenant.tenant.settings)
    }

    /// How hard a password is to guess for somebody who knows the person and the service.
    pub async fn password_strength(
        &self,
        ctx: &Ctx,
        (email, profile): (&Email, &Profile),
        typed: &Secret<String>,
    ) -> Result<Strength, Fault> {
        let words = ContextWords::of(&ctx.tenant.tenant, email, profile);
        let typed = typed.clone();
        aside(move || Strength::of(&typed, &words.as_strs())).await
    }

    /// Checks a password that somebody wants to set for the person with this address and profile (PW1 to PW6). The
    /// inner result is the answer, the outer one whether there is one.
    pub(crate) async fn check_new_password(
        &self,
        ctx: &Ctx,
        (email, profile): (&Email, &Profile),
        typed: &Secret<String>,
    ) -> Result<Result<NewPassword, PasswordRefused>, Fault> {
        let rules = self.password_rules(ctx);
        let words = ContextWords::of(&ctx.tenant.tenant, email, profile);
        let (typed, known) = (typed.clone(), Arc::clone(&self.known_passwords));
        // The filter may be a file.
        let checked = aside(move || rules::check(&typed, rules, &words, &known)).await?;
        checked.map_err(|error| {
            tracing::error!(%error, "a new password could not be looked up");
            Fault::Internal("the password filter cannot be read")
        })
    }
}

/// Runs what would hold up other requests.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Fault::Internal("the check of a password ended early"))
}
