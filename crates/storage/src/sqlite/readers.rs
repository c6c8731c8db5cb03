//! Connections that only read. A pool for connections over a network asks each one that comes back whether it still
//! lives, in a task of its own; here that would be a second trip to SQLite's thread for every look, and none of these
//! connections dies by itself. One whose statement failed or was abandoned is not used again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::StoreError;

/// The readers of one database; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Readers(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: SqliteConnectOptions,
    most: u32,
    wait: Duration,
    places: Arc<Semaphore>,
    closing: AtomicBool,
    resting: Mutex<Vec<SqliteConnection>>,
}

/// A connection in use.
#[derive(Debug)]
pub(crate) struct Reader {
    /// Always there until it is dropped.
    connection: Option<SqliteConnection>,
    /// Whether its last statement ended well.
    is_sound: bool,
    home: Arc<Shared>,
    _place: OwnedSemaphorePermit,
}

impl Readers {
    /// At most `most` connections, made when they are needed; nobody waits for one longer than `wait`.
    pub(crate) fn new(options: SqliteConnectOptions, most: u32, wait: Duration) -> Self {
        let most = most.max(1);
        let places = usize::try_from(most).unwrap_or(1).min(Semaphore::MAX_PERMITS);
        Self(Arc::new(Shared {
            options,
            most,
            wait,
            places: Arc::new(Semaphore::new(places)),
            closing: AtomicBool::new(false),
            resting: Mutex::default(),
        }))
    }

    /// A connection, once one is free.
    pub(crate) async fn acquire(&self) -> Result<Reader, StoreError> {
        let shared = &self.0;
        let place = match Arc::clone(&shared.places).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => timeout(shared.wait, Arc::clone(&shared.places).acquire_owned())
                .await
                .map_err(|_| StoreError::Unavailable("no connection became free in time".to_owned()))?
                .map_err(|_| StoreError::Closed)?,
        };
        if shared.closing.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        let resting = shared.resting().pop();
        let connection = match resting {
            Some(connection) => connection,
            None => shared.options.connect().await?,
        };
        Ok(Reader {
            connection: Some(connection),
            is_sound: true,
            home: Arc::clone(shared),
            _place: place,
        })
    }

    /// Lets those in use come back, then closes all.
    pub(crate) async fn close(&self) {
        let shared = &self.0;
        shared.closing.store(true, Ordering::Release);
        // Who waits gets a place, sees that it is closing, and gives it back.
        let Ok(_all) = shared.places.acquire_many(shared.most).await else {
            return;
        };
        let resting = std::mem::take(&mut *shared.resting());
        for connection in resting {
            // Nothing was written by it.
            drop(connection.close().await);
        }
        shared.places.close();
    }
}

impl Shared {
    /// A panic cannot leave half a connection.
    fn resting(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    /// For one statement; the connection counts as broken until [`Reader::went_well`].
    pub(crate) fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        self.is_sound = false;
        self.connection.as_mut().ok_or(StoreError::Closed)
    }

    /// The statement ended well.
    pub(crate) fn went_well(&mut self) {
        self.is_sound = true;
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take().filter(|_| self.is_sound) {
            self.home.resting().push(connection);
        }
    }
}

#[cfg(test)]
mod tests;
