//! A private Redis: own folder, own Unix socket, gone when the test program is gone.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use crate::postgres::or_fail;
use crate::process::{LaunchError, Spec, Supervised, free_port, random_hex};

const PROGRAM: &str = "/usr/bin/redis-server";
const READY: &str = "Ready to accept connections";

/// A running server.
#[derive(Debug)]
pub struct Redis {
    folder: PathBuf,
    port: u16,
    password: String,
    process: Supervised,
}

/// The server of this test program, started at first use.
///
/// # Panics
/// When Redis is missing or does not start: that is a failed test, never a skipped one.
pub fn server() -> &'static Redis {
    static SERVER: OnceLock<Redis> = OnceLock::new();
    SERVER.get_or_init(|| or_fail(Redis::start()))
}

impl Redis {
    /// Starts a server of one's own, for tests that stop it.
    pub fn start() -> Result<Self, LaunchError> {
        if !Path::new(PROGRAM).exists() {
            return Err(LaunchError::Missing("redis-server"));
        }
        let folder = PathBuf::from(format!("/tmp/rsp-redis-{}", random_hex(6)?));
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .map_err(LaunchError::io(format!("create {}", folder.display())))?;
        let (port, password) = (free_port()?, random_hex(16)?);
        // In a file because arguments of a process can be read by everybody.
        let settings = format!(
            "port {port}\nbind 127.0.0.1\nrequirepass {password}\nunixsocket {folder}/redis.sock\nunixsocketperm 700\n\
             dir {folder}\nsave \"\"\nappendonly no\ndaemonize no\n",
            folder = folder.display()
        );
        let config = folder.join("redis.conf");
        fs::write(&config, settings).map_err(LaunchError::io(format!("write {}", config.display())))?;
        let process = Supervised::start(Spec {
            command: vec![PROGRAM.into(), config.display().to_string()],
            env: Vec::new(),
            folder: folder.clone(),
            remove_folder: true,
            stop_signal: "TERM",
            account: None,
            log: None,
        })?;
        process.wait_for(READY)?;
        Ok(Self {
            folder,
            port,
            password,
            process,
        })
    }

    /// URL over TCP on loopback.
    pub fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}", self.password, self.port)
    }

    /// URL over the Unix socket, as the `redis` crate writes it.
    pub fn socket_url(&self) -> String {
        format!("redis+unix://{}?pass={}", self.socket().display(), self.password)
    }

    /// The Unix socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("redis.sock")
    }

    /// What a client has to present with `AUTH`.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Gives the server a command of plain words, as an operator would; what it says.
    pub fn say(&self, words: &[&str]) -> Result<String, LaunchError> {
        let exchange = || -> io::Result<String> {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            write!(stream, "AUTH {}\r\n{}\r\n", self.password, words.join(" "))?;
            let mut lines = BufReader::new(stream).lines();
            lines.next().transpose()?;
            Ok(lines.next().transpose()?.unwrap_or_default())
        };
        exchange().map_err(LaunchError::io(format!("say {words:?} to Redis")))
    }

    /// Stops the server as if it had been switched off; it keeps nothing.
    pub fn stop(&mut self) -> Result<(), LaunchError> {
        self.process.stop()
    }

    /// Starts a stopped server again on the same addresses.
    pub fn start_again(&mut self) -> Result<(), LaunchError> {
        self.process.start_again(READY)
    }
}
