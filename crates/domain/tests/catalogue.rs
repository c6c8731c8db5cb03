//! The catalogue of audit events: its words, and that the reference is current.

use std::collections::BTreeSet;

use domain::EventKind;

#[test]
fn every_kind_has_a_name_of_its_own_and_a_meaning() {
    let names: BTreeSet<&str> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(names.len(), EventKind::ALL.len());
    for kind in EventKind::ALL {
        let name = kind.as_str();
        assert!(
            name.bytes().all(|b| b.is_ascii_lowercase() || b"._".contains(&b)),
            "{name}"
        );
        assert!(kind.meaning().trim().ends_with('.'), "{name}: {}", kind.meaning());
    }
}

#[test]
fn the_reference_is_current() {
    let page = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/generated/audit-events.md"
    );
    let kept = std::fs::read_to_string(page).unwrap_or_default();
    assert_eq!(
        kept,
        EventKind::catalogue(),
        "run `cargo run -p rsp-domain --example audit-events-doc`"
    );
}
