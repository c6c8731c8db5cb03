//! Each rule with a configuration it refuses and the nearest one it accepts.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{Place, fit, kek_file};

/// 32 bytes without a pattern, in base64.
const KEK: &str = "q83vEjRWeJCrze8SNFZ4kJ1kU3vxHqTgY2mW0bL7Zco=";

/// A complete production configuration with `keys.kek` and what `text` says beside it.
fn config(place: &Place, text: &str) -> Vec<&'static str> {
    let kek = kek_file(place.dir.path(), KEK, 0o600);
    let text = format!("{text}\n[keys.kek]\nfile = \"{kek}\"\n");
    fit(place, &text)
        .validate_production()
        .iter()
        .map(|problem| problem.code)
        .collect()
}

fn case(bad: &str, code: &str, good: &str) {
    let place = Place::new();
    assert_eq!(config(&place, bad), [code], "refused: {bad}");
    assert_eq!(config(&place, good), [""; 0], "accepted: {good}");
}

#[test]
fn a_public_address_is_https_and_bare() {
    case(
        "server.public_url = \"http://id.example.com\"",
        "server.public_url.http",
        "server.public_url = \"https://id.example.com\"",
    );
    case(
        "server.public_url = \"http://localhost.example.com\"",
        "server.public_url.http",
        "server.public_url = \"http://localhost:8080\"",
    );
    case(
        "server.public_url = \"https://id.example.com/?a=b\"",
        "server.public_url.form",
        "server.public_url = \"https://id.example.com/\"",
    );
    case(
        "server.public_url = \"https://id.example.com/auth/\"",
        "server.public_url.form",
        "server.public_url = \"https://id.example.com/auth\"",
    );
}

#[test]
fn listeners_others_can_reach_are_protected() {
    case(
        "server.listen = \"0.0.0.0:8080\"",
        "server.listen.plain",
        "server.listen = \"0.0.0.0:8080\"\nserver.trusted_proxies = [\"10.0.0.0/8\"]",
    );
    case(
        "server.management_listen = \"0.0.0.0:9090\"",
        "server.management_listen.open",
        "server.management_listen = \"0.0.0.0:9090\"\nserver.management_token = \"0123456789abcdef0123456789abcdef\"",
    );
    case(
        "server.management_token = \"short\"",
        "server.management_token.short",
        "server.management_token = \"0123456789abcdef0123456789abcdef\"",
    );
    case(
        "server.management_listen = \"127.0.0.1:8080\"",
        "server.management_listen.same",
        "server.management_listen = \"127.0.0.1:8081\"",
    );
}

#[test]
fn not_everybody_is_a_trusted_proxy() {
    for bad in ["0.0.0.0/0", "::/0", "128.0.0.0/1"] {
        case(
            &format!("server.trusted_proxies = [\"10.0.0.0/8\", \"{bad}\"]"),
            "server.trusted_proxies.wide",
            "server.trusted_proxies = [\"10.0.0.0/8\", \"fc00::/7\"]",
        );
    }
}

#[test]
fn tls_has_both_files_and_they_fit() {
    let place = Place::new();
    let demo = http_face::tls::demo_ca(place.dir.path()).unwrap().server;
    let text = |cert: &str, key: &str| format!("server.tls.cert = \"{cert}\"\nserver.tls.key = \"{key}\"");
    let (cert, key) = (demo.cert.display().to_string(), demo.key.display().to_string());
    assert_eq!(config(&place, &text(&cert, &key)), [""; 0]);
    assert_eq!(
        config(&place, &format!("server.tls.cert = \"{cert}\"")),
        ["server.tls.half"]
    );
    assert_eq!(
        config(&place, &text("/nowhere.pem", &key)),
        ["server.tls.unusable"]
    );
    fs::set_permissions(&demo.key, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(config(&place, &text(&cert, &key)), ["server.tls.key_mode"]);
}

#[test]
fn the_kek_is_present_private_and_random() {
    let place = Place::new();
    let codes = |text: &str, mode: u32| -> Vec<&'static str> {
        let path = kek_file(place.dir.path(), text, mode);
        let config = fit(&place, &format!("keys.kek.file = \"{path}\""));
        config
            .validate_production()
            .iter()
            .map(|problem| problem.code)
            .collect()
    };
    let hex = "abcdef1234567890abcdef1234567890".to_owned() + "9d64537bf11ea4e06369d6d1b2fb65ca";
    for good in [
        KEK.to_owned(),
        format!("{KEK}\n"),
        hex.clone(),
        hex.to_uppercase(),
    ] {
        assert_eq!(codes(&good, 0o600), [""; 0], "{good}");
        assert_eq!(codes(&good, 0o400), [""; 0], "{good}");
    }
    for mode in [0o640, 0o604, 0o660, 0o644] {
        assert_eq!(codes(KEK, mode), ["keys.kek.mode"], "{mode:o}");
    }
    for bad in [
        "",
        "secret",
        "q83vEjRWeJCrze8SNFZ4kA==",
        KEK.trim_start_matches('q'),
        hex.trim_start_matches("ab"),
    ] {
        assert_eq!(codes(bad, 0o600), ["keys.kek.length"], "{bad}");
    }
    let counting = hex::encode((0..32).collect::<Vec<u8>>());
    let phrase = hex::encode("correct horse battery staple 123");
    for weak in [
        "00".repeat(32),
        "ff".repeat(32),
        "0123456789abcdef".repeat(4),
        counting,
        phrase,
    ] {
        assert_eq!(codes(&weak, 0o600), ["keys.kek.weak"], "{weak}");
    }
}

