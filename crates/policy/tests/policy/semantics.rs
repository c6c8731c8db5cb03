//! What Cedar's documentation says of its language, through our decisions.

use policy::{ProblemKind, Source, Verdict};

use crate::app::{compile, input, sources, store, with_context};

const ALL: &str = "permit(principal, action, resource);";

/// Policies, a request, and the answer with the policies that determine it.
type Row = (&'static str, &'static str, Verdict, &'static [&'static str]);

#[test]
fn permits_and_forbids() {
    let rows: &[Row] = &[
        // Nothing permits: deny, and no policy is the reason.
        ("", "alice read plan", Verdict::Deny, &[]),
        (ALL, "alice read plan", Verdict::Allow, &["policy0"]),
        // A forbid wins over any permit, and is the only reason.
        (
            "permit(principal, action, resource); forbid(principal, action == Action::\"delete\", resource);",
            "alice delete plan",
            Verdict::Deny,
            &["policy1"],
        ),
        (
            "permit(principal, action, resource); forbid(principal, action == Action::\"delete\", resource);",
            "alice read plan",
            Verdict::Allow,
            &["policy0"],
        ),
        // All permits that hold are reasons.
        (
            "@id(\"b\") permit(principal, action, resource); @id(\"a\") permit(principal == User::\"alice\", action, resource);",
            "alice read plan",
            Verdict::Allow,
            &["a", "b"],
        ),
        // A forbid alone denies and is the reason.
        (
            "@id(\"no\") forbid(principal, action, resource);",
            "alice read plan",
            Verdict::Deny,
            &["no"],
        ),
    ];
    run(rows);
}

#[test]
fn scopes() {
    let rows: &[Row] = &[
        (
            "permit(principal == User::\"bob\", action, resource);",
            "alice read plan",
            Verdict::Deny,
            &[],
        ),
        (
            "permit(principal in Team::\"staff\", action, resource);",
            "alice read plan",
            Verdict::Allow,
            &["policy0"],
        ),
        // `in` goes all the way up, and holds for the thing itself.
        (
            "permit(principal in Team::\"all\", action, resource);",
            "alice read plan",
            Verdict::Allow,
            &["policy0"],
        ),
        (
            "permit(principal in User::\"alice\", action, resource);",
            "alice read plan",
            Verdict::Allow,
            &["policy0"],
        ),
        (
            "permit(principal in Team::\"all\", action, resource);",
            "bob read plan",
            Verdict::Deny,
            &[],
        ),
        (
            "permit(principal is User, action, resource);",
            "bob read plan",
            Verdict::Allow,
            &["policy0"],
        ),
        (
            "permit(principal is User in Team::\"staff\", action, resource);",
            "alice read plan",
            Verdict::Allow,
            &["policy0"],
        ),
        (
            "permit(principal is User in Team::\"staff\", action, resource);",
            "bob read plan",
            Verdict::Deny,
            &[],
        ),
        (
            "permit(principal, action in Action::\"change\", resource);",
            "alice write plan",
            Verdict::Allow,
            &["policy0"],
        ),
        (
            "permit(principal, action in Action::\"change\", resource);",
            "alice delete plan",
            Verdict::Deny,
            &[],
        ),
        (
            "permit(principal, action in [Action::\"delete\", Action::\"read\"], resource);",
            "alice read plan",
            Verdict::Allow,
            &["policy0"],
        ),
        (
            "permit(principal, action, resource is Folder);",
            "alice read plans",
            Verdict::Allow,
            &["policy0"],
        ),
        (
            "permit(principal, action, resource is Folder);",
            "alice read plan",
            Verdict::Deny,
            &[],
        ),
        (
            "permit(principal, action, resource in Folder::\"home\");",
            "alice read plan",
            Verdict::Allow,
            &["policy0"],
        ),
        (
            "permit(principal, action, resource is Document in Folder::\"home\");",
            "alice read plans",
            Verdict::Deny,
            &[],
        ),
        // Somebody the store does not know is in nothing but themselves.
        (
            "permit(principal in Team::\"all\", action, resource);",
            "carol read plan",
            Verdict::Deny,
            &[],
        ),
        (
            "permit(principal == User::\"carol\", action, resource);",
            "carol read plan",
            Verdict::Allow,
            &["policy0"],
        ),
    ];
    run(rows);
}

