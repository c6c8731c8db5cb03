//! Files of passwords and of people who bring theirs along.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::admin::TenantArg;

/// `rsp password-filter …`
#[derive(Debug, Clone, Subcommand)]
pub enum PasswordFilterCommand {
    /// Make a filter of known passwords from a list of hashes, for `password.filter`
    #[command(
        after_long_help = "The list has a SHA-1 in hexadecimal on each line, sorted, optionally with a colon and a \
                             count: as the public list of leaked passwords ordered by hash. Memory does not grow with \
                             it.\n\nExamples:\n  rsp password-filter build pwned-passwords.txt passwords.filter\n  \
                             rsp password-filter build --plain words.txt passwords.filter"
    )]
    Build(FilterBuildArgs),
}

/// `rsp password-filter build`
#[derive(Debug, Clone, Args)]
pub struct FilterBuildArgs {
    /// The list
    #[arg(value_name = "LIST", value_hint = ValueHint::FilePath)]
    pub list: PathBuf,

    /// The filter; replaced when it is complete
    #[arg(value_name = "FILTER", value_hint = ValueHint::FilePath)]
    pub filter: PathBuf,

    /// The list has passwords themselves, in any order; at most 20 million
    #[arg(long)]
    pub plain: bool,
}

/// `rsp user import`
#[derive(Debug, Clone, Args)]
pub struct UserImportArgs {
    /// One person a line, as JSON; `-` for standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,

    #[command(flatten)]
    pub tenant: TenantArg,
}
