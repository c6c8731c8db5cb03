//! What a person allows, is asked again, refuses and takes back (OA18).

use domain::EventKind::{
    AuthorizationGranted, AuthorizationRefused, ConsentDenied, ConsentGranted, ConsentRevoked, CsrfRefused,
    RequestRefused,
};
use testkit::Backend;
use testkit::app::{Answer, TestApp};
use testkit::browser::{Browser, authorize_path, query_value};

use super::watch::{Filled, Watch, shows, sign_in, signed_in};

on_both_engines! {
    the_page_says_who_asks_for_what
    the_page_names_each_value_the_application_would_see
    what_was_allowed_is_not_asked_again
    saying_no_gives_nothing
    only_one_clear_answer_counts
    a_native_client_never_gets_past_the_person
    what_was_taken_back_is_dead
}

async fn asked(browser: &mut Browser<'_>, extra: &[(&str, &str)]) -> Answer {
    browser.open(&authorize_path(extra)).await
}

async fn the_page_says_who_asks_for_what(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mut browser, _) = signed_in(&app, "", "alice@example.com").await;
    let online = asked(&mut browser, &[("scope", "openid email")]).await;
    let offline = asked(&mut browser, &[("scope", "openid email offline_access")]).await;
    for page in [&online, &offline] {
        assert!(shows(page, "consent-form"), "{} {}", page.status, page.text());
        let text = page.text();
        for needed in [
            "alice@example.com",
            "web.example.com",
            "id=\"accept\"",
            "id=\"deny\"",
            "href=\"/account\"",
        ] {
            assert!(text.contains(needed), "no {needed}");
        }
        assert_eq!(page.header("cache-control"), "no-store");
    }
    let lasts = |page: &Answer| {
        let text = page.text();
        let (_, rest) = text.split_once("For how long</dt><dd>").expect("for how long");
        rest.split("</dd>").next().unwrap_or_default().to_owned()
    };
    assert_ne!(lasts(&online), lasts(&offline), "an hour is not thirty days");
}

async fn the_page_names_each_value_the_application_would_see(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mut browser, account) = signed_in(&app, "", "alice@example.com").await;
    let subject = account
        .text()
        .split("<code>")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap()
        .to_owned();
    let page = asked(&mut browser, &[("scope", "openid email")]).await.text();
    let id = format!("<dt>Account id</dt><dd>{subject}</dd>");
    let email = "<dt>Email address</dt><dd>alice@example.com</dd>";
    for part in [id.as_str(), email, "<dt>Address confirmed</dt><dd>"] {
        assert!(page.contains(part), "no {part} in {page}");
    }
    assert!(
        !page.contains("<dt>Account last changed"),
        "nobody asks for the profile"
    );
    let page = asked(&mut browser, &[("scope", "openid profile")]).await.text();
    assert!(page.contains("<dt>Account last changed</dt><dd>"));
    assert!(!page.contains(email), "nobody asks for the address");
}

async fn what_was_allowed_is_not_asked_again(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mut browser, _) = signed_in(&app, "", "alice@example.com").await;
    let mut watch = Watch::on(&app, "default").await;
    let page = asked(&mut browser, &[("scope", "openid email")]).await;
    let answer = browser.submit(&page, "consent-form", &[("accept", "1")]).await;
    assert!(answer.header("location").contains("code="));
    assert_eq!(
        watch.told().await,
        [
            (AuthorizationGranted, String::new()),
            (ConsentGranted, String::new())
        ]
    );

    for scope in ["openid email", "openid", "email"] {
        let answer = asked(&mut browser, &[("scope", scope)]).await;
        assert!(
            answer.header("location").contains("code="),
            "{scope} was allowed before"
        );
        assert_eq!(watch.told().await, [(AuthorizationGranted, String::new())]);
    }
    for scope in ["openid profile", "openid email profile", "openid offline_access"] {
        let page = asked(&mut browser, &[("scope", scope)]).await;
        assert!(shows(&page, "consent-form"), "{scope} is more than was allowed");
        assert_eq!(watch.told().await, []);
    }
    // Silently: an error instead of a question.
    let answer = asked(&mut browser, &[("scope", "openid profile"), ("prompt", "none")]).await;
    assert_eq!(
        query_value(answer.header("location"), "error").as_deref(),
        Some("consent_required")
    );
    assert_eq!(
        watch.told().await,
        [(AuthorizationRefused, "consent_required".to_owned())]
    );
    // The client can have it asked again, and each addition is added to what was allowed.
    let page = asked(&mut browser, &[("prompt", "consent")]).await;
    assert!(shows(&page, "consent-form"));
    let page = asked(&mut browser, &[("scope", "openid profile")]).await;
    browser.submit(&page, "consent-form", &[("accept", "1")]).await;
    let answer = asked(&mut browser, &[("scope", "openid profile email")]).await;
    assert!(answer.header("location").contains("code="));
    // It is this person's answer, at this tenant.
    let (mut bob, _) = signed_in(&app, "", "bob@example.com").await;
    assert!(shows(&asked(&mut bob, &[]).await, "consent-form"));
    sign_in(&mut browser, "/t/acme", "alice@example.com").await;
    let there = browser.open(&format!("/t/acme{}", authorize_path(&[]))).await;
    assert!(shows(&there, "consent-form"));
}

