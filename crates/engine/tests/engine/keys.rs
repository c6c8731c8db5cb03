//! Signing keys over time: published before they sign, kept until nothing they signed can be presented (JW9, R13).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::{AccessTokenFormat, Actor, KeyState, SigningAlg, Timestamp};
use engine::{Ctx, PUBLISH_AHEAD};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;
use storage::signing_keys::SigningKeyRow;
use testkit::Backend;
use testkit::app::TestApp;

const DAY: Duration = Duration::from_hours(24);
/// A verifier keeps a key set for five minutes: how old it is when it is used for the last time.
const CACHED: Duration = Duration::from_secs(5 * 60 - 1);

on_both_engines! {
    a_verifier_with_a_cache_never_misses_a_key
    two_nodes_that_rotate_at_once_agree
    a_key_that_is_not_there_yet_is_waited_for
}

/// Somebody who checks tokens with a key set fetched some time ago, by another implementation.
#[derive(Default)]
struct Verifier {
    keys: BTreeMap<String, DecodingKey>,
}

impl Verifier {
    async fn fetch(app: &TestApp) -> Self {
        let answer = app.get("/oauth/jwks").await;
        let json = answer.json();
        for key in json["keys"].as_array().unwrap() {
            for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
                assert!(key.get(private).is_none(), "{private} is published");
            }
        }
        let set: JwkSet = serde_json::from_value(json).unwrap();
        let mut keys = BTreeMap::new();
        for jwk in &set.keys {
            let kid = jwk.common.key_id.clone().unwrap();
            let known = keys.insert(kid, DecodingKey::from_jwk(jwk).unwrap());
            assert!(known.is_none(), "a kid is there twice");
        }
        Self { keys }
    }

    fn accepts(&self, token: &str) -> bool {
        let header = jsonwebtoken::decode_header(token).unwrap();
        let mut validation = Validation::new(header.alg);
        validation.validate_exp = false;
        validation.validate_aud = false;
        let key = self.keys.get(header.kid.as_deref().unwrap());
        key.is_some_and(|key| jsonwebtoken::decode::<Value>(token, key, &validation).is_ok())
    }
}

async fn own_token(app: &TestApp) -> String {
    let form = [("grant_type", "client_credentials"), ("scope", "api.read")];
    let answer = app.token("service", &form).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.member("access_token")
}

async fn upkeep(app: &TestApp) {
    let ctx = system(app);
    app.app.rotate_due_keys(&ctx).await.unwrap();
}

fn system(app: &TestApp) -> Ctx {
    let view = app.ctx("default").tenant;
    Ctx::internal(view, Actor::System, &app.app.world)
}

async fn rows(app: &TestApp) -> Vec<SigningKeyRow> {
    app.app.list_keys(&app.ctx("default").tenant).await.unwrap()
}

async fn a_verifier_with_a_cache_never_misses_a_key(backend: Backend) {
    let app = TestApp::start(backend).await;
    app.change_client("default", "service", |settings| {
        settings.access_token_secs = 86_400;
    })
    .await;
    upkeep(&app).await;
    let mut signed_by = BTreeSet::new();
    let mut recent: Vec<(Timestamp, String)> = Vec::new();
    for step in 0..400 {
        // The set is as old as it may be when the next token comes.
        let cached = Verifier::fetch(&app).await;
        app.clock.advance(CACHED);
        upkeep(&app).await;
        let token = own_token(&app).await;
        assert!(
            cached.accepts(&token),
            "step {step}: a new token is not known to a cache"
        );
        signed_by.insert(jsonwebtoken::decode_header(&token).unwrap().kid.unwrap());
        let fresh = Verifier::fetch(&app).await;
        let now = app.app.world.now();
        recent.retain(|(issued, _)| now.since(*issued) < DAY);
        for (_, token) in &recent {
            assert!(
                fresh.accepts(token),
                "step {step}: a token still good is not known any more"
            );
        }
        recent.push((now, token));
        app.clock.advance(Duration::from_hours(12).saturating_sub(CACHED));
        upkeep(&app).await;
    }
    // 200 days at 90 days a key.
    assert_eq!(signed_by.len(), 3);
    let all = rows(&app).await;
    let kids: BTreeSet<_> = all.iter().map(|row| row.kid.clone()).collect();
    assert_eq!(kids.len(), all.len(), "a kid comes twice");
    for alg in SigningAlg::ALL {
        let mut of: Vec<_> = all.iter().filter(|row| row.alg == alg).collect();
        of.sort_by_key(|row| row.created_at);
        let active = of.iter().filter(|row| row.state == KeyState::Active).count();
        assert_eq!(active, 1, "{alg}");
        for row in of.iter().skip(1) {
            if let Some(activated) = row.activated_at {
                assert!(
                    activated.since(row.created_at) >= PUBLISH_AHEAD,
                    "{alg} {} signed too soon",
                    row.kid
                );
            }
        }
        let retired: Vec<_> = of.iter().filter(|row| row.state == KeyState::Retired).collect();
        assert_eq!(retired.len(), 2, "{alg}");
        let published = app.get("/oauth/jwks").await.text();
        for row in retired {
            assert!(row.sealed_private.is_empty(), "the private half is gone");
            assert!(!published.contains(&row.kid.0));
            let kept = row.retired_at.unwrap().since(row.retiring_at.unwrap());
            assert!(kept > DAY, "{alg}: kept {kept:?} only");
        }
    }
    // Every step is told of.
    let log = app.audit("default").await;
    let count = |kind: &str| log.iter().filter(|row| row.kind.as_str() == kind).count();
    assert_eq!(count("key.created"), all.len());
    assert_eq!(count("key.retired"), 8);
    assert_eq!(count("key.activated"), 12);
}

