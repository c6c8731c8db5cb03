//! What the product is measured beside: the floor, and other servers.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::{folder, program};
use crate::process::{Spec, Supervised, free_port, random_hex};
use crate::{command, demo, root, setup};

/// A server that is measured, not judged; stopped when dropped.
#[derive(Debug)]
pub(super) struct Rival {
    /// Where it listens on 127.0.0.1.
    pub(super) port: u16,
    /// Process whose CPU time counts.
    pub(super) pid: u32,
    _server: Supervised,
}

/// The least a server can do, see `bench/src/bin/floor.rs`.
pub(super) fn floor() -> Result<Rival> {
    let binary = program("bench-floor").display().to_string();
    let port = free_port()?;
    let server = start("floor.log", vec![binary, port.to_string()], None)?;
    server.wait_for("ready")?;
    rival(port, server)
}

/// node `oidc-provider`, everything in memory; `None` with a note where it cannot be installed.
pub(super) fn oidc_provider(notes: &mut Vec<String>) -> Result<Option<Rival>> {
    if let Err(error) = setup::oidc_provider() {
        notes.push(format!("oidc-provider is not measured: {error:#}"));
        return Ok(None);
    }
    let script = root().join(setup::OIDC_PROVIDER).join("server.mjs");
    let port = free_port()?;
    let command = ["node", &script.display().to_string(), &port.to_string()];
    let server = start("oidc-provider.log", command.map(str::to_owned).to_vec(), None)?;
    server.wait_for("ready")?;
    rival(port, server).map(Some)
}

/// A form with the proof of the client of [`oidc_provider`] and [`glewlwyd`], and `rest`.
pub(super) fn form(rest: &str) -> String {
    format!("client_id={CLIENT}&client_secret={SECRET}&{rest}")
}

/// A form that asks [`oidc_provider`] for a token of this kind: `opaque`, `es256`, `eddsa` or `rs256`.
pub(super) fn oidc_provider_token(kind: &str) -> String {
    form(&format!(
        "grant_type=client_credentials&scope=api.read&resource=https%3A%2F%2F{kind}.example.com"
    ))
}

/// Debian's Glewlwyd on a new SQLite file; `None` with a note where it cannot be installed.
pub(super) fn glewlwyd(notes: &mut Vec<String>) -> Result<Option<Rival>> {
    if let Err(error) = setup::glewlwyd() {
        notes.push(format!("Glewlwyd is not measured: {error:#}"));
        return Ok(None);
    }
    let own = PathBuf::from(format!("/tmp/rsp-glewlwyd-{}", random_hex(6)?));
    fs::create_dir(&own).context("cannot create a folder for Glewlwyd")?;
    let port = free_port()?;
    let (place, number) = (own.display().to_string(), port.to_string());
    let script = "bench/peers/glewlwyd/glewlwyd.py";
    command::run("python3", &[script, "prepare", &place, &number])?;
    let line = vec![
        "glewlwyd".to_owned(),
        format!("--config-file={place}/glewlwyd.conf"),
    ];
    let server = start("glewlwyd.log", line, Some(own))?;
    demo::wait_until_answers(&server, port, "/config")?;
    command::run("python3", &[script, "configure", &number])?;
    rival(port, server).map(Some)
}

/// Where [`glewlwyd`] answers token requests.
pub(super) const GLEWLWYD_TOKEN: &str = "/api/oidc/token";
/// Where [`glewlwyd`] answers introspection.
pub(super) const GLEWLWYD_INTROSPECT: &str = "/api/oidc/introspect";

/// A form that asks [`glewlwyd`] for a token.
pub(super) fn glewlwyd_token() -> String {
    form("grant_type=client_credentials&scope=api.read")
}

/// The one client of the other servers, as the files under `bench/peers` make it.
const CLIENT: &str = "bench";
const SECRET: &str = "Zm9yIG1lYXN1cmluZyBvbmx5LCBub3RoaW5nIHNlY3JldA";

fn start(log: &str, command: Vec<String>, own: Option<PathBuf>) -> Result<Supervised> {
    let started = Supervised::start(Spec {
        command,
        env: Vec::new(),
        remove_folder: own.is_some(),
        folder: own.unwrap_or_else(root),
        stop_signal: "TERM",
        account: None,
        log: Some(folder().join(log)),
    })?;
    Ok(started)
}

fn rival(port: u16, server: Supervised) -> Result<Rival> {
    Ok(Rival {
        port,
        pid: server.pid().context("a server has no process")?,
        _server: server,
    })
}
