//! The userinfo endpoint (OIDC Core section 5.3).

use domain::{Acr, Event, EventKind, SecondFactorRule};
use protocol::authorize::ClaimsRequest;
use protocol::error::{ErrorCode, OAuthError};
use protocol::userinfo::{Target, claims_for};
use serde_json::{Map, Value};

use crate::throttle::{Limited, RequestClass};
use crate::{App, Ctx, Fault};

/// Why userinfo was refused. Recorded already.
#[derive(Debug, thiserror::Error)]
pub enum UserinfoError {
    /// Something else.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The client asks too often.
    #[error("too many requests")]
    Limited(Limited),
    /// To be told in `WWW-Authenticate`.
    #[error(transparent)]
    Refused(OAuthError),
    /// The sign-in behind the token is weaker than the tenant demands of everybody: the client asks for one of this level
    /// (RFC 9470).
    #[error("the sign-in is weaker than {}", .1.as_str())]
    TooWeak(OAuthError, Acr),
}

/// What is told about a person.
#[derive(Debug)]
pub struct Userinfo {
    /// The claims.
    pub claims: Map<String, Value>,
    /// Where the client stands that asked.
    pub limited: Option<Limited>,
}

impl App {
    /// The claims about the person the token acts for, as far as its scopes and the `claims` asked for go.
    pub async fn userinfo(&self, ctx: &Ctx, token: &str) -> Result<Userinfo, UserinfoError> {
        self.passwords.make_way();
        let Some(active) = self.active_access_token(ctx, token).await? else {
            return self
                .refuse_userinfo(ctx, ErrorCode::InvalidToken, "the token does not count")
                .await;
        };
        if !active.claims.is_for(ctx.issuer().as_str()) {
            return self
                .refuse_userinfo(ctx, ErrorCode::InvalidToken, "the token is for somewhere else")
                .await;
        }
        let limited = self
            .count_client(ctx, RequestClass::Userinfo, &active.client)
            .await?;
        if let Some(refused) = limited.filter(Limited::is_refused) {
            return Err(UserinfoError::Limited(refused));
        }
        let Some((user, grant)) = active
            .on_behalf_of
            .as_ref()
            .filter(|_| active.claims.scope.contains("openid"))
        else {
            return self
                .refuse_userinfo(ctx, ErrorCode::InsufficientScope, "the token has no openid scope")
                .await;
        };
        if let Some(level) = demanded(ctx).filter(|level| grant.acr < *level) {
            return self.too_weak_for_userinfo(ctx, level).await;
        }
        let wanted: Option<ClaimsRequest> = match &grant.claims {
            Some(stored) => Some(
                serde_json::from_value(stored.clone())
                    .map_err(|_| Fault::Internal("stored claims are broken"))?,
            ),
            None => None,
        };
        let subject = self.subject_for(ctx, &active.client, user.id).await?;
        let claims = claims_for(
            (user, subject),
            &active.claims.scope,
            wanted.as_ref(),
            Target::UserInfo,
        );
        Ok(Userinfo { claims, limited })
    }

    async fn too_weak_for_userinfo(&self, ctx: &Ctx, level: Acr) -> Result<Userinfo, UserinfoError> {
        let code = ErrorCode::InsufficientUserAuthentication;
        self.refuse(ctx, Event::failure(EventKind::UserinfoRefused, code.as_str()))
            .await?;
        let error = OAuthError::new(code, "a stronger sign-in is needed");
        Err(UserinfoError::TooWeak(error, level))
    }

    async fn refuse_userinfo(
        &self,
        ctx: &Ctx,
        code: ErrorCode,
        why: &'static str,
    ) -> Result<Userinfo, UserinfoError> {
        self.refuse(ctx, Event::failure(EventKind::UserinfoRefused, code.as_str()))
            .await?;
        Err(UserinfoError::Refused(OAuthError::new(code, why)))
    }
}

/// What the tenant demands of everybody, also of those who signed in before it did.
fn demanded(ctx: &Ctx) -> Option<Acr> {
    let rule = ctx.tenant.tenant.settings.sign_in.second_factor.rule;
    (rule == SecondFactorRule::Required).then_some(Acr::Aal2)
}
