//! What a client knows a person by (OIDC Core section 8, JW12).

use domain::{Client, Subject, SubjectType, UserId};

use crate::{App, Ctx, Fault};

impl App {
    /// The `sub` of `user` for `client`. A pairwise one is a keyed hash of the person and the client's sector, so nothing
    /// has to be stored, and nobody without the tenant's key can tell whose it is.
    pub(crate) async fn subject_for(
        &self,
        ctx: &Ctx,
        client: &Client,
        user: UserId,
    ) -> Result<Subject, Fault> {
        match client.settings.subject_type {
            SubjectType::Public => Ok(user.into()),
            SubjectType::Pairwise => {
                let sector = client
                    .settings
                    .sector()
                    .ok_or(Fault::Internal("a pairwise client without a sector"))?;
                let key = self
                    .seals
                    .pseudonyms(&self.db, &self.world, ctx.tenant_id())
                    .await?;
                let mac = key.mac("subject", &format!("{sector}|{user}"));
                mac.first_chunk()
                    .copied()
                    .map(Subject::pairwise)
                    .ok_or(Fault::Internal("a hash of no length"))
            }
        }
    }
}
