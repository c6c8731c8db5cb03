//! The private servers start, answer, come back after a stop, and leave nothing behind.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a failing step fails the test"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};

use testkit::postgres::{self, Options, Postgres};
use testkit::redis::Redis;

/// Runs one statement with the stock client and returns what it prints, or its error.
fn psql(url: &str, statement: &str) -> Result<String, String> {
    let output = Command::new("psql")
        .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement])
        .output();
    let output = output.expect("psql runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr))
    }
}

#[test]
fn each_schema_is_its_own_and_the_roles_differ() {
    let server = postgres::server();
    let (one, two) = (server.fresh_schema(), server.fresh_schema());
    assert_ne!(one.name, two.name);

    psql(
        &one.owner_url,
        "CREATE TABLE t (id bigint); GRANT SELECT, INSERT ON t TO auth_service_app",
    )
    .unwrap();
    psql(&one.app_url, "INSERT INTO t VALUES (7)").unwrap();
    assert_eq!(psql(&one.app_url, "SELECT id FROM t").unwrap(), "7");

    assert!(
        psql(&two.app_url, "SELECT id FROM t")
            .unwrap_err()
            .contains("does not exist")
    );
    assert!(
        psql(&one.app_url, "CREATE TABLE u (id bigint)")
            .unwrap_err()
            .contains("permission denied")
    );
    assert!(
        psql(&one.reader_url, "SELECT id FROM t")
            .unwrap_err()
            .contains("permission denied")
    );
}

#[test]
fn no_role_of_the_product_is_privileged() {
    let server = postgres::server();
    let privileged =
        "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'auth_service_%' AND (rolsuper OR rolbypassrls)";
    assert_eq!(psql(&server.superuser_url(), privileged).unwrap(), "0");
    let all = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'auth_service_%'";
    assert_eq!(psql(&server.superuser_url(), all).unwrap(), "3");
}

#[test]
fn a_server_of_ones_own_stops_comes_back_with_its_data_and_is_removed() {
    let mut server = Postgres::start(Options {
        tcp: true,
        fsync: true,
        trust: false,
    })
    .unwrap();
    let schema = server.fresh_schema();
    psql(&schema.owner_url, "CREATE TABLE t AS SELECT 1 AS id").unwrap();
    let folder = server.socket_dir().to_owned();

    let tcp = server.tcp_url(postgres::APP).unwrap();
    assert_eq!(psql(&tcp, "SELECT current_user").unwrap(), postgres::APP);
    assert!(
        psql(&tcp.replacen(':', ":x", 2), "SELECT 1").is_err(),
        "a wrong password is refused"
    );

    server.stop().unwrap();
    assert!(psql(&schema.owner_url, "SELECT 1").is_err());
    server.start_again().unwrap();
    assert_eq!(psql(&schema.owner_url, "SELECT id FROM t").unwrap(), "1");

    drop(server);
    assert!(!folder.exists());
}

#[test]
fn the_shared_server_cannot_be_stopped_by_one_test() {
    let statement = postgres::server().run_as_superuser("SELECT nonsense");
    assert!(statement.unwrap_err().to_string().contains("nonsense"));
}

fn ask(socket: &Path, words: &str) -> String {
    let mut stream = UnixStream::connect(socket).expect("redis listens");
    stream.write_all(words.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn redis_answers_the_password_only_and_comes_back() {
    let mut server = Redis::start().unwrap();
    let ping = "*1\r\n$4\r\nPING\r\n";
    let auth = format!(
        "*2\r\n$4\r\nAUTH\r\n${}\r\n{}\r\n",
        server.password().len(),
        server.password()
    );
    assert_eq!(
        ask(&server.socket(), &format!("{auth}{ping}")),
        "+OK\r\n+PONG\r\n"
    );
    assert!(ask(&server.socket(), ping).starts_with("-NOAUTH"));

    server.stop().unwrap();
    assert!(UnixStream::connect(server.socket()).is_err());
    server.start_again().unwrap();
    assert_eq!(
        ask(&server.socket(), &format!("{auth}{ping}")),
        "+OK\r\n+PONG\r\n"
    );

    let socket = server.socket();
    drop(server);
    assert!(!socket.exists());
}

#[test]
fn nothing_stays_behind_when_the_program_is_killed() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_private_postgres"));
    let mut program = program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let folder = line.strip_prefix("folder").unwrap().trim().to_owned();
    let pid = std::fs::read_to_string(Path::new(&folder).join("data/postmaster.pid")).unwrap();
    let pid = pid.lines().next().unwrap().to_owned();
    assert!(Path::new("/proc").join(&pid).exists());

    program.kill().unwrap();
    program.wait().unwrap();

    // The supervising shell is nobody's child any more, so its end can only be looked for.
    let until_gone = "while [ -e \"$1\" ] || [ -e \"/proc/$2\" ]; do sleep 0.05; done";
    let gone = Command::new("timeout")
        .args(["30", "sh", "-c", until_gone, "sh", &folder, &pid])
        .status()
        .unwrap();
    assert!(gone.success(), "{folder} or process {pid} is still there");
}
