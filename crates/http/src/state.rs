use std::sync::Arc;

use engine::App;

use crate::caught::MailCatcher;
use crate::security::SecurityContact;

/// What every handler shares.
#[derive(Clone, Debug)]
pub struct AppState {
    /// The use cases.
    pub app: Arc<App>,
    /// The front page of `rsp demo`; `None` in production, where `/` leads to the account pages.
    pub demo: Option<Arc<DemoHome>>,
    /// Where reports of weaknesses go.
    pub security: Arc<SecurityContact>,
}

/// What the demo's front page shows.
#[derive(Debug)]
pub struct DemoHome {
    /// The credentials file, if one was written.
    pub credentials_file: Option<String>,
    /// Where the sample application is.
    pub sample_url: String,
    /// Where the management listener is.
    pub management_url: String,
    /// Mail address, password, whether an administrator.
    pub accounts: Vec<(String, String, bool)>,
    /// Where its mails go.
    pub mail: Arc<MailCatcher>,
    /// The sample clients.
    pub clients: Vec<DemoHomeClient>,
}

/// One sample client on the demo's front page.
#[derive(Debug)]
pub struct DemoHomeClient {
    /// Its name.
    pub name: String,
    /// Its id.
    pub client_id: String,
    /// Its secret, if it has one.
    pub client_secret: Option<String>,
    /// Its grants.
    pub grant_types: Vec<String>,
    /// Its redirect URIs.
    pub redirect_uris: Vec<String>,
}
