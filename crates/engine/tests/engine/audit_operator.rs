//! What an operator does leaves exactly the rows it should (LG1, LG2).

use domain::{Actor, EventKind, Profile, Secret, SigningAlg, TenantSettings};
use engine::clients::NewClient;
use engine::users::NewUser;
use testkit::Backend;
use testkit::app::{PASSWORD, TestApp};

use super::story::Story;

on_both_engines! {
    administration
}

async fn administration(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut story = Story::of(&app).await;
    let ctx = app.ctx("default");
    let alice = app.user("default", "alice@example.com").await.id;
    let engine = &app.app;
    engine.disable_user(&ctx, alice).await.unwrap();
    story
        .tells("off", &["user.disabled success by operator: alice"])
        .await;
    engine.enable_user(&ctx, alice).await.unwrap();
    story
        .tells("on", &["user.enabled success by operator: alice"])
        .await;
    let web = "web".parse().unwrap();
    engine.disable_client(&ctx, &web).await.unwrap();
    story
        .tells("client off", &["client.disabled success by operator: web"])
        .await;
    engine.enable_client(&ctx, &web).await.unwrap();
    story
        .tells("client on", &["client.enabled success by operator: web"])
        .await;
    let settings = engine.client(&ctx, &web).await.unwrap().settings;
    engine.update_client(&ctx, &web, &settings).await.unwrap();
    story
        .tells(
            "client settings",
            &["configuration.changed success by operator: web client"],
        )
        .await;
    let new = NewClient {
        client_id: Some("new".parse().unwrap()),
        name: "new".to_owned(),
        kind: domain::ClientKind::Confidential,
        auth_method: domain::AuthMethod::ClientSecretBasic,
        settings: domain::ClientSettings::default(),
    };
    engine.create_client(&ctx, new).await.unwrap();
    story
        .tells("a client", &["client.created success by operator: new"])
        .await;
    engine.rotate_key(&ctx, SigningAlg::ES256, false).await.unwrap();
    story
        .tells("publishing a key", &["key.created success by operator: key"])
        .await;
    engine.rotate_key(&ctx, SigningAlg::ES256, true).await.unwrap();
    story
        .tells("a key takes over", &["key.activated success by operator: key"])
        .await;
    let settings = TenantSettings {
        key_rotation_secs: 30 * 86_400,
        ..TenantSettings::default()
    };
    engine.update_tenant(&ctx, "New name", settings).await.unwrap();
    story
        .tells(
            "tenant settings",
            &["configuration.changed success by operator: tenant"],
        )
        .await;

    let new = NewUser {
        email: "carol@example.com".parse().unwrap(),
        email_verified: false,
        profile: Profile::default(),
        password: None,
    };
    let carol = engine.create_user(&ctx, new).await.unwrap().id;
    story
        .tells(
            "a person",
            &[&format!("user.created success by operator: {carol}")],
        )
        .await;
    let link = engine.invite(&ctx, carol).await.unwrap();
    story
        .tells(
            "an invitation",
            &[&format!(
                "invitation.created success by operator: {carol} invitation"
            )],
        )
        .await;
    let password = Secret::new(PASSWORD.to_owned());
    engine
        .accept_invitation(&ctx, link.expose(), (&password, "en"))
        .await
        .unwrap();
    let by = format!("by user {carol}: {carol}");
    story
        .tells(
            "accepting it",
            &[
                &format!("invitation.accepted success {by}"),
                &format!("password.changed success {by}"),
            ],
        )
        .await;
    // What is refused before anything happens leaves nothing.
    assert!(
        engine
            .accept_invitation(&ctx, link.expose(), (&password, "en"))
            .await
            .is_err()
    );
    assert!(
        engine
            .disable_user(&ctx, domain::UserId::generate(&engine.world))
            .await
            .is_err()
    );
    assert!(
        engine
            .disable_client(&ctx, &"nobody".parse().unwrap())
            .await
            .is_err()
    );
    story.tells("nothing", &[]).await;

    let made = engine
        .create_tenant(
            Actor::Operator,
            "third".parse().unwrap(),
            "Third",
            TenantSettings::default(),
        )
        .await;
    made.unwrap();
    story.tells("a tenant tells in its own log", &[]).await;
    let rows = app.audit("third").await;
    assert_eq!(
        rows.iter().map(|row| row.kind).collect::<Vec<_>>(),
        [EventKind::TenantCreated]
    );
    assert!(rows[0].sealed.is_none(), "an operator has no address");
}
