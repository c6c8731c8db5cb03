//! Every SQL text of the crate is prepared on both engines, and speaks of its tenant.

use std::path::{Path, PathBuf};

use sqlx::{Connection as _, Executor as _, SqlSafeStr as _};
use syn::visit::Visit;
use testkit::Backend;

use crate::isolation::connect;

const VERBS: [&str; 5] = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "];
/// What would end the transaction that others share, or quietly delete rows.
const FORBIDDEN: [&str; 9] = [
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "RAISE",
    "REPLACE",
    "DEFERRABLE",
    "PRAGMA",
];

/// Files whose statements are about the catalogue or one engine only.
const PLUMBING: [&str; 9] = [
    "migrate.rs",
    "options.rs",
    "postgres.rs",
    "rights.rs",
    "partitions.rs",
    "schema.rs",
    "sizes.rs",
    "sqlite.rs",
    "statistics.rs",
];

pub(crate) struct Statement {
    pub(crate) file: String,
    /// The function or constant it stands in.
    pub(crate) item: String,
    pub(crate) text: String,
}

/// The string literals of a file, outside attributes and tests, each with what it stands in.
#[derive(Default)]
struct Literals {
    item: String,
    found: Vec<(String, String)>,
}

impl<'ast> Visit<'ast> for Literals {
    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        self.found.push((self.item.clone(), literal.value()));
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.item = signature.ident.to_string();
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.item = item.ident.to_string();
        syn::visit::visit_item_const(self, item);
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_owned();
        if path.is_dir() {
            if name != "tests" {
                sources(&path, found);
            }
        } else if name != "tests.rs" {
            found.push(path);
        }
    }
}

fn literals() -> Vec<Statement> {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut all = Vec::new();
    for path in files {
        let source = std::fs::read_to_string(&path).unwrap();
        let mut literals = Literals::default();
        literals.visit_file(&syn::parse_file(&source).unwrap());
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        all.extend(literals.found.into_iter().map(|(item, text)| Statement {
            file: file.clone(),
            item,
            text,
        }));
    }
    all
}

pub(crate) fn statements() -> Vec<Statement> {
    let is_statement = |s: &Statement| {
        VERBS.iter().any(|verb| s.text.starts_with(verb)) && !PLUMBING.contains(&s.file.as_str())
    };
    let found: Vec<_> = literals().into_iter().filter(is_statement).collect();
    assert!(found.len() > 70, "only {} statements were found", found.len());
    found
}

/// Whether only one engine knows it.
pub(crate) fn is_postgres_only(text: &str) -> bool {
    text.contains("FOR NO KEY UPDATE")
}

#[tokio::test]
async fn every_statement_is_prepared_on_both_engines() {
    let (postgres, sqlite) = (Backend::Postgres.fresh().await, Backend::Sqlite.fresh().await);
    let mut on_postgres = connect(&postgres.url).await;
    let mut on_sqlite = sqlx::sqlite::SqliteConnection::connect(&sqlite.url)
        .await
        .unwrap();
    for Statement { file, text, .. } in statements() {
        let prepared = on_postgres
            .prepare(sqlx::AssertSqlSafe(text.clone()).into_sql_str())
            .await;
        assert!(
            prepared.is_ok(),
            "{file} on PostgreSQL: {text}: {:?}",
            prepared.err()
        );
        if !is_postgres_only(&text) {
            let prepared = on_sqlite
                .prepare(sqlx::AssertSqlSafe(text.clone()).into_sql_str())
                .await;
            assert!(prepared.is_ok(), "{file} on SQLite: {text}: {:?}", prepared.err());
        }
    }
}

#[test]
fn every_statement_speaks_of_its_tenant() {
    for Statement { file, text, .. } in statements() {
        let names_tenant = match file.as_str() {
            "tenants.rs" | "db.rs" => continue,
            _ if text.contains("FROM tenants WHERE id = $1") => true,
            _ if text.starts_with("INSERT") => text.contains("(tenant_id, ") && text.contains("VALUES ($1, "),
            _ => text.contains("tenant_id = $1"),
        };
        assert!(names_tenant, "{file}: {text}");
        // Each part of it: an inner SELECT, a joined table.
        let parts = text.matches("SELECT ").count() + usize::from(!text.starts_with("SELECT "));
        let tenants = text.matches("tenant_id").count() + text.matches("FROM tenants").count();
        assert!(
            tenants + usize::from(text.contains("FOR NO KEY UPDATE")) >= parts,
            "{file}: {text}"
        );
    }
}

#[test]
fn no_statement_touches_the_transaction() {
    for Statement { file, text, .. } in statements() {
        for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            assert!(
                !FORBIDDEN.contains(&word.to_ascii_uppercase().as_str()),
                "{file}: {text}"
            );
        }
    }
    for folder in ["postgres", "sqlite"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../migrations")
            .join(folder);
        for entry in std::fs::read_dir(path).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path())
                .unwrap()
                .to_ascii_uppercase();
            for words in [
                "DEFERRABLE",
                "RAISE(ROLLBACK",
                "DEFERRED",
                "OR ROLLBACK",
                "ON CONFLICT",
            ] {
                assert!(!text.contains(words), "{folder}: {words}");
            }
        }
    }
}

#[test]
fn texts_built_at_run_time_are_let_through_in_one_place() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    for path in files {
        let source = std::fs::read_to_string(&path).unwrap();
        let allowed = path.file_name().is_some_and(|name| name == "sql.rs");
        assert!(allowed || !source.contains("AssertSqlSafe"), "{}", path.display());
    }
}
