//! A batch of events in as few trips to SQLite's thread as possible: each statement's result wakes a task of ours, which
//! costs as much as writing several rows. So a batch is one text of several statements, and a batch of events alone is
//! one statement that needs no transaction around it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use domain::{TenantId, TokenHash};
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments as _, SqlStr};

use crate::append::Entry;
use crate::error::while_committing;
use crate::mail_outbox::Posted;
use crate::refresh_tokens::{self, Consume};
use crate::sql::{Binds, built_once, nameless};
use crate::{StoreError, access_token_kinds, access_tokens, audit, links, mail_outbox};

/// Rows that one statement may have beyond [`EXACT`], rising.
const WIDE: [usize; 4] = [40, 48, 56, 64];
/// Up to here every number of rows has a statement of its own.
const EXACT: usize = 32;

/// The texts made so far; there are few.
#[derive(Debug, Default)]
pub(super) struct Texts(HashMap<Trip, Arc<str>>);

/// What one trip does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Trip {
    kind: Kind,
    rows: usize,
    begins: bool,
    commits: bool,
}

/// What is written beside an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Kind {
    has_token: bool,
    has_successor: bool,
    has_mail: bool,
    /// Of the mail.
    has_link: bool,
}

impl Kind {
    fn of(entry: &Entry) -> Self {
        Self {
            has_token: entry.append.token.is_some(),
            has_successor: entry.rotation.is_some(),
            has_mail: mail(entry).is_some(),
            has_link: mail(entry).is_some_and(|posted| posted.link.is_some()),
        }
    }

    const fn is_bare(self) -> bool {
        !self.has_token && !self.has_successor && !self.has_mail
    }
}

fn mail(entry: &Entry) -> Option<&Posted> {
    entry.append.event.mail.as_deref()
}

impl Texts {
    fn of(&mut self, trip: Trip) -> SqlStr {
        built_once(self.0.entry(trip).or_insert_with(|| trip.text().into()))
    }
}

impl Trip {
    fn text(self) -> String {
        let mut parts = vec![nameless(audit::INSERT, self.rows)];
        if self.kind.has_successor {
            parts.push(nameless(refresh_tokens::INSERT, self.rows));
        }
        if self.kind.has_token {
            parts.push(nameless(access_token_kinds::INSERT, self.rows));
            parts.push(nameless(access_tokens::INSERT, self.rows));
        }
        if self.kind.has_mail {
            parts.push(nameless(mail_outbox::INSERT, self.rows));
        }
        if self.kind.has_link {
            parts.push(nameless(links::INSERT, self.rows));
        }
        if self.begins {
            parts.insert(0, "BEGIN IMMEDIATE".to_owned());
        }
        if self.commits {
            parts.push("COMMIT".to_owned());
        }
        parts.join("; ")
    }

    fn values(entries: &[&Entry]) -> Result<SqliteArguments, StoreError> {
        let mut to = SqliteArguments::default();
        for entry in entries {
            add(&mut to, entry.append.tenant, audit::values(&entry.append.event))?;
        }
        for entry in entries {
            if let Some(rotation) = &entry.rotation {
                add(
                    &mut to,
                    entry.append.tenant,
                    refresh_tokens::values(&rotation.next),
                )?;
            }
        }
        let tokens = || {
            entries
                .iter()
                .filter_map(|entry| Some((entry.append.tenant, entry.append.token.as_ref()?)))
        };
        for (tenant, token) in tokens() {
            add(&mut to, tenant, access_token_kinds::values(token))?;
        }
        for (tenant, token) in tokens() {
            add(&mut to, tenant, access_tokens::values(token))?;
        }
        let posted = || {
            entries
                .iter()
                .filter_map(|entry| Some((entry.append.tenant, mail(entry)?)))
        };
        for (tenant, posted) in posted() {
            add(&mut to, tenant, mail_outbox::values(&posted.mail))?;
        }
        for (tenant, posted) in posted() {
            if let Some(link) = &posted.link {
                add(&mut to, tenant, links::values(link))?;
            }
        }
        Ok(to)
    }
}

fn add<'q>(to: &mut SqliteArguments, tenant: TenantId, values: impl Binds<'q>) -> Result<(), StoreError> {
    to.add(tenant).map_err(sqlx::Error::Encode)?;
    Ok(values.sqlite(to).map_err(sqlx::Error::Encode)?)
}

