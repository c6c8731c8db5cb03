//! Both engines get the same structure, and only that structure is worked with.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use domain::{GrantId, TenantId, Timestamp, TokenHash};
use sqlx::{ConnectOptions as _, Row as _};
use storage::access_tokens::AccessToken;
use storage::schema::{EXPECTED, SchemaError};
use storage::{Db, DbOptions, MigrateOptions, StoreError, access_tokens, migrate, purge};
use testkit::{Backend, Place};
use uuid::Uuid;

use crate::isolation::connect;
use crate::scene::keep;

on_both! {
    access_tokens_from_before_their_kinds_are_as_they_were
    migrating_twice_changes_nothing
    only_the_expected_structure_is_opened
}

fn options(place: &Place) -> MigrateOptions {
    let (world, _) = testkit::test_world();
    MigrateOptions {
        months_ahead: 2,
        ..MigrateOptions::at(place.owner_url.clone(), world.now())
    }
}

async fn run_as_owner(place: &Place, text: &'static str) {
    if place.schema.is_some() {
        sqlx::raw_sql(text)
            .execute(&mut connect(&place.owner_url).await)
            .await
            .unwrap();
    } else {
        let options: sqlx::sqlite::SqliteConnectOptions = place.owner_url.parse().unwrap();
        sqlx::raw_sql(text)
            .execute(&mut options.connect().await.unwrap())
            .await
            .unwrap();
    }
}

/// Rows as the structure before had them: two tenants, of the same words and of others, one revoked, one of a person.
const BEFORE_KINDS: &str = "INSERT INTO access_tokens (tenant_id, hash, jti, grant_id, client_id, user_id, scopes,
    audience, issued_at, expires_at, revoked_at) VALUES
    (TENANT, HASH01, 'j1', NULL, 'shop', NULL, 'read write', '[\"https://api.example\"]', 1, 1000, NULL),
    (TENANT, HASH02, 'j2', TENANT, 'shop', TENANT, 'read write', '[\"https://api.example\"]', 2, 1001, 7),
    (TENANT, HASH03, 'j3', NULL, 'shop', NULL, 'read', '[\"https://a.example\", \"https://b.example\"]', 3, 1002, NULL),
    (OTHER, HASH04, 'j4', NULL, 'shop', NULL, 'read write', '[\"https://api.example\"]', 4, 1003, NULL)";

async fn access_tokens_from_before_their_kinds_are_as_they_were(backend: Backend) {
    let place = backend.place();
    let (tenant, other) = ([1; 16], [2; 16]);
    let is_postgres = place.schema.is_some();
    let blob = |bytes: &[u8]| {
        let digits = hex(bytes);
        if is_postgres {
            format!("decode('{digits}', 'hex')")
        } else {
            format!("x'{digits}'")
        }
    };
    let id = |bytes: &[u8]| {
        if is_postgres {
            format!("'{}'::uuid", hex(bytes))
        } else {
            blob(bytes)
        }
    };
    let mut rows = BEFORE_KINDS
        .replace("TENANT", &id(&tenant))
        .replace("OTHER", &id(&other));
    for number in 1..=4 {
        rows = rows.replace(&format!("HASH{number:02}"), &blob(&[number; 32]));
    }
    if is_postgres {
        let mut owner = connect(&place.owner_url).await;
        sqlx::migrate!("../../migrations/postgres")
            .run_to(14, &mut owner)
            .await
            .unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(rows))
            .execute(&mut owner)
            .await
            .unwrap();
    } else {
        let options: sqlx::sqlite::SqliteConnectOptions = place.owner_url.parse().unwrap();
        let mut owner = options.create_if_missing(true).connect().await.unwrap();
        sqlx::migrate!("../../migrations/sqlite")
            .run_to(14, &mut owner)
            .await
            .unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(rows))
            .execute(&mut owner)
            .await
            .unwrap();
    }
    let report = migrate(&options(&place)).await.unwrap();
    assert_eq!(report.applied, (15..=EXPECTED).collect::<Vec<_>>());

    let db = Db::open(&DbOptions::at(place.url.clone())).await.unwrap();
    let expected = |number: u8, scopes: &str, audience: &[&str]| AccessToken {
        hash: TokenHash::from_bytes([number; 32]),
        jti: format!("j{number}"),
        grant_id: (number == 2).then(|| GrantId::from_uuid(Uuid::from_bytes(tenant))),
        client_id: "shop".parse().unwrap(),
        scopes: scopes.parse().unwrap(),
        audience: audience.iter().map(|&one| one.to_owned()).collect(),
        issued_at: Timestamp::from_micros(number.into()),
        expires_at: Timestamp::from_micros(999 + i64::from(number)),
        revoked_at: (number == 2).then(|| Timestamp::from_micros(7)),
    };
    let of_tenant = [
        expected(1, "read write", &["https://api.example"]),
        expected(2, "read write", &["https://api.example"]),
        expected(3, "read", &["https://a.example", "https://b.example"]),
    ];
    let mut tx = db.begin(tenant_id(tenant)).await.unwrap();
    for token in &of_tenant {
        let found = access_tokens::find(&mut tx, &token.hash).await.unwrap();
        assert_eq!(found.as_ref(), Some(token));
    }
    let others = expected(4, "read write", &["https://api.example"]);
    assert!(
        access_tokens::find(&mut tx, &others.hash)
            .await
            .unwrap()
            .is_none()
    );
    // They end as they would have, and new ones of the same words stand beside them.
    let now = Timestamp::from_micros(8);
    assert!(
        access_tokens::revoke(&mut tx, &of_tenant[0].hash, now)
            .await
            .unwrap()
    );
    assert!(
        !access_tokens::revoke(&mut tx, &of_tenant[1].hash, now)
            .await
            .unwrap()
    );
    let new = AccessToken {
        hash: TokenHash::from_bytes([9; 32]),
        ..of_tenant[0].clone()
    };
    access_tokens::insert(&mut tx, &new).await.unwrap();
    assert_eq!(access_tokens::find(&mut tx, &new.hash).await.unwrap(), Some(new));
    assert_eq!(
        purge::expired(&mut tx, Timestamp::from_micros(1002), 10)
            .await
            .unwrap(),
        4
    );
    keep(tx).await;
    let mut read = db.read(tenant_id(other)).await.unwrap();
    assert_eq!(
        access_tokens::find(&mut read, &others.hash).await.unwrap(),
        Some(others)
    );
}

