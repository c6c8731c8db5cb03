use std::fs;
use std::path::Path;

use anyhow::Context as _;
use http_face::DemoHomeClient;
use serde::{Deserialize, Serialize};

use crate::output::Failure;

/// The demo file: what clients, scripts and tests read. Its form is part of the outside contract.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Credentials {
    pub issuer: String,
    pub management: String,
    pub console: String,
    pub ca_file: Option<String>,
    pub admin: AdminEntry,
    pub users: Vec<UserEntry>,
    pub clients: Vec<ClientEntry>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AdminEntry {
    pub email: String,
    pub password: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct UserEntry {
    pub email: String,
    pub password: String,
    pub sub: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct ClientEntry {
    pub name: String,
    pub client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grant_types: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
}

impl Credentials {
    /// The entry of a client by its name.
    pub(super) fn client(&self, name: &str) -> Option<&ClientEntry> {
        self.clients.iter().find(|client| client.name == name)
    }

    pub(super) fn to_json(&self) -> Result<String, Failure> {
        let text = serde_json::to_string_pretty(self).context("the credentials do not serialize")?;
        Ok(format!("{text}\n"))
    }

    /// What an earlier run kept.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, Failure> {
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let kept = serde_json::from_str(&text).with_context(|| {
            format!(
                "{} is damaged: remove the data directory to begin anew",
                path.display()
            )
        })?;
        Ok(Some(kept))
    }
}

impl ClientEntry {
    /// As the front page shows it.
    pub(super) fn shown(&self) -> DemoHomeClient {
        DemoHomeClient {
            name: self.name.clone(),
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            grant_types: self.grant_types.clone(),
            redirect_uris: self.redirect_uris.clone(),
        }
    }
}
