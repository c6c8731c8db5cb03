use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{AuthMethod, ClientKind, TokenHash};
use proptest::prelude::*;
use protocol::ErrorCode::{InvalidClient, InvalidRequest};
use protocol::client_auth::{ClientAuthError, PresentedClient, check, check_unknown};
use protocol::{ErrorCode, OAuthError};

use crate::make::{NOW, SECRET, client, params};

fn basic(text: &str) -> String {
    format!("Basic {}", STANDARD.encode(text))
}

fn extract(header: Option<&str>, form: &[(&str, &str)]) -> Result<PresentedClient, ErrorCode> {
    PresentedClient::extract(header, &params(form)).map_err(|error| error.code)
}

fn secret(presented: &PresentedClient) -> &str {
    presented.secret.as_ref().unwrap().expose()
}

#[test]
fn each_method_is_recognised() {
    let header = extract(Some(&basic("web:s")), &[]).unwrap();
    assert_eq!((header.client_id.as_str(), secret(&header)), ("web", "s"));
    assert_eq!(header.method, AuthMethod::ClientSecretBasic);
    assert!(
        extract(
            Some(&basic("web:s").replace("Basic", "bASIC")),
            &[("client_id", "web")]
        )
        .is_ok()
    );
    let post = extract(None, &[("client_id", "web"), ("client_secret", "s")]).unwrap();
    assert_eq!((secret(&post), post.method), ("s", AuthMethod::ClientSecretPost));
    let none = extract(None, &[("client_id", "web")]).unwrap();
    assert_eq!((none.secret, none.method), (None, AuthMethod::None));
}

/// RFC 6749 section 2.3.1: both halves are form-encoded first.
#[test]
fn basic_halves_are_form_decoded() {
    let presented = extract(Some(&basic("web:a%3Ab+c%25:d")), &[]).unwrap();
    assert_eq!(secret(&presented), "a:b c%:d");
    assert_eq!(
        extract(Some(&basic("w%65b:s")), &[]).unwrap().client_id.as_str(),
        "web"
    );
}

#[test]
fn more_than_one_method_is_refused() {
    let header = basic("web:s");
    for form in [
        [("client_id", "web"), ("client_secret", "s")].as_slice(),
        &[("client_secret", "s")],
        &[("client_assertion", "x.y.z")],
        &[("client_assertion_type", "urn:x")],
        &[("client_id", "other")],
    ] {
        assert_eq!(extract(Some(&header), form), Err(InvalidRequest), "{form:?}");
    }
    let form = [
        ("client_id", "web"),
        ("client_secret", "s"),
        ("client_assertion", "x.y.z"),
    ];
    assert_eq!(extract(None, &form), Err(InvalidRequest));
    assert_eq!(
        extract(None, &[("client_id", "web"), ("client_assertion", "x.y.z")]),
        Err(InvalidClient)
    );
}

#[test]
fn malformed_credentials_are_refused() {
    let long = basic(&format!("web:{}", "s".repeat(3_000)));
    for header in [
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic d2ViOnM",
        "Basic d2ViOnM=\n",
        "Bearer abc",
        "Digest username=\"web\"",
        &basic("web"),
        &basic("web:"),
        &basic(":s"),
        &basic("we b:s"),
        &basic("web:%zz"),
        &basic("web:\u{e9}"),
        &basic("01970000-0000-7000-8000-000000000000:s"),
        &long,
    ] {
        assert_eq!(extract(Some(header), &[]), Err(InvalidClient), "{header}");
    }
    assert_eq!(extract(None, &[]), Err(InvalidClient));
    assert_eq!(extract(None, &[("client_id", "we b")]), Err(InvalidClient));
    assert_eq!(extract(None, &[("client_secret", "s")]), Err(InvalidClient));
}

#[test]
fn only_the_registered_method_with_the_right_secret_passes() {
    let presented = |method| match method {
        AuthMethod::ClientSecretBasic => extract(Some(&basic(&format!("web:{SECRET}"))), &[]).unwrap(),
        AuthMethod::ClientSecretPost => {
            extract(None, &[("client_id", "web"), ("client_secret", SECRET)]).unwrap()
        }
        AuthMethod::None => extract(None, &[("client_id", "web")]).unwrap(),
    };
    let methods = [
        AuthMethod::ClientSecretBasic,
        AuthMethod::ClientSecretPost,
        AuthMethod::None,
    ];
    for registered in methods {
        let mut client = client(ClientKind::Confidential);
        client.auth_method = registered;
        for used in methods {
            let expected = if used == registered {
                Ok(())
            } else {
                Err(ClientAuthError::Method)
            };
            assert_eq!(
                check(&client, &presented(used)),
                expected,
                "{registered:?} {used:?}"
            );
        }
    }
}

#[test]
fn wrong_disabled_and_unknown_clients_get_one_answer() {
    let client = client(ClientKind::Confidential);
    let right = extract(Some(&basic(&format!("web:{SECRET}"))), &[]).unwrap();
    assert_eq!(check(&client, &right), Ok(()));
    for wrong in [
        "x",
        "rsp_cs_correct-hors",
        "rsp_cs_correct-horseX",
        "RSP_CS_CORRECT-HORSE",
    ] {
        let wrong = extract(Some(&basic(&format!("web:{wrong}"))), &[]).unwrap();
        assert_eq!(check(&client, &wrong), Err(ClientAuthError::Secret));
    }
    let mut without = client.clone();
    without.secret_hash = None;
    assert_eq!(check(&without, &right), Err(ClientAuthError::Secret));
    let mut zero = client.clone();
    zero.secret_hash = Some(TokenHash::from_bytes([0; 32]));
    assert_eq!(check(&zero, &right), Err(ClientAuthError::Secret));
    let mut off = client.clone();
    off.disabled_at = Some(NOW);
    assert_eq!(check(&off, &right), Err(ClientAuthError::Disabled));
    let other = extract(Some(&basic(&format!("other:{SECRET}"))), &[]).unwrap();
    assert_eq!(check(&client, &other), Err(ClientAuthError::Unknown));
    assert_eq!(check_unknown(&right), ClientAuthError::Unknown);
    let answers: Vec<OAuthError> = [
        ClientAuthError::Secret,
        ClientAuthError::Disabled,
        ClientAuthError::Unknown,
        ClientAuthError::Method,
    ]
    .map(OAuthError::from)
    .to_vec();
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!((answers[0].code, answers[0].status()), (InvalidClient, 401));
}

#[test]
fn a_secret_is_not_shown() {
    let presented = extract(Some(&basic("web:geheim")), &[]).unwrap();
    assert!(!format!("{presented:?}").contains("geheim"));
}

proptest! {
    #[test]
    fn never_panics(header in ".{0,80}", inner in proptest::collection::vec(any::<u8>(), 0..60)) {
        std::hint::black_box(extract(Some(&header), &[]).is_ok());
        std::hint::black_box(extract(Some(&format!("Basic {}", STANDARD.encode(inner))), &[]).is_ok());
    }

    #[test]
    fn an_encoded_pair_comes_back(text in "[^\0]{1,60}") {
        let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let presented = extract(Some(&basic(&format!("web:{encoded}"))), &[]).unwrap();
        prop_assert_eq!(secret(&presented), text);
    }
}
