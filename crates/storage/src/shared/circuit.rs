use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// So many failures in a row, and nobody waits any more until a probe got through.
const FAILURES: u32 = 3;

/// Keeps a slow or dead server from slowing everybody: after some failures nobody asks but the one who probes.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    failures: AtomicU32,
    open: AtomicBool,
}

impl Circuit {
    pub(super) fn is_closed(&self) -> bool {
        !self.open.load(Ordering::Relaxed)
    }

    pub(super) fn went_well(&self) {
        self.failures.store(0, Ordering::Relaxed);
        if self.open.swap(false, Ordering::Relaxed) {
            tracing::info!("the shared state answers again");
        }
    }

    /// True for the one caller who has to probe from now on.
    pub(super) fn failed(&self) -> bool {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let opened = failures >= FAILURES && !self.open.swap(true, Ordering::Relaxed);
        if opened {
            tracing::warn!("the shared state is away: limits are halved and counted without it");
        }
        opened
    }
}
