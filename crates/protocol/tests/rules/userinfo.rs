use domain::{Address, Profile, User, UserStatus};
use protocol::authorize::ClaimsRequest;
use protocol::userinfo::{Target, claim_names, claims_for, scope_of};
use serde_json::json;

use crate::make::NOW;

const SUB: &str = "01970000-0000-7000-8000-000000000001";

fn alice() -> User {
    let text = |value: &str| Some(value.to_owned());
    User {
        id: SUB.parse().unwrap(),
        email: "alice@example.com".parse().unwrap(),
        email_verified: true,
        profile: Profile {
            name: text("Alice Example"),
            given_name: text("Alice"),
            locale: text("de-CH"),
            phone_number: text("+41440000000"),
            address: Some(Address {
                country: text("CH"),
                ..Address::default()
            }),
            ..Profile::default()
        },
        status: UserStatus::Active,
        created_at: NOW,
        updated_at: NOW,
        last_login_at: None,
    }
}

fn claims(scope: &str, requested: Option<&str>, target: Target) -> serde_json::Value {
    let requested = requested.map(|text| ClaimsRequest::parse(text).unwrap());
    claims_for(
        (&alice(), SUB.parse().unwrap()),
        &scope.parse().unwrap(),
        requested.as_ref(),
        target,
    )
    .into()
}

#[test]
fn userinfo_tells_what_the_scopes_cover() {
    let info = |scope| claims(scope, None, Target::UserInfo);
    assert_eq!(info("openid"), json!({ "sub": SUB }));
    assert_eq!(
        info("openid email"),
        json!({ "sub": SUB, "email": "alice@example.com", "email_verified": true })
    );
    assert_eq!(
        info("openid address"),
        json!({ "sub": SUB, "address": { "country": "CH" } })
    );
    let phone = json!({ "sub": SUB, "phone_number": "+41440000000", "phone_number_verified": false });
    assert_eq!(info("openid phone"), phone);
    let profile = json!({
        "sub": SUB, "name": "Alice Example", "given_name": "Alice", "locale": "de-CH", "updated_at": NOW.secs()
    });
    assert_eq!(info("openid profile"), profile);
    assert_eq!(
        info("openid profile email address phone")
            .as_object()
            .unwrap()
            .len(),
        10
    );
}

#[test]
fn what_is_not_known_is_left_out() {
    let mut bob = alice();
    bob.profile = Profile::default();
    let all = claims_for(
        (&bob, bob.id.into()),
        &"openid profile email address phone".parse().unwrap(),
        None,
        Target::UserInfo,
    );
    let mut names: Vec<&String> = all.keys().collect();
    names.sort();
    assert_eq!(names, ["email", "email_verified", "sub", "updated_at"]);
}

#[test]
fn an_id_token_tells_only_what_was_asked_for_one_by_one() {
    let wish = r#"{"id_token":{"email":null,"picture":{"essential":true},"sub":{"value":"x"},"made_up":null},"userinfo":{"name":null}}"#;
    assert_eq!(
        claims("openid profile email phone", None, Target::IdToken),
        json!({})
    );
    assert_eq!(
        claims("openid profile", Some(wish), Target::IdToken),
        json!({ "email": "alice@example.com" })
    );
    assert_eq!(
        claims("openid", Some(wish), Target::UserInfo),
        json!({ "sub": SUB, "name": "Alice Example" })
    );
}

#[test]
fn every_claim_belongs_to_a_scope() {
    assert_eq!(claim_names().count(), 19);
    assert!(claim_names().all(|name| scope_of(name).is_some()));
    assert_eq!(
        (scope_of("email"), scope_of("acr"), scope_of("sub")),
        (Some("email"), None, None)
    );
}
