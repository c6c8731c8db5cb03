//! Which settings of a tenant a change changes, by name: what the audit log says of it.

use domain::TenantSettings;
use serde_json::Value;

/// The names of the settings that differ, such as `sign_in.second_factor.rule`. There are no more than settings.
pub(super) fn settings(before: &TenantSettings, after: &TenantSettings) -> Vec<String> {
    let mut names = Vec::new();
    let value = |settings| serde_json::to_value(settings).unwrap_or_default();
    compare("", &value(before), &value(after), &mut names);
    names
}

fn compare(at: &str, before: &Value, after: &Value, names: &mut Vec<String>) {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        if before != after {
            names.push(at.to_owned());
        }
        return;
    };
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    for name in new.keys().chain(gone) {
        let path = if at.is_empty() {
            name.clone()
        } else {
            format!("{at}.{name}")
        };
        let side = |of: &serde_json::Map<String, Value>| of.get(name).cloned().unwrap_or_default();
        compare(&path, &side(old), &side(new), names);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named_and_nothing_else() {
        let before = TenantSettings::default();
        assert_eq!(settings(&before, &before), Vec::<String>::new());
        let mut after = before.clone();
        after.registration.open = true;
        after.sign_in.second_factor.totp_neighbours = true;
        after.host = Some("id.acme.example".to_owned());
        let mut named = settings(&before, &after);
        named.sort();
        let expected = [
            "host",
            "registration.open",
            "sign_in.second_factor.totp_neighbours",
        ];
        assert_eq!(named, expected);
        let mut back = settings(&after, &before);
        back.sort();
        assert_eq!(back, expected);
    }
}
