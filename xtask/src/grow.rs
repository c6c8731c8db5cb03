//! `cargo xtask grow`: a demo whose database holds a company that has grown, see `crates/testkit/src/grow.rs`.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::demo::{Engine, wait_until_answers};
use crate::postgres::{Options, Postgres};
use crate::process::{Spec, Supervised, free_port};
use crate::{bench, command, root};

/// Measured from one address and with one client: all is counted, and nobody refused.
pub const UNREFUSED: (&str, &str) = ("RSP__THROTTLE__MODE", "measure");

/// How large the crowd is.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// People.
    pub users: u64,
    /// Opaque access tokens.
    pub tokens: u64,
    /// The same seed makes the same people and tokens.
    pub seed: u64,
}

/// A demo's database and keys, while no server uses them. The folder stays when this is dropped; a PostgreSQL goes.
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
    port: u16,
    database: Option<Database>,
}

#[derive(Debug)]
struct Database {
    app_url: String,
    owner_url: String,
    _server: Postgres,
}

/// Runs `cargo xtask grow`.
pub fn run(words: &[&str]) -> Result<()> {
    let (mut engine, mut out) = (None, None);
    let (mut users, mut tokens, mut seed) = (1_000_000, None, 1);
    let (mut is_kept, mut rest) = (false, words);
    loop {
        rest = match rest {
            [] => break,
            ["--keep", rest @ ..] => {
                is_kept = true;
                rest
            }
            ["--engine", "sqlite", rest @ ..] => {
                engine = Some(Engine::Sqlite);
                rest
            }
            ["--engine", "postgres", rest @ ..] => {
                engine = Some(Engine::Postgres);
                rest
            }
            ["--users", text, rest @ ..] => {
                users = number(text)?;
                rest
            }
            ["--tokens", text, rest @ ..] => {
                tokens = Some(number(text)?);
                rest
            }
            ["--seed", text, rest @ ..] => {
                seed = number(text)?;
                rest
            }
            ["--out", text, rest @ ..] => {
                out = Some(root().join(text));
                rest
            }
            [word, ..] => bail!("grow does not know {word}"),
        };
    }
    let engine = engine.context("grow needs --engine sqlite or --engine postgres")?;
    let folder = out.context("grow needs --out DIR")?;
    build()?;
    let place = Place::prepare(engine, &folder)?;
    let crowd = Crowd {
        users,
        tokens: tokens.unwrap_or(users),
        seed,
    };
    let grown = place.fill(crowd)?;
    println!("some of the credentials are in {}", grown.display());
    println!("serve it with:\n  {}", place.command_line());
    if is_kept {
        println!("kept until standard input ends");
        std::io::stdin().read_to_end(&mut Vec::new())?;
    }
    Ok(())
}

fn number(text: &str) -> Result<u64> {
    text.replace('_', "")
        .parse()
        .with_context(|| format!("{text} is no number"))
}

/// Builds the server and the filler, optimized.
pub fn build() -> Result<()> {
    command::run("cargo", &["build", "--release", "-p", "rsp-server"])?;
    let filler = ["-p", "rsp-testkit", "--features", "grow", "--bin", "grow"];
    command::run("cargo", &[&["build", "--release"][..], &filler].concat())
}

