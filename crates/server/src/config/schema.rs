//! The reference, written from the table: as a commented TOML file and as JSON Schema.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::keys::{KEYS, Key, Preset};
use super::kinds::Kind;
use super::sources::literal_value;

/// Every key as a comment with meaning and default; the keys in `set` are not
/// comments but hold the given TOML literals.
#[must_use]
pub fn commented_toml(set: &[(&str, String)]) -> String {
    let mut text = String::from(
        "# Every setting with its default. The environment wins over this file:\n\
         # server.listen is RSP__SERVER__LISTEN; secrets can also be read from the\n\
         # file that e.g. RSP__DATABASE__URL_FILE names.\n",
    );
    let mut section = "";
    for key in KEYS {
        let (parent, name) = key.path.rsplit_once('.').unwrap_or(("", key.path));
        if parent != section {
            section = parent;
            // Writing into a String cannot fail.
            writeln!(text, "\n[{section}]").ok();
        }
        let chosen = set.iter().find(|(path, _)| *path == key.path);
        match (chosen, key.preset) {
            (Some((_, literal)), _) => writeln!(text, "# {}.\n{name} = {literal}", key.doc),
            (None, Preset::Is(literal)) => writeln!(text, "# {}.\n# {name} = {literal}", key.doc),
            (None, Preset::InData(file)) => {
                writeln!(
                    text,
                    "# {}. Default: {file} in the data directory.\n# {name} = {}",
                    key.doc,
                    example(key)
                )
            }
            (None, Preset::Unset(meaning)) => {
                writeln!(
                    text,
                    "# {}. Default: {meaning}.\n# {name} = {}",
                    key.doc,
                    example(key)
                )
            }
        }
        .ok();
    }
    text
}

/// A value that shows the form, for keys without a default.
fn example(key: &Key) -> &'static str {
    match key.path {
        "database.owner_url" => {
            "\"postgres://auth_service_owner@db.example.com/auth_service?sslmode=verify-full\""
        }
        "database.url" => "\"sqlite:///var/lib/rsp/rsp.db\"",
        "keys.kek.env" => "\"RSP_KEK\"",
        "keys.kek.file" => "\"/etc/rsp/kek\"",
        "mail.from" => "\"login@example.com\"",
        "mail.smtp" => "\"smtps://mail.example.com:465\"",
        "mail.username" => "\"rsp\"",
        "password.filter" => "\"/var/lib/rsp/passwords.filter\"",
        "password.max_concurrent" => "2",
        "password.queue" => "64",
        "server.security_policy" => "\"https://example.com/security\"",
        "server.load.admin.in_progress" => "16",
        "server.load.machine.in_progress" => "32",
        "server.load.pages.in_progress"
        | "server.load.admin.queue"
        | "server.load.machine.queue"
        | "server.load.pages.queue" => "128",
        "shared.ca_file" => "\"/etc/rsp/redis-ca.pem\"",
        "server.tls.cert" => "\"/etc/rsp/tls.pem\"",
        "server.tls.key" => "\"/etc/rsp/tls.key\"",
        _ => "\"\"",
    }
}

/// JSON Schema (draft 2020-12) of the TOML file.
#[must_use]
pub fn json_schema() -> Value {
    let mut schema = section("");
    schema.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    schema.insert("title".to_owned(), json!("Configuration of rsp"));
    Value::Object(schema)
}

/// The object at `prefix`, which is empty or ends in a dot.
fn section(prefix: &str) -> Map<String, Value> {
    let mut properties = Map::new();
    for key in KEYS {
        let Some(rest) = key.path.strip_prefix(prefix) else {
            continue;
        };
        match rest.split_once('.') {
            None => {
                properties.insert(rest.to_owned(), property(key));
            }
            Some((name, _)) if !properties.contains_key(name) => {
                properties.insert(
                    name.to_owned(),
                    Value::Object(section(&format!("{prefix}{name}."))),
                );
            }
            Some(_) => {}
        }
    }
    object(json!({ "type": "object", "additionalProperties": false, "properties": properties }))
}

fn property(key: &Key) -> Value {
    let mut property = object(match key.kind {
        Kind::Choice(words) => json!({ "type": "string", "enum": words }),
        Kind::Count { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Contacts => {
            json!({ "type": "array", "items": { "type": "string", "format": "uri", "pattern": "^(mailto|https):" } })
        }
        Kind::Networks => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Time => json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$" }),
        Kind::SecureUrl => json!({ "type": "string", "format": "uri", "pattern": "^https://" }),
        Kind::WebUrl => json!({ "type": "string", "format": "uri", "pattern": "^https?://" }),
        Kind::SharedUrl => json!({ "type": "string", "pattern": "^(memory$|rediss?://)" }),
        Kind::DatabaseUrl => json!({ "type": "string", "pattern": "^(sqlite:|postgres(ql)?://)" }),
        Kind::MailAddress => json!({ "type": "string", "format": "email" }),
        Kind::MailServer => {
            json!({ "type": "string", "format": "uri", "pattern": "^(smtps?|smtp\\+plain)://" })
        }
        Kind::Address | Kind::File | Kind::Filter | Kind::Secret | Kind::Text | Kind::Variable => {
            json!({ "type": "string" })
        }
    });
    let description = format!("{}. Environment: {}.", key.doc, key.variable());
    property.insert("description".to_owned(), json!(description));
    if let Preset::Is(literal) = key.preset {
        property.insert("default".to_owned(), json!(literal_value(literal)));
    }
    if key.is_secret() {
        property.insert("writeOnly".to_owned(), json!(true));
    }
    Value::Object(property)
}

/// The members of an object literal.
fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(map) = value {
        map
    } else {
        Map::new()
    }
}
