//! How each statement finds its rows, on both engines, kept as text: a change that makes one read a whole table, or a
//! whole tenant, is seen in review and refused here.
//!
//! The tables hold a crowd, so that the planner of PostgreSQL has something to choose from, and sequential scans are
//! forbidden, because it would rightly take them in tables as small as these. It plans as it does for the product: as
//! its role, under row-level security, for given values. SQLite plans without looking at rows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use domain::TenantId;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use testkit::Backend;
use testkit::grow::crowded;

use crate::isolation::connect;
use crate::statements::{Statement, is_postgres_only, statements};

/// Statements that read all of a tenant, or all tenants, and why they may.
const WHOLE: [(&str, &str); 7] = [
    ("audit::count", "how many there are is known by counting"),
    (
        "audit::last_moment",
        "the first row that the index gives, read backwards, is the last",
    ),
    (
        "clients::list_public",
        "those that pages of any origin may belong to; a tenant has few clients",
    ),
    (
        "mail_outbox::count_waiting",
        "counts what waits of a tenant, up to a bound",
    ),
    ("signing_keys::list", "the whole ring is what is wanted"),
    ("tenants::list", "the directory of tenants is kept in memory"),
    ("users::count", "how many there are is known by counting"),
];

/// How the plans are accepted after a change.
const ACCEPT: &str = "RSP_ACCEPT_PLANS";

const PEOPLE: u64 = 3_000;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans")
}

/// The statements that look for rows, by module; INSERT finds nothing.
fn looking() -> BTreeMap<String, Vec<(String, String)>> {
    let mut modules: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for Statement { file, item, text } in statements() {
        // The invariants read whole tables: that is what they are for, and no request asks them.
        if text.starts_with("INSERT ") || file == "invariants.rs" {
            continue;
        }
        let module = file.trim_end_matches(".rs").to_owned();
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        modules.entry(module).or_default().push((item, flat));
    }
    modules
}

async fn on_sqlite(connection: &mut SqliteConnection, text: &str) -> Vec<String> {
    let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}")))
        .fetch_all(connection)
        .await
        .unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect()
}

