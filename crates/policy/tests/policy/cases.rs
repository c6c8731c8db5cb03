//! Files of policy tests.

use policy::{Bounds, ProblemKind, Source, Suite};

use crate::app::store;

const POLICIES: &str = "@id(\"owners\") permit(principal, action, resource is Document) when { resource.owner == principal };
@id(\"sums\") forbid(principal == User::\"bob\", action, resource) when { principal.level + 9223372036854775807 > 0 };";

const TESTS: &str = r#"
[[test]]
name = "alice reads her plan"
when = { principal = 'User::"alice"', action = 'Action::"read"', resource = 'Document::"plan"', context = { mfa = true } }
then = { decision = "allow", policies = ["owners"] }

[[test]]
name = "bob may read what is given to him, though a policy fails"
given = [
  { uid = { type = "Document", id = "new" }, attrs = { owner = { type = "User", id = "bob" }, public = false, labels = [] }, parents = [] },
]
when = { principal = 'User::"bob"', action = 'Action::"read"', resource = 'Document::"new"', context = { mfa = true } }
then = { decision = "allow", policies = ["owners"], errors = ["sums"] }
"#;

fn suite(name: &str, text: &str) -> Result<Suite, policy::Problems> {
    Suite::parse(&Source::new(name, text), &Bounds::default())
}

#[test]
fn cases_pass_or_say_what_differs() {
    let store = store(POLICIES);
    let report = store.test(&suite("app.test.toml", TESTS).unwrap());
    assert_eq!((report.passed, report.failed), (2, 0), "{report:?}");
    let changed = [
        (
            TESTS.replace("\"allow\", policies = [\"owners\"] }", "\"deny\" }"),
            "expected deny, got allow",
        ),
        (
            TESTS.replace("[\"owners\"] }", "[\"owner\"] }"),
            "expected to be decided by owner, got owners",
        ),
        (
            TESTS.replace("[\"owners\"] }", "[\"owner\"] }"),
            "there is no policy `owner`",
        ),
        (
            TESTS.replace(", errors = [\"sums\"]", ""),
            "sums: integer overflow",
        ),
        (
            TESTS.replace("[\"owners\"] }", "[\"owners\"], errors = [\"sums\"] }"),
            "expected errors in sums, got none",
        ),
        (TESTS.replacen("mfa = true", "mfa = 1", 1), "context: "),
    ];
    for (text, difference) in changed {
        assert_ne!(text, TESTS);
        let report = store.test(&suite("app.test.toml", &text).unwrap());
        assert_eq!((report.passed, report.failed), (1, 1), "{difference}");
        let differences: Vec<&String> = report.cases.iter().flat_map(|case| &case.differences).collect();
        assert!(
            differences.iter().any(|told| told.contains(difference)),
            "{differences:?}"
        );
    }
}

#[test]
fn json_has_the_same_shape() {
    let text = r#"{ "test": [{ "name": "nobody", "when": { "principal": "User::\"carol\"", "action": "Action::\"read\"",
        "resource": "Document::\"plan\"", "context": { "mfa": false } }, "then": { "decision": "deny", "policies": [] } }] }"#;
    let report = store(POLICIES).test(&suite("app.test.json", text).unwrap());
    assert_eq!((report.passed, report.failed), (1, 0), "{report:?}");
}

#[test]
fn files_that_are_none() {
    let twice = TESTS.replace(
        "bob may read what is given to him, though a policy fails",
        "alice reads her plan",
    );
    let rows = [
        ("a.toml", "", 0, ProblemKind::Syntax),
        ("a.toml", "[[test]]\nname = 1", 2, ProblemKind::Syntax),
        (
            "a.toml",
            "[[test]]\nname = \"a\"\nthen = {}",
            3,
            ProblemKind::Syntax,
        ),
        ("a.toml", "[[tests]]", 1, ProblemKind::Syntax),
        ("a.toml", &twice, 0, ProblemKind::Duplicate),
        ("a.json", "{\n\"test\": [}", 2, ProblemKind::Syntax),
    ];
    for (name, text, line, kind) in rows {
        let problems = suite(name, text).unwrap_err();
        assert_eq!(problems.list[0].kind, kind, "{text}: {problems}");
        assert!(line == 0 || problems.list[0].line == line, "{text}: {problems}");
    }
}
