//! The token endpoint: one file per grant.

mod active;
mod authorization_code;
mod client_credentials;
mod mint;
mod refresh_token;

use domain::{Client, Event, EventKind};
use protocol::error::OAuthError;
use protocol::params::Params;
use protocol::token::{TokenGrant, TokenRequest, TokenResponse};

use crate::{App, Ctx, Fault};

pub use active::ActiveToken;

/// Why no token was issued. Recorded already.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Something else.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// To be told to the client.
    #[error(transparent)]
    Refused(OAuthError),
}

impl From<storage::StoreError> for TokenError {
    fn from(cause: storage::StoreError) -> Self {
        Self::Fault(cause.into())
    }
}

impl App {
    /// Answers a token request (OAuth 2.1 section 3.2) of a client that proved who it is.
    pub async fn issue_token(
        &self,
        ctx: &Ctx,
        client: &Client,
        params: &Params,
    ) -> Result<TokenResponse, TokenError> {
        self.passwords.make_way();
        let ctx = &ctx.acting_as_client(client);
        let grant =
            match TokenRequest::parse(params).and_then(|grant| grant.permitted(client).map(|()| grant)) {
                Ok(grant) => grant,
                Err(error) => return Err(self.refuse_token(ctx, client, error).await),
            };
        match grant {
            TokenGrant::AuthorizationCode {
                code,
                redirect_uri,
                code_verifier,
                resources,
            } => {
                let redemption = authorization_code::Redemption {
                    code,
                    redirect_uri,
                    code_verifier,
                    resources,
                };
                Box::pin(self.redeem_code(ctx, client, redemption)).await
            }
            TokenGrant::ClientCredentials { scope, resources } => {
                self.issue_to_client(ctx, client, scope.as_ref(), resources).await
            }
            TokenGrant::RefreshToken {
                token,
                scope,
                resources,
            } => Box::pin(self.refresh(ctx, client, &token, (scope.as_ref(), &resources))).await,
        }
    }

    /// Records a refusal that changes nothing and makes it an error.
    async fn refuse_token(&self, ctx: &Ctx, client: &Client, error: OAuthError) -> TokenError {
        let event = Event::failure(EventKind::TokenRefused, error.code.as_str()).client(&client.client_id);
        match self.refuse(ctx, event).await {
            Ok(()) => TokenError::Refused(error),
            Err(fault) => TokenError::Fault(fault),
        }
    }
}
