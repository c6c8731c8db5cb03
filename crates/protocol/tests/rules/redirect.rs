use domain::ClientKind;
use proptest::prelude::*;
use protocol::ErrorCode;
use protocol::authorize::{AuthorizeRequest, Envelope, ResponseMode, resolve_redirect};

use crate::make::{REDIRECT, client, redirect_uri, request};

const KINDS: [ClientKind; 3] = [ClientKind::Confidential, ClientKind::Native, ClientKind::Spa];

/// Ways by which a URI was taken for a registered one elsewhere (A1).
const MUTATIONS: &[&str] = &[
    // User information and several @.
    "https://app.example.com@evil.example/callback",
    "https://evil.example@app.example.com/callback",
    "https://user:pw@app.example.com/callback",
    "https://app.example.com@@evil.example/callback",
    "https://evil.example#@app.example.com/callback",
    "https://evil.example?@app.example.com/callback",
    "https://app.example.com%40evil.example/callback",
    // Backslashes and their encodings.
    "https://evil.example\\@app.example.com/callback",
    "https://app.example.com\\callback",
    "https:\\\\app.example.com/callback",
    "https://evil.example%5c@app.example.com/callback",
    "https://app.example.com/%5ccallback",
    "https://app.example.com/\\callback",
    // White space and control characters.
    "https://app.example.com/callback\t",
    "https://app.example.com/call\tback",
    " https://app.example.com/callback",
    "https://app.example.com/callback ",
    "https://app.example.com/callback\n",
    "https://app.example.com/callback\r\nLocation: https://evil.example",
    "ht\ntps://app.example.com/callback",
    // Slashes and dots.
    "https://app.example.com//callback",
    "https://app.example.com/callback/",
    "https:///app.example.com/callback",
    "https:/app.example.com/callback",
    "//app.example.com/callback",
    "https://app.example.com/./callback",
    "https://app.example.com/x/../callback",
    "https://app.example.com/callback/../evil",
    "https://app.example.com/callback/..%2fevil",
    "https://app.example.com./callback",
    // Letter case and encodings of the same characters.
    "HTTPS://app.example.com/callback",
    "https://APP.example.com/callback",
    "https://app.example.com/Callback",
    "https://app.example.com/%63allback",
    "https://app.example.com/callback%00",
    "https://app%2eexample.com/callback",
    // Other hosts that begin, end or look alike.
    "https://app.example.com.evil.example/callback",
    "https://evil-app.example.com/callback",
    "https://appxexample.com/callback",
    "https://xn--app-.example.com/callback",
    "https://\u{430}pp.example.com/callback",
    // Ports, schemes, query, fragment, matrix parameters.
    "https://app.example.com:443/callback",
    "https://app.example.com:8443/callback",
    "http://app.example.com/callback",
    "https://app.example.com/callback?",
    "https://app.example.com/callback?next=https://evil.example",
    "https://app.example.com/callback#",
    "https://app.example.com/callback#frag",
    "https://app.example.com/callback;x",
    "https://app.example.com/callback&x",
    "https://[::1%25eth0]/callback",
    "javascript:alert(1)//app.example.com/callback",
    "data:text/html,https://app.example.com/callback",
    "",
];

#[test]
fn no_mutation_of_a_registered_uri_is_taken_for_it() {
    assert!(MUTATIONS.len() >= 40);
    for kind in KINDS {
        let mut client = client(kind);
        client
            .settings
            .redirect_uris
            .push(redirect_uri("https://app.example.com/other"));
        assert_eq!(
            resolve_redirect(&client, Some(REDIRECT)),
            Ok((REDIRECT.to_owned(), true))
        );
        for mutation in MUTATIONS {
            let error = resolve_redirect(&client, Some(mutation)).expect_err(mutation);
            assert_eq!(error.code, ErrorCode::InvalidRequest);
            assert!(!error.description.contains("example"), "the answer must not echo");
            for mode in ResponseMode::ALL {
                // Whatever else is wrong or right with the request, it never becomes one that is answered.
                for extra in [
                    ("prompt", "none"),
                    ("response_type", "token"),
                    ("scope", "nothing"),
                ] {
                    let params = request(&[
                        ("redirect_uri", mutation),
                        ("response_mode", mode.as_str()),
                        extra,
                    ]);
                    assert!(AuthorizeRequest::parse(&params, &client).is_err(), "{mutation}");
                }
            }
        }
    }
}

