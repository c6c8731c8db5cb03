//! Each house rule sees a breach and lets its innocent twin pass.
#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]

use serde_json::{Value, json};
use xtask::rules::source::Source;
use xtask::rules::{edges, files, sql, words};

fn source(path: &str, text: &str) -> Source {
    Source::parse(path, text).unwrap()
}

fn metadata(package: &str, dependency: &str, kind: &str, is_our_own: bool) -> Value {
    let path = if is_our_own {
        json!("somewhere")
    } else {
        Value::Null
    };
    let kind = if kind.is_empty() { Value::Null } else { json!(kind) };
    json!({ "packages": [{ "name": package, "dependencies": [{ "name": dependency, "kind": kind, "path": path }] }] })
}

#[test]
fn dependencies_between_rooms_point_one_way() {
    let breaches = |package, dependency, kind| edges::check(&metadata(package, dependency, kind, true)).len();
    assert_eq!(breaches("rsp-engine", "rsp-storage", ""), 0);
    assert_eq!(breaches("rsp-storage", "rsp-engine", ""), 1);
    assert_eq!(breaches("rsp-protocol", "rsp-storage", ""), 1);
    assert_eq!(breaches("rsp-http", "rsp-storage", ""), 1);
    assert_eq!(breaches("rsp-http", "rsp-storage", "dev"), 0);
    assert_eq!(breaches("rsp-storage", "rsp-engine", "dev"), 1);
    assert_eq!(breaches("rsp-storage", "rsp-testkit", "dev"), 0);
    assert_eq!(breaches("rsp-storage", "rsp-testkit", ""), 1);
    assert_eq!(breaches("rsp-unheard-of", "rsp-domain", ""), 1);
}

#[test]
fn nothing_but_a_drill_turns_failpoints_on() {
    let breaches = |features: Value, of_dependency: Value| {
        let dependency = json!({ "name": "rsp-engine", "path": "somewhere", "features": of_dependency });
        let package = json!({ "name": "rsp-http", "features": features, "dependencies": [dependency] });
        edges::check(&json!({ "packages": [package] })).len()
    };
    assert_eq!(
        breaches(
            json!({ "failpoints": ["engine/failpoints"], "default": ["grow"] }),
            json!(["grow"])
        ),
        0
    );
    assert_eq!(breaches(json!({ "default": ["failpoints"] }), json!([])), 1);
    assert_eq!(breaches(json!({ "grow": ["engine/failpoints"] }), json!([])), 1);
    assert_eq!(breaches(json!({}), json!(["failpoints"])), 1);
}

#[test]
fn some_libraries_are_named_in_one_room() {
    let breaches = |package, library| edges::check(&metadata(package, library, "", false)).len();
    assert_eq!(breaches("rsp-storage", "sqlx"), 0);
    assert_eq!(breaches("rsp-engine", "sqlx"), 1);
    assert_eq!(breaches("rsp-http", "axum"), 0);
    assert_eq!(breaches("rsp-engine", "axum"), 1);
    assert_eq!(breaches("rsp-storage", "redis"), 0);
    assert_eq!(breaches("rsp-server", "redis"), 1);
    assert_eq!(breaches("rsp-engine", "serde"), 0);
}

#[test]
fn long_files_are_refused() {
    assert!(files::check_length(&source("crates/http/src/a.rs", &"\n".repeat(600))).is_none());
    assert!(files::check_length(&source("crates/http/src/a.rs", &"\n".repeat(601))).is_some());
}

#[test]
fn names_that_say_nothing_are_refused() {
    for bad in [
        "crates/http/src/utils.rs",
        "crates/http/src/helpers/mod.rs",
        "crates/http/src/token_manager.rs",
        "misc/x.py",
    ] {
        assert!(files::check_name(bad).is_some(), "{bad}");
    }
    for good in [
        "crates/http/src/router.rs",
        "crates/engine/src/token/mod.rs",
        "locales/common.ftl",
    ] {
        assert!(files::check_name(good).is_none(), "{good}");
    }
}

