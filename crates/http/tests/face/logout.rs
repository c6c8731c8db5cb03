//! Logout asked for by a client: hint, URI, state and who is signed in (SE7, OIDC RP-Initiated Logout).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::EventKind::{Logout, LogoutRefused};
use protocol::jose::{ID_TOKEN, SigningKey};
use testkit::Backend;
use testkit::app::{Answer, CALLBACK, TestApp, encode};
use testkit::browser::{Browser, VERIFIER, authorize_path, query_value};

use super::watch::{Watch, cut, is_signed_in, shows, sign_in};

const BYE: &str = "https://web.example.com/bye";

on_both_engines! {
    every_hint_with_every_address
    the_suites_list
    the_person_may_stay
    a_session_takes_its_grants_along
}

/// What is sent as `id_token_hint`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HintIs {
    Absent,
    Own,
    Expired,
    OfAnotherPerson,
    Unsigned,
    ForeignSigned,
    Cut,
    OfAnotherTenant,
    AnAccessToken,
}

impl HintIs {
    const ALL: [Self; 9] = [
        Self::Absent,
        Self::Own,
        Self::Expired,
        Self::OfAnotherPerson,
        Self::Unsigned,
        Self::ForeignSigned,
        Self::Cut,
        Self::OfAnotherTenant,
        Self::AnAccessToken,
    ];

    fn is_valid(self) -> bool {
        matches!(self, Self::Own | Self::Expired | Self::OfAnotherPerson)
    }
}

/// Tokens of the kinds above.
struct Hints {
    own: String,
    access: String,
    bobs: String,
    acmes: String,
}

impl Hints {
    async fn collect(app: &TestApp) -> Self {
        let alice = app.browser().tokens("alice@example.com", "openid").await;
        let bob = app.browser().tokens("bob@example.com", "openid").await;
        Self {
            own: alice.member("id_token"),
            access: alice.member("access_token"),
            bobs: bob.member("id_token"),
            acmes: acmes_token(app).await,
        }
    }

    fn text(&self, hint: HintIs) -> String {
        match hint {
            HintIs::Absent => String::new(),
            HintIs::Own | HintIs::Expired => self.own.clone(),
            HintIs::OfAnotherPerson => self.bobs.clone(),
            HintIs::Unsigned => {
                let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
                format!("{header}.{}.", self.own.split('.').nth(1).unwrap())
            }
            HintIs::ForeignSigned => {
                let payload = URL_SAFE_NO_PAD
                    .decode(self.own.split('.').nth(1).unwrap())
                    .unwrap();
                let key = SigningKey::generate(domain::SigningAlg::ES256, 3072).unwrap();
                key.sign(
                    ID_TOKEN,
                    &serde_json::from_slice::<serde_json::Value>(&payload).unwrap(),
                )
                .unwrap()
            }
            HintIs::Cut => cut(&self.own, 2),
            HintIs::OfAnotherTenant => self.acmes.clone(),
            HintIs::AnAccessToken => self.access.clone(),
        }
    }
}

/// An ID token of the other tenant for its client of the same name.
async fn acmes_token(app: &TestApp) -> String {
    let mut browser = app.browser();
    let page = browser.open(&format!("/t/acme{}", authorize_path(&[]))).await;
    let page = browser.sign_in(&page, "alice@example.com").await;
    let answer = browser.submit(&page, "consent-form", &[("accept", "1")]).await;
    let code = query_value(answer.header("location"), "code").unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let basic = app.basic_of("acme", "web");
    let tokens = app.post("/t/acme/oauth/token", Some(&basic), &form).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text());
    tokens.member("id_token")
}

async fn ask(browser: &mut Browser<'_>, params: &[(&str, &str)]) -> Answer {
    browser.open(&format!("/oauth/logout?{}", encode(params))).await
}

