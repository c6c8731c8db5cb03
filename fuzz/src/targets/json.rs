//! JSON without ambiguity, and the `claims` parameter that is written in it.

use protocol::authorize::ClaimsRequest;
use protocol::jose::json::{self, MAX_DEPTH};
use serde_json::Value;

pub(crate) fn run(input: &[u8]) {
    if let Ok(value) = json::parse(input) {
        let lenient = serde_json::from_slice::<Value>(input);
        assert!(
            lenient.is_ok_and(|lenient| lenient == value),
            "two readers differ"
        );
        assert!(depth(&value) <= MAX_DEPTH, "nested too deeply");
        // Fractions are rounded when they are written.
        if is_exact(&value) {
            let again = json::parse(value.to_string().as_bytes());
            assert_eq!(
                again,
                Ok(value.clone()),
                "not the same when written and read again"
            );
        }
        assert_eq!(json::parse_object(input).is_ok(), value.is_object());
    }
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let Ok(claims) = ClaimsRequest::parse(text) else {
        return;
    };
    assert!(json::parse_object(input).is_ok(), "claims that are no object");
    assert!(claims.userinfo.len() <= 64 && claims.id_token.len() <= 64);
    let nothing = claims.clone().limited_to(&domain::Scopes::none());
    assert!(
        nothing.scopes().is_empty(),
        "claims of a scope that is not allowed"
    );
    assert_eq!(claims.clone().limited_to(&claims.scopes()), claims);
    let written = serde_json::to_value(&claims).unwrap_or_default();
    if is_exact(&written) {
        let again: Option<ClaimsRequest> = serde_json::from_str(&written.to_string()).ok();
        // A wish for the value `null` is no wish.
        let has_null = written.to_string().contains("null");
        assert!(
            has_null || again.as_ref() == Some(&claims),
            "claims change when stored"
        );
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

pub(crate) fn is_exact(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(is_exact),
        Value::Object(members) => members.values().all(is_exact),
        Value::Number(number) => !number.is_f64(),
        _ => true,
    }
}
