//! `rsp password-filter build`, `rsp user import` and `rsp user create` as an operator types them (PW5, PW8).

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn rsp(data: &Path, arguments: &[&str], filter: Option<&Path>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rsp"));
    let kept = ["HOME", "LD_LIBRARY_PATH", "PATH", "TMPDIR"];
    command.env_clear();
    command.envs(
        kept.iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?))),
    );
    if let Some(filter) = filter {
        command.env("RSP__PASSWORD__FILTER", filter);
    }
    command
        .arg("--data")
        .arg(data)
        .args(["--output", "json"])
        .args(arguments);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// SHA-1 of "password" and of "zqxjkvwy zqxjkvwy", in the order of the hash.
const HASHES: &str = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9659365\r\nSECOND:1\n";

#[test]
fn a_filter_is_built_and_refuses_what_is_in_it() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    assert!(rsp(&data, &["init"], None).status.success());
    let words = folder.path().join("words.txt");
    let filter = folder.path().join("words.filter");
    let leaked = "zqxjkvwy leaked passphrase";
    fs::write(&words, format!("{leaked}\nanother one\n")).unwrap();
    let paths = [words.to_str().unwrap(), filter.to_str().unwrap()];
    let build = ["password-filter", "build"];
    // A list of passwords is not one of hashes; nothing is left behind.
    let wrong = rsp(&data, &[&build[..], &paths].concat(), None);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(said(&wrong).contains("line 1 is no SHA-1"), "{}", said(&wrong));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    let built = rsp(&data, &[&build[..], &["--plain"], &paths].concat(), None);
    assert!(built.status.success(), "{}", said(&built));

    let secret = folder.path().join("secret");
    let create = |email: &str, password: &str, filter: Option<&Path>| {
        fs::write(&secret, password).unwrap();
        let arguments = [
            "user",
            "create",
            email,
            "--password-file",
            secret.to_str().unwrap(),
        ];
        rsp(&data, &arguments, filter)
    };
    let refused = create("eve@example.com", leaked, Some(&filter));
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("common or leaked"), "{}", said(&refused));
    assert!(!said(&refused).contains(leaked));
    // Its twins: another password, and another filter.
    let other = create("eve@example.com", "zqxjkvwy other passphrase", Some(&filter));
    assert!(other.status.success(), "{}", said(&other));
    let shipped = create("mallory@example.com", leaked, None);
    assert!(shipped.status.success(), "{}", said(&shipped));
    // What is no filter is not believed to be an empty one.
    let broken = create("trent@example.com", "zqxjkvwy other passphrase", Some(&words));
    assert_eq!(broken.status.code(), Some(1));
}

#[test]
fn a_sorted_list_of_hashes_is_taken_and_an_unsorted_one_is_not() {
    let folder = TempDir::new().unwrap();
    let list = folder.path().join("hashes.txt");
    let filter = folder.path().join("hashes.filter");
    let paths = [list.to_str().unwrap(), filter.to_str().unwrap()];
    let arguments = [&["password-filter", "build"][..], &paths].concat();
    for (second, taken) in [("F", true), ("0", false)] {
        fs::write(&list, HASHES.replace("SECOND", &second.repeat(40))).unwrap();
        let built = rsp(folder.path(), &arguments, None);
        assert_eq!(built.status.success(), taken, "{}", said(&built));
    }
    assert!(filter.exists(), "the good one stays");
}

#[test]
fn people_are_imported_line_by_line() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    assert!(rsp(&data, &["init"], None).status.success());
    let file = folder.path().join("people.jsonl");
    let bcrypt = "$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    let lines = [
        format!(
            r#"{{"email":"ada@example.com","profile":{{"name":"Ada"}},"password_hash":"$2b$10{bcrypt}"}}"#
        ),
        format!(r#"{{"email":"eve@example.com","password_hash":"$2b$31{bcrypt}"}}"#),
        r#"{"email":"mia@example.com","password":"plain text"}"#.to_owned(),
        r#"{"email":"ada@example.com"}"#.to_owned(),
    ];
    fs::write(&file, lines.join("\n")).unwrap();
    let people = || {
        let listed: Value = serde_json::from_slice(&rsp(&data, &["user", "list"], None).stdout).unwrap();
        listed.as_array().unwrap().len()
    };
    let before = people();
    let import = ["user", "import", file.to_str().unwrap()];
    let dry = rsp(&data, &[&import[..], &["--dry-run"]].concat(), None);
    assert_eq!(dry.status.code(), Some(1), "a line would be refused");
    assert_eq!(people(), before);
    let done = rsp(&data, &import, None);
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    let outcomes: Vec<&str> = report
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["imported", "refused", "refused", "refused"]);
    assert!(!report.to_string().contains("plain text"));
    assert_eq!(people(), before + 1);
}