fn tenant_id(bytes: [u8; 16]) -> TenantId {
    TenantId::from_uuid(Uuid::from_bytes(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        write!(digits, "{byte:02x}").unwrap();
        digits
    })
}

async fn migrating_twice_changes_nothing(backend: Backend) {
    let place = backend.place();
    let first = migrate(&options(&place)).await.unwrap();
    assert_eq!(first.applied, (1..=EXPECTED).collect::<Vec<_>>());
    assert_eq!(first.version, EXPECTED);
    let months: &[&str] = match backend {
        Backend::Postgres => &["audit_log_2026_01", "audit_log_2026_02", "audit_log_2026_03"],
        Backend::Sqlite => &[],
    };
    assert_eq!(first.partitions, months);
    let second = migrate(&options(&place)).await.unwrap();
    assert_eq!(
        (second.applied, second.partitions, second.version),
        (vec![], vec![], EXPECTED)
    );
    Db::open(&DbOptions::at(place.url.clone())).await.unwrap();
}

async fn only_the_expected_structure_is_opened(backend: Backend) {
    let place = backend.place();
    let db = DbOptions::at(place.url.clone());
    let refusal = async || match Db::open(&db).await.unwrap_err() {
        StoreError::Schema(error) => error,
        other => panic!("{other}"),
    };
    assert_eq!(refusal().await, SchemaError::Missing);
    migrate(&options(&place)).await.unwrap();
    Db::open(&db).await.unwrap();

    run_as_owner(
        &place,
        "UPDATE _sqlx_migrations SET version = version + 1000
         WHERE version = (SELECT max(version) FROM _sqlx_migrations)",
    )
    .await;
    let newer = SchemaError::TooNew {
        found: EXPECTED + 1000,
    };
    assert_eq!(refusal().await, newer);
    let refused = migrate(&options(&place)).await.unwrap_err();
    assert!(
        matches!(&refused, StoreError::Schema(error) if *error == newer),
        "{refused}"
    );
    run_as_owner(
        &place,
        "UPDATE _sqlx_migrations SET version = 0 WHERE version > 1000",
    )
    .await;
    assert_eq!(refusal().await, SchemaError::Unknown(0));
    run_as_owner(&place, "DELETE FROM _sqlx_migrations WHERE version = 0").await;
    assert_eq!(refusal().await, SchemaError::TooOld { found: EXPECTED - 1 });
    run_as_owner(
        &place,
        "UPDATE _sqlx_migrations SET success = FALSE WHERE version = 3",
    )
    .await;
    assert_eq!(refusal().await, SchemaError::Incomplete(3));
}

#[tokio::test]
async fn an_address_of_another_kind_is_refused() {
    for url in ["mysql://localhost/x", "rsp.db", ""] {
        let refused = Db::open(&DbOptions::at(url)).await.unwrap_err();
        assert!(
            matches!(refused, StoreError::Schema(SchemaError::Url)),
            "{url}: {refused}"
        );
    }
}