/// Writes a batch and commits it; for each entry whether it was kept: a rotation is not if its token was used before.
///
/// After an error the transaction may still be open.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    texts: &mut Texts,
    entries: &[Entry],
) -> Result<Vec<bool>, StoreError> {
    let mut used = consume(connection, entries).await?;
    let is_open = used.is_some();
    let kept: Vec<bool> = entries
        .iter()
        .map(|entry| match (&entry.rotation, &mut used) {
            (None, _) => true,
            // The first in line has it; whoever presents the same one after that has a used one.
            (Some(rotation), Some(used)) => used.remove(&(entry.append.tenant, rotation.used)),
            (Some(_), None) => false,
        })
        .collect();
    let mut rows: Vec<&Entry> = entries
        .iter()
        .zip(&kept)
        .filter_map(|(entry, kept)| kept.then_some(entry))
        .collect();
    rows.sort_by_key(|entry| Kind::of(entry));
    let trips = trips(&rows);
    let is_one_statement = !is_open && trips.len() == 1 && trips.iter().all(|(kind, _)| kind.is_bare());
    for (number, (kind, entries)) in trips.iter().enumerate() {
        let trip = Trip {
            kind: *kind,
            rows: entries.len(),
            begins: !is_open && number == 0 && !is_one_statement,
            commits: number + 1 == trips.len() && !is_one_statement,
        };
        let query = sqlx::query_with(texts.of(trip), Trip::values(entries)?);
        query.execute(&mut *connection).await.map_err(while_committing)?;
    }
    if is_open && trips.is_empty() {
        super::writer::run(connection, "COMMIT")
            .await
            .map_err(while_committing)?;
    }
    Ok(kept)
}

/// Uses the refresh tokens that are presented; which of them were good. Begins the transaction, if there are any.
async fn consume(
    connection: &mut SqliteConnection,
    entries: &[Entry],
) -> Result<Option<HashSet<(TenantId, TokenHash)>>, StoreError> {
    let mut presented: BTreeMap<TenantId, Vec<_>> = BTreeMap::new();
    for entry in entries {
        if let Some(rotation) = &entry.rotation {
            presented.entry(entry.append.tenant).or_default().push(rotation);
        }
    }
    if presented.is_empty() {
        return Ok(None);
    }
    let mut used = HashSet::new();
    let mut is_open = false;
    for (tenant, rotations) in presented {
        for rotations in rotations.chunks(Consume::MOST) {
            let consume = Consume::of(rotations.iter().copied());
            let text = if is_open { consume.text() } else { consume.first() };
            let mut values = SqliteArguments::default();
            add(&mut values, tenant, consume)?;
            let found: Vec<(TokenHash,)> = sqlx::query_as_with(text, values)
                .fetch_all(&mut *connection)
                .await?;
            used.extend(found.into_iter().map(|(hash,)| (tenant, hash)));
            is_open = true;
        }
    }
    Ok(Some(used))
}

/// Entries of one kind together, in numbers there are statements for. They are sorted by kind.
fn trips<'a, 'b>(sorted: &'b [&'a Entry]) -> Vec<(Kind, &'b [&'a Entry])> {
    let mut trips = Vec::new();
    for mut same in sorted.chunk_by(|one, other| Kind::of(one) == Kind::of(other)) {
        while let Some(first) = same.first() {
            let (now, later) = same.split_at_checked(fitting(same.len())).unwrap_or((same, &[]));
            trips.push((Kind::of(first), now));
            same = later;
        }
    }
    trips
}

/// The largest number of rows, at most `rows`, that has a statement.
fn fitting(rows: usize) -> usize {
    let wide = WIDE.into_iter().rev().find(|wide| *wide <= rows);
    wide.unwrap_or_else(|| rows.min(EXACT))
}

#[cfg(test)]
mod tests {
    use super::{Kind, Trip, fitting};

    #[test]
    fn every_number_of_rows_is_divided_into_few() {
        for rows in 1..300 {
            let (mut left, mut parts) = (rows, 0);
            while left > 0 {
                left -= fitting(left);
                parts += 1;
            }
            assert!(parts <= rows / 64 + 2, "{rows} rows in {parts} statements");
        }
    }

    #[test]
    fn a_text_has_the_statements_of_its_trip_and_a_place_for_each_value() {
        let trip = Trip {
            kind: Kind {
                has_token: true,
                has_successor: true,
                has_mail: true,
                has_link: true,
            },
            rows: 2,
            begins: true,
            commits: true,
        };
        let text = trip.text();
        let verbs: Vec<&str> = text
            .split("; ")
            .map(|statement| statement.split(' ').next().unwrap())
            .collect();
        assert_eq!(
            verbs,
            [
                "BEGIN", "INSERT", "INSERT", "INSERT", "INSERT", "INSERT", "INSERT", "COMMIT"
            ]
        );
        assert_eq!(text.matches('?').count(), 2 * (24 + 7 + 5 + 8 + 11 + 11));
        let bare = Trip {
            kind: Kind {
                has_token: false,
                has_successor: false,
                has_mail: false,
                has_link: false,
            },
            begins: false,
            commits: false,
            ..trip
        };
        assert!(bare.text().starts_with("INSERT INTO audit_log") && !bare.text().contains(';'));
    }
}