async fn on_postgres(connection: &mut PgConnection, text: &str, tenant: TenantId) -> Vec<String> {
    run(connection, format!("PREPARE looked_at AS {text}")).await;
    let types: Vec<String> = sqlx::query_scalar(
        "SELECT unnest(parameter_types)::text FROM pg_prepared_statements WHERE name = 'looked_at'",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let values: Vec<String> = types
        .iter()
        .zip(1..)
        .map(|(kind, number)| match (kind.as_str(), number) {
            ("uuid", 1) => format!("'{tenant}'"),
            ("uuid", _) => "'01999999-0000-7000-8000-000000000001'".to_owned(),
            ("bytea", _) => "'\\x00'".to_owned(),
            ("bigint", number) if text.contains(&format!("LIMIT ${number}")) => "50".to_owned(),
            ("bigint", _) => testkit::world::START.micros().to_string(),
            ("boolean", _) => "false".to_owned(),
            ("jsonb", _) => "'{}'".to_owned(),
            ("text", _) => "'x'".to_owned(),
            (other, _) => panic!("no value of the type {other}: {text}"),
        })
        .collect();
    let call = if values.is_empty() {
        String::new()
    } else {
        format!("({})", values.join(", "))
    };
    let explain = AssertSqlSafe(format!("EXPLAIN (COSTS OFF) EXECUTE looked_at{call}"));
    let rows = sqlx::raw_sql(explain).fetch_all(&mut *connection).await.unwrap();
    run(connection, "DEALLOCATE looked_at".to_owned()).await;
    // What row-level security adds says the same everywhere.
    let setting = "(NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid";
    let same = |line: String| {
        line.replace(setting, "CURRENT")
            .replace(&format!("'{tenant}'::uuid"), "TENANT")
    };
    rows.iter().map(|row| same(row.get(0))).collect()
}

async fn run(connection: &mut PgConnection, text: String) {
    sqlx::raw_sql(AssertSqlSafe(text))
        .execute(connection)
        .await
        .unwrap();
}

/// Rows in the tables that a crowd leaves empty.
async fn fill_the_rest(owner: &mut PgConnection, tenant: TenantId) {
    let hash = "sha256(n::text::bytea)";
    let tables = [
        format!(
            "clients (tenant_id, client_id, name, kind, auth_method, settings, created_at, updated_at)
             SELECT '{tenant}', 'c' || n, 'c', 'confidential', 'none', '{{}}', n, n"
        ),
        format!(
            "access_token_kinds (tenant_id, id, client_id, scopes, audience)
             SELECT '{tenant}', gen_random_uuid(), 'c', n::text, '[]'"
        ),
        format!(
            "flows (tenant_id, id, browser_hash, request, created_at, expires_at)
             SELECT '{tenant}', gen_random_uuid(), {hash}, '{{}}', n, {{start}} + n"
        ),
        format!(
            "codes (tenant_id, hash, grant_id, client_id, redirect_uri, redirect_uri_sent, failures, created_at,
                expires_at)
             SELECT '{tenant}', {hash}, (SELECT min(id::text)::uuid FROM grants), 'c', 'u', true, 0, n, {{start}} + n"
        ),
        format!(
            "invitations (tenant_id, id, hash, user_id, created_at, expires_at)
             SELECT '{tenant}', gen_random_uuid(), {hash}, (SELECT min(id::text)::uuid FROM users), n, {{start}} + n"
        ),
        format!(
            "factor_attempts (tenant_id, user_id, kind, failures, blocked_until, next_block)
             SELECT '{tenant}', (SELECT id FROM users ORDER BY id OFFSET n - 1 LIMIT 1), 'totp', 1, 0, n"
        ),
        format!(
            "passkeys (tenant_id, id, user_id, user_handle, credential_id, credential, name, counter, backup_eligible,
                backed_up, hardware_bound, user_verified, created_at)
             SELECT '{tenant}', gen_random_uuid(), (SELECT id FROM users ORDER BY id OFFSET n - 1 LIMIT 1), {hash}, {hash},
                '{{}}', 'key', n, true, true, false, true, n"
        ),
        format!(
            "passkey_ceremonies (tenant_id, bound_to, id, state, expires_at)
             SELECT '{tenant}', 'flow:' || n, gen_random_uuid(), '{{}}', {{start}} + n"
        ),
        format!(
            "recovery_codes (tenant_id, user_id, hash, created_at)
             SELECT '{tenant}', (SELECT min(id::text)::uuid FROM users), {hash}, n"
        ),
        format!(
            "totp_factors (tenant_id, user_id, id, seed, seal_key, last_step, created_at)
             SELECT '{tenant}', (SELECT id FROM users ORDER BY id OFFSET n - 1 LIMIT 1), gen_random_uuid(), {hash},
                gen_random_uuid(), n, n"
        ),
        format!(
            "factor_recoveries (tenant_id, user_id, started_at, ready_at, expires_at)
             SELECT '{tenant}', (SELECT id FROM users ORDER BY id OFFSET n - 1 LIMIT 1), n, n, {{start}} + n"
        ),
        format!(
            "links (tenant_id, id, hash, purpose, user_id, address_mac, created_at, expires_at)
             SELECT '{tenant}', gen_random_uuid(), {hash}, 'reset', (SELECT min(id::text)::uuid FROM users),
                {hash}, n, {{start}} + n"
        ),
        format!(
            "mail_limits (tenant_id, key, count, expires_at) SELECT '{tenant}', {hash}, 1, {{start}} + n"
        ),
        format!(
            "mail_outbox (tenant_id, id, template, language, sealed, seal_key, attempts, created_at, due_at, expires_at)
             SELECT '{tenant}', gen_random_uuid(), 'reset', 'en', {hash}, gen_random_uuid(), 0, n, {{start}} + n,
                {{start}} + n"
        ),
        format!("revoked_tokens (tenant_id, jti, expires_at, revoked_at) SELECT '{tenant}', n::text, {{start}} + n, n"),
    ];
    for table in tables {
        let text = table.replace("{start}", &testkit::world::START.micros().to_string());
        let name = text.split(' ').next().unwrap();
        let text = format!("INSERT INTO {text} FROM generate_series(1, {PEOPLE}) n; ANALYZE {name}");
        run(owner, text).await;
    }
}