#[test]
fn conditions() {
    let rows: &[Row] = &[
        (
            "permit(principal, action, resource is Document) when { resource.owner == principal };",
            "alice read plan",
            Verdict::Allow,
            &["policy0"],
        ),
        (
            "permit(principal, action, resource is Document) when { resource.owner == principal };",
            "bob read plan",
            Verdict::Deny,
            &[],
        ),
        (
            "permit(principal, action, resource is Document) unless { resource.public };",
            "alice read menu",
            Verdict::Deny,
            &[],
        ),
        // All `when`s and no `unless`.
        (
            "permit(principal, action, resource) when { principal.level > 3 } when { context.mfa } unless { principal.level > 9 };",
            "alice read plan",
            Verdict::Allow,
            &["policy0"],
        ),
        (
            "permit(principal, action, resource) when { principal has manager && principal.manager in Team::\"staff\" };",
            "bob read plan",
            Verdict::Allow,
            &["policy0"],
        ),
        (
            "permit(principal, action, resource is Document) when { resource.labels.contains(\"secret\") && resource.labels.containsAny([\"x\", \"2026\"]) && !resource.labels.isEmpty() };",
            "alice read plan",
            Verdict::Allow,
            &["policy0"],
        ),
        (
            "permit(principal, action, resource) when { principal has email && principal.email like \"*@example.com\" };",
            "alice read plan",
            Verdict::Allow,
            &["policy0"],
        ),
        (
            "permit(principal, action, resource is Document) when { resource.hasTag(\"state\") && resource.getTag(\"state\") == \"draft\" };",
            "alice read plan",
            Verdict::Allow,
            &["policy0"],
        ),
        (
            "permit(principal, action, resource) when { if context.mfa then principal.level >= 5 else false };",
            "bob read plan",
            Verdict::Deny,
            &[],
        ),
        // The right side of `||` and `&&` is looked at only if it counts.
        (
            "permit(principal, action, resource) when { context.mfa || principal.level * 9223372036854775807 > 0 };",
            "alice read plan",
            Verdict::Allow,
            &["policy0"],
        ),
    ];
    run(rows);
}

fn run(rows: &[Row]) {
    for (policies, words, verdict, reasons) in rows {
        let store = store(policies);
        let decision = store.decide(&input(words));
        assert_eq!(decision.decision, *verdict, "{policies} {words}");
        assert_eq!(decision.policies, *reasons, "{policies} {words}");
        assert_eq!(decision.errors, [], "{policies} {words}");
        assert_eq!(decision.policy_set, store.policy_set());
    }
}

#[test]
fn extension_types() {
    let rows = [
        (
            "context has ip && context.ip.isInRange(ip(\"10.0.0.0/8\"))",
            r#"{"mfa": true, "ip": "10.1.2.3"}"#,
            true,
        ),
        (
            "context has ip && context.ip.isInRange(ip(\"10.0.0.0/8\"))",
            r#"{"mfa": true, "ip": "192.0.2.1"}"#,
            false,
        ),
        (
            "context has ip && context.ip.isLoopback()",
            r#"{"mfa": true, "ip": {"__extn": {"fn": "ip", "arg": "::1"}}}"#,
            true,
        ),
        (
            "context has amount && context.amount.lessThan(decimal(\"10.5\"))",
            r#"{"mfa": true, "amount": "10.4999"}"#,
            true,
        ),
        (
            "context has amount && context.amount.lessThan(decimal(\"10.5\"))",
            r#"{"mfa": true, "amount": "10.5"}"#,
            false,
        ),
        (
            "context has at && context.at < datetime(\"2026-01-01\").offset(duration(\"1d\"))",
            r#"{"mfa": true, "at": "2026-01-01T23:59:59Z"}"#,
            true,
        ),
    ];
    for (condition, context, expected) in rows {
        let store = store(&format!(
            "permit(principal, action, resource) when {{ {condition} }};"
        ));
        let decision = store.decide(&with_context("alice read plan", context));
        assert_eq!(
            decision.is_allowed(),
            expected,
            "{condition} {context}: {:?}",
            decision.errors
        );
    }
}

