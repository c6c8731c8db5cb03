//! Nouns an operator administers: keys, tenants, users, clients.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

/// Which tenant a command works on.
#[derive(Debug, Clone, Args)]
pub struct TenantArg {
    /// Tenant, by its slug
    #[arg(long, value_name = "SLUG", default_value = "default")]
    pub tenant: String,
}

/// `rsp key …`
#[derive(Debug, Clone, Subcommand)]
pub enum KeyCommand {
    /// List the signing keys: id, algorithm, state, times
    #[command(after_long_help = "Examples:\n  rsp key list\n  rsp key list --tenant acme -o json")]
    List(TenantArg),
    /// Publish a new key and make it the active one when verifiers have seen it
    #[command(
        after_long_help = "Examples:\n  rsp key rotate\n  rsp key rotate --tenant acme --algorithm ES256"
    )]
    Rotate(KeyRotateArgs),
}

/// `rsp key rotate`
#[derive(Debug, Clone, Args)]
pub struct KeyRotateArgs {
    #[command(flatten)]
    pub tenant: TenantArg,

    /// Rotate only this signature algorithm (RFC 7518 name); all of the tenant's when absent
    #[arg(long, value_name = "ALG", value_enum)]
    pub algorithm: Option<KeyAlgorithm>,

    /// Sign with the new key now; verifiers with a cached key set refuse new tokens until they fetch it again
    #[arg(long)]
    pub at_once: bool,
}

/// Signature algorithms a tenant can hold keys for (RFC 7518 §3.1, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KeyAlgorithm {
    #[value(name = "ES256")]
    Es256,
    #[value(name = "EdDSA")]
    EdDsa,
    #[value(name = "PS256")]
    Ps256,
    #[value(name = "RS256")]
    Rs256,
}

impl KeyAlgorithm {
    /// The registered JOSE name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
        }
    }
}

/// `rsp tenant …`
#[derive(Debug, Clone, Subcommand)]
pub enum TenantCommand {
    /// List all tenants with their issuers
    #[command(after_long_help = "Examples:\n  rsp tenant list\n  rsp tenant list -o yaml")]
    List,
    /// Create a tenant; its issuer is PUBLIC_URL/t/SLUG
    #[command(after_long_help = "Examples:\n  rsp tenant create acme --name 'Acme Ltd'\n  \
                                 rsp tenant create acme --second-factor required --recovery-delay off")]
    Create(TenantCreateArgs),
    /// Change a tenant's name, look, host name, keys or how its people sign in; what is not named stays
    #[command(
        after_long_help = "Examples:\n  rsp tenant update acme --accent '#0f766e' --logo acme.svg\n  \
                                 rsp tenant update acme --host id.acme.example\n  \
                                 rsp tenant update acme --registration on --second-factor required"
    )]
    Update(TenantUpdateArgs),
}

/// `rsp tenant update`
#[derive(Debug, Clone, Args)]
pub struct TenantUpdateArgs {
    /// The tenant
    #[arg(value_name = "SLUG")]
    pub slug: String,

    /// Name shown to people
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// What it sets
    #[command(flatten)]
    pub settings: super::TenantSettingArgs,
}

/// `rsp tenant create`
#[derive(Debug, Clone, Args)]
pub struct TenantCreateArgs {
    /// Short name used in the issuer: lower-case letters, digits, hyphens
    #[arg(value_name = "SLUG")]
    pub slug: String,

    /// Name shown to people; the slug when absent
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// What it sets
    #[command(flatten)]
    pub settings: super::TenantSettingArgs,
}

/// `rsp user …`
#[derive(Debug, Clone, Subcommand)]
pub enum UserCommand {
    /// List people
    #[command(after_long_help = "Examples:\n  rsp user list\n  rsp user list --tenant acme -o json")]
    List(TenantArg),
    /// Create a person who can sign in
    #[command(
        after_long_help = "Examples:\n  rsp user create alice@example.com --name 'Alice Example'\n  \
                                 printf %s \"$PASSWORD\" | rsp user create bob@example.com --password-file -"
    )]
    Create(UserCreateArgs),
    /// Refuse every further sign-in of a person and end what is open
    #[command(after_long_help = "Examples:\n  rsp user disable alice@example.com")]
    Disable(UserArg),
    /// Allow a disabled person to sign in again
    #[command(after_long_help = "Examples:\n  rsp user enable alice@example.com")]
    Enable(UserArg),
    /// Remove the authenticator app, passkeys and recovery codes of somebody who lost them
    ///
    /// Whoever has no password gets a new link to begin with.
    #[command(after_long_help = "Examples:\n  rsp user remove-factors alice@example.com")]
    RemoveFactors(UserArg),
    /// Say that others know a person's password: it has to be changed at the next sign-in; sessions end now
    #[command(after_long_help = "Examples:\n  rsp user compromise alice@example.com")]
    Compromise(UserArg),
    /// Take people over from another product, with the hashes of their passwords
    #[command(
        after_long_help = "One JSON object a line: email, and optionally email_verified, profile, password_hash \
                                 (bcrypt, scrypt, PBKDF2 or Argon2 as crypt, PHC, passlib or Django write it). Says \
                                 what became of each line; exit code 1 when one was refused.\n\nExamples:\n  \
                                 rsp user import people.jsonl --dry-run\n  \
                                 rsp user import people.jsonl --tenant acme -o json"
    )]
    Import(super::UserImportArgs),
    /// Mail a person a link to choose a new password; nobody but them learns it
    #[command(after_long_help = "Examples:\n  rsp user reset alice@example.com")]
    Reset(UserArg),
    /// Let an account be tried from everywhere again after too many failed attempts
    #[command(after_long_help = "Examples:\n  rsp user unlock bob@example.com")]
    Unlock(UserArg),
}

