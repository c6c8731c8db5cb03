//! Entities that come with a request.

use policy::Input;

use crate::app::{input, store};

const OWNERS: &str = "@id(\"own\") permit(principal, action, resource is Document) when { resource.owner == principal };
@id(\"staff\") permit(principal in Team::\"all\", action == Action::\"write\", resource is Document) when { principal.level > 3 };
@id(\"managers\") permit(principal, action == Action::\"delete\", resource is Document) when { resource.owner has manager && resource.owner.manager == principal };";

fn with(words: &str, entities: &str) -> Input {
    Input {
        entities: Some(entities.to_owned()),
        ..input(words)
    }
}

const NEW: &str = r#"[{ "uid": { "type": "Document", "id": "new" },
    "attrs": { "owner": { "type": "User", "id": "bob" }, "public": false, "labels": [] }, "parents": [] }]"#;

#[test]
fn what_the_store_does_not_know_is_added_for_one_request() {
    let store = store(OWNERS);
    let decision = store.decide(&with("bob read new", NEW));
    assert_eq!(
        (decision.is_allowed(), decision.policies.as_slice()),
        (true, &["own".to_owned()][..])
    );
    // Without it the attribute is missing: an error, and deny.
    let decision = store.decide(&input("bob read new"));
    assert!(!decision.is_allowed());
    assert_eq!(decision.errors.len(), 1);
}

#[test]
fn attributes_lead_from_new_entities_into_the_store() {
    let store = store(OWNERS);
    // bob's manager is alice, says the store.
    assert!(store.decide(&with("alice delete new", NEW)).is_allowed());
    assert!(!store.decide(&with("carol delete new", NEW)).is_allowed());
}

#[test]
fn an_entity_takes_the_place_of_the_stored_one_as_a_whole() {
    let store = store(OWNERS);
    let promoted = r#"[{ "uid": { "type": "User", "id": "bob" }, "attrs": { "level": 9 }, "parents": [{ "type": "Team", "id": "staff" }] }]"#;
    // What the new one is in is what the store says of that.
    let decision = store.decide(&with("bob write plan", promoted));
    assert_eq!(
        (decision.is_allowed(), decision.policies.as_slice()),
        (true, &["staff".to_owned()][..])
    );
    // And the manager is gone with the rest.
    assert!(!store.decide(&with("alice delete menu", promoted)).is_allowed());
    assert!(store.decide(&input("alice delete menu")).is_allowed());
}

#[test]
fn nobody_is_changed_by_way_of_what_they_are_in() {
    let store = store(OWNERS);
    let cases = [
        // alice is in staff: to write staff anew would change who alice is.
        (
            r#"[{ "uid": { "type": "Team", "id": "staff" }, "attrs": {}, "parents": [] }]"#,
            "Team::\\\"staff",
        ),
        (
            r#"[{ "uid": { "type": "Action", "id": "read" }, "attrs": {}, "parents": [] }]"#,
            "Action::\\\"read",
        ),
    ];
    for (entities, word) in cases {
        let decision = store.decide(&with("alice read plan", entities));
        assert!(!decision.is_allowed());
        assert_eq!(
            decision.errors[0].field,
            Some("entities"),
            "{:?}",
            decision.errors
        );
        let word = word.replace('\\', "");
        assert!(decision.errors[0].reason.contains(&word), "{:?}", decision.errors);
        assert_eq!(
            store.explain(&with("alice read plan", entities)).decision,
            decision
        );
    }
    // Its twin: a team that nobody is in may be written.
    let fresh = r#"[{ "uid": { "type": "Team", "id": "new" }, "attrs": {}, "parents": [{ "type": "Team", "id": "staff" }] }]"#;
    assert!(store.decide(&with("alice read plan", fresh)).is_allowed());
}

#[test]
fn what_is_brought_along_is_checked_as_the_store_is() {
    let store = store(OWNERS);
    let many: Vec<String> = (0..101)
        .map(|n| {
            format!("{{\"uid\": {{\"type\": \"Team\", \"id\": \"{n}\"}}, \"attrs\": {{}}, \"parents\": []}}")
        })
        .collect();
    let many = format!("[{}]", many.join(","));
    let large = format!("[{}1]", " ".repeat(300_000));
    let cases = [
        "{}",
        "[",
        r#"[{ "uid": { "type": "User", "id": "x" }, "attrs": { "level": "high" }, "parents": [] }]"#,
        r#"[{ "uid": { "type": "Robot", "id": "x" }, "attrs": {}, "parents": [] }]"#,
        r#"[{ "uid": { "type": "Team", "id": "x" }, "attrs": {}, "parents": [{ "type": "Team", "id": "x" }] }]"#,
        &many,
        &large,
    ];
    for entities in cases {
        let decision = store.decide(&with("alice read plan", entities));
        assert_eq!(decision.errors.len(), 1, "{entities:.100}");
        assert_eq!(decision.errors[0].field, Some("entities"), "{entities:.100}");
    }
}

#[test]
fn a_cycle_made_with_the_store_is_refused() {
    let store = store(OWNERS);
    // all -> new -> staff -> all would be one; `all` is above others and so cannot be written at all.
    let cycle = r#"[{ "uid": { "type": "Team", "id": "all" }, "attrs": {}, "parents": [{ "type": "Team", "id": "staff" }] }]"#;
    let decision = store.decide(&with("alice read plan", cycle));
    assert!(!decision.is_allowed() && decision.errors[0].field == Some("entities"));
}