#[test]
fn the_kek_is_in_exactly_one_place() {
    let codes = |place: &Place, text: &str| -> Vec<&'static str> {
        fit(place, text)
            .validate_production()
            .iter()
            .map(|problem| problem.code)
            .collect()
    };
    assert_eq!(codes(&Place::new(), ""), ["keys.kek.missing"]);
    assert_eq!(
        codes(&Place::new(), "keys.kek.file = \"/nowhere/kek\""),
        ["keys.kek.unreadable"]
    );
    assert_eq!(
        codes(&Place::new(), "keys.kek.env = \"RSP_KEK\""),
        ["keys.kek.missing"]
    );
    let place = Place::new().var("RSP_KEK", KEK);
    assert_eq!(codes(&place, "keys.kek.env = \"RSP_KEK\""), [""; 0]);
    let kek = kek_file(place.dir.path(), KEK, 0o600);
    assert_eq!(
        codes(
            &place,
            &format!("keys.kek.env = \"RSP_KEK\"\nkeys.kek.file = \"{kek}\"")
        ),
        ["keys.kek.ambiguous"]
    );
    let loaded = fit(&place, "keys.kek.env = \"RSP_KEK\"");
    assert_eq!(
        loaded.keys.kek.load().unwrap().expose()[..4],
        [0xab, 0xcd, 0xef, 0x12]
    );
}

#[test]
fn postgres_is_verified_outside_this_machine() {
    let url = |rest: &str| format!("database.url = \"postgres://app:x@{rest}\"");
    let good = url("db.example.com/d?sslmode=verify-full");
    for bad in ["", "?sslmode=require", "?sslmode=verify-ca", "?sslmode=disable"] {
        case(&url(&format!("db.example.com/d{bad}")), "database.sslmode", &good);
    }
    case(
        &url("localhost/d?host=db.example.com"),
        "database.sslmode",
        &url("localhost/d"),
    );
    for local in [
        "localhost/d",
        "127.0.0.1:5433/d",
        "[::1]/d",
        "localhost/d?host=/run/postgresql",
    ] {
        case(&url("db.example.com/d"), "database.sslmode", &url(local));
    }
    let owner = |url: &str| format!("{good}\ndatabase.owner_url = \"{url}\"");
    case(
        &owner("postgres://owner:x@db.example.com/d"),
        "database.sslmode",
        &owner("postgres://owner:x@db.example.com/d?sslmode=verify-full"),
    );
}

#[test]
fn the_application_does_not_own_its_tables() {
    let pair = |app: &str, owner: &str| {
        format!(
            "database.url = \"postgres://{app}@localhost/d\"\ndatabase.owner_url = \"postgres://{owner}@localhost/d\""
        )
    };
    case(
        &pair("one", "one"),
        "database.role.owner",
        &pair("auth_service_app", "auth_service_owner"),
    );
    case(
        &pair("postgres", "owner"),
        "database.role.superuser",
        &pair("auth_service_app", "owner"),
    );
}

#[test]
fn an_sqlite_file_is_private() {
    let place = Place::new();
    let path = place.write("data.db", "");
    let text = format!("database.url = \"sqlite://{path}\"");
    let mode = |bits| fs::set_permissions(&path, fs::Permissions::from_mode(bits)).unwrap();
    mode(0o600);
    assert_eq!(config(&place, &text), [""; 0]);
    for bits in [0o640, 0o604, 0o666] {
        mode(bits);
        assert_eq!(config(&place, &text), ["database.sqlite.mode"], "{bits:o}");
    }
    mode(0o600);
    let folder = |bits| fs::set_permissions(place.dir.path(), fs::Permissions::from_mode(bits)).unwrap();
    folder(0o777);
    assert_eq!(config(&place, &text), ["database.sqlite.folder"]);
    folder(0o755);
    assert_eq!(config(&place, &text), [""; 0]);
    case("database.url = \"sqlite::memory:\"", "database.memory", "");
}

#[test]
fn costs_limits_and_logs_are_sensible() {
    case(
        "password.memory_kib = 1024",
        "password.weak",
        "password.memory_kib = 19456\npassword.iterations = 2",
    );
    case(
        "password.iterations = 1",
        "password.weak",
        "password.iterations = 2",
    );
    case(
        "server.limits.stall_timeout = \"30s\"",
        "server.limits.stall_timeout",
        "server.limits.stall_timeout = \"31s\"",
    );
    case("log.level = \"debug\"", "log.level.debug", "log.level = \"info\"");
    case(
        "log.level = \"info,sqlx=trace\"",
        "log.level.debug",
        "log.level = \"info,sqlx=error\"",
    );
}

#[test]
fn every_problem_says_what_to_do() {
    let place = Place::new();
    let text = "server.public_url = \"http://id.example.com\"\nserver.listen = \"0.0.0.0:8080\"\nlog.level = \"trace\"";
    let problems = fit(&place, text).validate_production();
    assert_eq!(problems.len(), 4, "all of them at once: {problems:?}");
    for problem in problems {
        let line = problem.to_string();
        assert!(
            !line.contains('\n') && !problem.cause.is_empty() && !problem.fix.is_empty(),
            "{line}"
        );
    }
}
