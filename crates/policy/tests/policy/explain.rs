//! Why something was allowed or denied.

use std::fmt::Write as _;

use policy::{Explained, Held};

use crate::app::{input, store, with_context};

const POLICIES: &str = r#"@id("owners")
permit(principal, action in [Action::"read", Action::"write"], resource is Document)
when { resource.owner == principal && context.mfa }
unless { principal.level < 2 || resource.public };

@id("managers")
permit(principal, action, resource is Document)
when { resource.owner has manager && resource.owner.manager == principal };

@id("frozen") forbid(principal, action == Action::"delete", resource) when { !context.mfa };
"#;

fn results(explained: &Explained) -> Vec<(&str, &str, Held)> {
    let of = |check: &'static str| check;
    explained
        .checks
        .iter()
        .map(|check| (of(check.part), check.text.as_str(), check.result))
        .collect()
}

#[test]
fn an_allow_names_what_held() {
    let explanation = store(POLICIES).explain(&input("alice write plan"));
    assert!(explanation.decision.is_allowed());
    assert_eq!(explanation.summary, "Allowed by owners.");
    let [owners] = explanation.explained.as_slice() else {
        panic!("{explanation:?}");
    };
    assert!(owners.satisfied);
    assert_eq!(
        (owners.effect, owners.file.as_deref(), owners.line),
        ("permit", Some("app.cedar"), Some(1))
    );
    let held = |part, text| (part, text, Held::Held);
    assert_eq!(
        results(owners),
        [
            held("principal", "true"),
            held("action", "action in [Action::\"read\", Action::\"write\"]"),
            held("resource", "resource is Document"),
            held("when", "resource.owner == principal"),
            held("when", "context.mfa"),
            held("unless", "principal.level >= 2"),
            held("unless", "!resource.public"),
        ]
    );
}

#[test]
fn a_deny_names_what_came_nearest_and_what_was_missing() {
    let explanation = store(POLICIES).explain(&with_context("alice write plan", r#"{"mfa": false}"#));
    assert!(!explanation.decision.is_allowed());
    assert_eq!(
        explanation.summary,
        "Denied: no policy permits it. Nearest is owners; missing: context.mfa."
    );
    let missing = |explained: &Explained| -> Vec<String> {
        let missing = explained.checks.iter().filter(|check| check.result != Held::Held);
        missing.map(|check| check.text.clone()).collect()
    };
    assert_eq!(missing(&explanation.explained[0]), ["context.mfa"]);
    assert!(!explanation.explained[0].satisfied);
    // The other permit is further away; forbids are no way to an allow.
    let managers = &explanation.explained[1];
    assert_eq!(managers.policy, "managers");
    assert_eq!(
        results(managers)[3..],
        [
            ("when", "resource.owner has manager", Held::Missing),
            // Evaluated alone it fails; in the policy it is not looked at.
            ("when", "resource.owner.manager == principal", Held::NotReached),
        ]
    );
    assert_eq!(explanation.explained.len(), 2);
}

#[test]
fn a_deny_by_a_forbid_names_it() {
    let explanation = store(POLICIES).explain(&with_context("alice delete menu", r#"{"mfa": false}"#));
    assert_eq!(explanation.summary, "Denied by frozen.");
    assert_eq!(explanation.explained.len(), 1);
    assert_eq!(explanation.explained[0].effect, "forbid");
    assert!(explanation.explained[0].satisfied);
}

#[test]
fn an_error_is_told_where_it_happened() {
    let store = store(
        "@id(\"sum\") permit(principal, action, resource) when { context.mfa && principal.level + 9223372036854775807 > 0 };",
    );
    let explanation = store.explain(&input("alice read plan"));
    assert_eq!(explanation.decision.errors.len(), 1);
    let checks = &explanation.explained[0].checks;
    assert_eq!(checks[4].result, Held::Error);
    assert!(
        checks[4].reason.as_deref().unwrap().contains("overflow"),
        "{checks:?}"
    );
    assert_eq!(checks[3].result, Held::Held);
}

#[test]
fn without_a_permit_there_is_nothing_near() {
    let explanation =
        store("forbid(principal == User::\"bob\", action, resource);").explain(&input("alice read plan"));
    assert_eq!(
        explanation.summary,
        "Denied: there is no policy that permits anything."
    );
    assert_eq!(explanation.explained, []);
}

#[test]
fn the_nearest_is_found_among_many() {
    let mut policies = String::new();
    for number in 0..300 {
        writeln!(
            policies,
            "@id(\"n{number}\") permit(principal == User::\"u{number}\", action == Action::\"delete\", resource);"
        )
        .unwrap();
    }
    policies.push_str("@id(\"near\") permit(principal == User::\"alice\", action == Action::\"read\", resource) when { principal.level > 100 };");
    let explanation = store(&policies).explain(&input("alice read plan"));
    assert_eq!(explanation.explained[0].policy, "near");
    assert!(
        explanation.summary.ends_with("missing: principal.level > 100."),
        "{}",
        explanation.summary
    );
}
