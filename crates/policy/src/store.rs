//! The snapshot that counts now.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::snapshot::Snapshot;

/// Holds the snapshot that decisions are made from. Readers never wait; whoever has one keeps it until they are done.
#[derive(Debug)]
pub struct PolicyStore {
    current: ArcSwap<Snapshot>,
}

impl PolicyStore {
    /// Starts with a snapshot.
    pub fn new(snapshot: Snapshot) -> Self {
        Self {
            current: ArcSwap::from_pointee(snapshot),
        }
    }

    /// What counts now.
    pub fn current(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Takes a new one and gives back the old one. What does not compile never comes here, so nothing is half applied.
    pub fn replace(&self, snapshot: Snapshot) -> Arc<Snapshot> {
        self.current.swap(Arc::new(snapshot))
    }
}
