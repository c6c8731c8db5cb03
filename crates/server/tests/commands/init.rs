//! `rsp init` in an empty place, `rsp serve` on what it wrote, and the link it printed (PW11, CF1).

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const PASSWORD: &str = "a first passphrase of some length";

/// `rsp` with a data directory of its own and nothing from this environment that could configure it.
fn rsp(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rsp"));
    let kept = ["HOME", "LD_LIBRARY_PATH", "PATH", "TMPDIR"];
    command.env_clear();
    command.envs(
        kept.iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?))),
    );
    command.arg("--data").arg(data).args(arguments);
    command
}

fn output(data: &Path, arguments: &[&str]) -> Output {
    rsp(data, arguments).output().unwrap()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// A port nobody has at the moment.
fn free_port() -> u16 {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.local_addr().unwrap().port()
}

fn init(data: &Path, port: u16) -> Value {
    let url = format!("http://localhost:{port}");
    let made = output(data, &["--output", "json", "init", "--public-url", &url]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    serde_json::from_slice(&made.stdout).unwrap()
}

/// A server, stopped when it goes out of scope.
struct Served(Child);

impl Served {
    fn on(data: &Path, port: u16) -> Self {
        let mut command = rsp(data, &["serve"]);
        command
            .env("RSP__SERVER__LISTEN", format!("127.0.0.1:{port}"))
            .env(
                "RSP__SERVER__MANAGEMENT_LISTEN",
                format!("127.0.0.1:{}", free_port()),
            )
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut told = String::new();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        while !told.contains("serving ") {
            let read = lines.read_line(&mut told).unwrap();
            assert!(read > 0, "the server ended: {told}");
        }
        // Whoever stops listening would stop the server's log.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Self(child)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn hidden(page: &str, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let from = page.split(&mark).nth(1);
    from.and_then(|rest| rest.split('"').next())
        .unwrap_or_else(|| panic!("no field {name}: {page}"))
        .to_owned()
}

#[tokio::test]
async fn the_first_administrator_comes_in_once() {
    let place = TempDir::new().unwrap();
    let (data, port) = (place.path().join("data"), free_port());
    let made = init(&data, port);
    let link = made["link"].as_str().unwrap();
    assert!(
        link.starts_with(&format!("http://localhost:{port}/invite?token=")),
        "{link}"
    );
    let server = Served::on(&data, port);
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();

    // Looking does not use it up; a short password does not either.
    for _ in 0..2 {
        assert_eq!(client.get(link).send().await.unwrap().status(), 200);
    }
    let page = client.get(link).send().await.unwrap().text().await.unwrap();
    assert!(page.contains(made["admin"].as_str().unwrap()));
    let (token, csrf) = (hidden(&page, "token"), hidden(&page, "csrf"));
    let send = async |password: &str| {
        let form = [
            ("token", token.as_str()),
            ("csrf", csrf.as_str()),
            ("password", password),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = client
            .post(format!("http://localhost:{port}/invite"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(send("short").await, 400);
    assert_eq!(send(PASSWORD).await, 303);
    assert_eq!(send(PASSWORD).await, 410, "a link works once");
    assert_eq!(client.get(link).send().await.unwrap().status(), 410);
    drop(server);
}

#[test]
fn what_it_writes_is_for_its_owner_alone() {
    let place = TempDir::new().unwrap();
    let (data, port) = (place.path().join("data"), free_port());
    init(&data, port);
    let file = data.join("rsp.toml");
    assert_eq!(mode(&data), 0o700);
    for name in ["rsp.toml", "kek", "rsp.db"] {
        assert_eq!(mode(&data.join(name)), 0o600, "{name}");
    }
    let text = std::fs::read_to_string(&file).unwrap();
    for key in server::config::keys::KEYS {
        assert!(text.contains(&format!("# {}.", key.doc)), "{}", key.path);
    }
    let keys = output(&data, &["--output", "json", "key", "list"]);
    assert!(keys.status.success());
    assert!(String::from_utf8_lossy(&keys.stdout).contains("ES256"));
    let check = output(&data, &["config", "check"]);
    assert!(
        check.status.success(),
        "{}",
        String::from_utf8_lossy(&check.stderr)
    );

    // A second time it touches nothing, unless it is told to; then it closes what was open, and keeps the key.
    let key = std::fs::read(data.join("kek")).unwrap();
    let again = output(&data, &["init"]);
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let forced = output(
        &data,
        &[
            "init",
            "--force",
            "--public-url",
            &format!("http://localhost:{port}"),
        ],
    );
    assert!(
        forced.status.success(),
        "{}",
        String::from_utf8_lossy(&forced.stderr)
    );
    assert_eq!(mode(&file), 0o600);
    assert_eq!(std::fs::read(data.join("kek")).unwrap(), key);
}
