//! No secret that was handed out, and no private key, is anywhere in the database (SE1, A11, JW11, PW8).

use domain::{AccessTokenFormat, Profile, SigningAlg, TokenHash};
use engine::users::NewUser;
use testkit::Backend;
use testkit::app::{KEK, PASSWORD, TestApp};
use testkit::browser::query_value;

on_both_engines! {
    what_was_handed_out_is_kept_as_a_hash_only
}

async fn what_was_handed_out_is_kept_as_a_hash_only(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let answer = browser
        .authorize("alice@example.com", &[("scope", "openid offline_access")])
        .await;
    let code = query_value(answer.header("location"), "code").unwrap();
    let tokens = app.redeem("web", &code).await;
    app.change_client("default", "service", |settings| {
        settings.access_token_format = AccessTokenFormat::Opaque;
    })
    .await;
    let form = [("grant_type", "client_credentials"), ("scope", "api.read")];
    let opaque = app.token("service", &form).await.member("access_token");
    assert!(opaque.starts_with("rsp_at_"), "{opaque}");
    let ctx = app.ctx("default");
    let new = NewUser {
        email: "carol@example.com".parse().unwrap(),
        email_verified: false,
        profile: Profile::default(),
        password: None,
    };
    let carol = app.app.create_user(&ctx, new).await.unwrap();
    let invitation = app.app.invite(&ctx, carol.id).await.unwrap();
    let contents = app.store.contents();
    let holds = |bytes: &[u8]| app.store.holds(&contents, bytes);

    let session = browser.cookies["__Host-rsp_session_default"].clone();
    let flow = browser
        .set_cookies
        .iter()
        .filter(|line| line.starts_with("__Host-rsp_flow_"))
        .find_map(|line| {
            let value = line.split_once('=')?.1.split(';').next()?;
            (!value.is_empty()).then(|| value.to_owned())
        });
    let hashed = [
        ("session cookie", session),
        ("flow cookie", flow.expect("a flow")),
        ("code", code),
        ("refresh token", tokens.member("refresh_token")),
        ("opaque access token", opaque),
        ("client secret", app.secret("default", "web").to_owned()),
        ("invitation", invitation.expose().to_owned()),
    ];
    for (what, secret) in &hashed {
        assert!(secret.starts_with("rsp_"), "{what}: {secret}");
        assert!(
            holds(TokenHash::of(secret).as_bytes()),
            "the hash of the {what} is what is kept"
        );
        assert!(!holds(secret.as_bytes()), "the {what} itself is there");
        let body = &secret.as_bytes()[7..];
        assert!(
            !holds(&body[..20]) && !holds(&body[20..40]),
            "a part of the {what} is there"
        );
    }
    // Signed tokens are not kept at all.
    for kind in ["access_token", "id_token"] {
        let token = tokens.member(kind);
        let signature = token.rsplit('.').next().unwrap();
        assert!(signature.len() > 80);
        assert!(!holds(signature.as_bytes()), "the {kind} is there");
    }
    assert!(holds(b"$argon2id$v=19$"), "passwords are hashed");
    assert!(!holds(PASSWORD.as_bytes()), "a password is there");
    assert!(!holds(&KEK), "the key-encryption key is there");
    let key = app
        .app
        .signing_key(ctx.tenant_id(), SigningAlg::ES256)
        .await
        .unwrap();
    assert!(holds(key.kid().0.as_bytes()), "the public half is there");
    let pkcs8 = key.to_pkcs8().unwrap();
    for part in pkcs8.expose().windows(16).step_by(8) {
        assert!(!holds(part), "a part of the private key is there");
    }
}
