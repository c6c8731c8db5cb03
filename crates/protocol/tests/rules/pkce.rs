use domain::{ClientKind, PkceRule};
use proptest::prelude::*;
use protocol::authorize::AuthorizeRequest;
use protocol::pkce::{self, Challenge, PkceError};
use protocol::token::{TokenGrant, TokenRequest};
use protocol::{ErrorCode, Params};

use crate::make::{client, form, request};

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[test]
fn the_standard_s_example_verifies() {
    assert_eq!(Challenge::of(VERIFIER).as_str(), CHALLENGE);
    assert_eq!(pkce::check(Some(CHALLENGE), Some(VERIFIER)), Ok(()));
}

#[test]
fn downgrade_in_either_direction_is_refused() {
    assert_eq!(pkce::check(Some(CHALLENGE), None), Err(PkceError::Missing));
    assert_eq!(pkce::check(None, Some(VERIFIER)), Err(PkceError::Unexpected));
    assert_eq!(pkce::check(None, None), Ok(()));
}

#[test]
fn a_verifier_has_43_to_128_unreserved_characters() {
    let check = |verifier: &str| pkce::verify(&Challenge::of(verifier), verifier);
    for good in ["a".repeat(43), "a".repeat(128), "-._~".repeat(11)] {
        assert_eq!(check(&good), Ok(()), "{good}");
    }
    for bad in [
        "a".repeat(42),
        "a".repeat(129),
        String::new(),
        "ä".repeat(30),
        format!("{VERIFIER}="),
        "a b".repeat(20),
    ] {
        assert_eq!(check(&bad), Err(PkceError::Malformed), "{bad}");
    }
    assert_eq!(
        pkce::check(Some(CHALLENGE), Some(&"a".repeat(43))),
        Err(PkceError::Mismatch)
    );
}

#[test]
fn a_challenge_is_the_base64url_of_a_digest() {
    assert!(Challenge::parse(CHALLENGE).is_ok());
    let stray_bits = format!("{}N", CHALLENGE.split_at(42).0);
    let padded = format!("{CHALLENGE}=");
    let short = CHALLENGE.split_at(42).0;
    let plus = CHALLENGE.replace('-', "+");
    for bad in [
        "",
        short,
        padded.as_str(),
        stray_bits.as_str(),
        plus.as_str(),
        VERIFIER.repeat(2).as_str(),
    ] {
        assert_eq!(Challenge::parse(bad), Err(PkceError::Challenge), "{bad}");
    }
}

/// PKCE was skipped by peers when a field was missing (B1). Every way to send each field, from both requests' bytes to the verdict.
#[test]
fn one_cell_of_the_matrix_passes() {
    let cells = |name: &str, values: &[&str]| {
        let mut cells = vec![String::new(), format!("&{name}=")];
        cells.extend(values.iter().map(|value| format!("&{name}={value}")));
        let first = values.first().unwrap();
        cells.push(format!("&{name}={first}&{name}={first}"));
        cells
    };
    let wrong = "x".repeat(43);
    let challenges = cells("code_challenge", &[CHALLENGE, VERIFIER, &wrong, "short"]);
    let methods = cells(
        "code_challenge_method",
        &["S256", "plain", "s256", "S512", "none"],
    );
    let verifiers = cells("code_verifier", &[VERIFIER, CHALLENGE, &wrong, "short"]);
    let mut passed = Vec::new();
    for challenge in &challenges {
        for method in &methods {
            for verifier in &verifiers {
                if redeems(&format!("{challenge}{method}"), verifier) {
                    passed.push(format!("{challenge}{method}{verifier}"));
                }
            }
        }
    }
    let only = format!("&code_challenge={CHALLENGE}&code_challenge_method=S256&code_verifier={VERIFIER}");
    assert_eq!(passed, [only]);
}

fn redeems(at_authorize: &str, at_token: &str) -> bool {
    let start = form(&[
        ("client_id", "web"),
        ("response_type", "code"),
        ("redirect_uri", crate::make::REDIRECT),
        ("scope", "openid"),
        ("nonce", "n"),
    ]);
    let Ok(params) = Params::parse_form(format!("{start}{at_authorize}").as_bytes()) else {
        return false;
    };
    let Ok(request) = AuthorizeRequest::parse(&params, &client(ClientKind::Confidential)) else {
        return false;
    };
    let body = format!("grant_type=authorization_code&code=x{at_token}");
    let Ok(params) = Params::parse_form(body.as_bytes()) else {
        return false;
    };
    let Ok(TokenGrant::AuthorizationCode { code_verifier, .. }) = TokenRequest::parse(&params) else {
        return false;
    };
    let challenge = request.code_challenge.as_ref().map(Challenge::as_str);
    pkce::check(challenge, code_verifier.as_ref().map(|v| v.expose().as_str())).is_ok()
}

#[test]
fn the_client_s_rule_decides_who_may_come_without() {
    let none = [("code_challenge", ""), ("code_challenge_method", "")];
    let without_nonce = [none.as_slice(), &[("nonce", "")]].concat();
    let accepts = |kind, rule, changes: &[(&str, &str)]| {
        let mut client = client(kind);
        client.settings.pkce = rule;
        match AuthorizeRequest::parse(&request(changes), &client) {
            Ok(_) => true,
            Err(refusal) => {
                assert_eq!(refusal.error.code, ErrorCode::InvalidRequest);
                false
            }
        }
    };
    let confidential = ClientKind::Confidential;
    for (rule, with_nonce, bare) in [
        (PkceRule::Required, false, false),
        (PkceRule::OrNonce, true, false),
        (PkceRule::Optional, true, true),
    ] {
        assert_eq!(accepts(confidential, rule, &none), with_nonce, "{rule:?}");
        assert_eq!(accepts(confidential, rule, &without_nonce), bare, "{rule:?}");
        assert!(
            !accepts(ClientKind::Spa, rule, &none),
            "a public client always needs it"
        );
        assert!(
            !accepts(ClientKind::Native, rule, &none),
            "a public client always needs it"
        );
        assert!(accepts(ClientKind::Spa, rule, &[]));
        // What is sent is checked even where nothing need be sent.
        assert!(!accepts(
            confidential,
            rule,
            &[("code_challenge_method", "plain")]
        ));
        assert!(!accepts(confidential, rule, &[("code_challenge_method", "")]));
        assert!(!accepts(confidential, rule, &[("code_challenge", "")]));
    }
}

proptest! {
    #[test]
    fn only_its_own_verifier_fits(verifier in "[A-Za-z0-9._~-]{43,128}", other in "[A-Za-z0-9._~-]{43,128}") {
        let challenge = Challenge::of(&verifier);
        prop_assert_eq!(pkce::verify(&challenge, &verifier), Ok(()));
        prop_assert_eq!(pkce::verify(&challenge, &other).is_ok(), verifier == other);
    }

    #[test]
    fn never_panics(challenge in ".{0,60}", verifier in ".{0,200}") {
        std::hint::black_box(pkce::check(Some(&challenge), Some(&verifier)).is_ok());
    }
}
