//! Monthly partitions of the audit log, made ahead of time by the owner; what finds no month goes to the default.

use domain::Timestamp;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sqlx::postgres::PgConnection;

use crate::StoreError;
use crate::postgres::run;
use crate::sql::built;

/// The months that need a partition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Months {
    pub(crate) now: Timestamp,
    pub(crate) ahead: u32,
}

/// Adds the partitions that are missing and names them.
pub(crate) async fn add(connection: &mut PgConnection, months: Months) -> Result<Vec<String>, StoreError> {
    let mut added = Vec::new();
    for (month, next) in months.bounds() {
        let name = format!("audit_log_{:04}_{:02}", month.year(), month.month());
        let (from, to) = (first_id(month), first_id(next));
        if must_be_made(connection, &name, &from, &to).await? {
            run(connection, statements(&name, &from, &to)).await?;
            added.push(name);
        }
    }
    Ok(added)
}

impl Months {
    /// First day of each month and of the one after it.
    fn bounds(self) -> impl Iterator<Item = (Date, Date)> {
        let today = jiff::Timestamp::from_microsecond(self.now.micros())
            .map_or(Date::ZERO, |now| now.to_zoned_datetime(TimeZone::UTC).date());
        let first = today.first_of_month();
        (0..=i64::from(self.ahead)).filter_map(move |n| {
            let month = first.checked_add(n.months()).ok()?;
            Some((month, month.checked_add(1.month()).ok()?))
        })
    }
}

/// The least UUIDv7 of a day: its 48 bits of milliseconds, then zeros (RFC 9562 section 5.7).
fn first_id(day: Date) -> String {
    let millis = day
        .to_zoned_datetime(TimeZone::UTC)
        .map_or(0, |start| start.timestamp().as_millisecond());
    let millis = u128::try_from(millis).unwrap_or(0);
    uuid::Uuid::from_u128(millis << 80).hyphenated().to_string()
}

/// Not there yet, and no row of that month went to the default partition: PostgreSQL would refuse the new one then.
async fn must_be_made(
    connection: &mut PgConnection,
    name: &str,
    from: &str,
    to: &str,
) -> Result<bool, StoreError> {
    let text = format!(
        "SELECT to_regclass('{name}') IS NULL AND NOT EXISTS (
            SELECT 1 FROM audit_log_default WHERE id >= '{from}' AND id < '{to}')"
    );
    let (needed,): (bool,) = sqlx::query_as(built(text)).fetch_one(connection).await?;
    Ok(needed)
}

/// Row-level security and triggers stand on each partition, because statements can name one directly.
fn statements(name: &str, from: &str, to: &str) -> String {
    format!(
        "CREATE TABLE {name} PARTITION OF audit_log FOR VALUES FROM ('{from}') TO ('{to}');
        ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {name} FORCE ROW LEVEL SECURITY;
        CREATE POLICY tenant_isolation ON {name}
            USING (tenant_id = NULLIF(current_setting('app.current_tenant_id', true), '')::uuid)
            WITH CHECK (tenant_id = NULLIF(current_setting('app.current_tenant_id', true), '')::uuid);
        CREATE POLICY owner_access ON {name} TO CURRENT_USER USING (true) WITH CHECK (true);
        CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON {name}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();"
    )
}