/// The port of a loopback literal may vary, for native clients only, and nothing else may (A4).
#[test]
fn loopback_ports_vary_for_native_clients_only() {
    let with = |kind, registered: &str| {
        let mut client = client(kind);
        client.settings.redirect_uris = vec![redirect_uri(registered)];
        client
    };
    let native = with(ClientKind::Native, "http://127.0.0.1/cb?x=1");
    let native = |uri: &str| resolve_redirect(&native, Some(uri)).is_ok();
    for good in [
        "http://127.0.0.1/cb",
        "http://127.0.0.1:1/cb",
        "http://127.0.0.1:49152/cb",
        "http://127.0.0.1:65535/cb",
    ] {
        assert!(native(&format!("{good}?x=1")), "{good}");
    }
    for bad in [
        "http://127.0.0.1:0/cb?x=1",
        "http://127.0.0.1:65536/cb?x=1",
        "http://127.0.0.1:080/cb?x=1",
        "http://127.0.0.1:+80/cb?x=1",
        "http://127.0.0.1:/cb?x=1",
        "http://127.0.0.1:80/cb",
        "http://127.0.0.1:80/cb?x=2",
        "http://127.0.0.1:80/other?x=1",
        "http://127.0.0.1:80@evil.example/cb?x=1",
        "http://127.0.0.1.evil.example/cb?x=1",
        "http://127.0.0.2:80/cb?x=1",
        "http://localhost:80/cb?x=1",
        "https://127.0.0.1:80/cb?x=1",
        "http://[::1]:80/cb?x=1",
        "http://127.1:80/cb?x=1",
        "http://2130706433/cb?x=1",
    ] {
        assert!(!native(bad), "{bad}");
    }
    let six = with(ClientKind::Native, "http://[::1]/cb");
    assert!(resolve_redirect(&six, Some("http://[::1]:9/cb")).is_ok());
    assert!(resolve_redirect(&six, Some("http://[::1%25lo]:9/cb")).is_err());
    assert!(resolve_redirect(&six, Some("http://[0:0:0:0:0:0:0:1]:9/cb")).is_err());
    for kind in [ClientKind::Confidential, ClientKind::Spa] {
        let client = with(kind, "http://127.0.0.1/cb");
        assert!(resolve_redirect(&client, Some("http://127.0.0.1/cb")).is_ok());
        assert!(resolve_redirect(&client, Some("http://127.0.0.1:9/cb")).is_err());
    }
    let named = with(ClientKind::Native, "http://localhost/cb");
    assert!(resolve_redirect(&named, Some("http://localhost/cb")).is_ok());
    assert!(resolve_redirect(&named, Some("http://localhost:9/cb")).is_err());
}

#[test]
fn one_registered_uri_may_be_left_out_two_may_not() {
    let mut client = client(ClientKind::Confidential);
    assert_eq!(resolve_redirect(&client, None), Ok((REDIRECT.to_owned(), false)));
    client
        .settings
        .redirect_uris
        .push(redirect_uri("https://app.example.com/other"));
    assert_eq!(
        resolve_redirect(&client, None).unwrap_err().code,
        ErrorCode::InvalidRequest
    );
    client.settings.redirect_uris.clear();
    assert_eq!(
        resolve_redirect(&client, None).unwrap_err().code,
        ErrorCode::InvalidRequest
    );
}

#[test]
fn openid_requires_the_redirect_uri() {
    assert!(Envelope::parse(&request(&[])).is_ok());
    assert!(Envelope::parse(&request(&[("redirect_uri", "")])).is_err());
    assert!(Envelope::parse(&request(&[("redirect_uri", ""), ("scope", "email openid")])).is_err());
    let plain = Envelope::parse(&request(&[("redirect_uri", ""), ("scope", "api.read openidx")])).unwrap();
    assert_eq!(plain.redirect_uri, None);
}

#[test]
fn the_envelope_needs_a_well_formed_client_id() {
    for bad in [
        "",
        "a b",
        "we\u{301}b",
        "web\n",
        "01970000-0000-7000-8000-000000000000",
    ] {
        assert_eq!(
            Envelope::parse(&request(&[("client_id", bad)])).unwrap_err().code,
            ErrorCode::InvalidRequest
        );
    }
    assert_eq!(Envelope::parse(&request(&[])).unwrap().client_id.as_str(), "web");
}

proptest! {
    #[test]
    fn only_the_very_same_text_matches(text in ".{0,80}") {
        for kind in KINDS {
            prop_assert_eq!(resolve_redirect(&client(kind), Some(&text)).is_ok(), text == REDIRECT);
        }
    }

    #[test]
    fn one_changed_character_is_another_uri(at in 0..REDIRECT.len(), with in "[ -~]") {
        let mut text = REDIRECT.to_owned();
        text.replace_range(at..=at, &with);
        for kind in KINDS {
            prop_assert_eq!(resolve_redirect(&client(kind), Some(&text)).is_ok(), text == REDIRECT);
        }
    }
}