/// The lines of a plan that read more than what was asked for: a whole table, or everything of a tenant.
fn wholes(plan: &[String]) -> Vec<&String> {
    let is_whole = |line: &&String| {
        let line = line.trim();
        let by_tenant = |conditions: &str| conditions.split(" AND ").all(|one| one.contains("tenant_id"));
        let only_tenant =
            line.strip_prefix("Index Cond: ").is_some_and(by_tenant) || line.contains("(tenant_id=?)");
        let scans = line.starts_with("SCAN ") && !line.starts_with("SCAN CONSTANT ROW");
        scans || line.contains("Seq Scan") || only_tenant
    };
    plan.iter().filter(is_whole).collect()
}

async fn prepared(url: &str, tenant: TenantId) -> PgConnection {
    let mut connection = connect(url).await;
    let settings = format!(
        "SET plan_cache_mode = force_custom_plan; SET enable_seqscan = off; SET enable_bitmapscan = off;
         SET app.current_tenant_id = '{tenant}'"
    );
    run(&mut connection, settings).await;
    connection
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_statement_finds_its_rows_by_an_index() {
    let (large, tenant) = crowded(Backend::Postgres, PEOPLE, 2 * PEOPLE).await;
    let small = Backend::Sqlite.fresh().await;
    fill_the_rest(&mut connect(large.owner_url()).await, tenant).await;
    let mut postgres = prepared(&large.url, tenant).await;
    let mut sqlite = SqliteConnection::connect(&small.url).await.unwrap();
    let (mut whole, mut wrong) = (BTreeSet::new(), Vec::new());
    let mut files = BTreeSet::new();
    for (module, statements) in looking() {
        let mut page = String::new();
        for (item, text) in statements {
            let name = format!("{module}::{item}");
            writeln!(page, "{item}\n  {text}").unwrap();
            let mut plans = Vec::new();
            if !is_postgres_only(&text) {
                plans.push(("SQLite", on_sqlite(&mut sqlite, &text).await));
            }
            plans.push(("PostgreSQL", on_postgres(&mut postgres, &text, tenant).await));
            for (engine, plan) in plans {
                writeln!(page, "  {engine}").unwrap();
                for line in &plan {
                    writeln!(page, "    {line}").unwrap();
                }
                let found = wholes(&plan);
                if !found.is_empty() {
                    whole.insert(name.clone());
                }
            }
            page.push('\n');
        }
        let path = folder().join(format!("{module}.txt"));
        files.insert(path.clone());
        if std::env::var_os(ACCEPT).is_some() {
            std::fs::create_dir_all(folder()).unwrap();
            std::fs::write(&path, &page).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        if kept != page {
            wrong.push(format!("{}:\n{page}", path.display()));
        }
    }
    let allowed: BTreeSet<String> = WHOLE.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(whole, allowed, "statements that read a whole table or tenant");
    assert!(
        wrong.is_empty(),
        "plans differ; look at them, then run this test with {ACCEPT}=1:\n{}",
        wrong.join("\n")
    );
    let there: BTreeSet<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(there, files, "every file of plans belongs to a module");
}

#[test]
fn a_plan_that_reads_too_much_is_noticed() {
    let line = |text: &str| [text.to_owned()];
    for bad in [
        "SCAN users",
        "  ->  Seq Scan on users",
        "SEARCH users USING INDEX sqlite_autoindex_users_1 (tenant_id=?)",
        "        Index Cond: (tenant_id = $1)",
        "        Index Cond: ((tenant_id = CURRENT) AND (tenant_id = TENANT))",
    ] {
        assert_eq!(wholes(&line(bad)).len(), 1, "{bad}");
    }
    for good in [
        "SEARCH users USING INDEX sqlite_autoindex_users_1 (tenant_id=? AND id=?)",
        "        Index Cond: ((tenant_id = $1) AND (id = $2))",
        "Index Scan using users_pkey on users",
    ] {
        assert!(wholes(&line(good)).is_empty(), "{good}");
    }
}
