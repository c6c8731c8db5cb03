//! What changes how somebody gets in needs them to have just proved who they are (MF8).

use std::time::Duration;

use domain::{Acr, SecondFactorRule};
use serde::{Deserialize, Serialize};

use super::next::{Asks, needed};
use crate::{App, Ctx, Fault, SignedIn};

/// How long a proof is fresh.
const FRESH: Duration = Duration::from_mins(5);

/// Where a person goes on after signing in to their own account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Back {
    /// What happened to the account.
    Activity,
    /// The overview.
    #[default]
    Overview,
    /// The list of factors.
    Factors,
    /// The form for another password.
    Password,
}

impl Back {
    /// The page's path under the issuer.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Activity => "/account/activity",
            Self::Overview => "/account",
            Self::Factors => "/account/factors",
            Self::Password => "/account/password",
        }
    }
}

impl App {
    /// Whether the person proved who they are within five minutes, as strongly as they can (up to two factors).
    pub async fn fresh_enough(&self, ctx: &Ctx, who: &SignedIn) -> Result<bool, Fault> {
        let can = self.enrolled(ctx, who.user.id).await?;
        Ok(ctx.now.since(who.session.auth_time) <= FRESH && who.session.acr >= can.reach().min(Acr::Aal2))
    }

    /// Whether the session is weaker than a sign-in of now would be: it began before the second factor was set up, or before
    /// the rule changed.
    pub async fn too_weak(&self, ctx: &Ctx, who: &SignedIn) -> Result<bool, Fault> {
        let can = self.enrolled(ctx, who.user.id).await?;
        let rule = ctx.tenant.tenant.settings.sign_in.second_factor.rule;
        let need = needed(rule, &Asks::default(), can);
        Ok(need.is_some_and(|need| who.session.acr < need && need <= can.reach()))
    }

    /// Whether the person has yet to set up the second factor without which the tenant lets nobody go on.
    pub async fn must_enrol(&self, ctx: &Ctx, who: &SignedIn) -> Result<bool, Fault> {
        let rule = ctx.tenant.tenant.settings.sign_in.second_factor.rule;
        if rule != SecondFactorRule::Required || who.session.acr >= Acr::Aal2 {
            return Ok(false);
        }
        Ok(self.enrolled(ctx, who.user.id).await?.reach() < Acr::Aal2)
    }
}
