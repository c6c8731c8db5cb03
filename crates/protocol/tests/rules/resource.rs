use domain::{AudienceProfile, ClientKind, Resource};
use protocol::ErrorCode::InvalidTarget;
use protocol::resource::{audience, narrow, parse, permitted};

use crate::make::{API, client, issuer, params};

fn resource(text: &str) -> Resource {
    Resource::parse(text).unwrap()
}

#[test]
fn only_registered_resources_pass() {
    let mut client = client(ClientKind::Confidential);
    client.settings.default_resource = Some(resource("https://default.example.com"));
    for good in [API, "https://default.example.com"] {
        assert!(permitted(&client, vec![resource(good)]).is_ok(), "{good}");
    }
    for bad in [
        "https://api.example.com/",
        "https://api.example.com/x",
        "https://API.example.com",
        "urn:x",
    ] {
        let refused = permitted(&client, vec![resource(API), resource(bad)]).unwrap_err();
        assert_eq!(refused.code, InvalidTarget, "{bad}");
    }
    assert_eq!(permitted(&client, vec![]), Ok(vec![]));
}

#[test]
fn repeated_and_malformed_ones() {
    let read = |values: &[&str]| {
        parse(&params(
            &values.iter().map(|v| ("resource", *v)).collect::<Vec<_>>(),
        ))
    };
    assert_eq!(
        read(&[API, API, "urn:x"]).unwrap(),
        [resource(API), resource("urn:x")]
    );
    for bad in [
        "x",
        "/relative",
        "https://a#b",
        "javascript:alert(1)",
        "https://a b",
    ] {
        assert_eq!(read(&[bad]).unwrap_err().code, InvalidTarget, "{bad}");
    }
}

#[test]
fn a_token_request_may_take_less_but_not_more() {
    let granted = [resource(API), resource("urn:x")];
    assert_eq!(narrow(&granted, &[]).unwrap(), granted);
    assert_eq!(
        narrow(&granted, &[resource("urn:x")]).unwrap(),
        [resource("urn:x")]
    );
    assert_eq!(
        narrow(&granted, &[resource("urn:y")]).unwrap_err().code,
        InvalidTarget
    );
}

#[test]
fn aud_names_what_was_asked_for_else_the_default_else_the_issuer() {
    let mut client = client(ClientKind::Confidential);
    let iss = issuer();
    let aud = |client: &domain::Client, scope: &str, asked: &[Resource]| {
        audience(client, &iss, &scope.parse().unwrap(), asked)
    };
    assert_eq!(aud(&client, "api.read", &[]), [iss.as_str()]);
    assert_eq!(aud(&client, "api.read", &[resource(API)]), [API]);
    assert_eq!(aud(&client, "openid", &[resource(API)]), [API, iss.as_str()]);
    assert_eq!(aud(&client, "openid", &[]), [iss.as_str()]);
    client.settings.default_resource = Some(resource("urn:d"));
    assert_eq!(aud(&client, "api.read", &[]), ["urn:d"]);
    assert_eq!(aud(&client, "openid", &[]), ["urn:d", iss.as_str()]);
    client.settings.audience = AudienceProfile::ResourcesOnly;
    assert_eq!(aud(&client, "openid", &[]), ["urn:d"]);
    assert_eq!(aud(&client, "openid", &[resource(iss.as_str())]), [iss.as_str()]);
}
