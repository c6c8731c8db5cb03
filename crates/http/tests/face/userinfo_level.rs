//! Userinfo tells a client that a stronger sign-in is needed, and which (RFC 9470).

use domain::EventKind::UserinfoRefused;
use domain::SecondFactorRule;
use testkit::Backend;
use testkit::app::{Answer, TestApp};
use testkit::browser::{authorize_path, query_value};

use super::factors::{enrol, with_rule};
use super::watch::{Watch, sign_in};

const ALICE: &str = "alice@example.com";

on_both_engines! {
    a_token_from_before_the_rule_is_too_weak
}

async fn userinfo(app: &TestApp, token: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    app.call("GET", "/oauth/userinfo", &[("authorization", &bearer)], "")
        .await
}

async fn a_token_from_before_the_rule_is_too_weak(backend: Backend) {
    let app = TestApp::start(backend).await;
    let weak = app.browser().tokens("bob@example.com", "openid").await;
    let weak = weak.member("access_token");
    let mut browser = app.browser();
    sign_in(&mut browser, "", ALICE).await;
    enrol(&app, &mut browser).await;
    let page = browser.open(&authorize_path(&[])).await;
    let answer = browser.accept(page).await;
    let code = query_value(answer.header("location"), "code").unwrap();
    let strong = app.redeem("web", &code).await.member("access_token");
    for token in [&weak, &strong] {
        assert_eq!(userinfo(&app, token).await.status, 200);
    }
    with_rule(&app, SecondFactorRule::Required).await;
    let mut watch = Watch::on(&app, "default").await;
    let refused = userinfo(&app, &weak).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.member("error"), "insufficient_user_authentication");
    let told = refused.header("www-authenticate");
    assert!(
        told.starts_with("Bearer ") && told.contains("acr_values=\"aal2\""),
        "{told}"
    );
    assert!(
        told.contains("error=\"insufficient_user_authentication\""),
        "{told}"
    );
    let why = "insufficient_user_authentication".to_owned();
    assert_eq!(watch.told().await, [(UserinfoRefused, why)]);
    assert_eq!(userinfo(&app, &strong).await.status, 200);
    with_rule(&app, SecondFactorRule::IfEnrolled).await;
    assert_eq!(userinfo(&app, &weak).await.status, 200);
}
