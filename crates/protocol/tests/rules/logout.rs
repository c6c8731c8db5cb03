use domain::{ClientKind, RedirectUri};
use proptest::prelude::*;
use protocol::ErrorCode::InvalidRequest;
use protocol::id_token::Hint;
use protocol::logout::LogoutRequest;

use crate::make::{client, params};

const BYE: &str = "https://app.example.com/bye?x=1";

fn parse(form: &[(&str, &str)]) -> LogoutRequest {
    LogoutRequest::parse(&params(form)).unwrap()
}

fn hint(client_id: &str) -> Hint {
    Hint {
        subject: "01970000-0000-7000-8000-000000000001".parse().unwrap(),
        client_id: client_id.parse().unwrap(),
        session: None,
    }
}

fn web() -> domain::Client {
    let mut client = client(ClientKind::Confidential);
    client.settings.post_logout_redirect_uris = vec![RedirectUri::register(BYE, false).unwrap()];
    client
}

#[test]
fn every_parameter_is_read() {
    let all = parse(&[
        ("id_token_hint", "h"),
        ("client_id", "web"),
        ("post_logout_redirect_uri", BYE),
        ("state", "s"),
        ("ui_locales", "de en"),
        ("logout_hint", "alice"),
    ]);
    assert_eq!(all.id_token_hint.as_deref(), Some("h"));
    assert_eq!(all.ui_locales, ["de", "en"]);
    assert_eq!(all.logout_hint.as_deref(), Some("alice"));
    assert_eq!(parse(&[]), LogoutRequest::default());
    let bad = LogoutRequest::parse(&params(&[("client_id", "a b")])).unwrap_err();
    assert_eq!(bad.code, InvalidRequest);
}

#[test]
fn the_client_is_that_of_the_hint_or_the_one_named() {
    let named = parse(&[("client_id", "web")]);
    let id = |request: &LogoutRequest, hint: Option<&Hint>| {
        request.client(hint).map(|c| c.map(ToString::to_string))
    };
    assert_eq!(id(&named, None), Ok(Some("web".to_owned())));
    assert_eq!(id(&named, Some(&hint("web"))), Ok(Some("web".to_owned())));
    assert_eq!(id(&named, Some(&hint("other"))).unwrap_err().code, InvalidRequest);
    assert_eq!(
        id(&parse(&[]), Some(&hint("other"))),
        Ok(Some("other".to_owned()))
    );
    assert_eq!(id(&parse(&[]), None), Ok(None));
}

#[test]
fn only_an_exact_registered_uri_is_returned_to() {
    let back = |uri: &str, state: &str| {
        parse(&[("post_logout_redirect_uri", uri), ("state", state)])
            .return_to(Some(&web()))
            .map_err(|e| e.code)
    };
    assert_eq!(back(BYE, ""), Ok(Some(BYE.to_owned())));
    assert_eq!(back(BYE, "a&b"), Ok(Some(format!("{BYE}&state=a%26b"))));
    assert_eq!(back("", "s"), Ok(None));
    for bad in [
        "https://app.example.com/bye",
        "https://app.example.com/bye?x=2",
        "https://app.example.com/bye?x=1&y",
        "https://app.example.com/callback",
        "https://evil.example/bye?x=1",
        "https://app.example.com:443/bye?x=1",
        "javascript:alert(1)",
    ] {
        assert_eq!(back(bad, "s"), Err(InvalidRequest), "{bad}");
    }
    assert!(
        parse(&[("post_logout_redirect_uri", BYE)])
            .return_to(None)
            .is_err(),
        "without a client"
    );
}

proptest! {
    #[test]
    fn never_leaves_for_another_place(uri in "[^\0]{1,60}", state in "[^\0]{1,20}") {
        let request = parse(&[("post_logout_redirect_uri", &uri), ("state", &state)]);
        prop_assert!(request.return_to(Some(&web())).is_err());
    }
}
