use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::keys::{KEYS, Preset};
use super::kinds::parse_duration;
use super::{Config, Loaded, Problem, Sources, schema, sources};

mod production;

/// A directory, and a configuration read from it.
struct Place {
    dir: TempDir,
    env: BTreeMap<String, String>,
}

impl Place {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            env: BTreeMap::new(),
        }
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.dir.path().join(name), text).unwrap();
        self.path(name)
    }

    fn file(self, text: &str) -> Self {
        self.write(sources::FILE_NAME, text);
        self
    }

    fn var(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    fn load(&self) -> Result<Loaded, Vec<Problem>> {
        Sources {
            file: None,
            data: self.dir.path().to_owned(),
            env: self.env.clone(),
        }
        .load()
    }

    fn good(&self) -> Loaded {
        self.load().unwrap()
    }

    fn one_problem(&self) -> Problem {
        let problems = self.load().unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems[0].clone()
    }
}

fn shown<'a>(loaded: &'a Loaded, key: &str) -> (&'a str, &'a str) {
    let row = loaded.effective.iter().find(|row| row.key == key).unwrap();
    (row.value.as_deref().unwrap_or("-"), &row.source)
}

#[test]
fn the_table_is_sound() {
    for (index, key) in KEYS.iter().enumerate() {
        assert!(
            KEYS[..index].iter().all(|other| other.path != key.path),
            "{} twice",
            key.path
        );
        assert!(!key.doc.ends_with('.'), "{}", key.path);
        if let Preset::Is(literal) = key.preset {
            let value = sources::literal_value(literal).expect(key.path);
            assert!(key.kind.check(&value).is_ok(), "{}", key.path);
        }
    }
}

#[test]
fn defaults_alone_are_a_configuration() {
    let place = Place::new();
    let Loaded { config, effective } = place.good();
    assert_eq!(effective.len(), KEYS.len());
    assert_eq!(config.issuer(), "http://localhost:8080");
    assert_eq!(
        config.database.url.expose(),
        &format!("sqlite://{}", place.path("rsp.db"))
    );
}

#[test]
fn defaults_are_those_of_the_code_they_set() {
    let config = Place::new().good().config;
    assert_eq!(
        config.server.listener_limits(),
        http_face::listener::Limits::default()
    );
    let (edge, usual) = (config.server.edge(), http_face::layers::EdgeSettings::default());
    assert_eq!(format!("{edge:?}"), format!("{usual:?}"));
    let (database, usual) = (config.database.options(), storage::DbOptions::default());
    assert_eq!(format!("{database:?}"), format!("{usual:?}"));
    let (password, usual) = (config.password.policy(), engine::PasswordPolicy::default());
    assert_eq!(format!("{password:?}"), format!("{usual:?}"));
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_defaults() {
    let place =
        Place::new().file("[server]\nlisten = \"127.0.0.1:1\"\nmanagement_listen = \"127.0.0.1:2\"\n");
    let loaded = place.var("RSP__SERVER__LISTEN", "127.0.0.1:3").good();
    assert_eq!(loaded.config.server.listen.port(), 3);
    assert_eq!(
        shown(&loaded, "server.listen"),
        ("127.0.0.1:3", "RSP__SERVER__LISTEN")
    );
    assert_eq!(loaded.config.server.management_listen.port(), 2);
    let (value, source) = shown(&loaded, "server.management_listen");
    assert!(
        value.ends_with(":2") && source.ends_with("rsp.toml:3"),
        "{source}"
    );
    assert_eq!(shown(&loaded, "password.lanes"), ("4", "default"));
    assert_eq!(shown(&loaded, "server.tls.cert"), ("-", "default"));
}

#[test]
fn every_key_can_be_set_from_the_environment_and_the_file() {
    let loaded = Place::new().good();
    for row in &loaded.effective {
        let key = super::keys::Key::find(row.key).unwrap();
        let Some(value) = &row.value else { continue };
        let value = value.trim_matches(['[', ']']);
        let again = Place::new().var(&key.variable(), value).load();
        assert!(again.is_ok(), "{}={value}: {again:?}", key.variable());
    }
    let proxies = Place::new()
        .var("RSP__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8")
        .good();
    assert_eq!(proxies.config.server.trusted_proxies.len(), 2);
    let contacts = Place::new()
        .var(
            "RSP__SERVER__SECURITY_CONTACT",
            "mailto:security@example.com, https://example.com/report",
        )
        .good();
    assert_eq!(
        contacts.config.server.security_contact,
        ["mailto:security@example.com", "https://example.com/report"]
    );
    let token = Place::new()
        .var("RSP__SERVER__MANAGEMENT_TOKEN", "0123456789")
        .good();
    assert_eq!(
        token.config.server.management_token.unwrap().expose(),
        "0123456789",
        "no number is made of it"
    );
}

#[test]
fn the_reference_reads_back_as_the_defaults() {
    let text = schema::commented_toml(&[]);
    assert!(Place::new().file(&text).load().is_ok(), "comments only");
    // Without the marks, every key is set.
    let marks: Vec<&str> = text
        .lines()
        .map(|line| {
            line.strip_prefix("# ")
                .filter(|rest| rest.contains(" = "))
                .unwrap_or(line)
        })
        .collect();
    let place = Place::new().file(&marks.join("\n"));
    let problems = place.load().unwrap_err();
    // Only the empty examples of secrets are no values.
    let secrets = ["management_token", "mail.password"];
    assert!(
        problems
            .iter()
            .all(|problem| secrets.iter().any(|secret| problem.cause.contains(secret))),
        "{problems:?}"
    );
    let chosen = schema::commented_toml(&[("server.public_url", "\"https://id.example.com\"".to_owned())]);
    assert_eq!(
        Place::new().file(&chosen).good().config.issuer(),
        "https://id.example.com"
    );
}

#[test]
fn the_reference_page_is_current() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/generated/rsp.toml");
    let kept = fs::read_to_string(page).unwrap_or_default();
    assert_eq!(
        kept,
        schema::commented_toml(&[]),
        "run `rsp config schema > docs/generated/rsp.toml`"
    );
}

