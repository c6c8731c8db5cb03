//! Tenants that ask who made an authenticator (A13; WebAuthn level 3 section 6.5).

use domain::AttestationAuthority;
use engine::tenants::TenantError;
use testkit::Backend;
use testkit::app::TestApp;

use super::super::watch::{Watch, sign_in};
use super::authenticator::{Authenticator, Maker, Says};
use super::{ALICE, making, signed_in_with, use_it, with_settings};

on_both_engines! {
    only_believed_makers_and_models_are_accepted
    nobody_is_asked_by_default
    settings_that_cannot_be_read_are_refused
}

const MODEL: [u8; 16] = [3; 16];
const OTHER: [u8; 16] = [4; 16];

async fn believe(app: &TestApp, maker: &Maker, models: &[[u8; 16]]) {
    let authority = AttestationAuthority {
        certificate: maker.root.clone(),
        models: models
            .iter()
            .map(|model| u128::from_be_bytes(*model))
            .map(|id| format!("{id:032x}").parse().unwrap())
            .collect(),
    };
    with_settings(app, |passkeys| passkeys.attestation = vec![authority]).await;
}

async fn only_believed_makers_and_models_are_accepted(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (known, stranger) = (Maker::new(MODEL), Maker::new(MODEL));
    let other_model = known.with_model(OTHER);
    let levels =
        async || app.get("/.well-known/openid-configuration").await.json()["acr_values_supported"].clone();
    assert_eq!(levels().await, serde_json::json!(["aal1", "aal2"]));
    believe(&app, &known, &[MODEL]).await;
    assert_eq!(levels().await, serde_json::json!(["aal1", "aal2", "aal3"]));
    let mut browser = app.browser();
    sign_in(&mut browser, "", ALICE).await;
    let mut watch = Watch::on(&app, "default").await;
    for maker in [None, Some(&stranger), Some(&other_model)] {
        let form = making(&mut browser).await;
        let (ceremony, asked) = form.options(&mut browser).await;
        assert_eq!(asked["attestation"], "direct");
        let (_, said) = Authenticator::make_by(maker, &asked, &Says::made());
        assert_eq!(form.finish(&mut browser, &ceremony, &said).await.status, 400);
        assert_eq!(watch.only().await.reason.as_deref(), Some("attestation"));
    }
    let form = making(&mut browser).await;
    let (ceremony, asked) = form.options(&mut browser).await;
    let (mut passkey, said) = Authenticator::make_by(Some(&known), &asked, &Says::made());
    let done = form.finish(&mut browser, &ceremony, &said).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(watch.only().await.details["hardware_bound"], true);
    // Its maker vouches that it cannot leave its hardware: the strongest level.
    signed_in_with(&app, &mut passkey).await;
    assert_eq!(watch.only().await.details["acr"], "aal3");
    // All models of a maker.
    believe(&app, &known, &[]).await;
    let mut browser = signed_in_with(&app, &mut passkey).await;
    let form = making(&mut browser).await;
    let (ceremony, asked) = form.options(&mut browser).await;
    let synced = |says: Says| Says {
        backup: (true, true),
        ..says
    };
    let (mut soft, said) = Authenticator::make_by(Some(&other_model), &asked, &synced(Says::made()));
    assert_eq!(form.finish(&mut browser, &ceremony, &said).await.status, 200);
    // What can be copied is not bound to anything, whoever made it.
    watch.news().await;
    let done = use_it(&mut app.browser(), &mut soft, &synced(Says::used())).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(watch.only().await.details["acr"], "aal2");
}

async fn nobody_is_asked_by_default(backend: Backend) {
    let app = TestApp::start(backend).await;
    let maker = Maker::new(MODEL);
    let mut browser = app.browser();
    sign_in(&mut browser, "", ALICE).await;
    let form = making(&mut browser).await;
    let (ceremony, asked) = form.options(&mut browser).await;
    assert_eq!(asked["attestation"], "none");
    // A word nobody asked for is no proof of anything.
    let (mut passkey, said) = Authenticator::make_by(Some(&maker), &asked, &Says::made());
    assert_eq!(form.finish(&mut browser, &ceremony, &said).await.status, 200);
    let mut watch = Watch::on(&app, "default").await;
    signed_in_with(&app, &mut passkey).await;
    assert_eq!(watch.only().await.details["acr"], "aal2");
}

async fn settings_that_cannot_be_read_are_refused(backend: Backend) {
    let app = TestApp::start(backend).await;
    let ctx = app.ctx("default");
    let tenant = &ctx.tenant.tenant;
    let maker = Maker::new(MODEL);
    let authority = |certificate: &str| AttestationAuthority {
        certificate: certificate.to_owned(),
        models: Vec::new(),
    };
    let wrong = [
        vec![authority("nonsense")],
        vec![authority(&maker.root), authority(&maker.root)],
        vec![authority(&maker.root); 51],
    ];
    for attestation in wrong {
        let mut settings = tenant.settings.clone();
        settings.sign_in.passkeys.attestation = attestation;
        let refused = app.app.update_tenant(&ctx, &tenant.name, settings).await;
        assert!(matches!(refused, Err(TenantError::Settings(_))), "{refused:?}");
    }
    believe(&app, &maker, &[]).await;
}