async fn two_nodes_that_rotate_at_once_agree(backend: Backend) {
    let app = TestApp::start(backend).await;
    let node = app.another_node(1).await;
    let mut activations = 0;
    for round in 0..20 {
        // Both publish, and a day later both let it take over.
        for wait in [DAY, Duration::from_mins(1)] {
            let cached = Verifier::fetch(&app).await;
            let (here, there) = (system(&app), system(&app));
            let (one, two) = tokio::join!(
                app.app.rotate_key(&here, SigningAlg::ES256, false),
                node.rotate_key(&there, SigningAlg::ES256, false),
            );
            for report in [one.unwrap(), two.unwrap()] {
                activations += usize::from(matches!(report, engine::RotationReport::Activated { .. }));
            }
            // Each node sees what the other did, and signs with what a cache knows already.
            let tenant = app.ctx("default").tenant_id();
            for engine in [&app.app, &node] {
                engine.reload_keys(tenant).await.unwrap();
                let key = engine.signing_key(tenant, SigningAlg::ES256).await.unwrap();
                assert!(
                    cached.keys.contains_key(&key.kid().0),
                    "round {round}: a key signs that no cache knows"
                );
            }
            assert!(cached.accepts(&own_token(&app).await), "round {round}");
            let all = rows(&app).await;
            let active = all.iter().filter(|row| row.state == KeyState::Active).count();
            assert_eq!(active, 1, "round {round}");
            let kids: BTreeSet<_> = all.iter().map(|row| row.kid.clone()).collect();
            assert_eq!(kids.len(), all.len(), "round {round}");
            app.clock.advance(wait);
        }
    }
    assert!(activations >= 20, "{activations}");
    let log = app.audit("default").await;
    let activated = log
        .iter()
        .filter(|row| row.kind.as_str() == "key.activated")
        .count();
    let ever = rows(&app)
        .await
        .iter()
        .filter(|row| row.activated_at.is_some())
        .count();
    assert_eq!(activated, ever, "one row for each key that came to sign");
}

async fn a_key_that_is_not_there_yet_is_waited_for(backend: Backend) {
    let app = TestApp::start(backend).await;
    app.change_client("default", "service", |settings| {
        settings.access_token_format = AccessTokenFormat::Jwt;
        settings.access_token_alg = SigningAlg::RS256;
    })
    .await;
    // Nobody makes one: come again, and nothing was issued.
    let before = app.audit("default").await.len();
    let form = [("grant_type", "client_credentials"), ("scope", "api.read")];
    let busy = app.token("service", &form).await;
    assert_eq!(busy.status, 503, "{}", busy.text());
    assert!(!busy.header("retry-after").is_empty());
    assert_eq!(app.audit("default").await.len(), before);
    // It is being made: the request waits and is answered.
    let (answer, made) = tokio::join!(app.token("service", &form), async {
        app.app.rotate_due_keys(&system(&app)).await
    });
    made.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let token = answer.member("access_token");
    assert_eq!(jsonwebtoken::decode_header(&token).unwrap().alg, Algorithm::RS256);
    assert!(Verifier::fetch(&app).await.accepts(&token));
}
