//! A private PostgreSQL: own data folder, own Unix socket, own accounts, gone when the test program is gone.
//!
//! ```no_run
//! let schema = testkit::postgres::server().fresh_schema();
//! // migrate through `schema.owner_url`, then run the product on `schema.app_url`
//! ```
//!
//! The socket lies in a folder only its owner can enter, so connections over it need no password. The server runs
//! without fsync unless asked otherwise: what a test writes has to survive nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::cluster::{Account, data, newest_bin, prepare};
use crate::process::{LaunchError, Spec, Supervised, free_port, random_hex};
use crate::wire::Session;

/// Role that owns schemas and runs migrations.
pub const OWNER: &str = "auth_service_owner";
/// Role the product runs as: owns nothing, cannot bypass row-level security.
pub const APP: &str = "auth_service_app";
/// Role for reports.
pub const READER: &str = "auth_service_reader";
/// The database.
pub const DATABASE: &str = "auth_service";
/// Environment variable that names the folder of a running server to use instead of starting one.
pub const SHARED: &str = "RSP_TEST_POSTGRES";

pub(crate) const SUPERUSER: &str = "postgres";
/// Only names the socket, unless the server listens on TCP too.
const SOCKET_PORT: u16 = 5432;
const READY: &str = "database system is ready to accept connections";

/// How a server differs from the shared one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Write through to the disk, for measuring and for durability drills.
    pub fsync: bool,
    /// Listen on a loopback port too, with a password, see [`Postgres::tcp_url`].
    pub tcp: bool,
    /// Ask for no password on that port: a debug build needs long to compute what proves one.
    pub trust: bool,
}

/// A running server.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    port: u16,
    password: Option<String>,
    process: Option<Supervised>,
}

/// A schema of its own for one test, reached by three roles; `search_path` is part of each URL.
#[derive(Clone, Debug)]
pub struct Schema {
    /// Name of the schema.
    pub name: String,
    /// For migrations.
    pub owner_url: String,
    /// For the product.
    pub app_url: String,
    /// For reports.
    pub reader_url: String,
}

/// The server of this test program, started at first use; a server named by [`SHARED`] is used instead.
///
/// # Panics
/// When PostgreSQL is missing or does not start: that is a failed test, never a skipped one.
pub fn server() -> &'static Postgres {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    SERVER.get_or_init(|| {
        #[expect(
            clippy::disallowed_methods,
            reason = "set by the test run itself, not configuration of the product"
        )]
        let shared = std::env::var(SHARED);
        match shared {
            Ok(folder) => Postgres {
                folder: folder.into(),
                port: SOCKET_PORT,
                password: None,
                process: None,
            },
            Err(_) => or_fail(Postgres::start(Options::default())),
        }
    })
}

impl Postgres {
    /// Starts a server of one's own, for tests that stop it or need other options.
    pub fn start(options: Options) -> Result<Self, LaunchError> {
        let bin = newest_bin()?;
        let account = Account::find()?;
        let folder = account.create_folder()?;
        Self::start_on(&bin, &account, &folder, options)
    }

    /// The same, with its data in a new folder of this path; a socket's path may have 107 bytes.
    pub fn start_in(folder: &Path, options: Options) -> Result<Self, LaunchError> {
        let bin = newest_bin()?;
        let account = Account::find()?;
        account.make_folder(folder)?;
        Self::start_on(&bin, &account, folder, options)
    }

    fn start_on(bin: &Path, account: &Account, folder: &Path, options: Options) -> Result<Self, LaunchError> {
        let prepared =
            prepare(bin, account, folder).and_then(|()| Self::launch(bin, account, folder, options));
        if prepared.is_err() {
            // The first error is the one to report.
            drop(fs::remove_dir_all(folder));
        }
        prepared
    }

    /// Folder of the server, which holds its socket.
    pub fn socket_dir(&self) -> &Path {
        &self.folder
    }

    /// Port that is part of the socket's name.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// URL of the superuser on [`DATABASE`].
    pub fn superuser_url(&self) -> String {
        self.url_for(SUPERUSER, DATABASE)
    }

    /// URL of any role on any database, over the socket.
    pub fn url_for(&self, role: &str, database: &str) -> String {
        let folder = percent_encoded(&self.folder.to_string_lossy());
        format!(
            "postgres://{role}@localhost:{port}/{database}?host={folder}",
            port = self.port
        )
    }

    /// URL of a role on [`DATABASE`] over TCP; `None` unless the server was started with [`Options::tcp`].
    pub fn tcp_url(&self, role: &str) -> Option<String> {
        let password = self.password.as_ref()?;
        Some(format!(
            "postgres://{role}:{password}@127.0.0.1:{port}/{DATABASE}",
            port = self.port
        ))
    }

    /// Makes an empty schema owned by [`OWNER`], usable by [`APP`] and [`READER`].
    ///
    /// # Panics
    /// When the server refuses: that is a failed test.
    pub fn fresh_schema(&self) -> Schema {
        or_fail(self.new_schema())
    }

