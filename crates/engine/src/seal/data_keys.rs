use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::{Secret, TenantId, Timestamp, UserId, World};
use storage::data_keys::{self, DataKey};
use storage::{Db, Query};
use uuid::Uuid;

use super::{MacKey, Place, SealKey};
use crate::Fault;

/// What a data key seals.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Purpose {
    /// Fields of nobody known, one key a month, destroyed when the month's retention ends.
    Anonymous(String),
    /// The tenant's private signing keys.
    Keys,
    /// Pseudonyms of addresses and names.
    Mac,
    /// Everything about one person in events; destroying it erases them there.
    Person(UserId),
}

impl Purpose {
    /// The key for fields of nobody known at `now`.
    pub(crate) fn anonymous_at(now: Timestamp) -> Self {
        Self::Anonymous(now.rfc3339().chars().take(7).collect())
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Anonymous(_) => "anonymous",
            Self::Keys => "keys",
            Self::Mac => "mac",
            Self::Person(_) => "person",
        }
    }

    fn period(&self) -> &str {
        match self {
            Self::Anonymous(month) => month,
            Self::Keys | Self::Mac => "all",
            Self::Person(_) => "",
        }
    }
}

/// A data key in use.
#[derive(Clone, Debug)]
struct Opened {
    id: Uuid,
    seal: SealKey,
    mac: MacKey,
}

/// The data keys of all tenants: opened once, kept in a bounded cache.
#[derive(Debug)]
pub(crate) struct DataKeys {
    kek: SealKey,
    opened: Mutex<HashMap<(TenantId, Purpose), Opened>>,
}

/// Opened keys kept in memory, about 1 KiB each.
const CACHE: usize = 10_000;

impl DataKeys {
    /// Data keys wrapped by `kek`.
    pub(crate) fn new(kek: &Secret<[u8; 32]>) -> Result<Self, Fault> {
        Ok(Self {
            kek: SealKey::new(kek)?,
            opened: Mutex::new(HashMap::new()),
        })
    }

    /// The id of the key and the key for sealing under `purpose`; made and committed when the tenant has none yet.
    ///
    /// A person without a key was erased: `None`.
    pub(crate) async fn sealing(
        &self,
        db: &Db,
        world: &World,
        tenant: TenantId,
        purpose: &Purpose,
    ) -> Result<Option<(Uuid, SealKey)>, Fault> {
        Ok(self
            .find_or_make(db, world, tenant, purpose)
            .await?
            .map(|key| (key.id, key.seal)))
    }

    /// The key with this id, for opening what it sealed; `None` if it was destroyed or does not open.
    pub(crate) async fn opening(&self, q: &mut impl Query, id: Uuid) -> Result<Option<SealKey>, Fault> {
        let row = data_keys::find(q, id).await?;
        Ok(self.open_any(q.tenant(), row))
    }

    /// The tenant's key of this purpose and period, if there is one and it opens; none is made.
    pub(crate) async fn key_of_purpose(
        &self,
        q: &mut impl Query,
        purpose: &str,
        period: &str,
    ) -> Result<Option<SealKey>, Fault> {
        let row = data_keys::find_for_period(q, purpose, period).await?;
        Ok(self.open_any(q.tenant(), row))
    }

    fn open_any(&self, tenant: TenantId, row: Option<DataKey>) -> Option<SealKey> {
        self.open(tenant, &row?).ok().map(|key| key.seal)
    }

    /// The tenant's key for pseudonyms.
    pub(crate) async fn pseudonyms(&self, db: &Db, world: &World, tenant: TenantId) -> Result<MacKey, Fault> {
        let key = self.find_or_make(db, world, tenant, &Purpose::Mac).await?;
        key.map(|key| key.mac)
            .ok_or(Fault::Internal("no key for pseudonyms"))
    }

