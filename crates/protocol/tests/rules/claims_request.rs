use domain::{Acr, ClientKind};
use proptest::prelude::*;
use protocol::authorize::{AuthorizeRequest, ClaimsRequest};

use crate::make::{client, request};

#[test]
fn all_forms_of_a_wish_are_read() {
    let text = r#"{"userinfo":{"name":{"essential":true},"email":null,"picture":{}},
        "id_token":{"auth_time":{"essential":true},"acr":{"values":["aal3","aal2"]},"sub":{"value":"1"}},"other":[1]}"#;
    let claims = ClaimsRequest::parse(text).unwrap();
    assert!(claims.userinfo["name"].essential && !claims.userinfo["email"].essential);
    assert!(claims.userinfo.contains_key("picture"));
    assert_eq!(claims.wanted_acr(), [Acr::Aal3, Acr::Aal2]);
    assert_eq!(claims.essential_acr(), None);
    assert_eq!(claims.required_sub(), Some("1"));
    assert_eq!(ClaimsRequest::parse("{}").unwrap(), ClaimsRequest::default());
}

#[test]
fn an_essential_acr_names_what_is_needed() {
    let essential = |wish: &str| {
        ClaimsRequest::parse(&format!(r#"{{"id_token":{{"acr":{wish}}}}}"#))
            .unwrap()
            .essential_acr()
    };
    assert_eq!(
        essential(r#"{"essential":true,"values":["gold","aal2"]}"#),
        Some(vec![Acr::Aal2])
    );
    assert_eq!(
        essential(r#"{"essential":true,"value":"aal1"}"#),
        Some(vec![Acr::Aal1])
    );
    assert_eq!(essential(r#"{"essential":true,"value":"gold"}"#), Some(vec![]));
    assert_eq!(essential(r#"{"essential":true}"#), None);
    assert_eq!(essential("null"), None);
}

#[test]
fn malformed_wishes_are_refused() {
    let many: Vec<String> = (0..65).map(|n| format!("\"c{n}\":null")).collect();
    let deep = format!(
        "{{\"userinfo\":{{\"a\":{{\"value\":{}1{}}}}}}}",
        "[".repeat(30),
        "]".repeat(30)
    );
    for bad in [
        "",
        "null",
        "[]",
        "\"userinfo\"",
        "{",
        "{} x",
        r#"{"userinfo":[]}"#,
        r#"{"userinfo":"name"}"#,
        r#"{"userinfo":{"name":true}}"#,
        r#"{"userinfo":{"name":{"essential":"true"}}}"#,
        r#"{"userinfo":{"name":{"values":"x"}}}"#,
        r#"{"userinfo":{"":null}}"#,
        r#"{"userinfo":{"name":null,"name":null}}"#,
        r#"{"userinfo":{},"userinfo":{}}"#,
        &format!(r#"{{"userinfo":{{{}}}}}"#, many.join(",")),
        &deep,
    ] {
        assert!(ClaimsRequest::parse(bad).is_err(), "{bad}");
    }
    assert!(ClaimsRequest::parse(&format!(r#"{{"userinfo":{{{}}}}}"#, many[1..].join(","))).is_ok());
}

/// `claims` must not open what `scope` would not (OA9).
#[test]
fn claims_beyond_the_client_s_scopes_are_left_out() {
    let mut client = client(ClientKind::Confidential);
    client.settings.scopes = "openid profile".parse().unwrap();
    let text = r#"{"userinfo":{"name":null,"email":{"essential":true}},"id_token":{"phone_number":null,"acr":null}}"#;
    let claims = AuthorizeRequest::parse(&request(&[("claims", text)]), &client)
        .unwrap()
        .claims;
    assert_eq!(claims.userinfo.keys().collect::<Vec<_>>(), ["name"]);
    assert_eq!(claims.id_token.keys().collect::<Vec<_>>(), ["acr"]);
    assert_eq!(claims.scopes().to_string(), "profile");
}

proptest! {
    #[test]
    fn never_panics(text in ".{0,200}") {
        std::hint::black_box(ClaimsRequest::parse(&text).is_ok());
    }
}
