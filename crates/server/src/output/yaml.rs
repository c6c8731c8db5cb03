//! A YAML 1.2 writer for JSON values: block style, strings quoted unless they
//! cannot be read as anything else.

use serde_json::Value;

/// The document, ending in a line break.
pub(super) fn render(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Array(items) if !items.is_empty() => sequence(items, 0, &mut text),
        Value::Object(map) if !map.is_empty() => mapping(map, 0, &mut text),
        scalar => {
            text.push_str(&inline(scalar));
            text.push('\n');
        }
    }
    text
}

fn mapping(map: &serde_json::Map<String, Value>, depth: usize, text: &mut String) {
    for (index, (key, value)) in map.iter().enumerate() {
        // The first key of a mapping inside a sequence stands on the line of its dash.
        if index > 0 || !text.ends_with("- ") {
            text.push_str(&"  ".repeat(depth));
        }
        text.push_str(&string(key));
        text.push(':');
        nested(value, depth, text);
    }
}

fn nested(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            sequence(items, depth + 1, text);
        }
        Value::Object(map) if !map.is_empty() => {
            text.push('\n');
            mapping(map, depth + 1, text);
        }
        scalar => {
            text.push(' ');
            text.push_str(&inline(scalar));
            text.push('\n');
        }
    }
}

fn sequence(items: &[Value], depth: usize, text: &mut String) {
    for item in items {
        text.push_str(&"  ".repeat(depth));
        text.push('-');
        match item {
            Value::Object(map) if !map.is_empty() => {
                text.push(' ');
                mapping(map, depth + 1, text);
            }
            other => nested(other, depth, text),
        }
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => string(text),
        // Empty collections, numbers, booleans and null read the same in YAML.
        other => other.to_string(),
    }
}

/// Plain only for words that no YAML schema resolves to another type; a JSON
/// string is a valid double-quoted YAML scalar otherwise.
fn string(text: &str) -> String {
    const RESOLVED: [&str; 11] = [
        "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf",
    ];
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '@'));
    if word && !RESOLVED.contains(&text.to_ascii_lowercase().as_str()) {
        text.to_owned()
    } else {
        Value::String(text.to_owned()).to_string()
    }
}
