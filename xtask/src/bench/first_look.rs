//! `cargo xtask bench first-look`: a first impression of speed, to be compared with itself only.
//!
//! Client and server share the machine's cores, so the figures say what this machine does under both.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::measure::{cpu_us, each, load_average};
use crate::demo::{Demo, Engine};
use crate::{command, plain_http};

const SECONDS: u32 = 15;
const CONNECTIONS: u32 = 32;

/// Drives `wrk` against token, introspection and discovery of a release build, on both engines.
pub(super) fn run() -> Result<()> {
    super::build()?;
    let output = super::folder();
    fs::create_dir_all(&output).context("cannot create target/bench")?;
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let log = output.join(format!("rsp-{}.log", engine.name()));
        let demo = Demo::start(&super::program("rsp"), engine, log)?;
        println!("\n=== {} ===", engine.name());
        measure(&demo, &output)?;
    }
    Ok(())
}

fn measure(demo: &Demo, output: &Path) -> Result<()> {
    let credentials: Value = serde_json::from_str(&fs::read_to_string(&demo.credentials)?)?;
    let authorization = basic(&credentials, "demo-service")?;
    let form = "grant_type=client_credentials";
    let answer = plain_http::post_form(demo.port, "/oauth/token", &authorization, form)?;
    let token =
        access_token(&answer.body).with_context(|| format!("no token: {} {}", answer.status, answer.body))?;

    wrk(demo, "discovery", "/.well-known/openid-configuration", None)?;
    wrk(
        demo,
        "introspection",
        "/oauth/introspect",
        Some(&post(output, &authorization, &format!("token={token}"))?),
    )?;
    wrk(
        demo,
        "token",
        "/oauth/token",
        Some(&post(output, &authorization, form)?),
    )
}

/// One measurement: what `wrk` says, and how much CPU the server took for each request. The second figure stays
/// meaningful on a machine that does other things too.
fn wrk(demo: &Demo, name: &str, path: &str, script: Option<&Path>) -> Result<()> {
    println!("\n--- {name} ---");
    let url = format!("http://localhost:{}{path}", demo.port);
    let (duration, connections) = (format!("-d{SECONDS}s"), format!("-c{CONNECTIONS}"));
    let mut arguments = vec!["-t1", &connections, &duration, "--latency"];
    let script = script.map(|path| path.display().to_string());
    if let Some(script) = &script {
        arguments.extend(["-s", script]);
    }
    arguments.push(&url);
    let server = demo.pid()?;
    let before = cpu_us(server)?;
    let said = command::output_of("wrk", &arguments)?;
    let spent = cpu_us(server)?.saturating_sub(before);
    print!("{said}");
    let requests = total_requests(&said).context("wrk did not say how many requests it made")?;
    println!(
        "  CPU of the server: {:.0} us/request; load average {}",
        each(spent, requests),
        load_average()
    );
    Ok(())
}

fn total_requests(said: &str) -> Option<u64> {
    let line = said.lines().find(|line| line.contains(" requests in "))?;
    line.split_whitespace().next()?.parse().ok()
}

/// A script for `wrk` that posts one form again and again.
fn post(output: &Path, authorization: &str, form: &str) -> Result<PathBuf> {
    let script = output.join("post.lua");
    let text = format!(
        "wrk.method = \"POST\"\nwrk.body = \"{form}\"\nwrk.headers[\"Authorization\"] = \"{authorization}\"\n\
         wrk.headers[\"Content-Type\"] = \"application/x-www-form-urlencoded\"\n"
    );
    fs::write(&script, text).context("cannot write the script for wrk")?;
    Ok(script)
}

fn basic(credentials: &Value, name: &str) -> Result<String> {
    let clients = credentials
        .get("clients")
        .and_then(Value::as_array)
        .context("the demo file lists no clients")?;
    let client = clients
        .iter()
        .find(|client| client.get("name").and_then(Value::as_str) == Some(name));
    let field = |field| client?.get(field)?.as_str();
    match (field("client_id"), field("client_secret")) {
        (Some(id), Some(secret)) => Ok(format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))),
        _ => bail!("the demo file has no {name} with a secret"),
    }
}

fn access_token(body: &str) -> Option<String> {
    let json = body.get(body.find('{')?..=body.rfind('}')?)?;
    let answer: Value = serde_json::from_str(json).ok()?;
    Some(answer.get("access_token")?.as_str()?.to_owned())
}
