//! Policies in files: check, test, decide, explain.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

/// `rsp policy …`
#[derive(Debug, Clone, Subcommand)]
pub enum PolicyCommand {
    /// Validate schema, policies, links and entities; every problem with file, line and reason
    #[command(after_long_help = "Exit code 1 when something is wrong.\n\nExamples:\n  \
                             rsp policy check --schema app.cedarschema --policies app.cedar\n  \
                             rsp policy check --schema app.cedarschema --policies a.cedar --policies b.cedar \
                             --entities people.json -o json")]
    Check(StoreFiles),
    /// Run policy tests: given these entities, when this is asked, then that is decided
    #[command(after_long_help = "Exit code 1 when a test fails.\n\nExamples:\n  \
                             rsp policy test --schema app.cedarschema --policies app.cedar app.test.toml\n  \
                             rsp policy test --schema app.cedarschema --policies app.cedar --entities people.json \
                             a.test.toml b.test.json")]
    Test(PolicyTestArgs),
    /// Decide one request
    #[command(
        after_long_help = "Exit code 0 for allow, 4 for deny. A request that cannot be read is denied, with an error \
                             that names the part.\n\nExamples:\n  \
                             rsp policy decide --schema app.cedarschema --policies app.cedar --entities people.json \
                             --principal 'User::\"alice\"' --action 'Action::\"read\"' --resource 'Document::\"plan\"'\n  \
                             rsp policy decide --schema app.cedarschema --policies app.cedar --principal \
                             'User::\"alice\"' --action 'Action::\"read\"' --resource 'Document::\"plan\"' --context \
                             '{\"mfa\":true}' -o json"
    )]
    Decide(PolicyRequestArgs),
    /// Say why a request is allowed or denied: which conditions held, and which were missing
    #[command(after_long_help = "Examples:\n  \
                             rsp policy explain --schema app.cedarschema --policies app.cedar --entities people.json \
                             --principal 'User::\"bob\"' --action 'Action::\"read\"' --resource 'Document::\"plan\"'")]
    Explain(PolicyRequestArgs),
}

/// The files of a store.
#[derive(Debug, Clone, Args)]
pub struct StoreFiles {
    /// Schema: Cedar's syntax, or JSON when the name ends with .json
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub schema: PathBuf,

    /// Policies and templates: Cedar's syntax, or a JSON policy set; may be repeated
    #[arg(long, value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub policies: Vec<PathBuf>,

    /// Links of templates: a JSON list of templateId, newId and values
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub links: Option<PathBuf>,

    /// Entities: a JSON list
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub entities: Option<PathBuf>,
}

/// `rsp policy test`
#[derive(Debug, Clone, Args)]
pub struct PolicyTestArgs {
    #[command(flatten)]
    pub files: StoreFiles,

    /// Files of tests: TOML, or JSON when the name ends with .json
    #[arg(value_name = "TESTS", required = true, value_hint = ValueHint::FilePath)]
    pub tests: Vec<PathBuf>,
}

/// `rsp policy decide` and `rsp policy explain`
#[derive(Debug, Clone, Args)]
pub struct PolicyRequestArgs {
    #[command(flatten)]
    pub files: StoreFiles,

    /// Who, as Type::"id"
    #[arg(long, value_name = "ENTITY")]
    pub principal: String,

    /// Does what, as Action::"id"
    #[arg(long, value_name = "ENTITY")]
    pub action: String,

    /// To what, as Type::"id"
    #[arg(long, value_name = "ENTITY")]
    pub resource: String,

    /// Circumstances, as a JSON object
    #[arg(long, value_name = "JSON")]
    pub context: Option<String>,

    /// Entities that come with this request, a JSON list; each takes the place of the store's
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub request_entities: Option<PathBuf>,
}
