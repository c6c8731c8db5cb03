use proptest::prelude::*;
use protocol::jose::json::{MAX_DEPTH, parse, parse_object};
use serde_json::{Value, json};

#[test]
fn reads_what_is_unambiguous() {
    let text = r#"{"a":[1,-2,2.5,"x",null,true,{"b":{}}],"c":"\u00fc"}"#;
    assert_eq!(
        parse(text.as_bytes()).unwrap(),
        json!({"a":[1,-2,2.5,"x",null,true,{"b":{}}],"c":"ü"})
    );
}

#[test]
fn a_member_named_twice_is_refused_at_every_level() {
    for bad in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"x":{"a":1,"a":2}}"#,
        r#"{"x":[{"y":{"a":null,"b":1,"a":null}}]}"#,
    ] {
        assert!(parse(bad.as_bytes()).is_err(), "{bad}");
    }
    assert!(parse(r#"{"a":{"a":1},"b":{"a":2}}"#.as_bytes()).is_ok());
}

#[test]
fn what_two_readers_could_understand_differently_is_refused() {
    for bad in [
        "",
        "{} {}",
        "{}x",
        "{\"a\":1e400}",
        "{\"a\":-1e400}",
        "{\"a\":NaN}",
        "{\"a\":01}",
        "{'a':1}",
        "{\"a\":1,}",
        "{a:1}",
        "[1,]",
        "\u{feff}{}",
        "{\"a\":\"\n\"}",
        "/**/{}",
    ] {
        assert!(parse(bad.as_bytes()).is_err(), "{bad}");
    }
    assert!(parse(b"{\"a\":\"\xff\"}").is_err());
    assert!(parse_object(b"[]").is_err());
    assert!(parse_object(b" {} ").is_ok());
}

#[test]
fn nesting_has_a_limit() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
    assert!(parse(nested(MAX_DEPTH + 1).as_bytes()).is_err());
    assert!(parse("[".repeat(100_000).as_bytes()).is_err());
}

proptest! {
    #[test]
    fn agrees_with_the_ordinary_parser_on_what_it_accepts(text in r#"[\[\]{}:,"a-c0-9.eE\\ -]{0,40}"#) {
        if let Ok(value) = parse(text.as_bytes()) {
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }

    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        std::hint::black_box(parse(&bytes).is_ok());
    }
}