#[tokio::test]
async fn a_role_that_does_not_exist_gets_no_rights() {
    let place = Backend::Postgres.place();
    let refused = migrate(&MigrateOptions {
        app_role: "nobody".into(),
        ..options(&place)
    })
    .await
    .unwrap_err();
    assert!(matches!(refused, StoreError::Schema(SchemaError::RoleMissing(role)) if role == "nobody"));
    let itself = MigrateOptions {
        app_role: testkit::postgres::OWNER.into(),
        ..options(&place)
    };
    assert!(matches!(
        migrate(&itself).await.unwrap_err(),
        StoreError::Schema(SchemaError::Role(_))
    ));
    migrate(&MigrateOptions {
        reader_role: "nobody".into(),
        ..options(&place)
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_month_that_already_has_rows_stays_in_the_default_partition() {
    let place = Backend::Postgres.place();
    let mut february = options(&place);
    february.months_ahead = 0;
    migrate(&february).await.unwrap();
    // A row of February, while only January has a partition.
    run_as_owner(
        &place,
        "INSERT INTO audit_log (tenant_id, id, occurred_at, kind, outcome, actor_kind, details, count)
         VALUES (gen_random_uuid(), '019c1f00-0000-7000-8000-000000000000', 1, 'token.issued', 'success', 'system', '{}', 1)",
    )
    .await;
    let report = migrate(&options(&place)).await.unwrap();
    assert_eq!(report.partitions, ["audit_log_2026_03"]);
}

#[test]
fn both_folders_have_the_same_names() {
    let names = |folder: &str| -> BTreeSet<String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../migrations")
            .join(folder);
        let entries = std::fs::read_dir(path).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    assert_eq!(names("postgres"), names("sqlite"));
    assert_eq!(i64::try_from(names("sqlite").len()).unwrap(), EXPECTED);
}

/// Columns with "must have a value", and unique keys with their columns, by table or view.
type Catalogue = BTreeMap<String, (Vec<(String, bool)>, BTreeSet<String>)>;

#[tokio::test]
async fn both_engines_have_the_same_tables_columns_and_keys() {
    let (postgres, sqlite) = (Backend::Postgres.place(), Backend::Sqlite.place());
    for place in [&postgres, &sqlite] {
        migrate(&options(place)).await.unwrap();
    }
    let (postgres, sqlite) = (
        postgres_catalogue(&postgres.owner_url).await,
        sqlite_catalogue(&sqlite.owner_url).await,
    );
    assert_eq!(
        postgres.keys().collect::<Vec<_>>(),
        sqlite.keys().collect::<Vec<_>>()
    );
    for (table, expected) in &postgres {
        assert_eq!(&sqlite[table], expected, "{table}");
    }
    assert!(postgres.len() > 20, "{} tables and views", postgres.len());
}

async fn postgres_catalogue(url: &str) -> Catalogue {
    let mut raw = connect(url).await;
    let columns = sqlx::query(
        "SELECT c.relname::text, a.attname::text, a.attnotnull, c.relkind = 'v' FROM pg_class c
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v')
         AND NOT c.relispartition AND c.relname <> '_sqlx_migrations' ORDER BY c.relname, a.attnum",
    )
    .fetch_all(&mut raw)
    .await
    .unwrap();
    let mut catalogue = Catalogue::new();
    for row in columns {
        catalogue
            .entry(row.get(0))
            .or_default()
            .0
            .push((row.get(1), row.get(2)));
    }
    let keys = sqlx::query(
        "SELECT c.relname::text, (SELECT string_agg(a.attname, ',' ORDER BY k.n)
            FROM unnest(i.indkey::int2[]) WITH ORDINALITY k (num, n)
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.num), i.indpred IS NOT NULL
         FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
         WHERE i.indisunique AND c.relnamespace = current_schema()::regnamespace AND NOT c.relispartition
         AND c.relname <> '_sqlx_migrations'",
    )
    .fetch_all(&mut raw)
    .await
    .unwrap();
    for row in keys {
        let key = key_text(&row.get::<String, _>(1), row.get(2));
        catalogue.entry(row.get(0)).or_default().1.insert(key);
    }
    catalogue
}

async fn sqlite_catalogue(url: &str) -> Catalogue {
    let options: sqlx::sqlite::SqliteConnectOptions = url.parse().unwrap();
    let mut raw = options.connect().await.unwrap();
    let columns = sqlx::query(
        "SELECT t.name, c.name, c.\"notnull\" FROM pragma_table_list t JOIN pragma_table_info(t.name) c
         WHERE t.schema = 'main' AND t.type IN ('table', 'view') AND t.name NOT LIKE 'sqlite_%'
         AND t.name <> '_sqlx_migrations' ORDER BY t.name, c.cid",
    )
    .fetch_all(&mut raw)
    .await
    .unwrap();
    let mut catalogue = Catalogue::new();
    for row in columns {
        catalogue
            .entry(row.get(0))
            .or_default()
            .0
            .push((row.get(1), row.get(2)));
    }
    let keys = sqlx::query(
        "SELECT t.name, (SELECT group_concat(name) FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)),
            i.partial FROM pragma_table_list t JOIN pragma_index_list(t.name) i
         WHERE t.schema = 'main' AND t.type = 'table' AND i.\"unique\" AND t.name NOT LIKE 'sqlite_%'
         AND t.name <> '_sqlx_migrations'",
    )
    .fetch_all(&mut raw)
    .await
    .unwrap();
    for row in keys {
        let key = key_text(&row.get::<String, _>(1), row.get(2));
        catalogue.entry(row.get(0)).or_default().1.insert(key);
    }
    catalogue
}

fn key_text(columns: &str, is_partial: bool) -> String {
    format!("{columns}{}", if is_partial { " where …" } else { "" })
}
