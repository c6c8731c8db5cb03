use std::sync::Arc;

use domain::{Client, Event, EventKind};
use protocol::client_auth::{self, PresentedClient};
use protocol::error::OAuthError;
use protocol::params::Params;

use crate::{App, Ctx, Fault};

/// A client could not prove itself. The refusal is recorded already.
#[derive(Debug, thiserror::Error)]
pub enum ClientRefused {
    /// Something else.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// To be told to the client.
    #[error(transparent)]
    Refused(OAuthError),
}

impl App {
    /// Finds the client a request is from and checks its proof. Unknown and disabled clients cost the same work and get
    /// the same answer as a wrong secret.
    pub async fn authenticate_client(
        &self,
        ctx: &Ctx,
        authorization: Option<&str>,
        params: &Params,
    ) -> Result<Arc<Client>, ClientRefused> {
        let presented = match PresentedClient::extract(authorization, params) {
            Ok(presented) => presented,
            Err(error) => {
                let event = Event::failure(EventKind::ClientAuthenticationFailed, error.code.as_str());
                self.refuse(ctx, event).await?;
                return Err(ClientRefused::Refused(error));
            }
        };
        let found = self.known_client(ctx, &presented.client_id).await?;
        let (checked, reason) = match &found {
            // Tokens of the second it was switched off in would be dead from the start.
            Some(client) if client.disabled_at.is_none() && client.honours(ctx.now) => {
                (client_auth::check(client, &presented), "wrong_proof")
            }
            Some(client) => {
                let checked = client_auth::check(client, &presented);
                (
                    checked.and(Err(client_auth::check_unknown(&presented))),
                    "disabled_client",
                )
            }
            None => (Err(client_auth::check_unknown(&presented)), "unknown_client"),
        };
        match (checked, found) {
            (Ok(()), Some(client)) => Ok(client),
            (result, found) => {
                let error = result
                    .err()
                    .unwrap_or_else(|| client_auth::check_unknown(&presented));
                let mut event = Event::failure(EventKind::ClientAuthenticationFailed, reason);
                if let Some(client) = &found {
                    event = event.client(&client.client_id);
                }
                self.refuse(ctx, event).await?;
                Err(ClientRefused::Refused(error.into()))
            }
        }
    }
}
