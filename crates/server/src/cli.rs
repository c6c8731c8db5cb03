//! The command line: what can be typed, and nothing of what it does.
//!
//! Every command has the form `rsp <noun> <verb>` or a single verb, takes the
//! three global options of [`Global`], and shows examples in its `--help`.
//! Wrong usage ends with exit code 2 before any command body runs.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use crate::output::Format;

pub mod admin;
pub mod passwords;
pub mod policy;
pub mod tenant;

pub use admin::{ClientCommand, KeyCommand, TenantCommand, UserCommand};
pub use passwords::{FilterBuildArgs, PasswordFilterCommand, UserImportArgs};
pub use policy::PolicyCommand;
pub use tenant::TenantSettingArgs;

/// Measurements ask for it, so that a build with checks for debugging is not taken for what people run.
const VERSION: &str = if cfg!(debug_assertions) {
    concat!(env!("CARGO_PKG_VERSION"), " (not optimized)")
} else {
    env!("CARGO_PKG_VERSION")
};

/// One invocation of `rsp`.
#[derive(Debug, Parser)]
#[command(
    name = "rsp",
    version = VERSION,
    about = "A self-hosted identity platform: OpenID Connect and OAuth 2.1",
    long_about = "A self-hosted identity platform: OpenID Connect and OAuth 2.1 for your own people and \
                  applications.\n\nExit codes: 0 done, 1 refused or found a problem, 2 wrong usage, 3 cannot \
                  reach the server, 4 denied.",
    after_long_help = "Examples:\n  rsp demo                                  try everything on this machine\n  \
                       rsp init --public-url https://id.example.com\n  \
                       rsp --config rsp.toml config check        find weak settings before starting\n  \
                       rsp --config rsp.toml serve",
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options every command understands, before or after its name.
#[derive(Debug, Clone, Default, Args)]
pub struct Global {
    /// Configuration file (TOML); every key can also be set as `RSP__SECTION__KEY`
    #[arg(long, global = true, value_name = "FILE", env = "RSP_CONFIG", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,

    /// How results are printed
    #[arg(
        long,
        short = 'o',
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    pub output: Format,

    /// Data directory: database, keys and demo state live here
    #[arg(long, global = true, value_name = "DIR", env = "RSP_DATA", value_hint = ValueHint::DirPath)]
    pub data: Option<PathBuf>,
}

/// The command tree.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start everything in one process with sample people and clients
    Demo(DemoArgs),
    /// Run the server from its configuration
    Serve(ServeArgs),
    /// Write a commented configuration, generate keys, print a link for the first administrator
    Init(InitArgs),
    /// Bring the database schema up to this version
    Migrate(MigrateArgs),
    /// Check database roles, schema, keys, files and settings of this installation
    Doctor(DoctorArgs),
    /// Show and check the effective configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Signing keys of a tenant
    #[command(subcommand)]
    Key(KeyCommand),
    /// Tenants: each has its own issuer, keys, people and clients
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// People who can sign in
    #[command(subcommand)]
    User(UserCommand),
    /// Applications and services that use this server
    #[command(subcommand)]
    Client(ClientCommand),
    /// Filters of known passwords, which nobody can set
    #[command(subcommand)]
    PasswordFilter(PasswordFilterCommand),
    /// Policies in Cedar: check, test, decide, explain
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Shell completions, or the manual pages
    Completions(CompletionsArgs),
}

/// `rsp demo`
#[derive(Debug, Clone, Args)]
#[command(after_long_help = "Examples:\n  rsp demo\n  \
                             rsp demo --credentials demo.json --redirect-uri http://localhost:3000/callback\n  \
                             rsp demo --listen 127.0.0.1:8443 --tls --data ./demo-data")]
pub struct DemoArgs {
    /// Address and port to listen on; loopback only. The issuer becomes `http://localhost:PORT`
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080", value_parser = loopback)]
    pub listen: SocketAddr,

    /// Write issuer, accounts and clients as JSON to this file before reporting ready
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub credentials: Option<PathBuf>,

    /// Add an exact redirect URI to the client `demo-web`; may be repeated
    #[arg(long = "redirect-uri", value_name = "URI", value_hint = ValueHint::Url)]
    pub redirect_uris: Vec<String>,

