//! Every drill ends here: the invariants of the database, and the journal against the database.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use domain::{Actor, EventKind, RequestId, Slug, Timestamp};
use engine::{App, Ctx};
use storage::{
    Read, access_tokens, audit, clients, codes, invitations, refresh_tokens, user_consents, users,
};

use crate::journal::{Journal, Kept};
use crate::report::Report;
use crate::site::Site;

/// Rows of the log read together.
const PAGE: u32 = 1_000;
/// Lost writes that are named; the rest is counted.
const NAMED: usize = 5;

/// Looks at the database with the product's own code, in this process, and compares it with the journal.
pub(crate) async fn verify(site: &Site, journal: &Journal, report: &mut Report) -> Result<()> {
    let app = site.open().await?;
    let outcome = compare(&app, journal, report).await;
    app.db.close().await;
    outcome
}

async fn compare(app: &App, journal: &Journal, report: &mut Report) -> Result<()> {
    let view = app
        .tenant(&Slug::default_tenant())
        .context("the tenant is gone")?;
    let ctx = Ctx::internal(view, Actor::Operator, &app.world);
    let mut read = app.db.read(ctx.tenant_id()).await?;
    let events = recorded(&mut read).await?;
    let kept = journal.kept();
    let mut lost: Vec<String> = Vec::new();
    for promise in &kept {
        if !is_there(&mut read, &events, promise, ctx.now).await? {
            lost.push(format!("{promise:?}"));
        }
    }
    drop(read);
    for one in lost.iter().take(NAMED) {
        eprintln!("    lost: {one}");
    }
    let count = u64::try_from(lost.len()).unwrap_or(u64::MAX);
    report.number_otherwise(format!("{count} of {} acknowledged writes lost", kept.len()));
    report.none(
        "acknowledged writes lost",
        count,
        &format!("of {} promises in the journal", kept.len()),
    );

    let soundness = app.check_soundness(&ctx).await?;
    let broken: Vec<String> = soundness
        .breaches
        .iter()
        .map(|breach| format!("{} ({})", breach.rule, breach.rows))
        .collect();
    report.check(
        "0 half states: every invariant holds",
        if broken.is_empty() {
            format!("{} events, {} seals opened", soundness.events, soundness.sealed)
        } else {
            broken.join("; ")
        },
        broken.is_empty() && soundness.events > 0,
    );
    Ok(())
}

type Recorded = HashMap<(RequestId, EventKind), u64>;

async fn recorded(read: &mut Read) -> Result<Recorded> {
    let mut events = Recorded::new();
    let mut after = None;
    loop {
        let rows = audit::list(read, after, PAGE).await?;
        let Some(last) = rows.last() else {
            return Ok(events);
        };
        after = Some(last.id);
        for row in rows {
            if let Some(request) = row.request_id {
                *events.entry((request, row.kind)).or_default() += 1;
            }
        }
    }
}

async fn is_there(read: &mut Read, events: &Recorded, promise: &Kept, now: Timestamp) -> Result<bool> {
    Ok(match promise {
        Kept::Event(request, kind) => events.get(&(*request, *kind)) == Some(&1),
        Kept::AccessToken(hash) => access_tokens::find(read, hash).await?.is_some(),
        Kept::Client(id) => clients::find(read, id).await?.is_some(),
        Kept::Code(hash) => codes::find(read, hash).await?.is_some(),
        Kept::Consent(user, client) => user_consents::granted(read, *user, client).await?.is_some(),
        Kept::Invitation(hash) => invitations::find(read, hash, now).await?.is_some(),
        Kept::RefreshToken(hash) => refresh_tokens::find(read, hash).await?.is_some(),
        Kept::User(id) => users::find(read, *id).await?.is_some(),
    })
}
