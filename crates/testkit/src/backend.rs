//! A migrated, empty database of either engine, one for each test.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::TenantId;
use storage::{Db, DbOptions, GroupLimits, MigrateOptions};

use crate::postgres::{self, Postgres, Schema};
use crate::world::START;

/// Which engine a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The private server of the test program.
    Postgres,
    /// A file of the test's own.
    Sqlite,
}

/// A migrated, empty database. Dropped, it takes a SQLite file with it; a PostgreSQL schema goes with its server.
#[derive(Debug)]
pub struct Store {
    /// The database, open as the product opens it.
    pub db: Db,
    /// Its address.
    pub url: String,
    /// The PostgreSQL schema and the addresses of its other roles.
    pub schema: Option<Schema>,
    folder: Option<tempfile::TempDir>,
}

impl Backend {
    /// A migrated, empty database.
    ///
    /// # Panics
    /// When it cannot be made: that is a failed test, never a skipped one.
    pub async fn fresh(self) -> Store {
        // A machine busy with other tests must not make a transaction expire.
        let patient = Duration::from_secs(30);
        let group = GroupLimits {
            member: patient,
            ..GroupLimits::default()
        };
        let waits = DbOptions {
            wait: patient,
            lock_timeout: patient,
            statement_timeout: patient,
            ..DbOptions::default()
        };
        self.fresh_with(DbOptions { group, ..waits }).await
    }

    /// A migrated, empty database opened with these limits; their address is replaced.
    ///
    /// # Panics
    /// When it cannot be made: that is a failed test, never a skipped one.
    pub async fn fresh_with(self, options: DbOptions) -> Store {
        Store::open(self.place(), options).await
    }

    /// Room for a database that is neither migrated nor open.
    ///
    /// # Panics
    /// When there is none: that is a failed test, never a skipped one.
    #[expect(clippy::panic, reason = "only called by tests")]
    pub fn place(self) -> Place {
        match self {
            Self::Postgres => Place::on(postgres::server()),
            Self::Sqlite => {
                let folder = tempfile::tempdir()
                    .unwrap_or_else(|error| panic!("no folder for the test's database: {error}"));
                let url = format!("sqlite://{}", folder.path().join("rsp.db").display());
                Place {
                    owner_url: url.clone(),
                    url,
                    schema: None,
                    folder: Some(folder),
                }
            }
        }
    }
}

impl Place {
    /// Room on a server of the test's own, which it may stop.
    ///
    /// # Panics
    /// When there is none: that is a failed test, never a skipped one.
    pub fn on(server: &Postgres) -> Self {
        let schema = server.fresh_schema();
        Self {
            owner_url: schema.owner_url.clone(),
            url: schema.app_url.clone(),
            schema: Some(schema),
            folder: None,
        }
    }
}

impl Store {
    /// Migrates the database in `place` and opens it with these limits; their address is replaced.
    ///
    /// # Panics
    /// When it cannot be done: that is a failed test, never a skipped one.
    #[expect(clippy::panic, reason = "only called by tests")]
    pub async fn open(place: Place, options: DbOptions) -> Self {
        let Place {
            owner_url,
            url,
            schema,
            folder,
        } = place;
        let migrate = MigrateOptions {
            months_ahead: 1,
            ..MigrateOptions::at(owner_url, START)
        };
        if let Err(error) = storage::migrate(&migrate).await {
            panic!("the test's database cannot be migrated: {error}");
        }
        let options = DbOptions {
            url: domain::Secret::new(url.clone()),
            ..options
        };
        match Db::open(&options).await {
            Ok(db) => Self {
                db,
                url,
                schema,
                folder,
            },
            Err(error) => panic!("the test's database cannot be opened: {error}"),
        }
    }
}

/// Room for a database.
#[derive(Debug)]
pub struct Place {
    /// Address for migrations.
    pub owner_url: String,
    /// Address for the product.
    pub url: String,
    /// The PostgreSQL schema and the addresses of its other roles.
    pub schema: Option<Schema>,
    folder: Option<tempfile::TempDir>,
}

impl Store {
    /// Opens a closed database again, with the usual limits.
    ///
    /// # Panics
    /// When it cannot be opened: that is a failed test.
    #[expect(clippy::panic, reason = "only called by tests")]
    pub async fn open_again(&mut self) {
        match Db::open(&DbOptions::at(self.url.clone())).await {
            Ok(db) => self.db = db,
            Err(error) => panic!("the test's database cannot be opened again: {error}"),
        }
    }

    /// The address by which its tables can be altered.
    pub fn owner_url(&self) -> &str {
        self.schema.as_ref().map_or(&self.url, |schema| &schema.owner_url)
    }

    /// Folder of the SQLite file.
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_ref().map(tempfile::TempDir::path)
    }

    /// Everything the database holds, as its files (SQLite) or its dump (PostgreSQL, bytes in hexadecimal).
    ///
    /// # Panics
    /// When it cannot be read: that is a failed test.
    pub fn contents(&self) -> Vec<u8> {
        let Some(schema) = &self.schema else {
            let files = self.folder().map(std::fs::read_dir);
            let files = files.and_then(Result::ok).into_iter().flatten().flatten();
            return files
                .flat_map(|file| std::fs::read(file.path()).unwrap_or_default())
                .collect();
        };
        postgres::or_fail(postgres::server().dump(&schema.name))
    }

    /// Whether these bytes stand anywhere in [`Self::contents`].
    pub fn holds(&self, contents: &[u8], bytes: &[u8]) -> bool {
        let finds = |needle: &[u8]| contents.windows(needle.len()).any(|window| window == needle);
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let hex: String = digits
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect();
        finds(bytes) || (self.schema.is_some() && finds(hex.as_bytes()))
    }

    /// A tenant in this database, `default` if it is the first of the test program.
    ///
    /// # Panics
    /// When it cannot be added: that is a failed test.
    #[expect(clippy::panic, reason = "only called by tests")]
    pub async fn tenant(&self, slug: &str) -> TenantId {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let number = u128::from(COUNT.fetch_add(1, Ordering::Relaxed));
        let id = TenantId::from_uuid(uuid::Uuid::from_u128(
            (0x0199_0000_0000_7000_8000_u128 << 48) | number,
        ));
        let tenant = domain::Tenant {
            id,
            slug: slug.parse().unwrap_or_else(|error| panic!("{slug}: {error}")),
            name: slug.to_owned(),
            settings: domain::TenantSettings::default(),
            disabled_at: None,
            created_at: START,
        };
        let added = async {
            let mut tx = self.db.begin(id).await?;
            let added = storage::tenants::insert(&mut tx, &tenant).await?;
            tx.commit_unrecorded("a test's own tenant").await?;
            Ok::<_, storage::StoreError>(added)
        };
        match added.await {
            Ok(true) => id,
            Ok(false) => panic!("tenant {slug} is there already"),
            Err(error) => panic!("tenant {slug} cannot be added: {error}"),
        }
    }
}
