//! RP-initiated logout: hint × client × address × state (SE7, H4).

use domain::{EventKind, SigningAlg};
use protocol::jose::SigningKey;
use testkit::Backend;
use testkit::app::{Answer, TestApp, encode};
use testkit::browser::{Browser, authorize_path, query_value};

use crate::ask::{ALICE, BOB, Tokens, claims, native_path, redeem_native, refusals, successes};

const BYE: &str = "https://web.example.com/bye";

fn path(fields: &[(&str, &str)]) -> String {
    format!("/oauth/logout?{}", encode(fields))
}

async fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    let answer = browser.get(&authorize_path(&[("prompt", "none")])).await;
    query_value(answer.header("location"), "error").as_deref() != Some("login_required")
}

fn asks(answer: &Answer) -> bool {
    answer.status == 200 && answer.text().contains("id=\"logout-form\"")
}

/// A hint for the person signed in, the client's own address: no question, straight back.
async fn a_right_request_signs_out_and_returns(backend: Backend) {
    let app = TestApp::start(backend).await;
    let after = format!("{BYE}?state=a%26b");
    for (extra, back) in [
        (&[][..], None),
        (&[("state", "a&b")], None),
        (&[("post_logout_redirect_uri", BYE)], Some(BYE)),
        (
            &[("post_logout_redirect_uri", BYE), ("state", "a&b")],
            Some(after.as_str()),
        ),
        (
            &[("post_logout_redirect_uri", BYE), ("client_id", "web")],
            Some(BYE),
        ),
    ] {
        let mut browser = app.browser();
        let tokens = Tokens::of(&browser.tokens(ALICE, "openid").await);
        // An expired hint is still a hint.
        app.clock.advance(std::time::Duration::from_hours(3));
        let mut fields = vec![("id_token_hint", tokens.id.as_str())];
        fields.extend(extra);
        let answer = browser.get(&path(&fields)).await;
        match back {
            Some(uri) => assert_eq!((answer.status.as_u16(), answer.header("location")), (303, uri)),
            None => assert_eq!(answer.status, 200),
        }
        assert!(answer.header("clear-site-data").contains("cache"));
        assert!(!is_signed_in(&mut browser).await);
    }
    assert_eq!(successes(&app, EventKind::Logout).await, 5);
    assert_eq!(refusals(&app, "default", EventKind::LogoutRefused).await, 0);
}

/// Whatever is not sure is asked about, and no address that is not registered is ever gone to.
async fn everything_else_asks_first(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let own = Tokens::of(&browser.tokens(ALICE, "openid").await).id;
    let bobs = Tokens::of(&app.browser().tokens(BOB, "openid").await).id;
    let uri = "http://127.0.0.1:4711/callback";
    let answer = app.browser().walk(&native_path(uri, &[]), ALICE).await;
    let code = query_value(answer.header("location"), "code").unwrap();
    let natives = Tokens::of(&redeem_native(&app, &code, uri).await).id;
    let tampered = format!("{own}A");
    let unsigned = {
        let payload = own.split('.').nth(1).unwrap();
        format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.")
    };
    let foreign = {
        let payload = claims(&app, &own).await;
        let key = SigningKey::generate(SigningAlg::ES256, 0).unwrap();
        key.sign("JWT", &payload).unwrap()
    };
    let rows: [(&[(&str, &str)], bool); 17] = [
        // Nothing, or only what anybody can say: asked, nothing to record.
        (&[], false),
        (&[("state", "x")], false),
        (&[("client_id", "web")], false),
        (&[("client_id", "web"), ("post_logout_redirect_uri", BYE)], false),
        (&[("id_token_hint", &bobs)], false),
        // An address with nobody to own it, or not owned by who asks.
        (&[("post_logout_redirect_uri", BYE)], true),
        (
            &[
                ("id_token_hint", &own),
                ("post_logout_redirect_uri", "https://evil.example/"),
            ],
            true,
        ),
        (
            &[
                ("id_token_hint", &own),
                ("post_logout_redirect_uri", "https://web.example.com/bye?x=1"),
            ],
            true,
        ),
        (
            &[
                ("id_token_hint", &own),
                ("post_logout_redirect_uri", "https://web.example.com/bye/"),
            ],
            true,
        ),
        (
            &[
                ("id_token_hint", &own),
                ("post_logout_redirect_uri", "https://web.example.com/callback"),
            ],
            true,
        ),
        (
            &[("id_token_hint", &natives), ("post_logout_redirect_uri", BYE)],
            true,
        ),
        (
            &[("client_id", "nobody"), ("post_logout_redirect_uri", BYE)],
            true,
        ),
        // Hints that are none, and a client that is not the hint's.
        (
            &[("id_token_hint", &tampered), ("post_logout_redirect_uri", BYE)],
            true,
        ),
        (
            &[("id_token_hint", &foreign), ("post_logout_redirect_uri", BYE)],
            true,
        ),
        (
            &[("id_token_hint", &unsigned), ("post_logout_redirect_uri", BYE)],
            true,
        ),
        (
            &[
                ("id_token_hint", "x"),
                ("client_id", "web"),
                ("post_logout_redirect_uri", BYE),
            ],
            true,
        ),
        (
            &[
                ("id_token_hint", &own),
                ("client_id", "native"),
                ("post_logout_redirect_uri", BYE),
            ],
            true,
        ),
    ];
    for (fields, refused) in rows {
        let before = refusals(&app, "default", EventKind::LogoutRefused).await;
        app.clock.advance(std::time::Duration::from_mins(1));
        let page = browser.open(&path(fields)).await;
        assert!(asks(&page), "{fields:?}: {}", page.status);
        assert!(!page.text().contains("evil"), "{fields:?}");
        assert!(is_signed_in(&mut browser).await, "asking ends nothing");
        let after = refusals(&app, "default", EventKind::LogoutRefused).await;
        assert_eq!(after > before, refused, "{fields:?}");
        // Confirmed, it ends the session and goes only where it may.
        let trusted = fields.contains(&("client_id", "web"))
            && fields.contains(&("post_logout_redirect_uri", BYE))
            && !fields.iter().any(|(name, _)| *name == "id_token_hint");
        let answer = browser.submit(&page, "logout-form", &[("logout", "1")]).await;
        let to = if trusted { BYE } else { "" };
        assert_eq!(answer.header("location"), to, "{fields:?}");
        assert!(!is_signed_in(&mut browser).await);
        browser.authorize(ALICE, &[]).await;
    }
    assert_eq!(successes(&app, EventKind::Logout).await, 17);
}

