//! Input that is none: told with file, line and reason, or denied with the part that is wrong. Never a panic, always bounded.

use std::fmt::Write as _;
use std::sync::OnceLock;

use policy::{Bounds, Input, PolicyStore, ProblemKind, Problems, Snapshot, Source};
use proptest::prelude::*;

use crate::app::{ENTITIES, SCHEMA, compile, input, sources, store, with_context};

const ALL: &str = "permit(principal, action, resource);";

fn first(problems: &Problems) -> (&str, usize, ProblemKind) {
    let problem = &problems.list[0];
    (&problem.file, problem.line, problem.kind)
}

#[test]
fn policies_that_cannot_be_read() {
    let deep = format!(
        "permit(principal, action, resource) when {{ {}true{} }};",
        "(".repeat(5_000),
        ")".repeat(5_000)
    );
    let nots = format!(
        "permit(principal, action, resource) when {{ {}true }};",
        "!".repeat(5_000)
    );
    let chain = format!(
        "permit(principal, action, resource) when {{ true{} }};",
        " && true".repeat(5_000)
    );
    let dots = format!(
        "permit(principal, action, resource) when {{ principal{} }};",
        ".a".repeat(5_000)
    );
    let ifs = format!(
        "permit(principal, action, resource) when {{ {}true }};",
        "if true then true else ".repeat(5_000)
    );
    let long = format!(
        "permit(principal, action, resource) when {{ \"{}\" == \"\" }};",
        "x".repeat(40_000)
    );
    let rows: &[(&str, usize, ProblemKind)] = &[
        ("permit(principal, action, resource)", 1, ProblemKind::Syntax),
        ("\npermit(principal, action);", 2, ProblemKind::Syntax),
        (
            "permit(principal, action, resource);\n\n  allow(principal, action, resource);",
            3,
            ProblemKind::Syntax,
        ),
        (
            "permit(principal, action, resource) when { \"unfinished };",
            1,
            ProblemKind::Syntax,
        ),
        (
            "permit(principal, action, resource) when { 9223372036854775808 > 0 };",
            1,
            ProblemKind::Syntax,
        ),
        (
            "@id(\"a\") permit(principal, action, resource);\n@id(\"a\") forbid(principal, action, resource);",
            2,
            ProblemKind::Duplicate,
        ),
        (
            "permit(principal == ?who, action, resource);",
            1,
            ProblemKind::Syntax,
        ),
        (
            "permit(principal, action, resource) when { ip(\"300.0.0.1\").isLoopback() };",
            1,
            ProblemKind::Validation,
        ),
        ("\u{0}", 1, ProblemKind::Syntax),
        (&deep, 1, ProblemKind::TooLarge),
        (&nots, 1, ProblemKind::TooLarge),
        (&chain, 1, ProblemKind::TooLarge),
        (&dots, 1, ProblemKind::TooLarge),
        (&ifs, 1, ProblemKind::TooLarge),
        (&long, 1, ProblemKind::TooLarge),
    ];
    for (policies, line, kind) in rows {
        let problems = compile(sources(policies)).unwrap_err();
        let shown: String = policies.chars().take(80).collect();
        assert_eq!(
            first(&problems),
            ("app.cedar", *line, *kind),
            "{shown}: {problems}"
        );
        assert!(problems.list[0].column > 0, "{shown}: {problems}");
    }
}

#[test]
fn as_deep_as_allowed_is_safe() {
    let within = [
        format!("{}true{}", "(".repeat(60), ")".repeat(60)),
        format!("true{}", " && true".repeat(490)),
        format!("false{} || true", " || false".repeat(480)),
        format!("{}true", "if true then true else ".repeat(490)),
        format!("0{} < 1", " + 0".repeat(490)),
    ];
    for condition in within {
        let store = store(&format!(
            "permit(principal, action, resource) when {{ {condition} }};"
        ));
        let decision = store.decide(&input("alice read plan"));
        // The engine may give up for want of stack, and then it says so and denies.
        assert!(
            decision.is_allowed() || decision.errors.len() == 1,
            "{condition}: {decision:?}"
        );
        let explained = store.explain(&input("alice read plan"));
        assert_eq!(explained.decision, decision);
    }
}

