//! The name of a set of policies: a hash that is the same for the same meaning.
//!
//! It is over schema, policies, templates and links in Cedar's JSON form, with the keys of objects sorted and policies
//! sorted by id. Layout, comments, the order of statements and how they are spread over files do not matter; ids and
//! annotations do. Entities are data and are no part of it.

use cedar_policy::{PolicySet, SlotId};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Hash of a set, as `sha256:` and 64 hexadecimal digits.
pub(crate) fn of(schema: Option<&Value>, set: &PolicySet) -> Result<String, String> {
    let mut lines: Vec<(&str, &str, [u8; 32])> = Vec::with_capacity(set.num_of_policies());
    for template in set.templates() {
        let body = template.to_json().map_err(|error| error.to_string())?;
        lines.push((template.id().as_ref(), "template", hash(&body)));
    }
    for policy in set.policies() {
        let line = match (policy.template_id(), policy.template_links()) {
            (Some(template), Some(values)) => {
                let slot = |id: SlotId| values.get(&id).map(ToString::to_string);
                let link = [
                    Value::from(AsRef::<str>::as_ref(template)),
                    Value::from(slot(SlotId::principal())),
                    Value::from(slot(SlotId::resource())),
                ];
                (policy.id().as_ref(), "link", hash(&Value::from(link.to_vec())))
            }
            _ => {
                let body = policy.to_json().map_err(|error| error.to_string())?;
                (policy.id().as_ref(), "policy", hash(&body))
            }
        };
        lines.push(line);
    }
    lines.sort_unstable();
    let mut all = Sha256::new();
    all.update(b"rsp policy set 1\n");
    all.update(schema.map_or([0; 32], hash));
    for (id, kind, body) in lines {
        all.update((id.len() as u64).to_be_bytes());
        all.update(id);
        all.update(kind);
        all.update(body);
    }
    Ok(format!("sha256:{}", hex::encode(all.finalize())))
}

fn hash(value: &Value) -> [u8; 32] {
    let mut text = String::new();
    canonical(value, &mut text);
    Sha256::digest(text).into()
}

/// JSON without blanks and with sorted keys.
fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            text.push('{');
            for (number, (key, value)) in entries.into_iter().enumerate() {
                if number > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                canonical(value, text);
            }
            text.push('}');
        }
        Value::Array(list) => {
            text.push('[');
            for (number, value) in list.iter().enumerate() {
                if number > 0 {
                    text.push(',');
                }
                canonical(value, text);
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}
