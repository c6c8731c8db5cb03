//! RP-initiated logout (OIDC RP-Initiated Logout, SE7).

use domain::{Client, ClientId, Event, EventKind};
use protocol::id_token::Hint;
use protocol::logout::LogoutRequest;
use storage::clients;

use crate::{App, Ctx, Fault, SignedIn};

/// What a logout request is worth.
#[derive(Debug)]
pub struct Farewell {
    /// Who asks, if that is sure.
    pub client: Option<Client>,
    /// Where the browser may return to, with `state` added; `None`: the logged-out page here.
    pub return_to: Option<String>,
    /// Whether the person has to confirm. Without a valid hint for the person signed in anybody could log them out.
    pub confirm: bool,
}

impl App {
    /// Checks a logout request. Changes nothing.
    pub async fn check_logout(
        &self,
        ctx: &Ctx,
        request: &LogoutRequest,
        signed_in: Option<&SignedIn>,
    ) -> Result<Farewell, Fault> {
        let keys = self.keys(ctx.tenant_id()).await?;
        let hint = request
            .id_token_hint
            .as_deref()
            .map(|token| Hint::verify(token, ctx.issuer(), keys.as_ref()));
        let hint_is_bad = matches!(hint, Some(Err(_)));
        let hint = hint.and_then(Result::ok);
        let (client, mismatch) = match request.client(hint.as_ref()) {
            Ok(Some(id)) if !hint_is_bad => (self.enabled_client(ctx, id).await?, false),
            Ok(_) => (None, false),
            Err(_) => (None, true),
        };
        let return_to = request.return_to(client.as_ref());
        let is_for_them = match (&hint, signed_in) {
            (Some(hint), Some(who)) => hint.subject == who.user.id,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let why = match () {
            () if hint_is_bad => Some("bad_hint"),
            () if mismatch => Some("client_mismatch"),
            () if return_to.is_err() => Some("unregistered_uri"),
            () => None,
        };
        if let Some(why) = why {
            let mut event = Event::failure(EventKind::LogoutRefused, why);
            if let Some(client) = &client {
                event = event.client(&client.client_id);
            }
            self.refuse(ctx, event).await?;
        }
        Ok(Farewell {
            client,
            return_to: return_to.ok().flatten(),
            confirm: why.is_some() || !is_for_them,
        })
    }

    async fn enabled_client(&self, ctx: &Ctx, id: &ClientId) -> Result<Option<Client>, Fault> {
        let found = clients::find(&mut self.db.read(ctx.tenant_id()).await?, id).await?;
        Ok(found.filter(|client| client.disabled_at.is_none()))
    }
}
