//! Conditions of policies, taken apart and put into words.

use cedar_policy::{Policy, PolicyFromJsonError};
use serde_json::{Value, json};

/// A policy with one condition and nothing else.
pub(crate) fn alone(body: &Value) -> Result<Policy, PolicyFromJsonError> {
    let policy = json!({
        "effect": "permit",
        "principal": {"op": "All"}, "action": {"op": "All"}, "resource": {"op": "All"},
        "conditions": [{"kind": "when", "body": body}],
    });
    Policy::from_json(None, policy)
}

/// A condition in Cedar's words. The engine prints `a > b` as `!(a <= b)`; people read the first.
pub(crate) fn text(body: &Value) -> String {
    let compared = [">", ">=", "!="].iter().find_map(|name| {
        let operands = body.get(name)?;
        Some((name, operands.get("left")?, operands.get("right")?))
    });
    if let Some((name, left, right)) = compared {
        return format!("{} {name} {}", operand(left), operand(right));
    }
    let printed = alone(body)
        .ok()
        .and_then(|policy| policy.to_cedar())
        .unwrap_or_default();
    let inner = printed
        .split_once("when {")
        .and_then(|(_, rest)| rest.rsplit_once('}'));
    let inner = inner.map_or(printed.as_str(), |(inner, _)| inner);
    inner.trim().to_owned()
}

fn operand(body: &Value) -> String {
    let text = text(body);
    if text.contains(' ') {
        format!("({text})")
    } else {
        text
    }
}

/// Conditions of a policy in Cedar's JSON form, as far apart as they go: `a && b` into two, `unless { a || b }` too.
pub(crate) fn conjuncts(policy: &Value) -> Vec<(&'static str, Value)> {
    let mut found = Vec::new();
    let conditions = policy.get("conditions").and_then(Value::as_array);
    for condition in conditions.into_iter().flatten() {
        let Some(body) = condition.get("body") else {
            continue;
        };
        let is_unless = condition.get("kind").and_then(Value::as_str) == Some("unless");
        let part = if is_unless { "unless" } else { "when" };
        split(body, is_unless, &mut |conjunct| found.push((part, conjunct)));
    }
    found
}

/// Calls `found` with what must be true for `body` (negated, if so) to be true.
fn split(body: &Value, is_negated: bool, found: &mut impl FnMut(Value)) {
    let operands = |name: &str| {
        let node = body.get(name)?;
        Some((node.get("left")?, node.get("right")?))
    };
    let both = if is_negated {
        operands("||")
    } else {
        operands("&&")
    };
    if let Some((left, right)) = both {
        split(left, is_negated, found);
        split(right, is_negated, found);
        return;
    }
    if let Some(inner) = body.get("!").and_then(|not| not.get("arg")) {
        return split(inner, !is_negated, found);
    }
    if !is_negated {
        return found(body.clone());
    }
    let opposites = [
        ("<=", ">"),
        ("<", ">="),
        ("==", "!="),
        (">", "<="),
        (">=", "<"),
        ("!=", "=="),
    ];
    let opposite = opposites
        .iter()
        .find_map(|(name, opposite)| Some((opposite, body.get(name)?)));
    match opposite {
        Some((opposite, operands)) => found(json!({ *opposite: operands })),
        None => found(json!({"!": {"arg": body}})),
    }
}
