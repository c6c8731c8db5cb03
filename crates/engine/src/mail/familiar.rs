//! Whether a person signs in from where they did before (PW13).

use domain::{Device, Event, EventKind, User};
use serde::Deserialize;
use storage::sessions;

use crate::seal::Purpose;
use crate::sessions::whereabouts_place;
use crate::{App, Ctx, Fault, network_of};

/// Sessions looked at, the last used first.
const LOOKED_AT: u32 = 50;

#[derive(Deserialize)]
struct Seen {
    ip: Option<std::net::IpAddr>,
}

impl App {
    /// The event of a sign-in that no session of the person resembles in browser family and network. The first sign-in
    /// of all resembles none, and nobody has to be told of it. Recorded whether or not there is mail to tell the person.
    pub(crate) async fn unfamiliar(&self, ctx: &Ctx, user: &User) -> Result<Option<Event>, Fault> {
        if user.last_login_at.is_none() {
            return Ok(None);
        }
        let seen =
            sessions::list_recent_for_user(&mut self.db.read(ctx.tenant_id()).await?, user.id, LOOKED_AT)
                .await?;
        let key = self
            .seals
            .sealing(&self.db, &self.world, ctx.tenant_id(), &Purpose::Person(user.id))
            .await?;
        let Some((id, key)) = key else { return Ok(None) };
        let browser = ctx.agent.as_deref().map(|agent| Device::of(agent).browser);
        let network = ctx.client_ip.map(network_of);
        let known = seen.into_iter().any(|(session, sealed)| {
            let row = session.id.to_string();
            let from = sealed
                .filter(|sealed| sealed.key == id)
                .and_then(|sealed| key.open(whereabouts_place(ctx, &row), &sealed.bytes).ok())
                .and_then(|plain| serde_json::from_slice::<Seen>(plain.expose()).ok())
                .and_then(|seen| seen.ip)
                .map(network_of);
            session.device.map(|device| device.browser) == browser && from == network
        });
        Ok((!known).then(|| Event::warning(EventKind::LoginUnfamiliar, "unknown_device").user(user.id)))
    }
}