#[test]
fn sql_outside_storage_is_refused() {
    let breaches = |path: &str, text: &str| sql::check_literals(&source(path, text)).len();
    for statement in [
        "SELECT 1",
        "select id from users where id = $1",
        "INSERT INTO users (id) VALUES ($1)",
        "UPDATE users\n SET name = $1",
        "DELETE FROM users",
        "WITH x AS (SELECT 1) TABLE x",
        "CREATE TABLE t (id bigint)",
    ] {
        let text = format!("fn f() {{ run({statement:?}); }}");
        assert_eq!(breaches("crates/engine/src/a.rs", &text), 1, "{statement}");
        assert_eq!(breaches("crates/storage/src/a.rs", &text), 0, "{statement}");
    }
    assert_eq!(
        breaches(
            "crates/engine/src/a.rs",
            "fn f() { run(r#\"SELECT 1\"#); log!(\"x {}\", \"DELETE FROM t\") }"
        ),
        2
    );
    for sentence in [
        "select a page from the list",
        "update the set of keys",
        "deleted from here",
        "insert into the slot",
    ] {
        assert_eq!(
            breaches("crates/http/src/a.rs", &format!("const A: &str = {sentence:?};")),
            0,
            "{sentence}"
        );
    }
    assert_eq!(
        breaches("crates/http/src/a.rs", "/// `SELECT 1`\nfn f() {} // SELECT 1"),
        0
    );
}

#[test]
fn assembled_sql_has_one_home() {
    let user = "fn f() { query(AssertSqlSafe(text)) }";
    let home = source("crates/storage/src/statement.rs", user);
    assert!(sql::check_assertions(std::slice::from_ref(&home)).is_empty());
    assert_eq!(
        sql::check_assertions(&[home.clone(), source("crates/storage/src/users.rs", user)]).len(),
        1
    );
    assert_eq!(
        sql::check_assertions(&[home, source("crates/engine/src/users.rs", user)]).len(),
        1
    );
    assert_eq!(
        sql::check_assertions(&[source("crates/engine/src/users.rs", user)]).len(),
        1
    );
}

#[test]
fn changes_without_an_event_are_listed() {
    let call = "async fn sweep() { tx.commit_unrecorded(\"rows past their time\").await }";
    let caller = source("crates/engine/src/sweep.rs", call);
    let definition = source(
        "crates/storage/src/tx.rs",
        "impl Tx { pub async fn commit_unrecorded(self, reason: &str) {} }",
    );
    let test = source("crates/testkit/src/backend.rs", call);
    let sources = [caller, definition, test];
    let listed = "# why\ncrates/engine/src/sweep.rs sweep: rows past their time\n";
    assert!(sql::check_unrecorded(&sources, listed).is_empty());
    assert_eq!(sql::check_unrecorded(&sources, "").len(), 1);
    assert_eq!(
        sql::check_unrecorded(&sources, &format!("{listed}crates/engine/src/gone.rs f: x\n")).len(),
        1
    );
    assert_eq!(
        sql::check_unrecorded(&sources, "crates/engine/src/sweep.rs sweep: another reason").len(),
        2
    );
}

#[test]
fn marks_of_unfinished_work_are_refused() {
    let breaches = |path: &str, text: &str| words::check_tokens(&source(path, text)).len();
    assert_eq!(
        breaches("crates/http/src/a.rs", "#[test]\n#[ignore = \"slow\"]\nfn f() {}"),
        1
    );
    assert_eq!(breaches("crates/http/src/a.rs", "fn f() { todo!() }"), 1);
    assert_eq!(
        breaches("crates/http/src/a.rs", "fn f() { unimplemented!(\"later\") }"),
        1
    );
    assert_eq!(
        breaches("crates/http/tests/a.rs", "async fn f() { sleep(SECOND).await }"),
        1
    );
    assert_eq!(
        breaches("crates/http/src/a.rs", "#[test]\nfn f() { ignore(todo) }"),
        0
    );
    assert_eq!(
        breaches("crates/http/src/a.rs", "async fn f() { sleep(SECOND).await }"),
        0
    );
}

#[test]
fn the_sources_speak_of_the_project_only() {
    let breaches = |text: &str| words::check_text("crates/http/src/a.rs", text).len();
    assert_eq!(breaches("// see /home/ada/x"), 1);
    assert_eq!(breaches("// TODO later"), 1);
    assert_eq!(breaches("// as asked in issue #12"), 1);
    assert_eq!(
        breaches("// a session belongs to a user agent; the issuer issues 12 tokens"),
        0
    );
    assert_eq!(breaches("let todo_list = 1;"), 0);
}

#[test]
fn what_is_not_rust_is_said() {
    assert!(Source::parse("crates/http/src/a.rs", "fn f( {").is_err());
}