/// `rsp user create`
#[derive(Debug, Clone, Args)]
pub struct UserCreateArgs {
    /// E-mail address, used to sign in
    #[arg(value_name = "EMAIL", value_hint = ValueHint::EmailAddress)]
    pub email: String,

    /// Name shown to applications
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Read the first password from this file, `-` for standard input; a random one is printed when absent
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub password_file: Option<PathBuf>,

    #[command(flatten)]
    pub tenant: TenantArg,
}

/// A person, by identifier or e-mail address.
#[derive(Debug, Clone, Args)]
pub struct UserArg {
    /// User id or e-mail address
    #[arg(value_name = "USER")]
    pub user: String,

    #[command(flatten)]
    pub tenant: TenantArg,
}

/// `rsp client …`
#[derive(Debug, Clone, Subcommand)]
pub enum ClientCommand {
    /// List clients
    #[command(after_long_help = "Examples:\n  rsp client list\n  rsp client list --tenant acme -o json")]
    List(TenantArg),
    /// Register a client; a secret is shown once
    #[command(after_long_help = "Examples:\n  \
                                 rsp client create shop --redirect-uri https://shop.example.com/callback\n  \
                                 rsp client create app --kind spa --redirect-uri https://app.example.com/cb\n  \
                                 rsp client create batch --kind service --scope orders.read")]
    Create(ClientCreateArgs),
    /// Refuse every further request of a client and end its codes and tokens for good
    #[command(after_long_help = "Examples:\n  rsp client disable CLIENT_ID")]
    Disable(ClientArg),
    /// Allow a disabled client again; it needs new tokens
    #[command(after_long_help = "Examples:\n  rsp client enable CLIENT_ID")]
    Enable(ClientArg),
}

/// `rsp client create`
#[derive(Debug, Clone, Args)]
pub struct ClientCreateArgs {
    /// Name shown to people when they are asked for consent
    #[arg(value_name = "NAME")]
    pub name: String,

    /// What the application is; decides whether it has a secret and which grants it gets
    #[arg(long, value_enum, default_value_t = ClientKind::Web)]
    pub kind: ClientKind,

    /// Exact redirect URI; may be repeated
    #[arg(long = "redirect-uri", value_name = "URI", value_hint = ValueHint::Url)]
    pub redirect_uris: Vec<String>,

    /// Exact URI to return to after logout; may be repeated
    #[arg(long = "post-logout-redirect-uri", value_name = "URI", value_hint = ValueHint::Url)]
    pub post_logout_redirect_uris: Vec<String>,

    /// Scope the client may ask for; may be repeated. The standard OpenID scopes when absent
    #[arg(long = "scope", value_name = "SCOPE")]
    pub scopes: Vec<String>,

    /// Resource indicator (RFC 8707) the client may ask tokens for; may be repeated
    #[arg(long = "resource", value_name = "URI", value_hint = ValueHint::Url)]
    pub resources: Vec<String>,

    #[command(flatten)]
    pub tenant: TenantArg,
}

/// Kinds of application (OAuth 2.1 §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ClientKind {
    /// Runs on a person's device; public, PKCE, loopback or private-use redirect
    Native,
    /// A machine without a person; confidential, client credentials
    Service,
    /// Runs in the browser; public, PKCE
    Spa,
    /// Runs on a server; confidential, code flow with PKCE and refresh
    Web,
}

/// A client, by identifier.
#[derive(Debug, Clone, Args)]
pub struct ClientArg {
    /// Client id
    #[arg(value_name = "CLIENT_ID")]
    pub client_id: String,

    #[command(flatten)]
    pub tenant: TenantArg,
}
