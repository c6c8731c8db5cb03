//! Bodies of the commands, one file for each noun.

pub mod client;
pub mod completions;
pub mod config;
pub mod doctor;
pub mod init;
pub mod key;
pub mod migrate;
pub mod password_filter;
pub mod policy;
pub mod serve;
pub mod tenant;
pub mod user;

mod local;
mod user_import;

use anyhow::Context as _;

use crate::cli::{Cli, Command};
use crate::demo;
use crate::output::{ExitCode, Failure};

/// Runs one command to its end.
pub fn run(cli: &Cli) -> Result<ExitCode, Failure> {
    let global = &cli.global;
    match &cli.command {
        Command::Config(command) => return config::run(command, global),
        Command::Completions(args) => return completions::run(args),
        Command::PasswordFilter(command) => return password_filter::run(command),
        Command::Policy(command) => return policy::run(command, global),
        _ => {}
    }
    // One provider in the tree; said once, before anything speaks TLS.
    if rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .is_err()
    {
        return Err(Failure::refused("the cryptographic provider was set before"));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        match &cli.command {
            Command::Client(command) => client::run(command, global).await,
            Command::Demo(args) => demo::run(args, global).await,
            Command::Doctor(_) => doctor::run(global).await,
            Command::Init(args) => init::run(args, global).await,
            Command::Key(command) => key::run(command, global).await,
            Command::Migrate(args) => migrate::run(args, global).await,
            Command::Serve(_) => serve::run(global).await,
            Command::Tenant(command) => tenant::run(command, global).await,
            Command::User(command) => user::run(command, global).await,
            Command::Config(_)
            | Command::Completions(_)
            | Command::PasswordFilter(_)
            | Command::Policy(_) => Ok(ExitCode::Done),
        }
    })
}