#[test]
fn the_json_schema_knows_every_key() {
    let schema = schema::json_schema();
    for key in KEYS {
        let pointer = format!("/properties/{}", key.path.replace('.', "/properties/"));
        let property = schema.pointer(&pointer).expect(key.path);
        assert!(
            property["description"].as_str().unwrap().contains("RSP__"),
            "{}",
            key.path
        );
    }
    assert_eq!(schema["properties"]["server"]["additionalProperties"], false);
    assert_eq!(
        schema["properties"]["password"]["properties"]["lanes"]["default"],
        4
    );
}

#[test]
fn a_misspelt_key_is_refused_with_a_suggestion() {
    let cases = [
        (
            "[server]\npubic_url = \"http://localhost\"\n",
            "rsp.toml:2",
            "did you mean server.public_url?",
        ),
        (
            "[server]\n\n[server.limits]\nmax_connection = 1\n",
            "rsp.toml:4",
            "did you mean server.limits.max_connections?",
        ),
        (
            "trusted_proxies = []\n",
            "rsp.toml:1",
            "did you mean server.trusted_proxies?",
        ),
        (
            "[siem]\nsinks = \"x\"\n",
            "rsp.toml:1",
            "see `rsp config schema` for all keys",
        ),
        ("server.tls.cert.file = \"x\"\n", "rsp.toml:1", "expected a path"),
    ];
    for (text, place, fix) in cases {
        let problem = Place::new().file(text).one_problem();
        assert!(problem.cause.contains(place) && problem.fix == fix, "{problem}");
    }
    let problem = Place::new().var("RSP__SERVER__LISTN", "x").one_problem();
    assert!(
        problem.cause.contains("RSP__SERVER__LISTN") && problem.fix.contains("server.listen"),
        "{problem}"
    );
    let problem = Place::new().var("RSP__SERVER__LISTEN_FILE", "x").one_problem();
    assert_eq!(
        problem.code, "config.unknown_key",
        "only secrets are read from files"
    );
}

