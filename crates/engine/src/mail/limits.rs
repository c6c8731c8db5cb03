//! How many mails strangers can cause (A6): bounded for each recipient and for each network. It is decided by what was
//! typed, before anybody looks for an account, so that the bound tells nobody whether there is one (PW12, G3).

use std::time::Duration;

use domain::Email;
use storage::mail_limits::{self, Bound};

use crate::{App, Ctx, Fault, network_of};

const WITHIN: Duration = Duration::from_hours(1);
/// Mails asked for in one network.
const OF_NETWORK: i64 = 60;
/// Mails to one address.
const TO_ADDRESS: i64 = 10;
/// Mails to one address asked for in one network. It is the lowest, so that a stranger elsewhere does not use up what the
/// owner may ask for.
const TO_ADDRESS_OF_NETWORK: i64 = 3;

impl App {
    /// Counts a wish for a mail to an address; false if there were too many lately.
    pub(crate) async fn admit_mail(&self, ctx: &Ctx, to: &str) -> Result<bool, Fault> {
        let to = to
            .parse::<Email>()
            .map_or_else(|_| to.to_owned(), |email| email.folded());
        let network = ctx.client_ip.map(network_of).unwrap_or_default();
        let names = self
            .seals
            .pseudonyms(&self.db, &self.world, ctx.tenant_id())
            .await?;
        // Always in this order, so that no two requests wait for each other.
        let bounds = [
            (names.mac("mail_network", &network), OF_NETWORK),
            (names.mac("mail_address", &to), TO_ADDRESS),
            (
                names.mac("mail_address_network", &format!("{network} {to}")),
                TO_ADDRESS_OF_NETWORK,
            ),
        ];
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        for (key, most) in bounds {
            let bound = Bound {
                most,
                now: ctx.now,
                until: ctx.now.plus(WITHIN),
            };
            if !mail_limits::admit(&mut tx, &key, bound).await? {
                tx.rollback().await?;
                return Ok(false);
            }
        }
        tx.commit_unrecorded("a wish for a mail is counted before it is looked at")
            .await?;
        Ok(true)
    }
}
