//! Authorization and logout requests. The first byte picks a client, the rest is the query.

use domain::Client;
use protocol::authorize::{
    AuthorizeRequest, AuthorizeResponse, Delivery, Envelope, ResponseMode, deliver, resolve_redirect,
};
use protocol::logout::LogoutRequest;
use protocol::{OAuthError, Params};
use url::{Url, form_urlencoded};

use super::json::is_exact;
use crate::samples::{CLIENTS, issuer};

pub(crate) fn run(input: &[u8]) {
    let Some((first, query)) = input.split_first() else {
        return;
    };
    let Some(client) = CLIENTS.get(usize::from(*first) % CLIENTS.len()) else {
        return;
    };
    let Ok(params) = Params::parse_form(query) else {
        return;
    };
    logout(&params, client);
    let Ok(envelope) = Envelope::parse(&params) else {
        return;
    };
    assert_eq!(params.get("client_id"), Some(envelope.client_id.as_str()));
    let Ok((uri, was_sent)) = resolve_redirect(client, envelope.redirect_uri.as_deref()) else {
        return;
    };
    assert!(
        client.redirect_uri(&uri).is_some(),
        "a redirect URI nobody registered"
    );
    assert_eq!(was_sent, params.has("redirect_uri"));
    match AuthorizeRequest::parse(&params, client) {
        Ok(request) => accepted(&request, &params, client),
        Err(refusal) => {
            assert_eq!(refusal.state.as_deref(), params.get("state"));
            answer(refusal.response_mode, &uri, refusal.state.as_deref());
        }
    }
}

fn accepted(request: &AuthorizeRequest, params: &Params, client: &Client) {
    assert!(client.redirect_uri(&request.redirect_uri).is_some());
    assert!(!request.scopes.is_empty() && request.scopes.is_subset_of(&client.settings.scopes));
    assert!(
        request
            .resources
            .iter()
            .all(|one| client.settings.resources.contains(one))
    );
    assert!(
        request.consent_scopes().is_subset_of(&client.settings.scopes),
        "consent beyond the client"
    );
    assert!(
        request.code_challenge.is_some() || !client.kind.is_public(),
        "no PKCE"
    );
    assert_eq!(request.code_challenge.is_some(), params.has("code_challenge"));
    for unsupported in ["request", "request_uri", "registration"] {
        assert!(!params.has(unsupported), "ignored what is not supported");
    }
    assert_eq!(request.nonce.as_deref(), params.get("nonce"));
    // It is stored while the person signs in, and must come back the same.
    let stored = serde_json::to_value(request).unwrap_or_default();
    // A wish for the value `null` is no wish.
    let claims = serde_json::to_string(&request.claims).unwrap_or_default();
    if is_exact(&stored) && !claims.contains("null") {
        let back: Option<AuthorizeRequest> = serde_json::from_str(&stored.to_string()).ok();
        assert!(back.as_ref() == Some(request), "a request changes when stored");
    }
    answer(
        request.response_mode,
        &request.redirect_uri,
        request.state.as_deref(),
    );
}

/// The answer goes where it was registered to go, and the client reads its state from it untouched.
fn answer(mode: ResponseMode, uri: &str, state: Option<&str>) {
    let error = OAuthError::invalid_request("refused");
    let response = AuthorizeResponse::error(&error, state, &issuer());
    let url = match deliver(mode, uri, &response) {
        Delivery::FormPost { action, fields } => {
            assert_eq!(action, uri);
            let sent = fields.iter().find(|(name, _)| *name == "state");
            assert_eq!(sent.map(|(_, value)| value.as_str()), state);
            return;
        }
        Delivery::Redirect(url) => url,
    };
    assert!(url.starts_with(uri), "sent somewhere else");
    assert!(
        url.bytes().all(|byte| byte.is_ascii_graphic()),
        "not fit for a header"
    );
    let (Ok(own), Ok(answer)) = (Url::parse(uri), Url::parse(&url)) else {
        assert!(url.is_empty(), "not a URL");
        return;
    };
    assert_eq!(
        own.origin().ascii_serialization(),
        answer.origin().ascii_serialization()
    );
    assert_eq!(own.path(), answer.path());
    let text = match mode {
        ResponseMode::Fragment => answer.fragment(),
        _ => answer.query(),
    };
    let text = text.unwrap_or_default();
    let states = form_urlencoded::parse(text.as_bytes()).filter(|(name, _)| name == "state");
    let states: Vec<String> = states.map(|(_, value)| value.into_owned()).collect();
    assert_eq!(states.first().map(String::as_str), state);
    assert!(states.len() <= 1);
}

fn logout(params: &Params, client: &Client) {
    let Ok(request) = LogoutRequest::parse(params) else {
        return;
    };
    assert_eq!(
        request.return_to(None).is_ok(),
        request.post_logout_redirect_uri.is_none()
    );
    if let Ok(Some(url)) = request.return_to(Some(client)) {
        let wanted = request.post_logout_redirect_uri.as_deref().unwrap_or_default();
        assert!(client.allows_post_logout(wanted) && url.starts_with(wanted));
        assert!(url.bytes().all(|byte| byte.is_ascii_graphic()));
    }
}
