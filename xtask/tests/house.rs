//! The house as it stands keeps its rules.

use xtask::{root, rules};

#[test]
fn the_house_rules_are_kept() {
    let findings = rules::all(&root()).unwrap();
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}", lines.join("\n"));
}