#[test]
fn a_wrong_value_is_refused_without_showing_it() {
    let cases = [
        (
            "server.listen",
            "\"localhost:canary\"",
            "an IP address and a port",
        ),
        ("server.public_url", "\"ftp://canary\"", "http:// or https://"),
        ("server.trusted_proxies", "[\"canary\"]", "a list of networks"),
        (
            "server.security_contact",
            "[\"http://canary\"]",
            "a list of addresses",
        ),
        (
            "server.security_contact",
            "[\"canary@example.com\"]",
            "a list of addresses",
        ),
        (
            "server.security_contact",
            "[\"mailto:a@example.com\\nExpires: canary\"]",
            "a list of addresses",
        ),
        (
            "server.security_contact",
            "\"mailto:canary@example.com\"",
            "a list of addresses",
        ),
        (
            "server.security_policy",
            "\"http://canary\"",
            "starts with https://",
        ),
        ("server.tls.profile", "\"canary\"", "one of strict, compatible"),
        ("server.limits.max_connections", "0", "a whole number from 1"),
        ("server.limits.max_connections", "\"canary\"", "a whole number"),
        (
            "server.limits.drain_timeout",
            "\"canary\"",
            "a time greater than zero",
        ),
        ("server.limits.drain_timeout", "10", "a time greater than zero"),
        (
            "database.url",
            "\"mysql://u:canary@h/d\"",
            "sqlite: or postgres://",
        ),
        ("shared.url", "\"http://:canary@h\"", "memory, or a URL"),
        ("password.iterations", "1000", "from 1 to 16"),
        ("log.level", "\"rsp=canary\"", "a level"),
        (
            "keys.kek.env",
            "\"can-ary\"",
            "the name of an environment variable",
        ),
    ];
    for (path, literal, expected) in cases {
        let problem = Place::new().file(&format!("{path} = {literal}\n")).one_problem();
        assert_eq!(problem.code, "config.value", "{path}");
        assert!(
            problem.to_string().contains(path) && problem.fix.contains(expected),
            "{problem}"
        );
        assert!(!problem.to_string().contains("canary"), "{problem}");
    }
    let problem = Place::new()
        .file("[server]\nmanagement_token = \"canary\n")
        .one_problem();
    assert!(
        problem.code == "config.syntax" && problem.cause.contains("rsp.toml:2"),
        "{problem}"
    );
    assert!(!problem.to_string().contains("canary"), "{problem}");
}

#[test]
fn all_problems_are_told_at_once() {
    let place = Place::new()
        .file("a = 1\n[server]\nlisten = \"x\"\n")
        .var("RSP__B", "2");
    assert_eq!(place.load().unwrap_err().len(), 3);
}

#[test]
fn secrets_come_from_files_and_are_masked() {
    let place = Place::new();
    let file = place.write(
        "secret",
        "postgres://app:canary@db.example.com/d?sslmode=verify-full\n",
    );
    let loaded = place
        .var("RSP__DATABASE__URL_FILE", &file)
        .var(
            "RSP__DATABASE__OWNER_URL",
            "postgres://db.example.com/d?user=owner&password=canary",
        )
        .var("RSP__SERVER__MANAGEMENT_TOKEN", "canary")
        .good();
    assert!(loaded.config.database.url.expose().contains(":canary@"));
    let (value, source) = shown(&loaded, "database.url");
    assert!(
        value.starts_with("postgres://app:") && value.contains("db.example.com"),
        "{value}"
    );
    assert!(
        source.contains("RSP__DATABASE__URL_FILE") && source.contains(&file),
        "{source}"
    );
    let everything = format!("{:?} {:?}", loaded.effective, loaded.config);
    assert!(!everything.contains("canary"), "{everything}");
    let missing = Place::new()
        .var("RSP__DATABASE__URL_FILE", "/nowhere/secret")
        .one_problem();
    assert_eq!(missing.code, "config.secret_file");
}

#[test]
fn a_named_file_must_exist_and_an_unnamed_one_need_not() {
    let place = Place::new();
    assert!(place.load().is_ok());
    let sources = Sources {
        file: Some("/nowhere/rsp.toml".into()),
        data: place.dir.path().into(),
        env: BTreeMap::new(),
    };
    assert_eq!(sources.load().unwrap_err()[0].code, "config.file");
}

#[test]
fn the_log_level_follows_rust_log_unless_set() {
    let place = Place::new().var("RUST_LOG", "warn");
    assert_eq!(place.good().config.log.level, "warn");
    assert_eq!(
        place.var("RSP__LOG__LEVEL", "error").good().config.log.level,
        "error"
    );
}

#[test]
fn times_have_units() {
    assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
    assert_eq!(parse_duration("2m"), Ok(Duration::from_mins(2)));
    assert_eq!(parse_duration("90d"), Ok(Duration::from_hours(24 * 90)));
    for bad in [
        "",
        "10",
        "s",
        "0s",
        "-1s",
        "1.5s",
        "1 s",
        "10y",
        "99999999999d",
        "18446744073709551616ms",
    ] {
        assert!(parse_duration(bad).is_err(), "{bad}");
    }
}

/// A configuration in `dir` that is fit for production but for `text`.
fn fit(place: &Place, text: &str) -> Config {
    fs::write(place.dir.path().join(sources::FILE_NAME), text).unwrap();
    place.load().unwrap().config
}

fn kek_file(dir: &Path, text: &str, mode: u32) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = dir.join("kek");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path.display().to_string()
}
