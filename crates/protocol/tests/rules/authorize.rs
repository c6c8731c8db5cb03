use domain::{Acr, Client, ClientKind, GrantType};
use proptest::prelude::*;
use protocol::ErrorCode::{
    self, InvalidRequest, InvalidScope, InvalidTarget, RegistrationNotSupported, RequestNotSupported,
    RequestUriNotSupported, UnauthorizedClient, UnsupportedResponseType,
};
use protocol::authorize::{AuthorizeRequest, Prompt, ResponseMode};

use crate::make::{API, REDIRECT, client, request};

fn web() -> Client {
    client(ClientKind::Confidential)
}

fn parse(changes: &[(&str, &str)]) -> AuthorizeRequest {
    AuthorizeRequest::parse(&request(changes), &web()).unwrap()
}

fn refused(changes: &[(&str, &str)]) -> ErrorCode {
    let refusal = AuthorizeRequest::parse(&request(changes), &web()).expect_err("accepted");
    assert_eq!(
        refusal.state.as_deref(),
        Some("s t&a=te"),
        "an error gives the state back"
    );
    refusal.error.code
}

#[test]
fn a_plain_request_is_understood() {
    let parsed = parse(&[]);
    assert_eq!(parsed.client_id.as_str(), "web");
    assert_eq!(parsed.redirect_uri, REDIRECT);
    assert!(parsed.redirect_uri_sent && parsed.is_openid());
    assert_eq!(parsed.response_mode, ResponseMode::Query);
    assert_eq!(parsed.nonce.as_deref(), Some("n-1"));
    assert_eq!(parsed.scopes.to_string(), "openid profile");
    assert!(parsed.code_challenge.is_some() && !parsed.prompt.is_none());
}

#[test]
fn what_openid_connect_lets_pass_passes() {
    for extra in [
        ("display", "popup"),
        ("display", "page"),
        ("claims_locales", "se"),
        ("foo", "bar"),
        ("login_hint", "alice@example.com"),
        ("acr_values", "1 2"),
        ("max_age", "10000"),
        ("id_token_hint", "x.y.z"),
    ] {
        parse(&[extra]);
    }
    assert_eq!(
        parse(&[("scope", "profile openid")]).scopes.to_string(),
        "profile openid"
    );
    assert_eq!(parse(&[("nonce", "")]).nonce, None);
}

#[test]
fn only_the_code_response_type_exists() {
    for other in [
        "token",
        "id_token",
        "code token",
        "code id_token",
        "id_token token",
        "none",
        "Code",
        "code code",
    ] {
        assert_eq!(
            refused(&[("response_type", other)]),
            UnsupportedResponseType,
            "{other}"
        );
    }
    assert_eq!(refused(&[("response_type", "")]), InvalidRequest);
}

#[test]
fn what_is_not_built_is_refused_by_its_own_code() {
    assert_eq!(refused(&[("request", "e30.e30.")]), RequestNotSupported);
    assert_eq!(refused(&[("request_uri", "https://x")]), RequestUriNotSupported);
    assert_eq!(refused(&[("registration", "{}")]), RegistrationNotSupported);
}

#[test]
fn foreign_scopes_are_left_out_and_nothing_left_is_an_error() {
    assert_eq!(
        parse(&[("scope", "openid rsp.admin profile openid")])
            .scopes
            .to_string(),
        "openid profile"
    );
    for none in ["rsp.admin", "", " ", "OPENID"] {
        assert_eq!(refused(&[("scope", none)]), InvalidScope, "{none}");
    }
    assert_eq!(refused(&[("scope", "openid \"quoted\"")]), InvalidScope);
}

#[test]
fn only_registered_resources_can_be_asked_for() {
    assert_eq!(parse(&[("resource", API), ("resource", API)]).resources.len(), 1);
    for foreign in [
        "https://api.example.com/",
        "https://other.example.com",
        "api",
        "https://api.example.com#f",
    ] {
        assert_eq!(
            refused(&[("resource", API), ("resource", foreign)]),
            InvalidTarget,
            "{foreign}"
        );
    }
}

#[test]
fn a_client_needs_the_grant() {
    let mut client = web();
    client.settings.grant_types = vec![GrantType::ClientCredentials];
    let refusal = AuthorizeRequest::parse(&request(&[]), &client).unwrap_err();
    assert_eq!(refusal.error.code, UnauthorizedClient);
}