async fn saying_no_gives_nothing(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mut browser, _) = signed_in(&app, "", "alice@example.com").await;
    let page = asked(&mut browser, &[]).await;
    let mut watch = Watch::on(&app, "default").await;
    let answer = browser.submit(&page, "consent-form", &[("deny", "1")]).await;
    let location = answer.header("location");
    assert_eq!(answer.status, 303);
    assert_eq!(query_value(location, "error").as_deref(), Some("access_denied"));
    assert_eq!(query_value(location, "state").as_deref(), Some("st"));
    assert_eq!(
        query_value(location, "iss").as_deref(),
        Some("https://id.example.com")
    );
    assert_eq!(query_value(location, "code"), None);
    assert_eq!(watch.told().await, [(ConsentDenied, "denied_by_user".to_owned())]);
    assert!(shows(&asked(&mut browser, &[]).await, "consent-form"));
    let account = browser.open("/account").await;
    assert!(!shows(&account, "app-web"), "nothing is connected");
}

async fn only_one_clear_answer_counts(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mut browser, _) = signed_in(&app, "", "alice@example.com").await;
    let page = asked(&mut browser, &[]).await;
    let form = Filled::of(&page, "consent-form", &[]);
    let mut watch = Watch::on(&app, "default").await;
    for buttons in [
        vec![],
        vec![("accept", "1"), ("deny", "1")],
        vec![("accepted", "1")],
    ] {
        let mut pairs = form.pairs();
        pairs.extend(buttons.iter().copied());
        let answer = browser.post(&form.action, &pairs).await;
        let answer = browser.follow(answer).await;
        assert!(
            shows(&answer, "consent-form"),
            "{buttons:?}: {} {}",
            answer.status,
            answer.header("location")
        );
        assert_eq!(watch.told().await, [(RequestRefused, "one_button".to_owned())]);
    }
    // Not signed in: no answer of theirs.
    let mut out = browser.clone();
    out.cookies.retain(|name, _| name.contains("flow"));
    let answer = form.with("accept", Some("1")).send(&mut out).await;
    let answer = out.follow(answer).await;
    assert!(shows(&answer, "login-form"));
    assert_eq!(watch.told().await, []);
    let mut stranger = app.browser();
    let answer = form.with("accept", Some("1")).send(&mut stranger).await;
    assert_eq!(answer.status, 403);
    assert_eq!(watch.told().await, [(CsrfRefused, "no_cookie".to_owned())]);
    let answer = form.with("accept", Some("1")).send(&mut browser).await;
    assert!(answer.header("location").contains("code="));
}

async fn a_native_client_never_gets_past_the_person(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mut browser, _) = signed_in(&app, "", "alice@example.com").await;
    let native = [
        ("client_id", "native"),
        ("redirect_uri", "http://127.0.0.1:5000/callback"),
    ];
    for _ in 0..2 {
        let page = asked(&mut browser, &native).await;
        assert!(shows(&page, "consent-form"), "{} {}", page.status, page.text());
        let answer = browser.submit(&page, "consent-form", &[("accept", "1")]).await;
        assert!(
            answer
                .header("location")
                .starts_with("http://127.0.0.1:5000/callback?")
        );
        let silent = [native.as_slice(), &[("prompt", "none")]].concat();
        let answer = asked(&mut browser, &silent).await;
        assert_eq!(
            query_value(answer.header("location"), "error").as_deref(),
            Some("consent_required")
        );
    }
}

async fn what_was_taken_back_is_dead(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let tokens = browser.tokens("alice@example.com", "openid offline_access").await;
    let bobs = app
        .browser()
        .tokens("bob@example.com", "openid offline_access")
        .await;
    let account = browser.open("/account").await;
    assert!(shows(&account, "app-web"));
    assert!(account.text().contains("Keep this access while you are away"));
    let form = Filled::of(&account, "app-web", &[]);
    let mut watch = Watch::on(&app, "default").await;
    let answer = form.send(&mut browser).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/account?done=app")
    );
    let row = watch.only().await;
    assert_eq!(row.kind, ConsentRevoked);
    assert_eq!(row.client_id.map(|id| id.to_string()).as_deref(), Some("web"));

    let account = browser.open("/account?done=app").await;
    assert!(!shows(&account, "app-web"));
    let introspect = async |tokens: &Answer, kind: &str| {
        let form = [("token", tokens.member(kind))];
        let form = form.each_ref().map(|(n, v)| (*n, v.as_str()));
        let answer = app
            .post("/oauth/introspect", Some(&app.basic("web")), &form)
            .await;
        answer.json()["active"] == true
    };
    let refresh = async |tokens: &Answer| {
        let token = tokens.member("refresh_token");
        let form = [("grant_type", "refresh_token"), ("refresh_token", &token)];
        app.token("web", &form).await
    };
    for kind in ["access_token", "refresh_token"] {
        assert!(!introspect(&tokens, kind).await, "{kind} still counts");
        assert!(introspect(&bobs, kind).await, "bob's {kind} died with it");
    }
    assert_eq!(refresh(&tokens).await.error(), "invalid_grant");
    assert_eq!(refresh(&bobs).await.status, 200);
    assert!(shows(&asked(&mut browser, &[]).await, "consent-form"));
    // Nothing is left to take back.
    let answer = form.send(&mut browser).await;
    assert_eq!(answer.status, 404);
}
