//! How many requests are served to one caller: by class of route, client and source, and to a tenant as a whole (A16).

use std::time::Duration;

use domain::{Actor, AuthMethod, Client, Event, EventKind, RequestSettings};
use storage::shared::{Limit, Taken};

use super::places;
use crate::{App, Ctx, Fault};

/// What is limited on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestClass {
    /// Administration, by source.
    Admin,
    /// Requests for authorization, by source.
    Authorize,
    /// Questions about tokens, by client.
    Introspection,
    /// Pages and what their forms send, by source.
    Pages,
    /// Revocation of tokens, by client.
    Revocation,
    /// Token requests, by client.
    Token,
    /// Questions about people, by the client whose token asks.
    Userinfo,
}

impl RequestClass {
    /// All there are.
    pub const ALL: [Self; 7] = [
        Self::Admin,
        Self::Authorize,
        Self::Introspection,
        Self::Pages,
        Self::Revocation,
        Self::Token,
        Self::Userinfo,
    ];

    /// The name in headers, metrics and settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Authorize => "authorize",
            Self::Introspection => "introspection",
            Self::Pages => "pages",
            Self::Revocation => "revocation",
            Self::Token => "token",
            Self::Userinfo => "userinfo",
        }
    }
}

/// The name of the limit of a tenant as a whole.
const TENANT: &str = "tenant";

/// Requests in a minute. Zero: without limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLimits {
    /// Of one source to the administration.
    pub admin: u32,
    /// Of one source that asks for authorization.
    pub authorize: u32,
    /// Of one client that asks about tokens.
    pub introspection: u32,
    /// Of one source to pages.
    pub pages: u32,
    /// Of one client that revokes tokens.
    pub revocation: u32,
    /// Of all clients of a tenant that proved who they are, together.
    pub tenant: u32,
    /// Of one client that asks for tokens.
    pub token: u32,
    /// Of one client that asks about people.
    pub userinfo: u32,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            admin: 1_200,
            authorize: 1_200,
            introspection: 60_000,
            pages: 1_200,
            revocation: 60_000,
            tenant: 0,
            token: 60_000,
            userinfo: 60_000,
        }
    }
}

impl RequestLimits {
    /// Nobody is limited: for measuring.
    #[must_use]
    pub const fn off() -> Self {
        Self {
            admin: 0,
            authorize: 0,
            introspection: 0,
            pages: 0,
            revocation: 0,
            tenant: 0,
            token: 0,
            userinfo: 0,
        }
    }

    /// Everything is counted as it is here, and nobody is refused: for measuring what counting costs.
    #[must_use]
    pub const fn refusing_nobody(self) -> Self {
        /// More than anybody asks for in a minute.
        const fn raised(most: u32) -> u32 {
            if most == 0 { 0 } else { 1_000_000_000 }
        }
        Self {
            admin: raised(self.admin),
            authorize: raised(self.authorize),
            introspection: raised(self.introspection),
            pages: raised(self.pages),
            revocation: raised(self.revocation),
            tenant: raised(self.tenant),
            token: raised(self.token),
            userinfo: raised(self.userinfo),
        }
    }

    /// As a tenant has it: what it does not say is as it is here.
    #[must_use]
    pub fn of_tenant(&self, own: &RequestSettings) -> Self {
        Self {
            admin: own.admin.unwrap_or(self.admin),
            authorize: own.authorize.unwrap_or(self.authorize),
            introspection: own.introspection.unwrap_or(self.introspection),
            pages: own.pages.unwrap_or(self.pages),
            revocation: own.revocation.unwrap_or(self.revocation),
            tenant: own.tenant.unwrap_or(self.tenant),
            token: own.token.unwrap_or(self.token),
            userinfo: own.userinfo.unwrap_or(self.userinfo),
        }
    }

    const fn of(&self, class: RequestClass) -> Option<Limit> {
        minute(match class {
            RequestClass::Admin => self.admin,
            RequestClass::Authorize => self.authorize,
            RequestClass::Introspection => self.introspection,
            RequestClass::Pages => self.pages,
            RequestClass::Revocation => self.revocation,
            RequestClass::Token => self.token,
            RequestClass::Userinfo => self.userinfo,
        })
    }
}

