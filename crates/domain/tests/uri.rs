//! Which redirect URIs, origins and resources can be registered, and what a registered one matches.

use domain::UriRefused::{self, Characters, Fragment, Host, NotNormal, Scheme, TooLong, UserInfo};
use domain::{Origin, RedirectUri, Resource};
use proptest::prelude::*;

fn register(text: &str) -> Result<(), UriRefused> {
    RedirectUri::register(text, false).map(|_| ())
}

#[test]
fn ordinary_uris_are_registered_as_written() {
    for good in [
        "https://app.example.com/callback",
        "https://app.example.com",
        "https://app.example.com/",
        "https://app.example.com:8443/cb?tenant=a&x=%20",
        "https://xn--bcher-kva.example/cb",
        "https://[2001:db8::1]/cb",
        "https://192.0.2.1/cb",
        "http://127.0.0.1/cb",
        "http://127.0.0.1:9999/cb",
        "http://[::1]:9999/cb",
        "http://localhost:3000/cb",
    ] {
        let uri = RedirectUri::register(good, false).unwrap_or_else(|e| panic!("{good}: {e}"));
        assert_eq!(uri.as_str(), good);
        assert!(uri.matches(good, false) && uri.matches(good, true));
    }
}

/// Scripts came in as redirect URIs elsewhere (A5, OA3).
#[test]
fn script_and_other_schemes_are_refused() {
    for bad in [
        "javascript:alert(1)",
        "jAvAsCrIpT:alert(1)",
        "javascript://app.example.com/%0aalert(1)",
        "data:text/html,x",
        "DATA:text/html,x",
        "blob:https://app.example.com/1",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://app.example.com/cb",
        "ws://app.example.com/cb",
        "http://app.example.com/cb",
        "http://127.0.0.2/cb",
        "http://10.0.0.1/cb",
        "http://localhost.example.com/cb",
        "http://127.0.0.1.example.com/cb",
        "urn:example:a",
        "mailto:a@example.com",
        "com.example.app:/cb",
        "HTTPS://app.example.com/cb",
        "Https://app.example.com/cb",
    ] {
        let native = RedirectUri::register(bad, true);
        assert!(register(bad).is_err(), "{bad}");
        assert!(
            native.is_err() || bad == "com.example.app:/cb",
            "{bad} for a native client"
        );
    }
    assert_eq!(register("javascript:alert(1)"), Err(Scheme));
}

#[test]
fn a_private_scheme_is_for_native_clients_and_has_a_dot() {
    assert!(RedirectUri::register("com.example.app:/cb", true).is_ok());
    assert!(RedirectUri::register("com.example.app:/cb", false).is_err());
    for bad in [
        "myapp:/cb",
        "myapp://cb",
        "Com.example.app:/cb",
        "com.example.app:/cb#x",
    ] {
        assert!(RedirectUri::register(bad, true).is_err(), "{bad}");
    }
}

