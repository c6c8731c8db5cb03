//! What the rows of invented people need that only this room can make: wrapped keys and sealed events. For measuring.

use std::sync::Arc;

use domain::{Event, UserId, World};
use storage::audit::AuditRow;
use storage::data_keys::DataKey;
use uuid::Uuid;

use crate::audit::RowKeys;
use crate::seal::{MacKey, SealKey};
use crate::{App, Ctx, Fault};

/// Makes data keys and rows of the audit log without asking the database, so that it may be closed meanwhile.
#[derive(Clone, Debug)]
pub struct Sealer {
    app: Arc<App>,
    pseudonyms: MacKey,
}

/// A person's data key: the row, and the key to seal with.
#[derive(Debug)]
pub struct PersonKey {
    /// To be stored.
    pub row: DataKey,
    seal: (Uuid, SealKey),
}

impl Sealer {
    /// Reads from the database what is needed of the tenant.
    pub async fn new(app: Arc<App>, ctx: &Ctx) -> Result<Self, Fault> {
        let pseudonyms = app.seals.pseudonyms(&app.db, &app.world, ctx.tenant_id()).await?;
        Ok(Self { app, pseudonyms })
    }

    /// A fresh key for a person.
    pub fn person(&self, world: &World, ctx: &Ctx, user: UserId) -> Result<PersonKey, Fault> {
        let (row, seal) = self.app.seals.generate_for_person(world, ctx.tenant_id(), user)?;
        Ok(PersonKey { row, seal })
    }

    /// The row of an event about this person.
    pub fn event(&self, world: &World, ctx: &Ctx, key: &PersonKey, event: &Event) -> Result<AuditRow, Fault> {
        let keys = RowKeys {
            seal: Some(&key.seal),
            pseudonyms: Some(&self.pseudonyms),
        };
        keys.row(world, ctx, event)
    }
}
