//! A small application, and its requests.

use policy::{Bounds, Input, Problems, Snapshot, Source, Sources};

/// A small application: people in teams, documents in folders.
pub(crate) const SCHEMA: &str = r#"
entity Team in [Team];
entity User in [Team] = { level: Long, "email"?: String, manager?: User };
entity Folder in [Folder];
entity Document in [Folder] = { owner: User, public: Bool, "labels": Set<String> } tags String;
type Visit = { mfa: Bool, ip?: ipaddr, amount?: decimal, at?: datetime };
action change;
action read, write in [change] appliesTo { principal: [User], resource: [Document, Folder], context: Visit };
action delete appliesTo { principal: [User], resource: [Document], context: Visit };
"#;

pub(crate) const ENTITIES: &str = r#"[
  { "uid": { "type": "Team", "id": "all" }, "attrs": {}, "parents": [] },
  { "uid": { "type": "Team", "id": "staff" }, "attrs": {}, "parents": [{ "type": "Team", "id": "all" }] },
  { "uid": { "type": "User", "id": "alice" }, "attrs": { "level": 5, "email": "alice@example.com" },
    "parents": [{ "type": "Team", "id": "staff" }] },
  { "uid": { "type": "User", "id": "bob" }, "attrs": { "level": 1, "manager": { "type": "User", "id": "alice" } },
    "parents": [] },
  { "uid": { "type": "Folder", "id": "home" }, "attrs": {}, "parents": [] },
  { "uid": { "type": "Folder", "id": "plans" }, "attrs": {}, "parents": [{ "type": "Folder", "id": "home" }] },
  { "uid": { "type": "Document", "id": "plan" },
    "attrs": { "owner": { "type": "User", "id": "alice" }, "public": false, "labels": ["secret", "2026"] },
    "parents": [{ "type": "Folder", "id": "plans" }], "tags": { "state": "draft" } },
  { "uid": { "type": "Document", "id": "menu" },
    "attrs": { "owner": { "type": "User", "id": "bob" }, "public": true, "labels": [] }, "parents": [] }
]"#;

pub(crate) fn sources(policies: &str) -> Sources {
    Sources {
        schema: Some(Source::new("app.cedarschema", SCHEMA)),
        policies: vec![Source::new("app.cedar", policies)],
        links: None,
        entities: Some(Source::new("entities.json", ENTITIES)),
    }
}

pub(crate) fn compile(sources: Sources) -> Result<Snapshot, Problems> {
    Snapshot::compile(sources, &Bounds::default())
}

pub(crate) fn store(policies: &str) -> Snapshot {
    compile(sources(policies)).unwrap()
}

/// `who does what` as `alice read plan`, with multi-factor authentication.
pub(crate) fn input(words: &str) -> Input {
    let words: Vec<&str> = words.split(' ').collect();
    let resource = if matches!(words[2], "home" | "plans") {
        "Folder"
    } else {
        "Document"
    };
    Input {
        principal: format!("User::\"{}\"", words[0]),
        action: format!("Action::\"{}\"", words[1]),
        resource: format!("{resource}::\"{}\"", words[2]),
        context: Some(r#"{"mfa": true}"#.to_owned()),
        entities: None,
    }
}

pub(crate) fn with_context(words: &str, context: &str) -> Input {
    Input {
        context: Some(context.to_owned()),
        ..input(words)
    }
}
