use serde::{Deserialize, Serialize};

/// How many requests a tenant bears in a minute. What is not set is as the server's configuration says; 0 is without
/// limit (A16).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequestSettings {
    /// Of one source to the administration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin: Option<u32>,
    /// Of one source that asks for authorization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorize: Option<u32>,
    /// Of one client that asks about tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection: Option<u32>,
    /// Of one source to pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages: Option<u32>,
    /// Of one client that revokes tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation: Option<u32>,
    /// Of all clients together, as far as they prove who they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<u32>,
    /// Of one client that asks for tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<u32>,
    /// Of one client that asks about people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo: Option<u32>,
}

impl RequestSettings {
    /// No limit is higher: each request counted is remembered for a minute.
    pub const MOST: u32 = 10_000_000;

    /// Sets the limit of this name; false if there is none of it.
    pub fn set(&mut self, name: &str, most: Option<u32>) -> bool {
        let place = match name {
            "admin" => &mut self.admin,
            "authorize" => &mut self.authorize,
            "introspection" => &mut self.introspection,
            "pages" => &mut self.pages,
            "revocation" => &mut self.revocation,
            "tenant" => &mut self.tenant,
            "token" => &mut self.token,
            "userinfo" => &mut self.userinfo,
            _ => return false,
        };
        *place = most;
        true
    }

    /// Whether every limit is in range.
    pub fn is_in_range(&self) -> bool {
        [
            self.admin,
            self.authorize,
            self.introspection,
            self.pages,
            self.revocation,
            self.tenant,
            self.token,
            self.userinfo,
        ]
        .into_iter()
        .flatten()
        .all(|most| most <= Self::MOST)
    }
}