#[test]
fn what_two_readers_could_understand_differently_is_refused() {
    for (bad, expected) in [
        (" https://app.example.com/cb", Characters),
        ("https://app.example.com/cb ", Characters),
        ("https://app.example.com/c\tb", Characters),
        ("https://app.example.com/cb\n", Characters),
        ("https://app.example.com/cb\0", Characters),
        ("\0https://app.example.com/cb", Characters),
        ("https://app.example.com\\cb", Characters),
        ("https:\\\\app.example.com/cb", Characters),
        ("https://\u{430}pp.example.com/cb", Characters),
        ("https://app.example.com/cb#", Fragment),
        ("https://app.example.com/cb#x", Fragment),
        ("https://user@app.example.com/cb", UserInfo),
        ("https://user:pw@app.example.com/cb", UserInfo),
        ("https://@app.example.com/cb", UserInfo),
        ("https://app.example.com@@evil.example/cb", UserInfo),
        ("https://app.example.com./cb", Host),
        ("https://APP.example.com/cb", NotNormal),
        ("https://app.example.com:443/cb", NotNormal),
        ("https://app.example.com/a/../cb", NotNormal),
        ("https://app.example.com/./cb", NotNormal),
        ("https://app%2eexample.com/cb", NotNormal),
        ("http://127.1/cb", NotNormal),
        ("http://2130706433/cb", NotNormal),
        ("http://0x7f.0.0.1/cb", NotNormal),
        ("https:/app.example.com/cb", NotNormal),
        ("https:app.example.com/cb", NotNormal),
        ("https:///app.example.com/cb", NotNormal),
    ] {
        assert_eq!(register(bad), Err(expected), "{bad}");
    }
    for bad in [
        "",
        "/cb",
        "//app.example.com/cb",
        "app.example.com",
        "https://",
        "https://[::1%25lo]/cb",
        "https://a b/",
    ] {
        assert!(register(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_length_is_capped() {
    let of = |length: usize| {
        let start = "https://app.example.com/";
        format!("{start}{}", "a".repeat(length - start.len()))
    };
    assert_eq!(register(&of(2_000)), Ok(()));
    assert_eq!(register(&of(2_001)), Err(TooLong));
}

/// URIs were patterns elsewhere, and the first one seen was learned (A3). A dot is a dot, a star is a star.
#[test]
fn nothing_is_a_pattern() {
    let uri = RedirectUri::register("https://app.example.com/cb", false).unwrap();
    for other in [
        "https://appxexample.com/cb",
        "https://app.example.com/cbx",
        "https://app.example.com/c",
        "",
    ] {
        assert!(!uri.matches(other, false) && !uri.matches(other, true), "{other}");
    }
    let starred = RedirectUri::register("https://app.example.com/*", false).unwrap();
    assert!(!starred.matches("https://app.example.com/x", false));
    if let Ok(wild) = RedirectUri::register("https://*.example.com/cb", false) {
        assert!(!wild.matches("https://app.example.com/cb", false));
    }
}

/// A punycode label that hides plain ASCII made two hosts equal elsewhere (A3, RUSTSEC-2024-0421).
#[test]
fn masked_punycode_is_refused() {
    for bad in [
        "https://xn--example-.com/cb",
        "https://xn--app-.example.com/cb",
        "https://xn--/cb",
        "https://xn--a-.b/cb",
    ] {
        assert!(register(bad).is_err(), "{bad}");
    }
    assert_eq!(register("https://xn--bcher-kva.example/cb"), Ok(()));
    let plain = RedirectUri::register("https://app.example.com/cb", false).unwrap();
    assert!(!plain.matches("https://xn--app-.example.com/cb", true));
}

/// Only the port of a loopback literal may vary, and only where asked for (A4).
#[test]
fn only_a_loopback_port_varies() {
    let uri = RedirectUri::register("http://127.0.0.1:8000/cb", true).unwrap();
    for port in ["", ":1", ":8000", ":65535"] {
        let presented = format!("http://127.0.0.1{port}/cb");
        assert!(uri.matches(&presented, true), "{presented}");
        assert_eq!(uri.matches(&presented, false), port == ":8000", "{presented}");
    }
    for bad in [
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:08000/cb",
        "http://127.0.0.1:8000",
        "http://127.0.0.1:8000/cb/",
        "http://127.0.0.1:8000/cb?x",
        "http://127.0.0.1:8000/CB",
        "http://127.0.0.1:80a/cb",
        "http://127.0.0.1:8000@evil.example/cb",
        "http://127.0.0.10:8000/cb",
        "http://localhost:8000/cb",
        "https://127.0.0.1:8000/cb",
        "http://[::1]:8000/cb",
    ] {
        assert!(!uri.matches(bad, true), "{bad}");
    }
    let remote = RedirectUri::register("https://app.example.com:8000/cb", false).unwrap();
    assert!(!remote.matches("https://app.example.com:8001/cb", true));
    let named = RedirectUri::register("http://localhost:8000/cb", false).unwrap();
    assert!(!named.matches("http://localhost:8001/cb", true));
}

#[test]
fn origins_are_what_a_browser_sends() {
    for good in [
        "https://app.example.com",
        "https://app.example.com:8443",
        "http://localhost:3000",
        "http://[::1]:3000",
    ] {
        assert_eq!(
            Origin::parse(good)
                .map(|origin| origin.as_str().to_owned())
                .as_deref(),
            Ok(good)
        );
    }
    for bad in [
        "null",
        "*",
        "https://app.example.com/",
        "https://app.example.com:443",
        "https://APP.example.com",
        "https://user@app.example.com",
        "https://app.example.com?x",
        "com.example.app:",
        "",
    ] {
        assert!(Origin::parse(bad).is_err(), "{bad}");
    }
    let of = |uri: &str| {
        RedirectUri::register(uri, true)
            .unwrap()
            .origin()
            .map(|origin| origin.as_str().to_owned())
    };
    assert_eq!(
        of("https://app.example.com/cb").as_deref(),
        Some("https://app.example.com")
    );
    assert_eq!(of("http://127.0.0.1:9/cb").as_deref(), Some("http://127.0.0.1:9"));
    assert_eq!(of("com.example.app:/cb"), None);
}

#[test]
fn resources_are_absolute_uris_without_fragment() {
    for good in [
        "https://api.example.com",
        "https://api.example.com/v1?x=1",
        "urn:example:api",
        "http://api.internal",
    ] {
        assert!(Resource::parse(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "api",
        "/api",
        "https://api#x",
        "javascript:x",
        "data:x",
        "jAvAscript:x",
        "https://a@b",
        "https://a b",
    ] {
        assert!(Resource::parse(bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn never_panics(text in ".{0,80}") {
        std::hint::black_box((register(&text).is_ok(), Origin::parse(&text).is_ok(), Resource::parse(&text).is_ok()));
    }

    /// What was registered matches itself; another text matches only by a loopback port.
    #[test]
    fn equality_is_exact(a in "https://[a-c]\\.ex/[a-c]?", b in "https://[a-c]\\.ex/[a-c]?") {
        let uri = RedirectUri::register(&a, false).unwrap();
        prop_assert_eq!(uri.matches(&b, true), a == b);
    }

    #[test]
    fn nothing_registered_has_user_information_fragment_or_controls(text in "(https|http|jAvascript|a.b)://?[a-zA-Z0-9.:@#%/\\\\?\\t -]{0,30}") {
        if RedirectUri::register(&text, true).is_ok() {
            let authority = text.split("//").nth(1).unwrap_or("").split(['/', '?']).next().unwrap_or("");
            prop_assert!(!authority.contains('@') && !text.contains(['#', '\\', '\t', ' ']));
        }
    }
}
