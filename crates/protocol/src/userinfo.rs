//! Claims about a person (OIDC Core sections 5.1 and 5.4).

use domain::{Scopes, Subject, User};
use serde_json::{Map, Value, json};

use crate::authorize::ClaimsRequest;

/// Where claims go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Into an ID token: only what was asked for one by one.
    IdToken,
    /// Into the answer of the userinfo endpoint: what the scopes cover and what was asked for one by one.
    UserInfo,
}

/// Every claim about a person and the scope that covers it (OIDC Core section 5.4).
const CLAIMS: &[(&str, &str)] = &[
    ("name", "profile"),
    ("given_name", "profile"),
    ("family_name", "profile"),
    ("middle_name", "profile"),
    ("nickname", "profile"),
    ("preferred_username", "profile"),
    ("profile", "profile"),
    ("picture", "profile"),
    ("website", "profile"),
    ("gender", "profile"),
    ("birthdate", "profile"),
    ("zoneinfo", "profile"),
    ("locale", "profile"),
    ("updated_at", "profile"),
    ("email", "email"),
    ("email_verified", "email"),
    ("address", "address"),
    ("phone_number", "phone"),
    ("phone_number_verified", "phone"),
];

/// The names of all claims about a person, as advertised.
pub fn claim_names() -> impl Iterator<Item = &'static str> {
    CLAIMS.iter().map(|(name, _)| *name)
}

/// The scope that covers a claim about a person; `None` for any other claim.
pub fn scope_of(claim: &str) -> Option<&'static str> {
    CLAIMS
        .iter()
        .find(|(name, _)| *name == claim)
        .map(|(_, scope)| *scope)
}

/// The claims of `user` that go to `target`. Only what is known is there: no empty or null claim. Userinfo also says
/// `sub`, which is `subject`; an ID token has its own.
pub fn claims_for(
    (user, subject): (&User, Subject),
    scopes: &Scopes,
    requested: Option<&ClaimsRequest>,
    target: Target,
) -> Map<String, Value> {
    let asked = requested.map(|claims| match target {
        Target::IdToken => &claims.id_token,
        Target::UserInfo => &claims.userinfo,
    });
    let wanted = |name: &str, scope: &str| {
        (target == Target::UserInfo && scopes.contains(scope))
            || asked.is_some_and(|asked| asked.contains_key(name))
    };
    let mut claims = all(user);
    claims.retain(|name, _| scope_of(name).is_some_and(|scope| wanted(name, scope)));
    if target == Target::UserInfo {
        claims.insert("sub".to_owned(), json!(subject));
    }
    claims
}

/// Everything known about `user`.
fn all(user: &User) -> Map<String, Value> {
    let profile = &user.profile;
    let text = |value: &Option<String>| value.as_ref().map(|text| json!(text));
    let claims = [
        ("name", text(&profile.name)),
        ("given_name", text(&profile.given_name)),
        ("family_name", text(&profile.family_name)),
        ("middle_name", text(&profile.middle_name)),
        ("nickname", text(&profile.nickname)),
        ("preferred_username", text(&profile.preferred_username)),
        ("profile", text(&profile.profile)),
        ("picture", text(&profile.picture)),
        ("website", text(&profile.website)),
        ("gender", text(&profile.gender)),
        ("birthdate", text(&profile.birthdate)),
        ("zoneinfo", text(&profile.zoneinfo)),
        ("locale", text(&profile.locale)),
        ("updated_at", Some(json!(user.updated_at.secs()))),
        ("email", Some(json!(user.email))),
        ("email_verified", Some(json!(user.email_verified))),
        ("address", profile.address.as_ref().map(|address| json!(address))),
        ("phone_number", text(&profile.phone_number)),
        (
            "phone_number_verified",
            profile
                .phone_number
                .as_ref()
                .map(|_| json!(profile.phone_number_verified)),
        ),
    ];
    claims
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}
