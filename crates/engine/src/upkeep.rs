//! Work nobody asked for: keys that are due, counts of refusals, rows past their time.

use std::sync::Arc;
use std::time::Duration;

use domain::Actor;
use storage::purge;
use tokio_util::sync::CancellationToken;

use crate::{App, Ctx, Fault};

/// How often upkeep looks around. Also how soon a node sees what another has changed in keys and tenants.
const EVERY: Duration = Duration::from_secs(5);
/// Rows removed in one transaction.
const PURGE_SLICE: u32 = 200;
/// Every so many rounds rows past their time are removed.
const PURGE_ROUNDS: u32 = 12;

impl App {
    /// Runs until `stop`; then writes what is still to be written.
    pub async fn run_upkeep(self: Arc<Self>, stop: CancellationToken) {
        let mail = tokio::spawn(Arc::clone(&self).run_mail(stop.clone()));
        let mut round = 0_u32;
        loop {
            // In a task of its own: a panic ends that round, not upkeep.
            let app = Arc::clone(&self);
            let purge = round.is_multiple_of(PURGE_ROUNDS);
            let done = tokio::spawn(async move { app.upkeep(purge).await }).await;
            if let Err(cause) = done.unwrap_or(Err(Fault::Internal("upkeep panicked"))) {
                tracing::warn!(%cause, "upkeep failed; it will be tried again");
            }
            round = round.wrapping_add(1);
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.wake_upkeep.notified() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
        }
        if let Err(cause) = self.write_refusal_counts(true).await {
            tracing::warn!(%cause, "counts of refusals were lost at stop");
        }
        // A panic of the task has been reported by the runtime.
        drop(mail.await);
    }

    /// One round. Public so that commands and tests can take a round when they want.
    pub async fn upkeep(&self, purge: bool) -> Result<(), Fault> {
        #[cfg(feature = "failpoints")]
        storage::failpoint::reach(storage::failpoint::Point::Upkeep).await?;
        self.reload_tenants().await?;
        for tenant in self.tenants() {
            let ctx = Ctx::internal(tenant, Actor::System, &self.world);
            self.reload_keys(ctx.tenant_id()).await?;
            self.rotate_due_keys(&ctx).await?;
            if purge {
                let mut tx = self.db.begin(ctx.tenant_id()).await?;
                purge::expired(&mut tx, ctx.now, PURGE_SLICE).await?;
                tx.commit_unrecorded("rows past their time are removed").await?;
            }
        }
        self.write_refusal_counts(false).await
    }
}
