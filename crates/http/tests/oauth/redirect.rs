//! Where answers go: exactly where the client said beforehand, or nowhere (OA1, OA2, A1, A3, A4).

use domain::{EventKind, RedirectUri};
use testkit::Backend;
use testkit::app::{Answer, CALLBACK, TestApp};
use testkit::browser::{authorize_path, query_value};

use crate::ask::{ALICE, assert_refused, native_path, redeem_native, refusals, too_many};

/// Almost the registered URI.
const MUTANTS: &[&str] = &[
    "https://web.example.com/callback/",
    "https://web.example.com/callback?",
    "https://web.example.com/callback?x=1",
    "https://web.example.com/callback#",
    "https://web.example.com/callback#f",
    "https://web.example.com/callback;x",
    "https://web.example.com/Callback",
    "https://web.example.com/%63allback",
    "https://web.example.com/callback%2f",
    "https://web.example.com/callback%00",
    "https://web.example.com/callback%0d%0aX:y",
    "https://web.example.com/callback/..",
    "https://web.example.com/./callback",
    "https://web.example.com/a/../callback",
    "https://web.example.com//callback",
    "https://web.example.com/callback/../callback",
    "https://WEB.example.com/callback",
    "HTTPS://web.example.com/callback",
    "https://web.example.com:443/callback",
    "https://web.example.com:8443/callback",
    "https://web.example.com./callback",
    "https://web.example.com\\callback",
    "https://web.example.com%5ccallback",
    "https://user@web.example.com/callback",
    "https://user:pw@web.example.com/callback",
    "https://a@b@web.example.com/callback",
    "https://web.example.com@evil.example/callback",
    "https://web.example.com:x@evil.example/callback",
    "https://web.example.com%5c@evil.example/callback",
    "https://evil.example\\@web.example.com/callback",
    "https://evil.example@web.example.com/callback",
    "https://evil.example/https://web.example.com/callback",
    "https://web.example.com.evil.example/callback",
    "https://evil-web.example.com/callback",
    "https://webxexample.com/callback",
    "https://webxexamplexcom/callback",
    "https://*.example.com/callback",
    "https://web.example.com/*",
    ".*",
    "//web.example.com/callback",
    "/callback",
    "web.example.com/callback",
    "http://web.example.com/callback",
    "https:/web.example.com/callback",
    "https:web.example.com/callback",
    "https:///web.example.com/callback",
    " https://web.example.com/callback",
    "https://web.example.com/callback ",
    "https://web.example.com/cal\tlback",
    "\thttps://web.example.com/callback",
    "https://web.example.com/callback\n",
    "https://web.ex\u{430}mple.com/callback",
    "https://web.example.com\u{3002}evil.example/callback",
    "https://xn--web-.example.com/callback",
    "https://[::1%25eth0]/callback",
    "https://[::ffff:7f00:1]/callback",
    "javascript:alert(1)",
    "jAvAsCrIpT://web.example.com/%0aalert(1)",
    "data:text/html,x",
    "blob:https://web.example.com/x",
    "urn:ietf:wg:oauth:2.0:oob",
];

/// A page of our own: no redirect, nothing a browser would post somewhere.
fn assert_local(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 400, "{what}");
    assert_eq!(answer.header("location"), "", "{what}");
    assert!(answer.header("content-type").starts_with("text/html"), "{what}");
    assert!(!answer.text().contains("<form"), "{what}");
    assert!(!answer.text().contains("evil"), "{what} is repeated");
    assert!(!answer.text().contains("http-equiv"), "{what}");
}

async fn no_mutant_gets_an_answer(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut signed_in = app.browser();
    signed_in.authorize(ALICE, &[]).await;
    let modes = ["", "query", "fragment", "form_post", "bogus"];
    let causes = [("ui_locales", ""), ("response_type", "token"), ("prompt", "none")];
    for mutant in MUTANTS {
        for mode in modes {
            for cause in causes {
                let path = authorize_path(&[("redirect_uri", mutant), ("response_mode", mode), cause]);
                // Nobody is signed in for one, somebody who would need no page for the other.
                for browser in [&mut app.browser(), &mut signed_in] {
                    let answer = browser.get(&path).await;
                    assert_local(&answer, mutant);
                }
            }
        }
    }
    let told = refusals(&app, "default", EventKind::AuthorizationRefused).await;
    assert!((1..=10).contains(&told), "bounded, but there: {told}");
    // Nothing was learned from them, and the registered one still works in every mode.
    for mode in ["", "query", "fragment"] {
        let answer = signed_in.get(&authorize_path(&[("response_mode", mode)])).await;
        assert!(query_value(answer.header("location"), "code").is_some(), "{mode}");
    }
    let answer = signed_in
        .get(&authorize_path(&[("response_mode", "form_post")]))
        .await;
    assert!(answer.text().contains(&format!("action=\"{CALLBACK}\"")));
}

