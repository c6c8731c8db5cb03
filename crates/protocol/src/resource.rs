//! Resource indicators (RFC 8707) and what `aud` names.

use domain::{AudienceProfile, Client, Issuer, Resource, Scopes};

use crate::{ErrorCode, OAuthError, Params};

const REFUSED: OAuthError = OAuthError::new(
    ErrorCode::InvalidTarget,
    "resource is malformed or not allowed for this client",
);

/// The `resource` parameters, each named once.
pub fn parse(params: &Params) -> Result<Vec<Resource>, OAuthError> {
    let mut resources = Vec::new();
    for text in params.all("resource") {
        let resource = Resource::parse(text).map_err(|_| REFUSED)?;
        if !resources.contains(&resource) {
            resources.push(resource);
        }
    }
    Ok(resources)
}

/// Lets pass only resources `client` may ask tokens for (OA9, JW8).
pub fn permitted(client: &Client, requested: Vec<Resource>) -> Result<Vec<Resource>, OAuthError> {
    let settings = &client.settings;
    let registered =
        |r: &Resource| settings.resources.contains(r) || settings.default_resource.as_ref() == Some(r);
    if requested.iter().all(registered) {
        Ok(requested)
    } else {
        Err(REFUSED)
    }
}

/// What a token request may take of the resources that were granted: those it names, or all; never another.
pub fn narrow(granted: &[Resource], requested: &[Resource]) -> Result<Vec<Resource>, OAuthError> {
    if requested.is_empty() {
        return Ok(granted.to_vec());
    }
    if requested.iter().all(|r| granted.contains(r)) {
        Ok(requested.to_vec())
    } else {
        Err(REFUSED)
    }
}

/// `aud` of an access token (JW8): the resources asked for, else the client's default resource, else the issuer; the
/// scope `openid` adds the issuer, unless the client is set to resources only.
pub fn audience(client: &Client, issuer: &Issuer, scopes: &Scopes, resources: &[Resource]) -> Vec<String> {
    let mut audience: Vec<String> = resources.iter().map(|r| r.as_str().to_owned()).collect();
    if audience.is_empty() {
        audience.extend(
            client
                .settings
                .default_resource
                .iter()
                .map(|r| r.as_str().to_owned()),
        );
    }
    let with_openid =
        client.settings.audience == AudienceProfile::IssuerWithOpenid && scopes.contains("openid");
    let named = audience.iter().any(|a| a == issuer.as_str());
    if audience.is_empty() || (with_openid && !named) {
        audience.push(issuer.as_str().to_owned());
    }
    audience
}
