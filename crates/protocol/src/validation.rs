//! Validation of JWT access tokens at a protected resource: each token is verified once, and known again by its hash.
//!
//! A token that was verified is accepted again without its signature being looked at, until it ends or is revoked.
//! Everything kept has a bound.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::{GrantId, Issuer, Timestamp, TokenHash};

use crate::access_token::AccessTokenClaims;
use crate::jose::claims::MAX_LEEWAY;
use crate::jose::{ClaimError, JoseError, KeySet};

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Not a token of the issuer for this resource at this time.
    #[error(transparent)]
    Token(#[from] JoseError),
    /// It was good until it was revoked.
    #[error("the token is revoked")]
    Revoked,
}

/// What a revocation names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Revocation {
    /// One token, by its `jti`.
    Token(String),
    /// Every token of a grant.
    Grant(GrantId),
}

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Most verified tokens known at once; about half a KiB each.
    pub tokens: usize,
    /// Most revocations known at once. One more, and every token issued so far is refused.
    pub revocations: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            tokens: 10_000,
            revocations: 10_000,
        }
    }
}

/// Accepts access tokens of one issuer for one resource.
pub struct Validator<K> {
    issuer: Issuer,
    resource: String,
    keys: K,
    leeway: Duration,
    bounds: Bounds,
    known: RwLock<Known>,
    revoked: RwLock<Revoked>,
}

/// Verified tokens in two generations: when the younger is full, it becomes the elder and the elder is forgotten. What
/// is used stays.
#[derive(Default)]
struct Known {
    young: HashMap<TokenHash, Arc<AccessTokenClaims>>,
    old: HashMap<TokenHash, Arc<AccessTokenClaims>>,
}

/// Revocations, each until the last token it could name has ended.
#[derive(Default)]
struct Revoked {
    until: HashMap<Revocation, Timestamp>,
    /// Tokens issued at this moment or before are refused: more were revoked than are kept.
    all_until: Option<Timestamp>,
}

impl<K: KeySet> Validator<K> {
    /// For tokens of `issuer` that name `resource`, signed by one of `keys`.
    pub fn new(issuer: Issuer, resource: impl Into<String>, keys: K, bounds: Bounds) -> Self {
        Self {
            issuer,
            resource: resource.into(),
            keys,
            leeway: Duration::ZERO,
            bounds,
            known: RwLock::default(),
            revoked: RwLock::default(),
        }
    }

    /// Forgives clocks that differ, by a minute at most (JW4).
    #[must_use]
    pub fn with_leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway.min(MAX_LEEWAY);
        self
    }

    /// The claims of `token`, if it is good at `now`.
    ///
    /// # Errors
    /// Says why it is not. A token that is not good is not remembered.
    pub fn validate(&self, token: &str, now: Timestamp) -> Result<Arc<AccessTokenClaims>, Invalid> {
        let hash = TokenHash::of(token);
        let claims = match self.recall(&hash) {
            // That it had started was seen when it was verified.
            Some(claims) if now >= claims.exp.plus(self.leeway) => {
                return Err(JoseError::from(ClaimError::Expired).into());
            }
            Some(claims) => claims,
            None => self.verify(token, hash, now)?,
        };
        if self.is_revoked(&claims) {
            Err(Invalid::Revoked)
        } else {
            Ok(claims)
        }
    }

    /// Takes a revocation in, to be kept until `ends`: when the last token it names will have ended.
    pub fn revoke(&self, revocation: Revocation, ends: Timestamp, now: Timestamp) {
        let ends = ends.plus(MAX_LEEWAY);
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        if revoked.until.len() >= self.bounds.revocations {
            revoked.until.retain(|_, until| *until > now);
        }
        if revoked.until.len() >= self.bounds.revocations {
            // Better to refuse good tokens than to accept a revoked one.
            revoked.all_until = Some(now.plus(MAX_LEEWAY));
            revoked.until.clear();
        } else {
            revoked.until.insert(revocation, ends);
        }
    }

    /// Tokens known at the moment.
    pub fn len(&self) -> usize {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.young.len() + known.old.len()
    }

    /// Whether no token is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn recall(&self, hash: &TokenHash) -> Option<Arc<AccessTokenClaims>> {
        let found = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(claims) = known.young.get(hash) {
                return Some(Arc::clone(claims));
            }
            known.old.get(hash).map(Arc::clone)
        };
        // It is in use, so it moves to those that stay.
        if let Some(claims) = &found {
            self.remember(*hash, Arc::clone(claims));
        }
        found
    }

    fn verify(
        &self,
        token: &str,
        hash: TokenHash,
        now: Timestamp,
    ) -> Result<Arc<AccessTokenClaims>, JoseError> {
        let claims = AccessTokenClaims::verify(token, &self.issuer, &self.keys, now, self.leeway)?;
        if !claims.is_for(&self.resource) {
            return Err(ClaimError::Audience.into());
        }
        let claims = Arc::new(claims);
        self.remember(hash, Arc::clone(&claims));
        Ok(claims)
    }

    fn remember(&self, hash: TokenHash, claims: Arc<AccessTokenClaims>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.young.len() >= self.bounds.tokens / 2 {
            known.old = std::mem::take(&mut known.young);
        }
        known.old.remove(&hash);
        if self.bounds.tokens >= 2 {
            known.young.insert(hash, claims);
        }
    }

    fn is_revoked(&self, claims: &AccessTokenClaims) -> bool {
        let revoked = self.revoked.read().unwrap_or_else(PoisonError::into_inner);
        if revoked.all_until.is_some_and(|mark| claims.iat <= mark) {
            return true;
        }
        if revoked.until.is_empty() {
            return false;
        }
        let by_grant = claims.grant.map(Revocation::Grant);
        revoked.until.contains_key(&Revocation::Token(claims.jti.clone()))
            || by_grant.is_some_and(|grant| revoked.until.contains_key(&grant))
    }
}

impl<K> fmt::Debug for Validator<K> {
    /// Without the tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator")
            .field("issuer", &self.issuer)
            .field("resource", &self.resource)
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}
