//! `rsp policy check|test|decide|explain` as an operator types them.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const SCHEMA: &str = "entity User = { level: Long };
entity Document = { owner: User };
action read appliesTo { principal: User, resource: Document, context: { mfa: Bool } };
";

const POLICIES: &str = "@id(\"owners\")
permit(principal, action == Action::\"read\", resource)
when { resource.owner == principal && context.mfa };
";

const ENTITIES: &str = r#"[
  { "uid": { "type": "User", "id": "alice" }, "attrs": { "level": 3 }, "parents": [] },
  { "uid": { "type": "Document", "id": "plan" }, "attrs": { "owner": { "type": "User", "id": "alice" } }, "parents": [] }
]"#;

const TESTS: &str = r#"
[[test]]
name = "owners read"
when = { principal = 'User::"alice"', action = 'Action::"read"', resource = 'Document::"plan"', context = { mfa = true } }
then = { decision = "allow", policies = ["owners"] }
"#;

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            folder: TempDir::new().unwrap(),
        };
        place.write("app.cedarschema", SCHEMA);
        place.write("app.cedar", POLICIES);
        place.write("entities.json", ENTITIES);
        place.write("app.test.toml", TESTS);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn rsp(&self, format: &str, verb: &str, more: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rsp"));
        command.env_clear().current_dir(self.folder.path());
        command.args(["--output", format, "policy", verb]);
        command.args([
            "--schema",
            "app.cedarschema",
            "--policies",
            "app.cedar",
            "--entities",
            "entities.json",
        ]);
        command.args(more).output().unwrap()
    }
}

fn request(who: &str) -> Vec<String> {
    let words = [
        "--principal",
        who,
        "--action",
        "Action::\"read\"",
        "--resource",
        "Document::\"plan\"",
    ];
    words.map(str::to_owned).to_vec()
}

fn ask(place: &Place, format: &str, verb: &str, who: &str, more: &[&str]) -> Output {
    let request = request(who);
    let words: Vec<&str> = request
        .iter()
        .map(String::as_str)
        .chain(more.iter().copied())
        .collect();
    place.rsp(format, verb, &words)
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_decision_has_the_fields_and_exit_codes_of_the_contract() {
    let place = Place::new();
    let mfa = ["--context", r#"{"mfa": true}"#];
    let allowed = ask(&place, "json", "decide", "User::\"alice\"", &mfa);
    assert_eq!(allowed.status.code(), Some(0), "{allowed:?}");
    let said = json(&allowed);
    assert_eq!(
        (&said["decision"], &said["policies"]),
        (&"allow".into(), &vec!["owners"].into())
    );
    assert_eq!(said["errors"], Value::Array(Vec::new()));
    assert!(said["policy_set"].as_str().unwrap().starts_with("sha256:"));
    // Nothing was recorded, so there is no id to ask for it by.
    assert_eq!(said.get("decision_id"), None);

    let denied = ask(&place, "json", "decide", "User::\"bob\"", &mfa);
    assert_eq!(denied.status.code(), Some(4));
    assert_eq!(json(&denied)["decision"], "deny");
    // What cannot be read is denied, and said.
    let unreadable = ask(&place, "json", "decide", "bob", &mfa);
    assert_eq!(unreadable.status.code(), Some(4));
    assert_eq!(json(&unreadable)["errors"][0]["field"], "principal");
    let table = ask(&place, "table", "decide", "User::\"alice\"", &mfa);
    assert!(
        text(&table.stdout).starts_with("allow by owners\npolicy set sha256:"),
        "{table:?}"
    );
    // An entity of the request.
    place.write(
        "given.json",
        r#"[{ "uid": { "type": "Document", "id": "plan" }, "attrs": { "owner": { "type": "User", "id": "bob" } }, "parents": [] }]"#,
    );
    let given = [&mfa[..], &["--request-entities", "given.json"]].concat();
    assert_eq!(
        ask(&place, "json", "decide", "User::\"bob\"", &given)
            .status
            .code(),
        Some(0)
    );
}

#[test]
fn a_check_finds_every_problem_at_its_line() {
    let place = Place::new();
    let good = place.rsp("json", "check", &[]);
    assert_eq!(good.status.code(), Some(0), "{good:?}");
    let said = json(&good);
    assert_eq!(
        (&said["valid"], &said["policies"], &said["problems"]),
        (&true.into(), &1.into(), &Value::Array(Vec::new()))
    );
    place.write(
        "app.cedar",
        &POLICIES.replace("context.mfa", "\n  context.factor"),
    );
    let bad = place.rsp("table", "check", &[]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(text(&bad.stderr).starts_with("error: app.cedar:4:3: "), "{bad:?}");
    let said = json(&place.rsp("json", "check", &[]));
    assert_eq!(
        (&said["valid"], &said["problems"][0]["line"]),
        (&false.into(), &4.into())
    );
    assert_eq!(said["problems"][0]["policy"], "owners");
    // Nothing is decided by what does not validate.
    let decided = ask(&place, "json", "decide", "User::\"alice\"", &[]);
    assert_eq!((decided.status.code(), decided.stdout.len()), (Some(1), 0));
    fs::remove_file(place.path("app.cedar")).unwrap();
    assert_eq!(place.rsp("json", "check", &[]).status.code(), Some(1));
}

#[test]
fn tests_of_policies_pass_and_fail() {
    let place = Place::new();
    let passed = place.rsp("table", "test", &["app.test.toml"]);
    assert_eq!(passed.status.code(), Some(0), "{passed:?}");
    assert_eq!(
        text(&passed.stdout),
        "ok   app.test.toml: owners read\n1 passed, 0 failed\n"
    );
    place.write("app.test.toml", &TESTS.replace("\"allow\"", "\"deny\""));
    let failed = place.rsp("json", "test", &["app.test.toml"]);
    assert_eq!(failed.status.code(), Some(1));
    assert_eq!(
        json(&failed)[0]["cases"][0]["differences"][0],
        "expected deny, got allow"
    );
}

#[test]
fn an_explanation_names_what_was_missing() {
    let place = Place::new();
    let without = ["--context", r#"{"mfa": false}"#];
    let explained = ask(&place, "table", "explain", "User::\"alice\"", &without);
    assert_eq!(explained.status.code(), Some(0), "{explained:?}");
    let said = text(&explained.stdout);
    assert!(
        said.starts_with("Denied: no policy permits it. Nearest is owners; missing: context.mfa.\n"),
        "{said}"
    );
    assert!(said.contains("  missing     when      context.mfa\n"), "{said}");
    let said = json(&ask(&place, "json", "explain", "User::\"alice\"", &without));
    assert_eq!(said["explained"][0]["checks"][4]["result"], "missing");
    assert_eq!(said["decision"], "deny");
}
