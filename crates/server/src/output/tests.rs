use serde::Serialize;
use serde_json::json;

use super::{ExitCode, Failure, Format, Printer, Row, yaml};

#[derive(Serialize)]
struct Person {
    email: &'static str,
    sessions: u32,
}

impl Row for Person {
    const HEADERS: &'static [&'static str] = &["EMAIL", "SESSIONS"];
    fn cells(&self) -> Vec<String> {
        vec![self.email.to_owned(), self.sessions.to_string()]
    }
}

const PEOPLE: [Person; 2] = [
    Person {
        email: "alice@example.com",
        sessions: 3,
    },
    Person {
        email: "b@example.com",
        sessions: 0,
    },
];

#[test]
fn exit_codes_are_those_of_the_contract() {
    let codes = [
        ExitCode::Done,
        ExitCode::Refused,
        ExitCode::Usage,
        ExitCode::Unreachable,
        ExitCode::Denied,
    ];
    assert_eq!(codes.map(|code| code as u8), [0, 1, 2, 3, 4]);
    assert_eq!(
        Failure::from(anyhow::anyhow!("inner").context("outer")).lines,
        ["outer: inner"]
    );
}

#[test]
fn tables_align_and_end_clean() {
    let text = Printer::new(Format::Table).render_list(&PEOPLE).unwrap();
    assert_eq!(
        text,
        "EMAIL              SESSIONS\nalice@example.com  3\nb@example.com      0\n"
    );
    let text = Printer::new(Format::Table)
        .render_item(&json!({"id": "x", "name": null, "tags": ["a"]}))
        .unwrap();
    assert_eq!(text, "id:   x\nname: -\ntags: [\"a\"]\n");
}

#[test]
fn json_reads_back() {
    let text = Printer::new(Format::Json).render_list(&PEOPLE).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value[0]["email"], "alice@example.com");
}

#[test]
fn yaml_quotes_what_would_change_its_type() {
    let value = json!({
        "id": "a1", "off": "no", "number": "12", "empty": "", "uri": "https://x.example/?a=b#c", "line": "a\nb",
        "list": [1, {"deep": [true], "k": "v"}, ["x"], []], "none": null, "map": {},
    });
    let text = yaml::render(&value);
    for line in [
        "id: a1",
        "\"off\": \"no\"",
        "number: \"12\"",
        "empty: \"\"",
        "uri: \"https://x.example/?a=b#c\"",
        "line: \"a\\nb\"",
        "none: null",
        "map: {}",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
    }
    assert!(
        text.contains("list:\n  - 1\n  - deep:\n      - true\n    k: v\n  -\n    - x\n  - []\n"),
        "{text}"
    );
}

#[test]
fn a_name_cannot_steer_the_terminal() {
    let text = Printer::new(Format::Table)
        .render_item(&json!({"name": "a\u{1b}[2J\u{202e}b\nc"}))
        .unwrap();
    assert_eq!(text, "name: a\\u{1b}[2J\\u{202e}b\\u{a}c\n");
}
