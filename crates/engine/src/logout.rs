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
    /// What is wrong with the request, if anything is.
    pub fault: Option<&'static str>,
}

impl App {
    /// Checks a logout request that has just come in, and records what is wrong with it.
    pub async fn receive_logout(
        &self,
        ctx: &Ctx,
        request: &LogoutRequest,
        signed_in: Option<&SignedIn>,
    ) -> Result<Farewell, Fault> {
        let farewell = self.check_logout(ctx, request, signed_in).await?;
        if let Some(why) = farewell.fault {
            let mut event = Event::failure(EventKind::LogoutRefused, why);
            if let Some(client) = &farewell.client {
                event = event.client(&client.client_id);
            }
            self.refuse(ctx, event).await?;
        }
        Ok(farewell)
    }

    /// Checks a logout request, again if it was kept. Changes nothing.
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
            (Some(hint), Some(who)) => self.is_hint_for(ctx, hint, who).await?,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let why = match () {
            () if hint_is_bad => Some("bad_hint"),
            () if mismatch => Some("client_mismatch"),
            () if return_to.is_err() => Some("unregistered_uri"),
            () => None,
        };
        Ok(Farewell {
            client,
            return_to: return_to.ok().flatten(),
            confirm: why.is_some() || !is_for_them,
            fault: why,
        })
    }

    async fn is_hint_for(&self, ctx: &Ctx, hint: &Hint, who: &SignedIn) -> Result<bool, Fault> {
        match self.known_client(ctx, &hint.client_id).await? {
            Some(client) => Ok(hint.subject == self.subject_for(ctx, &client, who.user.id).await?),
            None => Ok(false),
        }
    }

    async fn enabled_client(&self, ctx: &Ctx, id: &ClientId) -> Result<Option<Client>, Fault> {
        let found = clients::find(&mut self.db.read(ctx.tenant_id()).await?, id).await?;
        Ok(found.filter(|client| client.disabled_at.is_none()))
    }
}