/// Another site can only ever make the question appear (H4, SE10).
async fn another_site_signs_nobody_out(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let hint = Tokens::of(&browser.tokens(ALICE, "openid").await).id;
    let page = browser.open("/oauth/logout").await;
    let form = testkit::browser::PageForm::find(&page.text(), "logout-form");
    let flow = form
        .hidden
        .iter()
        .find(|(name, _)| name == "flow")
        .unwrap()
        .1
        .clone();
    let cross = [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ];
    let answer = browser
        .post_as(
            "/oauth/logout",
            &[("flow", &flow), ("logout", "1"), ("csrf", "x")],
            &cross,
        )
        .await;
    assert_eq!(answer.status, 403);
    let answer = browser
        .post(
            "/oauth/logout",
            &[("flow", &flow), ("logout", "1"), ("csrf", "x")],
        )
        .await;
    assert_eq!(answer.status, 403);
    assert_eq!(refusals(&app, "default", EventKind::CsrfRefused).await, 2);
    assert!(is_signed_in(&mut browser).await);
    // A request by POST is kept; the browser goes on with a GET that sees its cookies.
    let answer = browser.post_as("/oauth/logout", &[], &cross).await;
    assert_eq!(answer.status, 303);
    assert!(asks(&browser.follow(answer).await));
    assert!(is_signed_in(&mut browser).await);
    // No is no, and it is said.
    let stayed = browser.submit(&page, "logout-form", &[]).await;
    assert_eq!(stayed.status, 200);
    assert!(is_signed_in(&mut browser).await);
    let answer = browser
        .post_as(
            "/oauth/logout",
            &[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)],
            &cross,
        )
        .await;
    let answer = browser.follow(answer).await;
    assert_eq!(answer.header("location"), BYE);
    assert!(!is_signed_in(&mut browser).await);
}

async fn who_is_not_signed_in_is_not_asked(backend: Backend) {
    let app = TestApp::start(backend).await;
    let hint = Tokens::of(&app.browser().tokens(ALICE, "openid").await).id;
    let mut nobody = app.browser();
    assert_eq!(nobody.get("/oauth/logout").await.status, 200);
    let with = |uri| path(&[("id_token_hint", &hint), ("post_logout_redirect_uri", uri)]);
    assert_eq!(nobody.get(&with(BYE)).await.header("location"), BYE);
    let answer = nobody.get(&with("https://evil.example/")).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (200, ""));
    let twice = nobody.get("/oauth/logout?state=a&state=b").await;
    assert_eq!(twice.status, 400);
    assert_eq!(successes(&app, EventKind::Logout).await, 0);
}

on_both_engines! {
    a_right_request_signs_out_and_returns
    another_site_signs_nobody_out
    everything_else_asks_first
    who_is_not_signed_in_is_not_asked
}