impl Place {
    /// Lets a demo make its tenants and clients in `folder`, which must not exist or be empty, and stops it. The binaries
    /// are those of [`build`].
    pub fn prepare(engine: Engine, folder: &Path) -> Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        if fs::read_dir(folder)?.next().is_some() {
            bail!("{} is not empty", folder.display());
        }
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => {
                let server = Postgres::start(Options::default()).context("cannot start PostgreSQL")?;
                let schema = server.new_schema()?;
                Some(Database {
                    app_url: schema.app_url,
                    owner_url: schema.owner_url,
                    _server: server,
                })
            }
        };
        let place = Self {
            folder: folder.to_owned(),
            port: free_port()?,
            database,
        };
        drop(place.serve(folder.join("first-start.log"))?);
        Ok(place)
    }

    /// Adds a crowd; the file that holds some of its credentials.
    pub fn fill(&self, crowd: Crowd) -> Result<PathBuf> {
        let out = self.folder.join(format!("grown-{}.json", crowd.seed));
        let text = |path: &Path| path.display().to_string();
        let file_url = self.file_url();
        let (url, owner_url) = match &self.database {
            None => (&file_url, &file_url),
            Some(database) => (&database.app_url, &database.owner_url),
        };
        let options = [
            ("--url", url.clone()),
            ("--owner-url", owner_url.clone()),
            ("--kek", text(&self.data().join("kek"))),
            ("--public-url", format!("http://localhost:{}", self.port)),
            ("--users", crowd.users.to_string()),
            ("--tokens", crowd.tokens.to_string()),
            ("--seed", crowd.seed.to_string()),
            ("--out", text(&out)),
        ];
        let words: Vec<&str> = options
            .iter()
            .flat_map(|(name, value)| [*name, value.as_str()])
            .collect();
        command::run(&text(&release("grow")), &words)?;
        Ok(out)
    }

    /// The demo's credentials: its accounts, and the clients with their secrets.
    pub fn credentials(&self) -> PathBuf {
        self.data().join("credentials.json")
    }

    /// Port of the public listener, the same at every start.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Program and arguments that serve this database.
    pub fn command(&self) -> Vec<String> {
        let text = |path: PathBuf| path.display().to_string();
        let mut command = vec![text(release("rsp")), "demo".to_owned()];
        command.extend(["--data".to_owned(), text(self.data())]);
        command.extend(["--listen".to_owned(), format!("127.0.0.1:{}", self.port)]);
        command
    }

    /// What [`Place::command`] needs in its environment.
    pub fn env(&self) -> Result<Vec<(String, String)>> {
        let management = format!("127.0.0.1:{}", free_port()?);
        let (name, value) = UNREFUSED;
        let mut env = vec![
            ("RSP__SERVER__MANAGEMENT_LISTEN".to_owned(), management),
            (name.to_owned(), value.to_owned()),
        ];
        if let Some(database) = &self.database {
            env.push(("RSP__DATABASE__URL".to_owned(), database.app_url.clone()));
            env.push(("RSP__DATABASE__OWNER_URL".to_owned(), database.owner_url.clone()));
        }
        Ok(env)
    }

    /// Starts a server and waits until it answers; its output goes to `log`. Dropping it stops it.
    pub fn serve(&self, log: PathBuf) -> Result<Supervised> {
        let server = Supervised::start(Spec {
            command: self.command(),
            env: self.env()?,
            folder: self.folder.clone(),
            remove_folder: false,
            stop_signal: "TERM",
            account: None,
            log: Some(log),
        })?;
        wait_until_answers(&server, self.port, "/health")?;
        Ok(server)
    }

    /// Starts a server that is no demo on the same database, known to the world under the same address; its port. On
    /// SQLite it has to be the only one.
    pub fn another(&self, log: PathBuf) -> Result<(Supervised, u16)> {
        let port = free_port()?;
        let mut env = self.env()?;
        if self.database.is_none() {
            env.push(("RSP__DATABASE__URL".to_owned(), self.file_url()));
        }
        env.extend([
            (
                "RSP__SERVER__PUBLIC_URL".to_owned(),
                format!("http://localhost:{}", self.port),
            ),
            ("RSP__SERVER__LISTEN".to_owned(), format!("127.0.0.1:{port}")),
            (
                "RSP__KEYS__KEK__FILE".to_owned(),
                self.data().join("kek").display().to_string(),
            ),
        ]);
        let server = Supervised::start(Spec {
            command: vec![release("rsp").display().to_string(), "serve".to_owned()],
            env,
            folder: self.folder.clone(),
            remove_folder: false,
            stop_signal: "TERM",
            account: None,
            log: Some(log),
        })?;
        wait_until_answers(&server, port, "/health")?;
        Ok((server, port))
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn file_url(&self) -> String {
        format!("sqlite://{}", self.data().join("rsp.db").display())
    }

    fn command_line(&self) -> String {
        let settings = self.database.iter().flat_map(|database| {
            [
                format!("RSP__DATABASE__URL='{}'", database.app_url),
                format!("RSP__DATABASE__OWNER_URL='{}'", database.owner_url),
            ]
        });
        settings.chain(self.command()).collect::<Vec<_>>().join(" ")
    }
}

/// A binary of [`build`].
fn release(name: &str) -> PathBuf {
    bench::program(name)
}
