use domain::{AuthMethod, ClientKind, ClientSettings, ConsentRule, GrantType, PkceRule, SubjectType};

/// Settings of a client that do not go together, or are not safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingsRefused(pub &'static str);

const DAY: u32 = 86_400;

/// Checks everything about a client that its types do not hold already.
pub(super) fn check(
    name: &str,
    kind: ClientKind,
    auth: AuthMethod,
    settings: &ClientSettings,
) -> Result<(), SettingsRefused> {
    let refuse = |condition: bool, why| {
        if condition {
            Err(SettingsRefused(why))
        } else {
            Ok(())
        }
    };
    let has = |grant| settings.grant_types.contains(&grant);
    let public = kind.is_public();

    let name_length = name.chars().count();
    refuse(
        !(1..=100).contains(&name_length) || name.chars().any(char::is_control),
        "a client's name has 1 to 100 characters",
    )?;
    refuse(
        public != (auth == AuthMethod::None),
        "public clients, and only they, have the authentication method none",
    )?;
    refuse(
        public && has(GrantType::ClientCredentials),
        "a public client cannot use client_credentials",
    )?;
    refuse(
        public && settings.pkce != PkceRule::Required,
        "a public client always uses PKCE",
    )?;
    refuse(
        public && settings.consent == ConsentRule::Implied,
        "consent to a public client cannot be implied",
    )?;
    refuse(
        public && settings.may_introspect,
        "a public client cannot introspect tokens",
    )?;
    refuse(
        has(GrantType::AuthorizationCode) && settings.redirect_uris.is_empty(),
        "authorization_code needs at least one redirect URI",
    )?;
    refuse(
        has(GrantType::RefreshToken) && !has(GrantType::AuthorizationCode),
        "refresh_token needs authorization_code",
    )?;
    // Every person such a client signs in would be an administrator (AZ4).
    refuse(
        has(GrantType::AuthorizationCode) && settings.scopes.contains("rsp.admin"),
        "the scope rsp.admin is for clients that act for themselves, without authorization_code",
    )?;
    refuse(
        settings.redirect_uris.len() > 50 || settings.post_logout_redirect_uris.len() > 50,
        "at most 50 redirect URIs of a kind",
    )?;
    refuse(
        settings.resources.len() > 50 || settings.allowed_origins.len() > 50,
        "at most 50 resources and origins",
    )?;
    refuse(
        !(60..=DAY).contains(&settings.access_token_secs),
        "access_token_secs is 60 to 86400",
    )?;
    refuse(
        !(60..=365 * DAY).contains(&settings.refresh_token_secs),
        "refresh_token_secs is 60 to 31536000",
    )?;
    refuse(settings.leeway_secs > 60, "leeway_secs is 0 to 60")?;
    refuse(
        settings
            .default_resource
            .as_ref()
            .is_some_and(|r| !settings.resources.contains(r)),
        "default_resource must be one of resources",
    )?;
    // What runs on a device has a redirect URI that any other program there may have too.
    refuse(
        settings.subject_type == SubjectType::Pairwise
            && (kind == ClientKind::Native || settings.sector().is_none()),
        "pairwise subjects need redirect URIs of one host, and no native client",
    )?;
    check_uris(kind, settings)
}

/// Registered URIs are checked again here, because settings also arrive as JSON (A5: every write path).
fn check_uris(kind: ClientKind, settings: &ClientSettings) -> Result<(), SettingsRefused> {
    let native = kind == ClientKind::Native;
    for uri in settings
        .redirect_uris
        .iter()
        .chain(&settings.post_logout_redirect_uris)
    {
        domain::RedirectUri::register(uri.as_str(), native)
            .map_err(|_| SettingsRefused("a redirect URI is not allowed"))?;
    }
    for origin in &settings.allowed_origins {
        domain::Origin::parse(origin.as_str())
            .map_err(|_| SettingsRefused("an allowed origin is malformed"))?;
    }
    for resource in settings.resources.iter().chain(&settings.resource) {
        domain::Resource::parse(resource.as_str())
            .map_err(|_| SettingsRefused("a resource is not an absolute URI"))?;
    }
    for link in [&settings.logo_uri, &settings.policy_uri, &settings.tos_uri]
        .into_iter()
        .flatten()
    {
        let fine = link.starts_with("https://") && domain::RedirectUri::register(link, false).is_ok();
        if !fine {
            return Err(SettingsRefused("logo_uri, policy_uri and tos_uri are https URLs"));
        }
    }
    Ok(())
}