    /// Like [`Postgres::fresh_schema`], for callers that are not tests.
    pub fn new_schema(&self) -> Result<Schema, LaunchError> {
        let name = format!("t_{}", random_hex(8)?);
        self.run_as_superuser(&format!(
            "CREATE SCHEMA {name} AUTHORIZATION {OWNER}; GRANT USAGE ON SCHEMA {name} TO {APP}, {READER}"
        ))?;
        let url = |role| format!("{}&options=-csearch_path%3D{name}", self.url_for(role, DATABASE));
        Ok(Schema {
            owner_url: url(OWNER),
            app_url: url(APP),
            reader_url: url(READER),
            name,
        })
    }

    /// Runs statements as the superuser on [`DATABASE`].
    pub fn run_as_superuser(&self, statements: &str) -> Result<(), LaunchError> {
        Session::connect(&self.socket(), SUPERUSER, DATABASE)?.run(statements)
    }

    /// Every row of a schema as SQL text.
    pub fn dump(&self, schema: &str) -> Result<Vec<u8>, LaunchError> {
        let output = std::process::Command::new(newest_bin()?.join("pg_dump"))
            .args([
                "--data-only",
                "--inserts",
                "--username",
                SUPERUSER,
                "--schema",
                schema,
                "--host",
            ])
            .arg(&self.folder)
            .args(["--port", &self.port.to_string(), DATABASE])
            .output()
            .map_err(LaunchError::io("run pg_dump"))?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(LaunchError::Refused(
                String::from_utf8_lossy(&output.stderr).into_owned(),
            ))
        }
    }

    /// Stops the server as if it had been switched off; its data stays. Only for servers from [`Postgres::start`].
    pub fn stop(&mut self) -> Result<(), LaunchError> {
        self.own_process()?.stop()
    }

    /// Whether the server has ended by itself; `false` for one that others run.
    pub fn has_ended(&self) -> bool {
        self.process.as_ref().is_some_and(Supervised::has_ended)
    }

    /// Starts a stopped server again on the same socket.
    pub fn start_again(&mut self) -> Result<(), LaunchError> {
        self.own_process()?.start_again(READY)
    }

    fn own_process(&mut self) -> Result<&mut Supervised, LaunchError> {
        self.process.as_mut().ok_or(LaunchError::Refused(
            "a shared server is not stopped by one test".into(),
        ))
    }

    fn socket(&self) -> PathBuf {
        self.folder.join(format!(".s.PGSQL.{}", self.port))
    }

    fn launch(bin: &Path, account: &Account, folder: &Path, options: Options) -> Result<Self, LaunchError> {
        let password = if options.tcp { Some(random_hex(16)?) } else { None };
        let port = if options.tcp { free_port()? } else { SOCKET_PORT };
        if options.trust {
            let rules = "local all all trust\nhost all all 127.0.0.1/32 trust\n";
            fs::write(data(folder).join("pg_hba.conf"), rules)
                .map_err(LaunchError::io("write pg_hba.conf"))?;
        }
        let on_off = |on| if on { "on" } else { "off" };
        let mut command = vec![
            bin.join("postgres").display().to_string(),
            "-D".into(),
            data(folder).display().to_string(),
        ];
        let settings = [
            format!("port={port}"),
            format!("unix_socket_directories={}", folder.display()),
            format!("listen_addresses={}", if options.tcp { "127.0.0.1" } else { "" }),
            format!("fsync={}", on_off(options.fsync)),
            format!("full_page_writes={}", on_off(options.fsync)),
            "max_connections=300".into(),
            "shared_buffers=64MB".into(),
            "jit=off".into(),
            "log_destination=stderr".into(),
            "logging_collector=off".into(),
        ];
        command.extend(
            settings
                .into_iter()
                .flat_map(|setting| ["-c".to_owned(), setting]),
        );
        let process = Supervised::start(Spec {
            command,
            env: Vec::new(),
            folder: folder.to_owned(),
            remove_folder: true,
            stop_signal: "QUIT",
            account: account.dropped_to(),
            log: None,
        })?;
        process.wait_for(READY)?;
        let server = Self {
            folder: folder.to_owned(),
            port,
            password,
            process: Some(process),
        };
        server.set_passwords()?;
        Ok(server)
    }

    fn set_passwords(&self) -> Result<(), LaunchError> {
        let Some(password) = &self.password else {
            return Ok(());
        };
        let statements =
            [OWNER, APP, READER, SUPERUSER].map(|role| format!("ALTER ROLE {role} PASSWORD '{password}'"));
        self.run_as_superuser(&statements.join(";"))
    }
}

fn percent_encoded(text: &str) -> String {
    text.replace('%', "%25").replace('/', "%2F")
}

/// A server that is missing must fail the test that needs it, never let it pass.
#[expect(clippy::panic, reason = "only called on behalf of tests")]
pub(crate) fn or_fail<T>(result: Result<T, LaunchError>) -> T {
    result.unwrap_or_else(|error| match std::error::Error::source(&error) {
        Some(cause) => panic!("{error}: {cause}"),
        None => panic!("{error}"),
    })
}
