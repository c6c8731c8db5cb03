//! Somebody signed in: the tokens of one browser, how they come and how they are renewed.

use std::sync::Arc;
use std::time::Duration;

use domain::{Secret, Timestamp};
use protocol::jose::Claims;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::id_token::{Expected, IdTokenRefused, Occasion};
use super::provider::Issued;
use super::refusal::Refusal;
use super::sign_in::{Pending, unguessable};
use super::{Sample, redirect_uri};

/// How long a session lasts at most.
pub(super) const LIFETIME: Duration = Duration::from_hours(8);

/// Somebody signed in.
pub(super) struct Session {
    /// Proves that a form came from our page.
    pub(super) csrf: String,
    /// Held while they are renewed: a refresh token works once.
    pub(super) tokens: Mutex<Tokens>,
}

/// What the issuer gave.
pub(super) struct Tokens {
    pub(super) access_token: Secret<String>,
    pub(super) access_expires_at: Timestamp,
    pub(super) id_token: String,
    claims: Claims,
    pub(super) refresh_token: Option<Secret<String>>,
    pub(super) userinfo: Map<String, Value>,
    /// Whether they were just renewed and nobody has been told yet.
    pub(super) just_refreshed: bool,
}

impl Session {
    /// Whether a form sent `csrf` of this session.
    pub(super) fn sent(&self, csrf: Option<&str>) -> bool {
        csrf.is_some_and(|csrf| domain::constant_time_eq(csrf.as_bytes(), self.csrf.as_bytes()))
    }
}

impl Sample {
    /// Turns the code of a sign-in into a session.
    pub(super) async fn establish(
        &self,
        pending: &Pending,
        code: &Secret<String>,
    ) -> Result<Session, Refusal> {
        let redirect_uri = redirect_uri(&self.own_url);
        let issued = self
            .provider
            .redeem(code, &pending.verifier, &redirect_uri)
            .await?;
        let occasion = Occasion::SignIn {
            nonce: &pending.nonce,
        };
        let (id_token, claims) = self
            .checked_id_token(&issued, occasion)
            .await?
            .ok_or(IdTokenRefused::Missing)?;
        let userinfo = self
            .provider
            .userinfo(&issued.access_token, subject(&claims))
            .await?;
        let tokens = Tokens {
            access_expires_at: self.access_expires_at(&issued),
            access_token: issued.access_token,
            id_token,
            claims,
            refresh_token: issued.refresh_token,
            userinfo,
            just_refreshed: false,
        };
        Ok(Session {
            csrf: unguessable(&self.world),
            tokens: Mutex::new(tokens),
        })
    }

    /// Renews the tokens of a session, once at a time. It runs on when the browser goes away: the old refresh token is
    /// used up as soon as the issuer has seen it, so the new one must be kept.
    pub(super) async fn renew(self: &Arc<Self>, session: &Arc<Session>) -> Result<(), Refusal> {
        let (sample, session) = (Arc::clone(self), Arc::clone(session));
        let renewal = tokio::spawn(async move { sample.renew_now(&session).await });
        renewal.await.unwrap_or(Err(Refusal::Unreachable))
    }

    async fn renew_now(&self, session: &Session) -> Result<(), Refusal> {
        let mut tokens = session.tokens.lock().await;
        let Some(refresh_token) = &tokens.refresh_token else {
            return Ok(());
        };
        let issued = self.provider.refresh(refresh_token).await?;
        let occasion = Occasion::Refresh {
            earlier: &tokens.claims,
        };
        if let Some((id_token, claims)) = self.checked_id_token(&issued, occasion).await? {
            tokens.id_token = id_token;
            tokens.claims = claims;
        }
        tokens.access_expires_at = self.access_expires_at(&issued);
        tokens.access_token = issued.access_token;
        tokens.refresh_token = issued.refresh_token.or(tokens.refresh_token.take());
        tokens.userinfo = self
            .provider
            .userinfo(&tokens.access_token, subject(&tokens.claims))
            .await?;
        tokens.just_refreshed = true;
        Ok(())
    }

    async fn checked_id_token(
        &self,
        issued: &Issued,
        occasion: Occasion<'_>,
    ) -> Result<Option<(String, Claims)>, Refusal> {
        let Some(id_token) = &issued.id_token else {
            return Ok(None);
        };
        let keys = self.provider.keys_for(id_token).await?;
        let expected = Expected {
            issuer: &self.issuer,
            client_id: &self.client_id,
            now: self.world.now(),
        };
        let claims = expected.check(id_token, issued.access_token.expose(), &keys, occasion)?;
        Ok(Some((id_token.clone(), claims)))
    }

    fn access_expires_at(&self, issued: &Issued) -> Timestamp {
        self.world.now().plus(Duration::from_secs(issued.expires_in))
    }
}

fn subject(claims: &Claims) -> &str {
    claims.get("sub").and_then(Value::as_str).unwrap_or_default()
}