    /// A fresh key for a person, to be committed together with their account. Events recorded from now on are sealed
    /// under it, so that the event of the account's making is as erasable as all later ones.
    pub(crate) fn make_for_person(
        &self,
        world: &World,
        tenant: TenantId,
        user: UserId,
        now: Timestamp,
    ) -> Result<DataKey, Fault> {
        let purpose = Purpose::Person(user);
        let row = self.generate(world, tenant, &purpose, now)?;
        self.remember((tenant, purpose), self.open(tenant, &row)?);
        Ok(row)
    }

    /// A fresh key for a person and the key itself, of which nothing is remembered here.
    #[cfg(feature = "grow")]
    pub(crate) fn generate_for_person(
        &self,
        world: &World,
        tenant: TenantId,
        user: UserId,
    ) -> Result<(DataKey, (Uuid, SealKey)), Fault> {
        let row = self.generate(world, tenant, &Purpose::Person(user), world.now())?;
        let opened = self.open(tenant, &row)?;
        Ok((row, (opened.id, opened.seal)))
    }

    async fn find_or_make(
        &self,
        db: &Db,
        world: &World,
        tenant: TenantId,
        purpose: &Purpose,
    ) -> Result<Option<Opened>, Fault> {
        let name = (tenant, purpose.clone());
        if let Some(key) = self
            .opened
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&name)
        {
            return Ok(Some(key.clone()));
        }
        Box::pin(self.load_or_make(db, world, name)).await
    }

    async fn load_or_make(
        &self,
        db: &Db,
        world: &World,
        name: (TenantId, Purpose),
    ) -> Result<Option<Opened>, Fault> {
        let (tenant, purpose) = (name.0, &name.1);
        let mut found = find(&mut db.read(tenant).await?, purpose).await?;
        if found.is_none() && !matches!(purpose, Purpose::Person(_)) {
            let row = self.generate(world, tenant, purpose, world.now())?;
            let mut tx = db.begin(tenant).await?;
            data_keys::insert(&mut tx, &row).await?;
            tx.commit_unrecorded("a data key comes into being").await?;
            // Somebody else may have been first: theirs is the one that counts.
            found = find(&mut db.read(tenant).await?, purpose).await?;
        }
        let Some(row) = found else { return Ok(None) };
        let key = self.open(tenant, &row)?;
        self.remember(name, key.clone());
        Ok(Some(key))
    }

    fn remember(&self, name: (TenantId, Purpose), key: Opened) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.len() >= CACHE {
            opened.clear();
        }
        opened.insert(name, key);
    }

    fn generate(
        &self,
        world: &World,
        tenant: TenantId,
        purpose: &Purpose,
        now: Timestamp,
    ) -> Result<DataKey, Fault> {
        let id = world.uuid_v7();
        let bare = Secret::new(world.random::<32>());
        let row = id.to_string();
        let place = Place {
            tenant,
            column: "data_keys.wrapped",
            row: &row,
        };
        let wrapped = self.kek.seal(world, place, bare.expose())?;
        let (user_id, period) = match purpose {
            Purpose::Person(user) => (Some(*user), None),
            other => (None, Some(other.period().to_owned())),
        };
        Ok(DataKey {
            id,
            purpose: purpose.name().to_owned(),
            user_id,
            period,
            wrapped,
            created_at: now,
        })
    }

    fn open(&self, tenant: TenantId, row: &DataKey) -> Result<Opened, Fault> {
        let id = row.id.to_string();
        let bare = self.kek.open(
            Place {
                tenant,
                column: "data_keys.wrapped",
                row: &id,
            },
            &row.wrapped,
        )?;
        let bare: [u8; 32] = bare
            .expose()
            .as_slice()
            .try_into()
            .map_err(|_| Fault::Seal("data_keys.wrapped"))?;
        let bare = Secret::new(bare);
        Ok(Opened {
            id: row.id,
            seal: SealKey::new(&bare)?,
            mac: MacKey::new(&bare),
        })
    }
}

async fn find(q: &mut impl Query, purpose: &Purpose) -> Result<Option<DataKey>, Fault> {
    Ok(match purpose {
        Purpose::Person(user) => data_keys::find_for_user(q, *user).await?,
        other => data_keys::find_for_period(q, other.name(), other.period()).await?,
    })
}
