use domain::{Actor, Client, Event, EventKind, Resource, Scopes};
use protocol::resource;
use protocol::token::{TokenResponse, scopes_for_client_credentials};

use super::TokenError;
use super::mint::Wanted;
use crate::{App, Ctx};

impl App {
    /// A token for the client itself (OAuth 2.1 section 4.2). Nothing but the event (and the row of an opaque token)
    /// is written, so it shares its commit with other requests.
    pub(super) async fn issue_to_client(
        &self,
        ctx: &Ctx,
        client: &Client,
        scope: Option<&Scopes>,
        resources: Vec<Resource>,
    ) -> Result<TokenResponse, TokenError> {
        let ctx = &ctx.acting_as(Actor::Client(client.client_id.clone()));
        let checked = scopes_for_client_credentials(client, scope)
            .and_then(|scopes| Ok((scopes, resource::permitted(client, resources)?)));
        let (scopes, resources) = match checked {
            Ok(checked) => checked,
            Err(error) => return Err(self.refuse_token(ctx, client, error).await),
        };
        let wanted = Wanted {
            client,
            grant: None,
            scopes: &scopes,
            resources: &resources,
        };
        let access = self.mint_access(ctx, &wanted).await?;
        let event = Event::success(EventKind::TokenIssued)
            .client(&client.client_id)
            .detail("grant_type", "client_credentials")
            .detail("scope", scopes.to_string())
            .detail("jti", access.jti);
        self.append_with_token(ctx, event, access.row).await?;
        Ok(TokenResponse::bearer(access.text, access.expires_in, scopes))
    }
}
