//! The name of a set: the same for the same meaning.

use policy::Source;

use crate::app::{compile, sources, store};

const TWO: &str = "@id(\"a\") permit(principal, action, resource) when { context.mfa };\n@id(\"b\") forbid(principal, action, resource) unless { context.mfa };";

#[test]
fn layout_order_and_files_do_not_matter() {
    let name = store(TWO).policy_set().to_owned();
    assert!(name.starts_with("sha256:") && name.len() == 71, "{name}");
    let (first, second) = TWO.split_once('\n').unwrap();
    let spaced = format!("// a comment\n{second}\n\n{}", first.replace(' ', "\n  "));
    assert_eq!(store(&spaced).policy_set(), name);
    let mut apart = sources(first);
    apart.policies.push(Source::new("second.cedar", second));
    assert_eq!(compile(apart).unwrap().policy_set(), name);
    let mut without = sources(TWO);
    without.entities = None;
    assert_eq!(compile(without).unwrap().policy_set(), name);
}

#[test]
fn meaning_and_ids_do() {
    let name = store(TWO).policy_set().to_owned();
    let changed = [
        TWO.replace("permit", "forbid"),
        TWO.replace("\"b\"", "\"c\""),
        TWO.replace("unless", "when"),
        TWO.replace("@id(\"a\")", "@id(\"a\") @why(\"x\")"),
        format!("{TWO} permit(principal, action, resource);"),
    ];
    for changed in changed {
        assert_ne!(store(&changed).policy_set(), name, "{changed}");
    }
    let mut other = sources(TWO);
    let schema = other.schema.as_mut().unwrap();
    schema.text.push_str("\nentity Robot;");
    assert_ne!(compile(other).unwrap().policy_set(), name);
    let template = "@id(\"t\") permit(principal == ?principal, action, resource);";
    let linked = |who: &str| {
        let link = format!(
            r#"[{{"templateId": "t", "newId": "l", "values": {{"?principal": {{"type": "User", "id": "{who}"}}}}}}]"#
        );
        let mut all = sources(template);
        all.links = Some(Source::new("links.json", link));
        compile(all).unwrap().policy_set().to_owned()
    };
    assert_eq!(linked("alice"), linked("alice"));
    assert_ne!(linked("alice"), linked("bob"));
    assert_ne!(linked("alice"), store(template).policy_set());
}
