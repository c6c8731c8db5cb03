//! What the product is measured beside: the floor, and other servers.

use anyhow::{Result, anyhow};

use super::{folder, program};
use crate::command::is_installed;
use crate::process::{Spec, Supervised, free_port};
use crate::{root, setup};

/// A server that is measured, not judged; stopped when dropped.
#[derive(Debug)]
pub(super) struct Rival {
    /// Where it listens on 127.0.0.1.
    pub(super) port: u16,
    /// Process whose CPU time counts.
    pub(super) pid: u32,
    _server: Supervised,
}

impl Rival {
    /// Starts a program that listens on the port it is told and says `ready`.
    fn start(log: &str, command: impl FnOnce(u16) -> Vec<String>, ready: &str) -> Result<Self> {
        let port = free_port()?;
        let server = Supervised::start(Spec {
            command: command(port),
            env: Vec::new(),
            folder: root(),
            remove_folder: false,
            stop_signal: "TERM",
            account: None,
            log: Some(folder().join(log)),
        })?;
        server.wait_for(ready)?;
        Ok(Self {
            port,
            pid: server.pid().unwrap_or_default(),
            _server: server,
        })
    }
}

/// The least a server can do, see `bench/src/bin/floor.rs`.
pub(super) fn floor() -> Result<Rival> {
    let binary = program("bench-floor").display().to_string();
    Rival::start("floor.log", |port| vec![binary, port.to_string()], "ready")
}

/// The one client of [`oidc_provider`], as `bench/peers/oidc-provider/server.mjs` makes it.
const OIDC_PROVIDER_CLIENT: &str =
    "client_id=bench&client_secret=Zm9yIG1lYXN1cmluZyBvbmx5LCBub3RoaW5nIHNlY3JldA";

/// node `oidc-provider`, everything in memory; `None` with the reason where it cannot be installed.
pub(super) fn oidc_provider(notes: &mut Vec<String>) -> Result<Option<Rival>> {
    let installed = if is_installed("node") && is_installed("npm") {
        setup::oidc_provider()
    } else {
        Err(anyhow!("Node and npm are not installed"))
    };
    if let Err(error) = installed {
        notes.push(format!("oidc-provider is not measured: {error:#}"));
        return Ok(None);
    }
    let script = root().join(setup::OIDC_PROVIDER).join("server.mjs");
    let command = |port: u16| {
        let script = script.display().to_string();
        vec!["node".to_owned(), script, port.to_string()]
    };
    Rival::start("oidc-provider.log", command, "ready").map(Some)
}

/// A form with the proof of the client of [`oidc_provider`] and `rest`.
pub(super) fn oidc_provider_form(rest: &str) -> String {
    format!("{OIDC_PROVIDER_CLIENT}&{rest}")
}

/// A form that asks [`oidc_provider`] for a token of this kind: `opaque`, `es256`, `eddsa` or `rs256`.
pub(super) fn oidc_provider_token(kind: &str) -> String {
    oidc_provider_form(&format!(
        "grant_type=client_credentials&scope=api.read&resource=https%3A%2F%2F{kind}.example.com"
    ))
}
