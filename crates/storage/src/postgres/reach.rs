//! Whether PostgreSQL can be reached at all.
//!
//! A pool asked for a connection to a server that is not there tries until its time is over, so that everybody would
//! wait that long for a certain refusal, and the first to get through afterwards would be those who waited longest.
//! Instead one task looks whether the server is there once there is reason to doubt it. While it is not, everybody is
//! refused after the short time in which it may just be coming back.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::StoreError;

/// Pause between two looks at a server that is away.
const AGAIN: Duration = Duration::from_millis(100);
/// How long a request waits for a server that is away: some looks long, so that its return refuses nobody.
const HOPE: Duration = Duration::from_millis(500);

#[derive(Clone, Debug)]
pub(crate) struct Reach {
    away: Arc<watch::Sender<bool>>,
    looking: Arc<AtomicBool>,
    server: Arc<PgConnectOptions>,
    /// Who waits this long for a connection has reason to doubt.
    doubt: Duration,
    /// How long a look may take: as long as a request may wait. A server that is only slow is not away.
    look: Duration,
}

impl Reach {
    /// For requests that wait up to `wait` for a connection.
    pub(crate) fn new(server: PgConnectOptions, wait: Duration) -> Self {
        Self {
            away: Arc::new(watch::Sender::new(false)),
            looking: Arc::default(),
            server: Arc::new(server),
            doubt: wait / 8,
            look: wait,
        }
    }

    /// Waits for something that needs a connection, as long as the server is there.
    pub(crate) async fn guard<T>(
        &self,
        wanted: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let mut away = self.away.subscribe();
        if *away.borrow_and_update() && timeout(HOPE, away.wait_for(|away| !*away)).await.is_err() {
            return Err(gone());
        }
        tokio::select! {
            biased;
            outcome = wanted => {
                if matches!(outcome, Err(StoreError::Unavailable(_))) {
                    self.doubted();
                }
                outcome
            }
            () = self.lost() => Err(gone()),
        }
    }

    /// Returns when the server is found to be away.
    async fn lost(&self) {
        let mut away = self.away.subscribe();
        if timeout(self.doubt, away.wait_for(|away| *away)).await.is_ok() {
            return;
        }
        self.doubted();
        if away.wait_for(|away| *away).await.is_err() {
            // The sender lives as long as `self`.
            pending::<()>().await;
        }
    }

    /// Looks whether the server is there, unless somebody does.
    fn doubted(&self) {
        if self.looking.swap(true, Ordering::AcqRel) {
            return;
        }
        let reach = self.clone();
        tokio::spawn(async move {
            while !reach.is_there().await {
                if !reach.away.send_replace(true) {
                    tracing::error!("PostgreSQL is away: requests that need it are refused");
                }
                sleep(AGAIN).await;
            }
            if reach.away.send_replace(false) {
                tracing::info!("PostgreSQL is there again");
            }
            reach.looking.store(false, Ordering::Release);
        });
    }

    async fn is_there(&self) -> bool {
        match timeout(self.look, self.server.connect()).await {
            Ok(Ok(connection)) => {
                // It answered; how the farewell goes does not matter.
                drop(timeout(self.look, connection.close()).await);
                true
            }
            // A server that refuses this one connection is there, unless it is only starting or stopping.
            Ok(Err(sqlx::Error::Database(refusal))) => {
                !refusal.code().is_some_and(|code| code.starts_with("57P"))
            }
            Ok(Err(_)) | Err(_) => false,
        }
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable("the server is away".to_owned())
}
