use proptest::prelude::*;
use protocol::bearer::{BearerError, challenge, extract};
use protocol::{ErrorCode, OAuthError};

use crate::make::params;

fn token(header: Option<&str>, form: &[(&str, &str)]) -> Result<String, BearerError> {
    extract(header, Some(&params(form))).map(|token| token.expose().clone())
}

#[test]
fn header_or_form_but_not_both() {
    assert_eq!(
        token(Some("Bearer abc.d-e_f~+/=="), &[]).unwrap(),
        "abc.d-e_f~+/=="
    );
    assert_eq!(token(Some("bEARER  abc"), &[]).unwrap(), "abc");
    assert_eq!(token(None, &[("access_token", "abc")]).unwrap(), "abc");
    assert_eq!(
        token(Some("Bearer abc"), &[("access_token", "abc")]),
        Err(BearerError::Several)
    );
    assert_eq!(token(None, &[]), Err(BearerError::Missing));
    assert_eq!(extract(None, None).unwrap_err(), BearerError::Missing);
}

#[test]
fn what_is_no_token_is_refused() {
    for bad in [
        "Bearer",
        "Bearer ",
        "Bearer =",
        "Bearer a b",
        "Bearer a,b",
        "Bearer a=b",
        "Bearer \"a\"",
        "Bearer ä",
    ] {
        assert_eq!(token(Some(bad), &[]), Err(BearerError::Malformed), "{bad}");
    }
    for other in ["Basic abc", "BearerX abc", "DPoP abc", ""] {
        assert_eq!(token(Some(other), &[]), Err(BearerError::Missing), "{other}");
    }
}

#[test]
fn the_answers_are_those_of_the_standard() {
    assert_eq!(
        (BearerError::Missing.status(), BearerError::Missing.error()),
        (401, None)
    );
    assert_eq!(BearerError::Several.status(), 400);
    assert_eq!(BearerError::Malformed.status(), 401);
    assert_eq!(
        challenge("https://id.example.com", None, None),
        r#"Bearer realm="https://id.example.com""#
    );
    let error = OAuthError::new(ErrorCode::InsufficientScope, "needs openid");
    assert_eq!(
        challenge("x", Some(&error), Some("openid")),
        r#"Bearer realm="x", error="insufficient_scope", error_description="needs openid", scope="openid""#
    );
}

proptest! {
    #[test]
    fn never_panics_and_never_breaks_the_header(header in ".{0,60}", realm in "(?s).{0,60}") {
        std::hint::black_box(token(Some(&header), &[]).is_ok());
        let value = challenge(&realm, None, None);
        prop_assert!(!value.chars().any(char::is_control));
        prop_assert_eq!(value.matches('"').count(), 2);
    }
}