    /// Serve https with a private CA, written to `ca.pem` in the data directory
    #[arg(long)]
    pub tls: bool,

    /// Seed of the sample people and their history; passwords and secrets stay random
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

/// `rsp serve`
#[derive(Debug, Clone, Args)]
#[command(
    after_long_help = "Refuses to start, with exit code 2 and one line each, on weak or missing \
                             production settings.\n\nExamples:\n  rsp --config /etc/rsp/rsp.toml serve\n  \
                             RSP__SERVER__PUBLIC_URL=https://id.example.com rsp serve"
)]
pub struct ServeArgs {}

/// `rsp init`
#[derive(Debug, Clone, Args)]
#[command(
    after_long_help = "Examples:\n  rsp init --public-url https://id.example.com --data /var/lib/rsp\n  \
                             rsp --config /etc/rsp/rsp.toml init --admin-email ops@example.com"
)]
pub struct InitArgs {
    /// Address people and clients will use; it becomes the issuer of the default tenant
    #[arg(long, value_name = "URL", default_value = "http://localhost:8080", value_hint = ValueHint::Url)]
    pub public_url: url::Url,

    /// E-mail address of the first administrator
    #[arg(long, value_name = "EMAIL", value_hint = ValueHint::EmailAddress)]
    pub admin_email: Option<String>,

    /// Replace an existing configuration file; keys and database are never replaced
    #[arg(long)]
    pub force: bool,
}

/// `rsp migrate`
#[derive(Debug, Clone, Args)]
#[command(
    after_long_help = "Uses `database.owner_url` where it is set: the application's own role may not \
                             change the schema.\n\nExamples:\n  rsp --config rsp.toml migrate\n  \
                             rsp --config rsp.toml migrate --check"
)]
pub struct MigrateArgs {
    /// Only report whether something is to be done; exit code 1 if so
    #[arg(long)]
    pub check: bool,
}

/// `rsp doctor`
#[derive(Debug, Clone, Args)]
#[command(after_long_help = "Exit code 1 when a check failed.\n\nExamples:\n  \
                             rsp --config rsp.toml doctor\n  rsp --config rsp.toml doctor -o json")]
pub struct DoctorArgs {}

/// `rsp config …`
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Print the effective values and where each comes from; secrets are masked
    #[command(after_long_help = "Examples:\n  rsp --config rsp.toml config print\n  \
                                 RSP__SERVER__LISTEN=0.0.0.0:8080 rsp config print -o json")]
    Print,
    /// Check that the configuration is complete and fit for production
    #[command(
        after_long_help = "Exit code 1 and one line per problem: code, cause, fix.\n\nExamples:\n  \
                                 rsp --config rsp.toml config check\n  rsp config check -o json"
    )]
    Check,
    /// Print every key with its meaning and default
    #[command(
        after_long_help = "As a table format this is a commented TOML file; as JSON a JSON Schema.\n\n\
                                 Examples:\n  rsp config schema > rsp.toml\n  \
                                 rsp config schema -o json > rsp.schema.json"
    )]
    Schema,
}

/// `rsp completions`
#[derive(Debug, Clone, Args)]
#[command(
    after_long_help = "Examples:\n  rsp completions bash > /etc/bash_completion.d/rsp\n  \
                             rsp completions zsh > ~/.zfunc/_rsp\n  \
                             rsp completions man --dir /usr/local/share/man/man1"
)]
pub struct CompletionsArgs {
    /// The shell, or `man` for manual pages
    #[arg(value_enum)]
    pub target: CompletionTarget,

    /// Write files into this directory instead of standard output (needed for `man`)
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, required_if_eq("target", "man"))]
    pub dir: Option<PathBuf>,
}

/// What `rsp completions` can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompletionTarget {
    Bash,
    Elvish,
    Fish,
    Man,
    Powershell,
    Zsh,
}

/// Accepts an address only if it is a loopback literal: the demo's accounts
/// are public knowledge to everybody who can read its credentials file.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text
        .parse()
        .map_err(|_| "write an address and a port, like 127.0.0.1:8080".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(
            "the demo listens on loopback only; use `rsp init` and `rsp serve` for other addresses"
                .to_owned(),
        )
    }
}

#[cfg(test)]
mod tests;
