use storage::StoreError;

/// Why a use case could not be carried out although nothing was wrong with the request.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Everything is in use; worth trying again after some seconds.
    #[error("overloaded: {0}")]
    Busy(&'static str),
    /// A sealed value could not be opened: wrong key-encryption key, or somebody changed the row.
    #[error("a sealed value does not open: {0}")]
    Seal(&'static str),
    /// Something that cannot happen happened.
    #[error("internal: {0}")]
    Internal(&'static str),
    /// The database refused or is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault {
    /// Whether the same request may succeed in a moment: 503 with `Retry-After`, not 500.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Busy(_) => true,
            Self::Store(store) => store.is_unavailable(),
            Self::Internal(_) | Self::Seal(_) => false,
        }
    }
}
