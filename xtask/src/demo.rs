//! A running `rsp demo` for stock clients and the browser to walk through.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::command::run_with;
use crate::postgres::{Options, Postgres};
use crate::process::{Spec, Supervised, free_port, random_hex};
use crate::setup::INTEROP;
use crate::{plain_http, root};

/// Asked this often, this long apart, before a start counts as failed.
const ATTEMPTS: u32 = 300;
const PAUSE: Duration = Duration::from_millis(200);

/// Nobody waits longer than this for one script, in seconds.
const SCRIPT_LIMIT: &str = "900";

/// Where the demo keeps its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A private PostgreSQL.
    Postgres,
    /// A file in the data folder.
    Sqlite,
}

impl Engine {
    /// Name in file names and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        }
    }
}

/// A demo server; stopped and removed when dropped.
#[derive(Debug)]
pub struct Demo {
    /// The demo file with accounts and clients.
    pub credentials: PathBuf,
    /// Port of the public listener.
    pub port: u16,
    /// Port of the management listener.
    pub management: u16,
    // Dropped in this order: the product before its database.
    server: Supervised,
    _database: Option<Postgres>,
}

impl Demo {
    /// Starts `binary demo` on free ports and waits until it answers; its output goes to `log`.
    pub fn start(binary: &Path, engine: Engine, log: PathBuf) -> Result<Self> {
        Self::start_as(&[], (binary, engine, log), &[])
    }

    /// Like [`Demo::start`], with words before the command, as of `taskset`, and additions to the environment.
    pub fn start_as(
        before: &[&str],
        (binary, engine, log): (&Path, Engine, PathBuf),
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let folder = PathBuf::from(format!("/tmp/rsp-demo-{}", random_hex(6)?));
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .context("cannot create the demo's folder")?;
        let credentials = folder.join("demo.json");
        let (port, management) = (free_port()?, free_port()?);
        let mut env = vec![(
            "RSP__SERVER__MANAGEMENT_LISTEN".to_owned(),
            format!("127.0.0.1:{management}"),
        )];
        env.extend(
            settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => {
                let server = Postgres::start(Options::default()).context("cannot start PostgreSQL")?;
                let schema = server.new_schema()?;
                env.push(("RSP__DATABASE__URL".to_owned(), schema.app_url));
                env.push(("RSP__DATABASE__OWNER_URL".to_owned(), schema.owner_url));
                Some(server)
            }
        };
        let text = |path: &Path| path.display().to_string();
        let mut command: Vec<String> = before.iter().map(|word| (*word).to_owned()).collect();
        command.extend([text(binary), "demo".to_owned()]);
        command.extend(["--data".to_owned(), text(&folder.join("data"))]);
        command.extend(["--credentials".to_owned(), text(&credentials)]);
        command.extend(["--listen".to_owned(), format!("127.0.0.1:{port}")]);
        let server = Supervised::start(Spec {
            command,
            env,
            folder,
            remove_folder: true,
            stop_signal: "TERM",
            account: None,
            log: Some(log),
        })?;
        wait_until_answers(&server, port, "/health")?;
        Ok(Self {
            credentials,
            port,
            management,
            server,
            _database: database,
        })
    }

    /// The server's process id.
    pub fn pid(&self) -> Result<u32> {
        self.server.pid().context("the server has no process")
    }
}

/// Walks the two stock client libraries, each through a demo of its own, on `engine`.
pub fn interop(engine: Engine) -> Result<()> {
    let output = fresh_output(engine.name())?;
    let python = format!("{INTEROP}/.venv/bin/python");
    // Both walk before either is judged: two accounts of one fault find it faster.
    let walks = [("node", "openid-client.mjs"), (&*python, "authlib_walk.py")];
    let walked = walks.map(|(interpreter, name)| walk(engine, &output, interpreter, name));
    walked.into_iter().collect()
}

/// Lets a browser sign in through the sample application, look at every page and take pictures.
pub fn browser() -> Result<()> {
    walk(Engine::Sqlite, &fresh_output("browser")?, "node", "browser.mjs")
}

/// Runs one script of `tests/interop` against a new demo: what one walk locks or revokes must not meet the next.
fn walk(engine: Engine, output: &Path, interpreter: &str, name: &str) -> Result<()> {
    let path = format!("{INTEROP}/{name}");
    if !root().join(&path).exists() {
        bail!("{path} does not exist");
    }
    let log = output.join(format!("{name}.rsp.log"));
    let told = format!(
        "{name} on {}; the server's output is in {}",
        engine.name(),
        log.display()
    );
    let demo = Demo::start(&debug_binary()?, engine, log)?;
    let (credentials, output) = (demo.credentials.to_string_lossy(), output.to_string_lossy());
    let env = [
        ("RSP_CREDENTIALS", &*credentials),
        ("RSP_OUT", &*output),
        ("RSP_ENGINE", engine.name()),
    ];
    run_with(
        "timeout",
        &["--kill-after=10", SCRIPT_LIMIT, interpreter, &path],
        &env,
    )
    .context(told)
}

fn fresh_output(name: &str) -> Result<PathBuf> {
    let folder = root().join("target/test-output").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).context("cannot clear the test output")?;
    }
    fs::create_dir_all(&folder).context("cannot create the test output")?;
    Ok(folder)
}

fn debug_binary() -> Result<PathBuf> {
    let binary = root().join("target/debug/rsp");
    if binary.exists() {
        Ok(binary)
    } else {
        bail!("{} does not exist: run the stage `build`", binary.display())
    }
}

/// Waits until a server answers 200 at `path`.
pub(crate) fn wait_until_answers(server: &Supervised, port: u16, path: &str) -> Result<()> {
    for _ in 0..ATTEMPTS {
        if server.has_ended() {
            bail!("the server ended before it was ready:\n{}", server.tail());
        }
        if plain_http::get(port, path).is_ok_and(|answer| answer.status == 200) {
            return Ok(());
        }
        pause();
    }
    bail!("the server did not become ready:\n{}", server.tail())
}

#[expect(
    clippy::disallowed_methods,
    reason = "another process says only on being asked whether it is ready"
)]
fn pause() {
    std::thread::sleep(PAUSE);
}