async fn every_untrusted_request_ends_on_our_own_page(backend: Backend) {
    let app = TestApp::start(backend).await;
    app.app
        .disable_client(&app.ctx("default"), &"service".parse().unwrap())
        .await
        .unwrap();
    let long = "x".repeat(2_001);
    let (more, twice) = (authorize_path(&[]), authorize_path(&[("client_id", "")]));
    let paths = [
        ("no client", authorize_path(&[("client_id", "")])),
        ("unknown client", authorize_path(&[("client_id", "nobody")])),
        ("malformed client", authorize_path(&[("client_id", "we b")])),
        ("disabled client", authorize_path(&[("client_id", "service")])),
        ("no redirect URI", authorize_path(&[("redirect_uri", "")])),
        ("long redirect URI", authorize_path(&[("redirect_uri", &long)])),
        (
            "client without redirect URIs",
            authorize_path(&[("client_id", "api")]),
        ),
        ("broken encoding", format!("{more}&x=%zz")),
        ("not UTF-8", format!("{more}&x=%ff")),
        (
            "redirect URI twice",
            format!("{more}&redirect_uri=https://evil.example/"),
        ),
        ("client twice", format!("{twice}&client_id=web&client_id=native")),
        ("state twice", format!("{more}&state=other")),
        ("too many", format!("{more}&{}", too_many())),
    ];
    for (what, path) in &paths {
        for prompt in ["", "&prompt=none"] {
            assert_local(&app.browser().get(&format!("{path}{prompt}")).await, what);
        }
    }
    // A redirect URI may be left out where the client has one and asks for no ID token (OAuth 2.1 section 4.1.1).
    let implied = authorize_path(&[("redirect_uri", ""), ("scope", "api.read"), ("prompt", "none")]);
    let answer = app.browser().get(&implied).await;
    assert!(answer.header("location").starts_with(CALLBACK));
    app.change_client("default", "web", |settings| {
        settings
            .redirect_uris
            .push(RedirectUri::register("https://web.example.com/other", false).unwrap());
    })
    .await;
    assert_local(&app.browser().get(&implied).await, "two registered, none named");
    assert!(refusals(&app, "default", EventKind::AuthorizationRefused).await > 0);
}

async fn only_the_port_of_a_loopback_literal_may_vary(backend: Backend) {
    let app = TestApp::start(backend).await;
    for uri in [
        "http://127.0.0.1/callback",
        "http://127.0.0.1:1/callback",
        "http://127.0.0.1:4711/callback",
        "http://127.0.0.1:65535/callback",
    ] {
        let page = app.browser().open(&native_path(uri, &[])).await;
        assert!(page.text().contains("id=\"login-form\""), "{uri}");
    }
    for uri in [
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:65536/callback",
        "http://127.0.0.1:04711/callback",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:4711/callback/",
        "http://127.0.0.1:4711/callback?x=1",
        "http://127.0.0.1:4711/other",
        "http://127.0.0.1:4711",
        "https://127.0.0.1:4711/callback",
        "http://localhost:4711/callback",
        "http://localhost/callback",
        "http://[::1]:4711/callback",
        "http://127.0.0.2:4711/callback",
        "http://127.1:4711/callback",
        "http://0x7f.1:4711/callback",
        "http://2130706433:4711/callback",
        "http://0.0.0.0:4711/callback",
        "http://127.0.0.1:4711@evil.example/callback",
        "http://127.0.0.1:4711\\@evil.example/callback",
        "http://127.0.0.1.evil.example:4711/callback",
        "http://user@127.0.0.1:4711/callback",
    ] {
        assert_local(&app.browser().get(&native_path(uri, &[])).await, uri);
    }
    // A confidential client's loopback address is as exact as any other.
    app.change_client("default", "web", |settings| {
        let fixed = RedirectUri::register("http://127.0.0.1:4711/callback", false).unwrap();
        settings.redirect_uris = vec![fixed];
    })
    .await;
    let with = |uri| authorize_path(&[("redirect_uri", uri)]);
    assert_local(
        &app.browser().get(&with("http://127.0.0.1:4712/callback")).await,
        "another port",
    );
    let page = app.browser().open(&with("http://127.0.0.1:4711/callback")).await;
    assert!(page.text().contains("id=\"login-form\""));
}

async fn a_code_is_redeemed_with_the_very_port_it_was_sent_to(backend: Backend) {
    let app = TestApp::start(backend).await;
    let answer = app
        .browser()
        .walk(&native_path("http://127.0.0.1:4711/callback", &[]), ALICE)
        .await;
    let code = query_value(answer.header("location"), "code").unwrap();
    for other in ["http://127.0.0.1:4712/callback", "http://127.0.0.1/callback"] {
        assert_refused(&redeem_native(&app, &code, other).await, 400, "invalid_grant");
    }
    assert_eq!(
        redeem_native(&app, &code, "http://127.0.0.1:4711/callback")
            .await
            .status,
        200
    );
    assert_eq!(refusals(&app, "default", EventKind::TokenRefused).await, 2);
}

on_both_engines! {
    a_code_is_redeemed_with_the_very_port_it_was_sent_to
    every_untrusted_request_ends_on_our_own_page
    no_mutant_gets_an_answer
    only_the_port_of_a_loopback_literal_may_vary
}