#[test]
fn prompt_is_a_set_in_which_none_stands_alone() {
    let prompt = parse(&[("prompt", "login consent login")]).prompt;
    assert!(prompt.contains(Prompt::Login) && prompt.contains(Prompt::Consent) && !prompt.is_none());
    assert!(!prompt.without(Prompt::Login).contains(Prompt::Login));
    assert!(parse(&[("prompt", "none")]).prompt.is_none());
    assert!(
        parse(&[("prompt", "select_account")])
            .prompt
            .contains(Prompt::SelectAccount)
    );
    for bad in ["none login", "login none", "create", "Login", "none none login"] {
        assert_eq!(refused(&[("prompt", bad)]), InvalidRequest, "{bad}");
    }
}

#[test]
fn max_age_is_a_whole_number_of_seconds() {
    assert_eq!(parse(&[("max_age", "0")]).max_age, Some(0));
    assert_eq!(parse(&[("max_age", "10000")]).max_age, Some(10_000));
    for bad in ["-1", "+1", "1.5", "1e3", "abc", "99999999999999999999999"] {
        assert_eq!(refused(&[("max_age", bad)]), InvalidRequest, "{bad}");
    }
}

#[test]
fn response_modes_and_the_way_an_error_travels() {
    for mode in ResponseMode::ALL {
        assert_eq!(parse(&[("response_mode", mode.as_str())]).response_mode, mode);
        let params = request(&[("response_mode", mode.as_str()), ("max_age", "x")]);
        assert_eq!(
            AuthorizeRequest::parse(&params, &web())
                .unwrap_err()
                .response_mode,
            mode
        );
    }
    for bad in ["jwt", "web_message", "QUERY", "query.jwt"] {
        let refusal = AuthorizeRequest::parse(&request(&[("response_mode", bad)]), &web()).unwrap_err();
        assert_eq!(
            (refusal.error.code, refusal.response_mode),
            (InvalidRequest, ResponseMode::Query),
            "{bad}"
        );
    }
}

#[test]
fn hints_are_read() {
    let parsed = parse(&[
        ("acr_values", "aal3 gold aal1"),
        ("ui_locales", "de-CH de  en"),
        ("login_hint", "bob"),
    ]);
    assert_eq!(parsed.acr_values, [Acr::Aal3, Acr::Aal1]);
    assert_eq!(parsed.ui_locales, ["de-CH", "de", "en"]);
    assert_eq!(parsed.login_hint.as_deref(), Some("bob"));
    assert!(parse(&[("login_hint", &"ü".repeat(254))]).login_hint.is_some());
    assert_eq!(refused(&[("login_hint", &"u".repeat(255))]), InvalidRequest);
}

#[test]
fn a_stored_request_comes_back_the_same() {
    let claims = r#"{"userinfo":{"name":{"essential":true}},"id_token":{"acr":{"values":["aal2"]}}}"#;
    let parsed = parse(&[
        ("resource", API),
        ("prompt", "login consent"),
        ("response_mode", "form_post"),
        ("max_age", "5"),
        ("claims", claims),
        ("acr_values", "aal2"),
    ]);
    let stored = serde_json::to_string(&parsed).unwrap();
    assert_eq!(serde_json::from_str::<AuthorizeRequest>(&stored).unwrap(), parsed);
}

#[test]
fn what_could_be_replayed_is_not_shown() {
    let shown = format!(
        "{:?}",
        parse(&[
            ("id_token_hint", "geheim"),
            ("state", "geheim"),
            ("nonce", "geheim")
        ])
    );
    assert!(!shown.contains("geheim"), "{shown}");
}

proptest! {
    #[test]
    fn never_panics(values in proptest::collection::vec("[ -~äß]{0,60}", 12)) {
        let names = [
            "response_type", "scope", "prompt", "max_age", "claims", "response_mode", "code_challenge",
            "code_challenge_method", "acr_values", "ui_locales", "login_hint", "resource",
        ];
        for (name, value) in names.iter().zip(&values) {
            std::hint::black_box(AuthorizeRequest::parse(&request(&[(name, value)]), &web()).is_ok());
        }
    }
}
