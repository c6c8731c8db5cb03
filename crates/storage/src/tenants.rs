//! Tenants: the one table that belongs to no tenant.

use domain::{Slug, Tenant, TenantId, TenantSettings, Timestamp};
use sqlx::types::Json;

use crate::{Db, Query as _, StoreError, Tx};

#[derive(sqlx::FromRow)]
struct Row {
    id: TenantId,
    slug: Slug,
    name: String,
    settings: Json<TenantSettings>,
    disabled_at: Option<Timestamp>,
    created_at: Timestamp,
}

impl From<Row> for Tenant {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            slug: row.slug,
            name: row.name,
            settings: row.settings.0,
            disabled_at: row.disabled_at,
            created_at: row.created_at,
        }
    }
}

/// Every tenant, by short name.
pub async fn list(db: &Db) -> Result<Vec<Tenant>, StoreError> {
    let rows: Vec<Row> = db
        .all_tenants(
            "SELECT id, slug, name, settings, disabled_at, created_at FROM tenants ORDER BY slug",
            None,
        )
        .await?;
    Ok(rows.into_iter().map(Tenant::from).collect())
}

/// The tenant with this short name.
pub async fn find_by_slug(db: &Db, slug: &Slug) -> Result<Option<Tenant>, StoreError> {
    let rows: Vec<Row> = db
        .all_tenants(
            "SELECT id, slug, name, settings, disabled_at, created_at FROM tenants WHERE slug = $1",
            Some(slug.as_str()),
        )
        .await?;
    Ok(rows.into_iter().next().map(Tenant::from))
}

/// Adds a tenant; `false` if its short name (or id) is taken. The transaction is the new tenant's own.
pub async fn insert(tx: &mut Tx, tenant: &Tenant) -> Result<bool, StoreError> {
    if tenant.id != tx.tenant() {
        return Err(StoreError::WrongTenant);
    }
    let added = tx
        .handle()
        .execute(
            "INSERT INTO tenants (id, slug, name, settings, disabled_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            (
                &tenant.slug,
                &tenant.name,
                Json(&tenant.settings),
                tenant.disabled_at,
                tenant.created_at,
            ),
        )
        .await?;
    Ok(added == 1)
}

/// Changes what a tenant has set, and its name; `false` if there is no such tenant.
pub async fn update_settings(tx: &mut Tx, settings: &TenantSettings, name: &str) -> Result<bool, StoreError> {
    let changed = tx
        .handle()
        .execute(
            "UPDATE tenants SET settings = $2, name = $3 WHERE id = $1",
            (Json(settings), name),
        )
        .await?;
    Ok(changed == 1)
}