#[test]
fn a_policy_that_fails_counts_as_if_it_were_not_there() {
    let overflow = "principal.level + 9223372036854775807 > 0";
    let permits = store(&format!(
        "permit(principal, action, resource); @id(\"bad\") forbid(principal, action, resource) when {{ {overflow} }};"
    ));
    let decision = permits.decide(&input("alice read plan"));
    assert!(decision.is_allowed());
    assert_eq!(decision.policies, ["policy0"]);
    assert_eq!(decision.errors.len(), 1);
    assert_eq!(decision.errors[0].policy.as_deref(), Some("bad"));
    assert!(
        decision.errors[0].reason.contains("overflow"),
        "{:?}",
        decision.errors
    );
    let denies = store(&format!(
        "permit(principal, action, resource) when {{ {overflow} }};"
    ));
    let decision = denies.decide(&input("alice read plan"));
    assert!(!decision.is_allowed() && decision.policies.is_empty() && decision.errors.len() == 1);
    // Where its scope does not hold it cannot fail.
    let narrow = store(&format!(
        "permit(principal == User::\"bob\", action, resource) when {{ {overflow} }};"
    ));
    assert_eq!(narrow.decide(&input("alice read plan")).errors, []);
}

#[test]
fn templates_are_linked_in_text_and_json() {
    let templates = r#"
        @id("reader") permit(principal == ?principal, action == Action::"read", resource in ?resource);
        @id("banned") forbid(principal in ?principal, action, resource);
        @id("owners") permit(principal, action, resource is Document) when { resource.owner == principal };
    "#;
    let links = r#"[
        { "templateId": "reader", "newId": "bob-reads-plans",
          "values": { "?principal": { "type": "User", "id": "bob" }, "?resource": { "type": "Folder", "id": "plans" } } },
        { "templateId": "banned", "newId": "no-staff", "values": { "?principal": { "__entity": { "type": "Team", "id": "staff" } } } }
    ]"#;
    let mut all = sources(templates);
    all.links = Some(Source::new("links.json", links));
    let store = compile(all).unwrap();
    assert_eq!((store.policy_count(), store.template_count()), (3, 2));
    let decision = store.decide(&input("bob read plan"));
    assert_eq!(
        (decision.is_allowed(), decision.policies),
        (true, vec!["bob-reads-plans".to_owned()])
    );
    let decision = store.decide(&input("alice read plan"));
    assert_eq!(
        (decision.is_allowed(), decision.policies),
        (false, vec!["no-staff".to_owned()])
    );
    assert_eq!(store.place("no-staff"), Some(("links.json", 4)));
    assert_eq!(store.place("owners"), Some(("app.cedar", 4)));
    // A template that is linked to nothing decides nothing.
    let alone = compile(sources(templates)).unwrap();
    assert!(!alone.decide(&input("bob read plan")).is_allowed());
}