async fn every_hint_with_every_address(backend: Backend) {
    let app = TestApp::start(backend).await;
    let hints = Hints::collect(&app).await;
    let addresses = [
        None,
        Some(BYE),
        Some("https://web.example.com/bye?more=1"),
        Some("https://evil.example/bye"),
    ];
    for hint in HintIs::ALL {
        if hint == HintIs::Expired {
            app.clock.advance(Duration::from_hours(2));
        }
        let text = hints.text(hint);
        for (at, address) in addresses.into_iter().enumerate() {
            for named in [false, true] {
                let mut params = vec![("state", "s/1"), ("id_token_hint", &text)];
                params.retain(|(_, value)| !value.is_empty());
                params.extend(address.map(|uri| ("post_logout_redirect_uri", uri)));
                params.extend(named.then_some(("client_id", "web")));
                let case = format!("{hint:?} {address:?} client_id {named}");
                // Only a client that is sure can have its address, and only a registered one.
                let client_is_sure = hint.is_valid() || (hint == HintIs::Absent && named);
                let to = (at == 1 && client_is_sure).then_some("https://web.example.com/bye?state=s%2F1");
                let at_once =
                    matches!(hint, HintIs::Own | HintIs::Expired) && (address.is_none() || to.is_some());
                let refused =
                    (hint != HintIs::Absent && !hint.is_valid()) || (address.is_some() && to.is_none());

                let mut nobody = app.browser();
                let answer = ask(&mut nobody, &params).await;
                assert_leaves(&answer, to, &format!("{case}, nobody signed in"));

                let mut browser = app.browser();
                sign_in(&mut browser, "", "alice@example.com").await;
                let mut watch = Watch::on(&app, "default").await;
                let mut answer = ask(&mut browser, &params).await;
                let mut told = watch.told().await;
                if !at_once {
                    assert!(
                        shows(&answer, "logout-form"),
                        "{case}: {} {}",
                        answer.status,
                        answer.text()
                    );
                    assert!(is_signed_in(&browser, "").await, "{case}");
                    answer = browser.submit(&answer, "logout-form", &[("logout", "1")]).await;
                    told.extend(watch.told().await);
                }
                assert_leaves(&answer, to, &case);
                assert!(!is_signed_in(&browser, "").await, "{case}");
                assert_eq!(
                    told.iter().filter(|(kind, _)| *kind == LogoutRefused).count(),
                    usize::from(refused),
                    "{case}: {told:?}"
                );
                assert_eq!(
                    told.iter().filter(|(kind, _)| *kind == Logout).count(),
                    1,
                    "{case}"
                );
                // Ten refusals of a kind and a network are recorded one by one in a minute.
                app.clock.advance(Duration::from_secs(15));
            }
        }
    }
}

/// Signed out: at the client's address, or on our own page without any way to a foreign place.
fn assert_leaves(answer: &Answer, to: Option<&str>, case: &str) {
    if let Some(to) = to {
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (303, to),
            "{case}"
        );
    } else {
        assert_eq!(answer.status, 200, "{case}: {}", answer.header("location"));
        assert!(!answer.text().contains("evil.example"), "{case}");
        assert!(!answer.text().contains("<form"), "{case}");
    }
    assert_eq!(
        answer.header("clear-site-data"),
        "\"cache\", \"storage\"",
        "{case}"
    );
}

/// Name, parameters, whether the person is asked first, and where they end.
type Case<'a> = (&'a str, Vec<(&'a str, &'a str)>, bool, Option<&'a str>);

