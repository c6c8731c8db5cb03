//! Requests of the token endpoint and its neighbours: the first line is the header `Authorization`, the rest the form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{AuthMethod, OpaqueToken, TokenHash, TokenKind};
use protocol::client_auth::{self, PresentedClient};
use protocol::introspection::IntrospectionRequest;
use protocol::revocation::RevocationRequest;
use protocol::token::{TokenGrant, TokenRequest};
use protocol::{Params, bearer, pkce};
use url::form_urlencoded;

use crate::samples::{CLIENTS, line};

pub(crate) fn run(input: &[u8]) {
    let (header, form) = line(input);
    let Ok(header) = std::str::from_utf8(header) else {
        return;
    };
    let header = (!header.is_empty()).then_some(header);
    let Ok(params) = Params::parse_form(form) else {
        return;
    };
    grant(&params);
    client(header, &params);
    bearer_token(header, &params);
    let token = params.get("token");
    for read in [
        IntrospectionRequest::parse(&params)
            .ok()
            .map(|request| request.token),
        RevocationRequest::parse(&params)
            .ok()
            .map(|request| request.token),
    ] {
        assert!(read.is_none_or(|read| token == Some(read.expose())));
    }
    opaque(token.unwrap_or_default());
}

fn grant(params: &Params) {
    let Ok(grant) = TokenRequest::parse(params) else {
        return;
    };
    assert_eq!(params.get("grant_type"), Some(grant.grant_type().as_str()));
    let (scope, resources) = match &grant {
        TokenGrant::AuthorizationCode {
            code,
            redirect_uri,
            code_verifier,
            resources,
        } => {
            assert_eq!(params.get("code"), Some(code.expose().as_str()));
            assert_eq!(params.get("redirect_uri"), redirect_uri.as_deref());
            let verifier = code_verifier.as_ref().map(|secret| secret.expose().as_str());
            assert_eq!(params.get("code_verifier"), verifier);
            proof(verifier.unwrap_or_default());
            (None, resources)
        }
        TokenGrant::RefreshToken {
            token,
            scope,
            resources,
        } => {
            assert_eq!(params.get("refresh_token"), Some(token.expose().as_str()));
            (scope.as_ref(), resources)
        }
        TokenGrant::ClientCredentials { scope, resources } => (scope.as_ref(), resources),
    };
    if let Some(scope) = scope {
        assert_eq!(scope.to_string().parse().as_ref(), Ok(scope));
    }
    for (at, one) in resources.iter().enumerate() {
        assert!(
            !resources.iter().skip(at + 1).any(|other| other == one),
            "named twice"
        );
        assert!(params.all("resource").any(|text| text == one.as_str()));
    }
    for client in CLIENTS.iter() {
        assert_eq!(grant.permitted(client).is_ok(), client.allows(grant.grant_type()));
    }
}

/// A well-formed verifier fits its own challenge and no other (RFC 7636 section 4.6).
fn proof(verifier: &str) {
    let own = pkce::Challenge::of(verifier);
    let is_formed = pkce::verify(&own, verifier).is_ok();
    assert!(!is_formed || (43..=128).contains(&verifier.len()));
    assert!(pkce::verify(&pkce::Challenge::of("another"), verifier).is_err());
    assert_eq!(pkce::Challenge::parse(own.as_str()).as_ref(), Ok(&own));
    assert!(pkce::check(None, Some(verifier)).is_err());
}

/// One method, and the same client when another program writes the header.
fn client(header: Option<&str>, params: &Params) {
    let Ok(presented) = PresentedClient::extract(header, params) else {
        return;
    };
    let posted = params.get("client_secret");
    let secret = presented.secret.as_ref().map(|secret| secret.expose().as_str());
    match presented.method {
        AuthMethod::ClientSecretBasic => {
            assert!(header.is_some() && posted.is_none(), "two methods at once");
            let written = form_urlencoded::Serializer::new(String::new())
                .append_pair(presented.client_id.as_str(), secret.unwrap_or_default())
                .finish();
            let written = STANDARD.encode(written.replacen('=', ":", 1));
            let again = PresentedClient::extract(Some(&format!("basic {written}")), &Params::default());
            // What is written may be longer than what is read.
            assert!(written.len() > 2_048 || again.as_ref() == Ok(&presented));
        }
        AuthMethod::ClientSecretPost => assert!(header.is_none() && posted == secret && secret.is_some()),
        AuthMethod::None => assert!(header.is_none() && secret.is_none()),
    }
    for client in CLIENTS.iter() {
        let is_it = client_auth::check(client, &presented).is_ok();
        let fits = presented.client_id == client.client_id && presented.method == client.auth_method;
        let knows = client.auth_method == AuthMethod::None || secret == Some("secret");
        assert_eq!(
            is_it,
            fits && knows,
            "who is no client passes, or the client does not"
        );
    }
}

fn bearer_token(header: Option<&str>, params: &Params) {
    if let Ok(token) = bearer::extract(header, Some(params)) {
        let token = token.expose();
        assert!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
        let header = format!("bearer {token}");
        let again = bearer::extract(Some(&header), None);
        assert!(again.is_ok_and(|again| again.expose() == token));
        let twice = Params::parse_form(b"access_token=a").unwrap_or_default();
        assert!(bearer::extract(Some(&header), Some(&twice)).is_err());
    }
    let challenge = bearer::challenge(header.unwrap_or_default(), None, params.get("scope"));
    let quotes = challenge.matches('"').count();
    assert!(quotes == 2 || quotes == 4, "a quote inside a challenge's value");
    assert!(!challenge.contains(char::is_control));
}

/// A token is of one kind at most, and is stored as the hash of all of it.
fn opaque(text: &str) {
    let kinds = [
        TokenKind::Access,
        TokenKind::Browser,
        TokenKind::ClientSecret,
        TokenKind::Code,
        TokenKind::Invitation,
        TokenKind::Refresh,
        TokenKind::Session,
    ];
    let hashes: Vec<TokenHash> = kinds
        .into_iter()
        .filter_map(|kind| OpaqueToken::parse(kind, text))
        .collect();
    assert!(hashes.len() <= 1, "one token of two kinds");
    assert!(hashes.into_iter().all(|hash| hash == TokenHash::of(text)));
}
