use proptest::prelude::*;
use protocol::{ErrorCode, OAuthError, Params, ParamsError};

use crate::make::form;

fn parse(text: &str) -> Result<Params, ParamsError> {
    Params::parse_form(text.as_bytes())
}

#[test]
fn decodes_what_a_browser_sends() {
    let params = parse("client_id=web&state=a+b%26c%3Dd%C3%BC&scope=openid%20email").unwrap();
    assert_eq!(params.get("client_id"), Some("web"));
    assert_eq!(params.get("state"), Some("a b&c=dü"));
    assert_eq!(params.get("scope"), Some("openid email"));
    assert_eq!(params.get("nonce"), None);
    assert_eq!(Params::parse_query("state=x").unwrap().get("state"), Some("x"));
}

#[test]
fn a_repeated_parameter_is_refused_even_if_empty_or_unknown() {
    let repeated = |name| Err(ParamsError::Repeated(name));
    assert_eq!(parse("state=a&state=b").map(|_| ()), repeated(Some("state")));
    assert_eq!(parse("state=a&state=a").map(|_| ()), repeated(Some("state")));
    assert_eq!(parse("state=&state=a").map(|_| ()), repeated(Some("state")));
    assert_eq!(parse("state&state=a").map(|_| ()), repeated(Some("state")));
    assert_eq!(parse("s%74ate=a&state=b").map(|_| ()), repeated(Some("state")));
    assert_eq!(parse("utm=a&utm=b").map(|_| ()), repeated(None));
    assert_eq!(parse("state=a&State=b").unwrap().get("state"), Some("a"));
}

#[test]
fn resource_may_be_repeated() {
    let params = parse("resource=https%3A%2F%2Fa&resource=https%3A%2F%2Fb").unwrap();
    assert_eq!(
        params.all("resource").collect::<Vec<_>>(),
        ["https://a", "https://b"]
    );
}

#[test]
fn an_empty_value_is_absent_and_an_unknown_parameter_ignored() {
    let params = parse("state=&nonce&foo=bar&&=x&").unwrap();
    assert_eq!((params.get("state"), params.get("nonce")), (None, None));
    assert!(!params.has("state"));
}

#[test]
fn malformed_encoding_is_refused() {
    for text in [
        "state=%",
        "state=%4",
        "state=%zz",
        "state=%+1",
        "state=%ff",
        "state=%c3",
        "state=%00",
        "state=a b",
    ] {
        assert_eq!(parse(text).map(|_| ()), Err(ParamsError::Malformed), "{text}");
    }
    assert_eq!(
        Params::parse_form("state=ü".as_bytes()).map(|_| ()),
        Err(ParamsError::Malformed)
    );
    assert_eq!(parse("state=%25").unwrap().get("state"), Some("%"));
}

#[test]
fn lengths_and_count_are_capped() {
    for (name, limit) in [
        ("client_id", 100),
        ("scope", 500),
        ("state", 2_048),
        ("nonce", 2_048),
    ] {
        let at = parse(&format!("{name}={}", "a".repeat(limit))).unwrap();
        assert_eq!(at.get(name).map(str::len), Some(limit));
        let over = parse(&format!("{name}={}", "a".repeat(limit + 1)));
        assert_eq!(over.map(|_| ()), Err(ParamsError::TooLong(Some(name))));
    }
    let many = |count: usize| {
        (0..count)
            .map(|n| format!("p{n}=1"))
            .collect::<Vec<_>>()
            .join("&")
    };
    assert!(parse(&many(64)).is_ok());
    assert_eq!(parse(&many(65)).map(|_| ()), Err(ParamsError::TooMany));
}

#[test]
fn nothing_of_the_input_is_shown() {
    let params = parse("client_secret=geheim&geheim=geheim&client_id=web").unwrap();
    let shown = format!("{params:?}");
    assert!(!shown.contains("geheim"), "{shown}");
    assert!(shown.contains("client_secret"), "{shown}");
    let error: OAuthError = parse("geheim=1&geheim=2").unwrap_err().into();
    assert_eq!(error.code, ErrorCode::InvalidRequest);
    assert!(!error.description.contains("geheim"));
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        std::hint::black_box(Params::parse_form(&bytes).is_ok());
    }

    #[test]
    fn reads_back_what_another_encoder_wrote(values in proptest::collection::vec("[^\0]{1,40}", 1..20)) {
        let names: Vec<String> = (0..values.len()).map(|n| format!("name {n}")).collect();
        let pairs: Vec<(&str, &str)> = names.iter().zip(&values).map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let params = parse(&form(&pairs)).unwrap();
        for (name, value) in pairs {
            prop_assert_eq!(params.get(name), Some(value));
        }
    }
}