const fn minute(most: u32) -> Option<Limit> {
    const MINUTE: Duration = Duration::from_mins(1);
    if most == 0 {
        return None;
    }
    Some(Limit { most, window: MINUTE })
}

/// Where a caller stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limited {
    /// Of which limit: a class of requests, or the tenant as a whole.
    pub name: &'static str,
    /// The limit.
    pub limit: Limit,
    /// What is left of it.
    pub taken: Taken,
}

impl Limited {
    /// Whether this request is one too many.
    #[must_use]
    pub const fn is_refused(&self) -> bool {
        !self.taken.allowed
    }
}

impl App {
    /// Counts a request of `who`, or of the source it comes from. Nothing where there is no limit. What is refused is
    /// told to the log by the caller.
    pub async fn count_request(&self, ctx: &Ctx, class: RequestClass, who: Option<&str>) -> Option<Limited> {
        let limit = self.limits_of(ctx).of(class)?;
        let source = || places(ctx.client_ip).0;
        let caller = who.map_or_else(source, |who| format!("client {who}"));
        let key = format!("requests:{}:{}:{caller}", class.name(), ctx.tenant_id());
        Some(self.count(ctx, class.name(), (&key, limit)).await)
    }

    /// Counts a request of a client, and records that it is one too many.
    ///
    /// Who asks as a public client has proved nothing. So these count by source as well, and not for the tenant:
    /// a stranger would use up what is there for others.
    pub async fn count_client(
        &self,
        ctx: &Ctx,
        class: RequestClass,
        client: &Client,
    ) -> Result<Option<Limited>, Fault> {
        let proved = client.auth_method != AuthMethod::None || class == RequestClass::Userinfo;
        let mut who = client.client_id.as_str().to_owned();
        if !proved {
            who = format!("{who} {}", places(ctx.client_ip).0);
        }
        let mut stands = self.count_request(ctx, class, Some(&who)).await;
        // Whoever asks too often does not use up what all of the tenant have together.
        if proved && !stands.is_some_and(|own| own.is_refused()) {
            let all = self.count_tenant(ctx).await;
            stands = all.filter(Limited::is_refused).or(stands).or(all);
        }
        if let Some(refused) = stands.filter(Limited::is_refused) {
            let event = Event::failure(EventKind::ThrottleBlocked, refused.name).client(&client.client_id);
            // Bounded like those of anybody.
            self.refuse(&ctx.acting_as(Actor::Anonymous), event).await?;
        }
        Ok(stands)
    }

    async fn count_tenant(&self, ctx: &Ctx) -> Option<Limited> {
        let limit = minute(self.limits_of(ctx).tenant)?;
        let key = format!("requests:{TENANT}:{}", ctx.tenant_id());
        Some(self.count(ctx, TENANT, (&key, limit)).await)
    }

    async fn count(&self, ctx: &Ctx, name: &'static str, (key, limit): (&str, Limit)) -> Limited {
        let taken = self.shared.take_or_alone(key, limit, ctx.now).await;
        if !taken.allowed {
            self.limit_refused(name);
        }
        Limited { name, limit, taken }
    }

    fn limits_of(&self, ctx: &Ctx) -> RequestLimits {
        self.requests.of_tenant(&ctx.tenant.tenant.settings.requests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_refuses_nobody_still_counts_what_is_counted() {
        let raised = RequestLimits::default().refusing_nobody();
        assert!(
            raised
                .of(RequestClass::Token)
                .is_some_and(|limit| limit.most > 100_000_000)
        );
        assert_eq!(raised.tenant, 0, "what has no limit is not counted");
    }

    #[test]
    fn a_tenant_says_what_it_wants_otherwise() {
        let all = RequestLimits::default();
        assert_eq!(all.of_tenant(&RequestSettings::default()), all);
        let own = RequestSettings {
            token: Some(5),
            pages: Some(0),
            tenant: Some(7),
            ..RequestSettings::default()
        };
        let of_tenant = all.of_tenant(&own);
        assert_eq!((of_tenant.token, of_tenant.pages, of_tenant.tenant), (5, 0, 7));
        assert_eq!((of_tenant.admin, of_tenant.userinfo), (all.admin, all.userinfo));
        assert_eq!(of_tenant.of(RequestClass::Pages), None, "without limit");
        assert_eq!(of_tenant.of(RequestClass::Token).map(|limit| limit.most), Some(5));
    }
}