#[test]
fn strict_validation_names_the_line() {
    let rows = [
        (
            "permit(principal, action, resource)\nwhen { principal.height > 3 };",
            2,
            "height",
        ),
        (
            "permit(principal, action, resource) when { principal.level > \"3\" };",
            1,
            "expected",
        ),
        (
            "\n\npermit(principal == Robot::\"1\", action, resource);",
            3,
            "Robot",
        ),
        (
            "permit(principal, action == Action::\"fly\", resource);",
            1,
            "fly",
        ),
        // Optional attributes are asked for first.
        (
            "permit(principal, action, resource) when { principal.email == \"a\" };",
            1,
            "email",
        ),
        (
            "permit(principal, action, resource) when { context.at < datetime(\"never\") };",
            1,
            "",
        ),
        // Strictly: sets have one type of element.
        (
            "permit(principal, action, resource) when { [1, \"a\"].contains(1) };",
            1,
            "",
        ),
    ];
    for (policies, line, word) in rows {
        let problems = compile(sources(policies)).unwrap_err();
        let first = &problems.list[0];
        assert_eq!(
            (first.file.as_str(), first.line),
            ("app.cedar", line),
            "{policies}: {problems}"
        );
        assert_eq!(first.kind, ProblemKind::Validation, "{policies}: {problems}");
        assert_eq!(first.policy.as_deref(), Some("policy0"));
        assert!(first.reason.contains(word), "{policies}: {problems}");
    }
    // All policies that are wrong are told together.
    let three = "permit(principal, action, resource) when { principal.a };\n".repeat(3);
    assert_eq!(compile(sources(&three)).unwrap_err().list.len(), 3);
}

#[test]
fn what_can_never_hold_is_a_warning() {
    let store = store("permit(principal, action, resource) when { false };");
    assert_eq!(store.warnings().len(), 1, "{:?}", store.warnings());
    assert_eq!(store.warnings()[0].line, 1);
}

#[test]
fn requests_must_fit_the_schema() {
    let store = store(ALL);
    let rows = [
        (input("alice fly plan"), "request"),
        (with_context("alice read plan", "{}"), "context"),
        (with_context("alice read plan", r#"{"mfa": 1}"#), "context"),
        (
            with_context("alice read plan", r#"{"mfa": true, "more": 1}"#),
            "context",
        ),
        (input("alice delete plans"), "request"),
    ];
    for (input, field) in rows {
        let decision = store.decide(&input);
        assert_eq!(decision.decision, Verdict::Deny, "{input:?}");
        assert!(decision.policies.is_empty(), "{input:?}");
        let error = &decision.errors[0];
        assert!(error.policy.is_none() && !error.reason.is_empty(), "{error:?}");
        if input.action.contains("fly") {
            // Which of the two notices first is the engine's business.
            assert!(matches!(error.field, Some("request" | "context")), "{error:?}");
        } else {
            assert_eq!(error.field, Some(field), "{input:?} {error:?}");
        }
    }
    assert!(store.decide(&input("alice read plan")).is_allowed());
}

#[test]
fn schema_and_policies_can_be_json() {
    let schema = r#"{"": {
        "entityTypes": { "User": { "shape": { "type": "Record", "attributes": { "level": { "type": "Long" } } } }, "Doc": {} },
        "actions": { "read": { "appliesTo": { "principalTypes": ["User"], "resourceTypes": ["Doc"] } } }
    }}"#;
    let policies = r#"{ "staticPolicies": {
        "levels": { "effect": "permit", "principal": { "op": "All" }, "action": { "op": "All" }, "resource": { "op": "All" },
          "conditions": [{ "kind": "when", "body": { ">": { "left": { ".": { "left": { "Var": "principal" }, "attr": "level" } }, "right": { "Value": 3 } } } }] } },
        "templates": {}, "templateLinks": [] }"#;
    let entities = r#"[{ "uid": { "type": "User", "id": "a" }, "attrs": { "level": 4 }, "parents": [] }]"#;
    let store = compile(policy::Sources {
        schema: Some(Source::new("schema.json", schema)),
        policies: vec![Source::new("policies.json", policies)],
        links: None,
        entities: Some(Source::new("entities.json", entities)),
    })
    .unwrap();
    let decision = store.decide(&policy::Input {
        principal: "User::\"a\"".to_owned(),
        action: "Action::\"read\"".to_owned(),
        resource: "Doc::\"1\"".to_owned(),
        ..policy::Input::default()
    });
    assert_eq!(
        (decision.is_allowed(), decision.policies),
        (true, vec!["levels".to_owned()])
    );
}