#[test]
fn schemas_that_cannot_be_read() {
    let deep = format!(
        "type T = {}Long{};",
        "Set<{ a: ".repeat(2_000),
        "}>".repeat(2_000)
    );
    let rows: &[(&str, &str, usize, ProblemKind)] = &[
        ("s.cedarschema", "entity User\nentity", 2, ProblemKind::Syntax),
        ("s.cedarschema", "entity User in [Team];", 0, ProblemKind::Schema),
        (
            "s.cedarschema",
            "entity User;\nentity User;",
            0,
            ProblemKind::Syntax,
        ),
        (
            "s.cedarschema",
            "type A = B; type B = A; entity User = { a: A };",
            0,
            ProblemKind::Schema,
        ),
        ("s.cedarschema", &deep, 1, ProblemKind::TooLarge),
        ("s.json", "{\n  \"\": 1,\n}", 3, ProblemKind::Syntax),
        ("s.json", "{\"\": {\"entityTypes\": {}}}", 0, ProblemKind::Schema),
        ("s.json", "[]", 0, ProblemKind::Schema),
    ];
    for (file, text, line, kind) in rows {
        let mut all = sources("");
        all.entities = None;
        all.schema = Some(Source::new(*file, *text));
        let problems = compile(all).unwrap_err();
        let (told, at, what) = first(&problems);
        assert_eq!((told, what), (*file, *kind), "{text:.80}: {problems}");
        if *line > 0 {
            assert_eq!(at, *line, "{text:.80}: {problems}");
        }
    }
}

