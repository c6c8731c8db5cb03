//! What an operator sets of a tenant, and that a running server goes by it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

fn rsp(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rsp"));
    let kept = ["HOME", "LD_LIBRARY_PATH", "PATH", "TMPDIR"];
    command.env_clear();
    command.envs(
        kept.iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?))),
    );
    command
        .arg("--data")
        .arg(data)
        .args(["--output", "json"])
        .args(arguments);
    command.output().unwrap()
}

fn made(data: &Path, arguments: &[&str]) -> Value {
    let done = rsp(data, arguments);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{arguments:?}: {said}");
    serde_json::from_slice(&done.stdout).unwrap()
}

fn begun() -> TempDir {
    let place = TempDir::new().unwrap();
    let init = rsp(place.path(), &["init"]);
    assert!(init.status.success());
    place
}

#[test]
fn every_setting_can_be_set_and_what_is_not_named_stays() {
    let place = begun();
    let data = place.path();
    let plain = made(data, &["tenant", "create", "acme"]);
    let untouched = json!({"rule": "if_enrolled", "totp_neighbours": false, "recovery_delay_secs": 259_200});
    assert_eq!(plain["second_factor"], untouched);
    assert_eq!(plain["registration"], false);
    assert_eq!(plain["key_rotation_secs"], 7_776_000);

    let update = |arguments: &[&str]| made(data, &[&["tenant", "update", "acme"][..], arguments].concat());
    let open = update(&["--registration", "on"]);
    assert_eq!(open["registration"], true);
    assert_eq!(open["second_factor"], untouched);
    let strict = update(&["--second-factor", "required", "--totp-neighbours", "on"]);
    assert_eq!(
        strict["second_factor"],
        json!({"rule": "required", "totp_neighbours": true, "recovery_delay_secs": 259_200})
    );
    assert_eq!(
        update(&["--second-factor", "off"])["second_factor"]["rule"],
        "off"
    );
    let helped = update(&["--recovery-delay", "off", "--key-rotation", "30d"]);
    assert_eq!(helped["second_factor"]["recovery_delay_secs"], Value::Null);
    assert_eq!(helped["key_rotation_secs"], 2_592_000);
    let closed = update(&["--registration", "off", "--recovery-delay", "2h"]);
    assert_eq!(closed["registration"], false);
    assert_eq!(closed["second_factor"]["recovery_delay_secs"], 7_200);
    let kept = made(data, &["tenant", "list"]);
    assert!(kept.as_array().unwrap().contains(&closed), "{kept}");

    // The same at its making.
    let settings = [
        "--second-factor",
        "if-enrolled",
        "--recovery-delay",
        "1d",
        "--registration",
        "on",
    ];
    let other = made(data, &[&["tenant", "create", "other"][..], &settings].concat());
    assert_eq!(other["registration"], true);
    assert_eq!(other["second_factor"]["recovery_delay_secs"], 86_400);
}

#[test]
fn what_is_out_of_range_changes_nothing() {
    let place = begun();
    let data = place.path();
    let before = made(data, &["tenant", "create", "acme"]);
    // A word nobody knows is a mistake in the command; a number out of range is refused.
    let wrong: [(&[&str], i32); 8] = [
        (&["--registration", "maybe"], 2),
        (&["--second-factor", "always"], 2),
        (&["--totp-neighbours", "3"], 2),
        (&["--recovery-delay", "soon"], 2),
        (&["--recovery-delay", "59m"], 1),
        (&["--recovery-delay", "31d"], 1),
        (&["--key-rotation", "47h"], 1),
        (&["--registration", "on", "--recovery-delay", "1s"], 1),
    ];
    for (arguments, code) in wrong {
        for command in [["tenant", "update", "acme"], ["tenant", "create", "other"]] {
            let refused = rsp(data, &[&command[..], arguments].concat());
            assert_eq!(refused.status.code(), Some(code), "{command:?} {arguments:?}");
        }
    }
    let listed = made(data, &["tenant", "list"]);
    assert!(listed.as_array().unwrap().contains(&before), "{listed}");
    assert!(!listed.to_string().contains("\"other\""));
    // The bounds themselves are within.
    for delay in ["1h", "60m", "30d"] {
        made(data, &["tenant", "update", "acme", "--recovery-delay", delay]);
    }
    made(data, &["tenant", "update", "acme", "--key-rotation", "2d"]);
}

#[test]
fn a_host_name_is_for_one_tenant() {
    let place = begun();
    let data = place.path();
    let host = ["--host", "id.acme.example"];
    made(data, &[&["tenant", "create", "acme"][..], &host].concat());
    for command in [["tenant", "create", "other"], ["tenant", "update", "default"]] {
        let refused = rsp(data, &[&command[..], &host].concat());
        assert_eq!(refused.status.code(), Some(1), "{command:?}");
    }
    made(data, &["tenant", "create", "other", "--host", "id.other.example"]);
    made(data, &[&["tenant", "update", "acme"][..], &host].concat());
}
