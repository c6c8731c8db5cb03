//! The clock: never before what the database knows, watched for steps, and told of when it takes one.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::{Actor, CLOCK_LEEWAY, Event, EventKind, Slug};
use storage::audit;
use tokio_util::sync::CancellationToken;

use crate::{App, Ctx, Fault};

/// How often the clocks are compared.
const EVERY: Duration = Duration::from_secs(1);
/// Time begins this far ahead of the wall clock at most, however late the last event of the database is.
const AHEAD_AT_START: Duration = Duration::from_hours(2);
/// Tenants whose last event is looked at when the program starts.
const TENANTS_AT_START: usize = 64;

impl App {
    /// Time goes on from where the database's last event is, if the wall clock was set back while the program was down:
    /// what had expired by then stays expired. Bounded, so that one event of a machine in another century does not move
    /// everybody there.
    pub(crate) async fn begin_time(&self) -> Result<(), Fault> {
        let mut last = None;
        for tenant in self.tenants().into_iter().take(TENANTS_AT_START) {
            let mut read = self.db.read(tenant.tenant.id).await?;
            last = last.max(audit::last_moment(&mut read).await?);
        }
        let Some(last) = last else { return Ok(()) };
        let ahead = last.since(self.world.now());
        if ahead > CLOCK_LEEWAY {
            tracing::error!(
                seconds = ahead.as_secs(),
                "the clock is behind the last event of the database: set it right and start again"
            );
        }
        if ahead <= AHEAD_AT_START {
            self.world.not_before(last);
        }
        Ok(())
    }

    /// Compares the clocks each second until `stop`, and tells how many seconds the operating system's is ahead.
    pub async fn watch_clock(self: Arc<Self>, stop: CancellationToken, tell: impl Fn(i64) + Send) {
        loop {
            tell(self.clock_ahead());
            if let Err(cause) = self.look_at_clock().await {
                tracing::warn!(%cause, "a step of the clock is not in the log yet; it will be tried again");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// One look. Records a step beyond the leeway once, and says so when the clocks agree again. Public so that tests can
    /// look when they want.
    pub async fn look_at_clock(&self) -> Result<(), Fault> {
        let ahead = self.clock_ahead();
        let is_apart = ahead.unsigned_abs() > CLOCK_LEEWAY.as_secs();
        let was_told = self.clock_told.load(Ordering::Acquire);
        if was_told && !is_apart {
            tracing::info!(
                seconds = ahead,
                "the clock agrees again with the time that has passed"
            );
            self.clock_told.store(false, Ordering::Release);
        }
        if was_told || !is_apart {
            return Ok(());
        }
        tracing::error!(
            seconds = ahead,
            "the clock was set: time goes on as if it had not been"
        );
        if let Some(tenant) = self.tenant(&Slug::default_tenant()) {
            let ctx = Ctx::internal(tenant, Actor::System, &self.world);
            let event = Event::warning(EventKind::ClockJumped, "clock_set").detail("seconds_ahead", ahead);
            self.append(&ctx, event).await?;
        }
        self.clock_told.store(true, Ordering::Release);
        Ok(())
    }

    /// Seconds the operating system's clock is ahead of the time requests are given; less than zero: behind.
    pub fn clock_ahead(&self) -> i64 {
        self.world.wall_ahead_micros() / 1_000_000
    }

    /// What is wrong with the clock, for whoever asks how the program is.
    pub fn check_clock(&self) -> Result<(), String> {
        match self.clock_ahead() {
            ahead if ahead.unsigned_abs() <= CLOCK_LEEWAY.as_secs() => Ok(()),
            ahead => Err(format!(
                "the operating system's clock is {ahead} s ahead of the time that has passed"
            )),
        }
    }
}