/// The modules of the conformance suite's plan `oidcc-rp-initiated-logout`, in its order.
async fn the_suites_list(backend: Backend) {
    let app = TestApp::start(backend).await;
    let discovery = app.get("/.well-known/openid-configuration").await;
    assert_eq!(
        discovery.member("end_session_endpoint"),
        "https://id.example.com/oauth/logout"
    );

    let hints = Hints::collect(&app).await;
    let own = hints.text(HintIs::Own);
    let (unsigned, foreign) = (hints.text(HintIs::Unsigned), hints.text(HintIs::ForeignSigned));
    let (hint, uri, state) = ("id_token_hint", "post_logout_redirect_uri", "state");
    let with_state = Some("https://web.example.com/bye?state=st");
    let other = "https://web.example.com/other";
    let more = "https://web.example.com/bye?foo=bar";
    let cases: [Case<'_>; 10] = [
        (
            "normal",
            vec![(hint, &own), (uri, BYE), (state, "st")],
            false,
            with_state,
        ),
        (
            "bad uri",
            vec![(hint, &own), (uri, other), (state, "st")],
            true,
            None,
        ),
        (
            "query added",
            vec![(hint, &own), (uri, more), (state, "st")],
            true,
            None,
        ),
        (
            "alg none",
            vec![(hint, &unsigned), (uri, BYE), (state, "st")],
            true,
            None,
        ),
        (
            "bad hint",
            vec![(hint, &foreign), (uri, BYE), (state, "st")],
            true,
            None,
        ),
        ("no hint", vec![(uri, BYE), (state, "st")], true, None),
        ("no params", vec![], true, None),
        ("no uri", vec![(hint, &own), (state, "st")], false, None),
        ("no state", vec![(hint, &own), (uri, BYE)], false, Some(BYE)),
        ("only state", vec![(state, "st")], true, None),
    ];
    for (name, params, asked, to) in cases {
        let mut browser = app.browser();
        sign_in(&mut browser, "", "alice@example.com").await;
        let mut answer = ask(&mut browser, &params).await;
        assert_eq!(
            shows(&answer, "logout-form"),
            asked,
            "{name}: {} {}",
            answer.status,
            answer.text()
        );
        if asked {
            answer = browser.submit(&answer, "logout-form", &[("logout", "1")]).await;
        }
        assert_leaves(&answer, to, name);
        // prompt=none must not find anybody any more.
        let answer = browser.open(&authorize_path(&[("prompt", "none")])).await;
        assert_eq!(
            query_value(answer.header("location"), "error").as_deref(),
            Some("login_required"),
            "{name}"
        );
        app.clock.advance(Duration::from_secs(10));
    }
    // A hint and a client that do not belong together count as a bad hint.
    let mut browser = app.browser();
    sign_in(&mut browser, "", "alice@example.com").await;
    let mut watch = Watch::on(&app, "default").await;
    let page = ask(&mut browser, &[(hint, &own), ("client_id", "native"), (uri, BYE)]).await;
    assert!(shows(&page, "logout-form"));
    assert_eq!(
        watch.told().await,
        [(LogoutRefused, "client_mismatch".to_owned())]
    );
    let answer = browser.submit(&page, "logout-form", &[("logout", "1")]).await;
    assert_leaves(&answer, None, "another client's hint");
}

async fn the_person_may_stay(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    sign_in(&mut browser, "", "alice@example.com").await;
    let params = [("client_id", "web"), ("post_logout_redirect_uri", BYE)];
    let page = ask(&mut browser, &params).await;
    let before = browser.clone();
    let mut watch = Watch::on(&app, "default").await;
    let answer = browser.submit(&page, "logout-form", &[("stay", "1")]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(watch.told().await, []);
    assert!(is_signed_in(&browser, "").await);
    // The question is used up: its form cannot be sent again.
    let answer = before
        .clone()
        .submit(&page, "logout-form", &[("logout", "1")])
        .await;
    assert_eq!(answer.status, 400);
    assert!(is_signed_in(&browser, "").await);
}

async fn a_session_takes_its_grants_along(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let online = browser.tokens("alice@example.com", "openid").await;
    let offline = browser.tokens("alice@example.com", "openid offline_access").await;
    let foreign = app.browser().tokens("alice@example.com", "openid").await;
    let userinfo = async |tokens: &Answer| {
        let bearer = format!("Bearer {}", tokens.member("access_token"));
        let answer = app
            .call("GET", "/oauth/userinfo", &[("authorization", &bearer)], "")
            .await;
        answer.status.as_u16()
    };
    for tokens in [&online, &offline, &foreign] {
        assert_eq!(userinfo(tokens).await, 200);
    }
    let hint = online.member("id_token");
    let answer = ask(&mut browser, &[("id_token_hint", &hint)]).await;
    assert_leaves(&answer, None, "own hint");
    assert_eq!(userinfo(&online).await, 401, "what was granted in the session");
    assert_eq!(userinfo(&offline).await, 200, "what was granted for offline use");
    assert_eq!(
        userinfo(&foreign).await,
        200,
        "what was granted in another session"
    );
}
