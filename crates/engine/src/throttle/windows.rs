//! Windows in the shared state, and in the database while that is away.

use std::time::Duration;

use domain::TokenHash;
use storage::attempts;
use storage::shared::{Away, Limit};

use super::hex;
use crate::{App, Ctx, Fault};

impl App {
    /// Takes one from a window: nothing if there was room, else how long until there is.
    pub(super) async fn take_window(
        &self,
        ctx: &Ctx,
        key: &TokenHash,
        limit: Limit,
    ) -> Result<Option<Duration>, Fault> {
        match self.shared.take(&shared_key(ctx, key), limit, ctx.now).await {
            Ok(taken) => Ok((!taken.allowed).then_some(taken.reset)),
            Err(Away) => {
                let half = limit.halved();
                let mut tx = self.db.begin(ctx.tenant_id()).await?;
                let taken = attempts::take(&mut tx, key, (half.most, half.window), ctx.now).await?;
                tx.commit_unrecorded("attempts are counted here while the shared state is away")
                    .await?;
                Ok((!taken).then_some(half.window))
            }
        }
    }

    /// How long until there is room in a window that has none.
    pub(super) async fn look_window(
        &self,
        ctx: &Ctx,
        key: &TokenHash,
        limit: Limit,
    ) -> Result<Option<Duration>, Fault> {
        match self.shared.look(&shared_key(ctx, key), limit, ctx.now).await {
            Ok(taken) => Ok((!taken.allowed).then_some(taken.reset)),
            Err(Away) => {
                let half = limit.halved();
                let found = attempts::find(&mut self.db.read(ctx.tenant_id()).await?, key, ctx.now).await?;
                let full = found.filter(|found| found.failures >= i64::from(half.most));
                Ok(full.map(|full| full.began_at.plus(half.window).since(ctx.now)))
            }
        }
    }

    /// Gives back the last one taken from a window: it was not used.
    pub(super) async fn give_back_window(&self, ctx: &Ctx, key: &TokenHash) -> Result<(), Fault> {
        if self.shared.give_back(&shared_key(ctx, key)).await.is_err() {
            let mut tx = self.db.begin(ctx.tenant_id()).await?;
            attempts::give_back(&mut tx, key).await?;
            tx.commit_unrecorded("an attempt that was not made is not counted")
                .await?;
        }
        Ok(())
    }

    pub(super) async fn forget_window(&self, ctx: &Ctx, key: &TokenHash) -> Result<(), Fault> {
        let forgotten = self.shared.forget(&shared_key(ctx, key)).await;
        // While it was away the database counted, and does so still if it is away now.
        if forgotten.is_err() || !self.shared.is_local() {
            let mut tx = self.db.begin(ctx.tenant_id()).await?;
            attempts::clear(&mut tx, key).await?;
            tx.commit_unrecorded("counts of attempts end with the sign-in that is recorded")
                .await?;
        }
        Ok(())
    }
}

fn shared_key(ctx: &Ctx, key: &TokenHash) -> String {
    format!("attempts:{}:{}", ctx.tenant_id(), hex(key))
}
