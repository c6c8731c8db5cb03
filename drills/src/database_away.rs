//! R7: PostgreSQL is away for a while. R10: PostgreSQL is switched off under load, again and again.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep};

use crate::journal::Journal;
use crate::load::{Load, Question, Shot, Shots};
use crate::plan::Plan;
use crate::report::{Report, seconds};
use crate::site::{Site, SiteOptions};
use crate::verify::verify;
use crate::workload::Workload;

const LIMIT: Duration = Duration::from_secs(1);
const RECOVERY: Duration = Duration::from_secs(2);
/// An answer about a token may be this old (security promise for introspection).
const STALE: Duration = Duration::from_secs(5);
/// Requests already on their way when the database goes are neither before nor during.
const EDGE: Duration = Duration::from_millis(100);
/// Who asks shortly before the database comes back may be served by it.
const HOPE: Duration = Duration::from_secs(1);

/// R7.
pub(crate) async fn away(plan: &Plan) -> Result<Report> {
    let outage = Duration::from_secs(u64::from(plan.count(60, 7)));
    let rate = plan.count(50, 20);
    let mut report = Report::new(format!(
        "PostgreSQL over TCP stopped for {outage:?}; each of discovery, key set, tokens and introspection {rate}/s"
    ));
    let options = SiteOptions {
        tcp: true,
        ..SiteOptions::default()
    };
    let mut site = Site::new(plan, options).await?;
    let journal = Arc::new(Journal::new(&plan.output.join("journal"))?);
    let node = site.start(0, &[]).await?;
    let form = [("grant_type", "client_credentials")];
    let answer = node.http.form("/oauth/token", &site.cast.opaque, &form).await?;
    let token = answer
        .text("access_token")
        .context("no token before the outage")?;

    let started = Instant::now();
    let start = |question| Load::start(&node.http, question, rate);
    let discovery = start(Question::DISCOVERY);
    let key_set = start(Question::JWKS);
    let tokens = start(Question::token(&site.cast.service));
    let introspection = start(Question::introspection(&site.cast.opaque, &token));
    let workload = Workload::start(plan, &site.cast, &[&node], &journal);
    sleep(Duration::from_secs(2)).await;
    let database = site.database.as_mut().context("this drill needs PostgreSQL")?;
    let going = Instant::now();
    block_in_place(|| database.stop())?;
    let gone = Instant::now();
    sleep(outage).await;
    let coming = Instant::now();
    block_in_place(|| database.start_again())?;
    let back = Instant::now();
    sleep(Duration::from_secs(4)).await;
    let (discovery, key_set) = (discovery.stop().await, key_set.stop().await);
    let (tokens, introspection) = (tokens.stop().await, introspection.stop().await);
    workload.stop().await;
    node.kill().await?;

    let timeline: String = [
        discovery.timeline("discovery", started),
        tokens.timeline("tokens", started),
        introspection.timeline("introspection", started),
        format!(
            "gone {:?}, coming {:?}, back {:?}\n",
            gone - started,
            coming - started,
            back - started
        ),
    ]
    .concat();
    fs::write(plan.output.join("timeline"), timeline).context("cannot write the timeline")?;
    always(&mut report, "discovery", &discovery);
    always(&mut report, "key set", &key_set);
    refused(&mut report, "tokens", &tokens.within(gone + EDGE, coming - HOPE));
    let asked = introspection.within(gone + STALE, coming - HOPE);
    refused(&mut report, "introspection", &asked);
    let stale = introspection.within(gone + STALE, coming - HOPE);
    report.none("stale `active` beyond 5 s", stale.not(|shot| !shot.active), "");
    let mut slowest = Duration::ZERO;
    for (what, shots) in [("tokens", &tokens), ("introspection", &introspection)] {
        let after = shots.within(back, back + Duration::from_mins(1));
        let last_bad = after.0.iter().rev().find(|shot| !shot.is_ok());
        let took = last_bad.map_or(Duration::ZERO, |shot| shot.due + shot.took - back);
        report.within(&format!("{what} work again"), took, RECOVERY);
        slowest = slowest.max(took);
        let hung = shots.within(going, back).not(|shot| !shot.hung());
        report.none(&format!("{what} requests left hanging"), hung, "over 10 s");
    }
    report.number(format!(
        "everything works {} after the database came back",
        seconds(slowest)
    ));
    journal.judge(&mut report);
    verify(&site, &journal, &mut report).await?;
    Ok(report)
}

fn always(report: &mut Report, what: &str, shots: &Shots) {
    let bad = shots.not(Shot::is_ok);
    report.none(
        &format!("{what} requests that failed"),
        bad,
        &format!("of {}, p99 {:?}", shots.len(), shots.percentile(99)),
    );
}

fn refused(report: &mut Report, what: &str, shots: &Shots) {
    let other = shots.not(Shot::is_politely_refused);
    report.check(
        format!("{what} get 503 with Retry-After"),
        format!("{} of {}", shots.len() as u64 - other, shots.len()),
        other == 0 && shots.len() > 0,
    );
    report.within(&format!("{what} are refused"), shots.longest(), LIMIT);
}

/// R10.
pub(crate) async fn switched_off(plan: &Plan) -> Result<Report> {
    let rounds = plan.count(30, 3);
    let mut report = Report::new(format!(
        "{rounds} x immediate shutdown of PostgreSQL (fsync and synchronous commit on) after 100 to 1500 ms of writes"
    ));
    let options = SiteOptions {
        fsync: true,
        ..SiteOptions::default()
    };
    let mut site = Site::new(plan, options).await?;
    let journal = Arc::new(Journal::new(&plan.output.join("journal"))?);
    let node = site.start(0, &[]).await?;
    let workload = Workload::start(plan, &site.cast, &[&node], &journal);
    let mut dice = plan.dice(1);
    for _ in 0..rounds {
        sleep(Duration::from_millis(dice.between(100, 1_500))).await;
        let database = site.database.as_mut().context("this drill needs PostgreSQL")?;
        block_in_place(|| database.stop())?;
        sleep(Duration::from_millis(dice.between(10, 200))).await;
        block_in_place(|| database.start_again())?;
    }
    sleep(Duration::from_secs(2)).await;
    workload.stop().await;
    node.kill().await?;
    report.check(
        "the workload did its work",
        journal.summary(),
        journal.answers(200) > 0 && journal.answers(201) > 0,
    );
    journal.judge(&mut report);
    verify(&site, &journal, &mut report).await?;
    Ok(report)
}