#[test]
fn entities_that_cannot_be() {
    let nested = format!(
        "[{{\"uid\": {{\"type\": \"Team\", \"id\": \"a\"}}, \"attrs\": {}1{}, \"parents\": []}}]",
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    let rows: &[(&str, usize, ProblemKind, &str)] = &[
        ("[\n{\"uid\": }]", 2, ProblemKind::Syntax, ""),
        ("{}", 1, ProblemKind::Syntax, ""),
        ("[\n{}]", 2, ProblemKind::Entity, "uid"),
        ("[\n1]", 2, ProblemKind::Entity, ""),
        (
            "[\n\n{\"uid\": \"User::alice\", \"attrs\": {}, \"parents\": []}]",
            3,
            ProblemKind::Entity,
            "",
        ),
        (
            "[\n{\"uid\": {\"type\": \"Robot\", \"id\": \"1\"}, \"attrs\": {}, \"parents\": []}]",
            2,
            ProblemKind::Entity,
            "Robot",
        ),
        (
            "[\n{\"uid\": {\"type\": \"User\", \"id\": \"1\"}, \"attrs\": {\"level\": \"1\"}, \"parents\": []}]",
            2,
            ProblemKind::Entity,
            "level",
        ),
        (
            "[\n{\"uid\": {\"type\": \"User\", \"id\": \"1\"}, \"attrs\": {}, \"parents\": []}]",
            2,
            ProblemKind::Entity,
            "level",
        ),
        (
            "[\n{\"uid\": {\"type\": \"User\", \"id\": \"1\"}, \"attrs\": {\"level\": 1, \"level\": 2}, \"parents\": []}]",
            2,
            ProblemKind::Entity,
            "duplicate key",
        ),
        (
            "[\n{\"uid\": {\"type\": \"Team\", \"id\": \"a\"}, \"attrs\": {}, \"parents\": [{\"type\": \"Folder\", \"id\": \"f\"}]}]",
            0,
            ProblemKind::Entity,
            "",
        ),
        (
            "[{\"uid\": {\"type\": \"Team\", \"id\": \"a\"}, \"attrs\": {}, \"parents\": []},\n{\"uid\": {\"type\": \"Team\", \"id\": \"a\"}, \"attrs\": {}, \"parents\": []}]",
            2,
            ProblemKind::Duplicate,
            "Team::\"a\"",
        ),
        (
            "[\n{\"uid\": {\"type\": \"Team\", \"id\": \"a\"}, \"attrs\": {}, \"parents\": [{\"type\": \"Team\", \"id\": \"a\"}]}]",
            2,
            ProblemKind::Cycle,
            "",
        ),
        (
            "[\n{\"uid\": {\"type\": \"Team\", \"id\": \"a\"}, \"attrs\": {}, \"parents\": [{\"type\": \"Team\", \"id\": \"b\"}]},\n{\"uid\": {\"type\": \"Team\", \"id\": \"b\"}, \"attrs\": {}, \"parents\": [{\"type\": \"Team\", \"id\": \"a\"}]}]",
            3,
            ProblemKind::Cycle,
            "",
        ),
        (&nested, 1, ProblemKind::TooLarge, ""),
    ];
    for (text, line, kind, word) in rows {
        let mut all = sources(ALL);
        all.entities = Some(Source::new("entities.json", *text));
        let problems = compile(all).unwrap_err();
        let (told, at, what) = first(&problems);
        assert_eq!((told, what), ("entities.json", *kind), "{text:.200}: {problems}");
        assert!(*line == 0 || at == *line, "{text:.200}: {problems}");
        assert!(problems.list[0].reason.contains(word), "{text:.200}: {problems}");
    }
}

/// Teams one in the other, so many that working out what is in what would take memory without end.
#[test]
fn a_long_line_of_ancestors_is_refused_and_a_short_one_works() {
    let line = |length: usize| {
        let mut text = String::from("[");
        for number in 0..length {
            let comma = if number == 0 { "" } else { ",\n" };
            let parent = number + 1;
            write!(text, "{comma}{{\"uid\": {{\"type\": \"Team\", \"id\": \"{number}\"}}, \"attrs\": {{}}, \"parents\": [{{\"type\": \"Team\", \"id\": \"{parent}\"}}]}}").unwrap();
        }
        text + "]"
    };
    let mut all = sources(ALL);
    all.entities = Some(Source::new("entities.json", line(20_000)));
    let problems = compile(all.clone()).unwrap_err();
    assert_eq!(first(&problems).2, ProblemKind::TooLarge, "{problems}");
    all.entities = Some(Source::new("entities.json", line(300)));
    assert_eq!(compile(all).unwrap().entity_count(), 300 + 4);
}

#[test]
fn links_that_do_not_fit() {
    let template = "@id(\"t\") permit(principal == ?principal, action, resource);\n@id(\"s\") permit(principal, action, resource);";
    let user = r#"{"type": "User", "id": "a"}"#;
    let rows = [
        ("[{\"templateId\": \"none\", \"newId\": \"l\", \"values\": {}}]".to_owned(), ProblemKind::Link),
        ("[{\"templateId\": \"s\", \"newId\": \"l\", \"values\": {}}]".to_owned(), ProblemKind::Link),
        ("[{\"templateId\": \"t\", \"newId\": \"l\", \"values\": {}}]".to_owned(), ProblemKind::Link),
        (format!("[{{\"templateId\": \"t\", \"newId\": \"l\", \"values\": {{\"?principal\": {user}, \"?resource\": {user}}}}}]"), ProblemKind::Link),
        (format!("[{{\"templateId\": \"t\", \"newId\": \"l\", \"values\": {{\"?who\": {user}}}}}]"), ProblemKind::Link),
        (format!("[{{\"templateId\": \"t\", \"newId\": \"s\", \"values\": {{\"?principal\": {user}}}}}]"), ProblemKind::Duplicate),
        ("[{\"templateId\": \"t\"}]".to_owned(), ProblemKind::Syntax),
        ("[{\"templateId\": \"t\", \"newId\": \"l\", \"values\": {\"?principal\": \"User::a\"}}]".to_owned(), ProblemKind::Link),
        ("[{\"templateId\": \"t\", \"newId\": \"l\", \"values\": {\"?principal\": {\"type\": \"Robot\", \"id\": \"a\"}}}]".to_owned(), ProblemKind::Validation),
    ];
    for (links, kind) in rows {
        let mut all = sources(template);
        all.links = Some(Source::new("links.json", links.clone()));
        let problems = compile(all).unwrap_err();
        assert_eq!(problems.list[0].kind, kind, "{links}: {problems}");
    }
}

#[test]
fn too_many_is_refused() {
    let bounds = Bounds {
        policies: 2,
        entities: 2,
        source_bytes: 4_000,
        problems: 2,
        ..Bounds::default()
    };
    let refused = |sources| Snapshot::compile(sources, &bounds).unwrap_err();
    let mut all = sources(&ALL.repeat(3));
    all.entities = None;
    assert_eq!(first(&refused(all)).2, ProblemKind::TooLarge);
    assert_eq!(first(&refused(sources(ALL))).2, ProblemKind::TooLarge);
    let mut long = sources(&" ".repeat(5_000));
    long.entities = None;
    assert_eq!(first(&refused(long)), ("app.cedar", 0, ProblemKind::TooLarge));
    // Problems themselves are bounded too.
    let mut many = sources("");
    many.policies = vec![Source::new("a.cedar", "x"); 5];
    let problems = refused(many);
    assert_eq!((problems.list.len(), problems.more), (2, 3));
}

#[test]
fn requests_that_are_none() {
    let store = store(ALL);
    let deep = format!("{{\"mfa\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let large = format!("{{\"mfa\": true, \"x\": \"{}\"}}", "x".repeat(100_000));
    let named = |field: &str, text: &str| {
        let mut input = input("alice read plan");
        match field {
            "principal" => input.principal = text.to_owned(),
            "action" => input.action = text.to_owned(),
            _ => input.resource = text.to_owned(),
        }
        input
    };
    let long = format!("User::\"{}\"", "x".repeat(2_000));
    let rows: Vec<(Input, &str)> = vec![
        (named("principal", ""), "principal"),
        (named("principal", "alice"), "principal"),
        (named("principal", "User::alice"), "principal"),
        (named("principal", "User::\"a\" || true"), "principal"),
        (
            named("principal", "User::\"a\"; permit(principal, action, resource);"),
            "principal",
        ),
        (named("principal", &long), "principal"),
        (named("action", "Action::read"), "action"),
        (named("resource", "Document::\"\\q\""), "resource"),
        (with_context("alice read plan", "{"), "context"),
        (with_context("alice read plan", "[]"), "context"),
        (with_context("alice read plan", "null"), "context"),
        (
            with_context("alice read plan", r#"{"mfa": true, "mfa": false}"#),
            "context",
        ),
        (with_context("alice read plan", r#"{"mfa": 1.5}"#), "context"),
        (
            with_context(
                "alice read plan",
                r#"{"mfa": true, "ip": {"__extn": {"fn": "ip", "arg": "here"}}}"#,
            ),
            "context",
        ),
        (
            with_context("alice read plan", r#"{"mfa": {"__entity": "User::\"alice\""}}"#),
            "context",
        ),
        (with_context("alice read plan", &deep), "context"),
        (with_context("alice read plan", &large), "context"),
    ];
    for (input, field) in rows {
        let decision = store.decide(&input);
        assert!(!decision.is_allowed() && decision.policies.is_empty());
        assert_eq!(decision.errors.len(), 1);
        assert_eq!(
            decision.errors[0].field,
            Some(field),
            "{input:.300?} {:?}",
            decision.errors
        );
        assert!(!decision.errors[0].reason.is_empty());
        let explained = store.explain(&input);
        assert_eq!(explained.decision, decision);
    }
    assert!(store.decide(&input("alice read plan")).is_allowed());
}

#[test]
fn what_does_not_compile_leaves_what_counts() {
    let counts = PolicyStore::new(store(ALL));
    let name = counts.current().policy_set().to_owned();
    assert!(compile(sources("permit(principal, action, resource) when { nonsense };")).is_err());
    assert_eq!(counts.current().policy_set(), name);
    let held = counts.current();
    let old = counts.replace(store("forbid(principal, action, resource);"));
    assert_eq!(old.policy_set(), name);
    assert!(
        held.decide(&input("alice read plan")).is_allowed(),
        "who has one keeps it"
    );
    assert!(!counts.current().decide(&input("alice read plan")).is_allowed());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Sources with a piece cut out or put in somewhere: compiled or refused, never a panic.
    #[test]
    fn damaged_sources_never_panic(
        which in 0..4_usize,
        at in any::<prop::sample::Index>(),
        length in 0..40_usize,
        piece in prop::sample::select(vec!["", "(", "}", "\"", "\\", "::", "?principal", "é", "\u{202e}", "//", "null", "{\"a\":", ";", "@id(\"\")"]),
    ) {
        let policies = "@id(\"a\") permit(principal in Team::\"staff\", action in [Action::\"read\", Action::\"write\"], resource is Document) when { principal.level > 3 && resource.owner == principal } unless { context.mfa };\n@id(\"t\") forbid(principal == ?principal, action, resource in ?resource);";
        let mut texts = [SCHEMA.to_owned(), policies.to_owned(), ENTITIES.to_owned(), r#"[{"templateId": "t", "newId": "l", "values": {"?principal": {"type": "User", "id": "a"}, "?resource": {"type": "Folder", "id": "home"}}}]"#.to_owned()];
        let text = &mut texts[which];
        let mut start = at.index(text.len());
        while !text.is_char_boundary(start) { start -= 1; }
        let mut end = (start + length).min(text.len());
        while !text.is_char_boundary(end) { end += 1; }
        text.replace_range(start..end, piece);
        let [schema, policies, entities, links] = texts;
        let mut all = sources(&policies);
        all.schema = Some(Source::new("s.cedarschema", schema));
        all.entities = Some(Source::new("entities.json", entities));
        all.links = Some(Source::new("links.json", links));
        if let Err(problems) = compile(all) {
            prop_assert!(!problems.list.is_empty());
            prop_assert!(problems.list.iter().all(|problem| !problem.reason.is_empty()));
        }
    }

    /// Whatever is asked is answered.
    #[test]
    fn any_request_is_answered(principal in ".{0,40}", action in ".{0,40}", context in ".{0,60}", entities in prop::option::of(".{0,60}")) {
        static STORE: OnceLock<Snapshot> = OnceLock::new();
        let store = STORE.get_or_init(|| store("permit(principal, action, resource) when { context.mfa };"));
        let input = Input { principal, action, resource: "Document::\"plan\"".to_owned(), context: Some(context), entities };
        let decision = store.decide(&input);
        prop_assert!(!decision.is_allowed());
        prop_assert!(!decision.errors.is_empty());
    }
}
