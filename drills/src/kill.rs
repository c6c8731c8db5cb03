//! R1: the process is killed at random moments while everything is being written.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use crate::journal::Journal;
use crate::plan::Plan;
use crate::report::{Report, percentile, seconds};
use crate::site::{Site, SiteOptions};
use crate::verify::verify;
use crate::workload::Workload;

/// The process may live this long, in milliseconds.
const SHORTEST: u64 = 20;
const LONGEST: u64 = 900;
const READY: Duration = Duration::from_secs(2);

pub(crate) async fn run(plan: &Plan) -> Result<Report> {
    let kills = plan.count(200, 6);
    let mut report = Report::new(format!(
        "{kills} x kill -9 after {SHORTEST} to {LONGEST} ms of code, token, person, consent and audit writes"
    ));
    let site = Site::new(plan, SiteOptions::default()).await?;
    let journal = Arc::new(Journal::new(&plan.output.join("journal"))?);
    let mut node = site.start(0, &[]).await?;
    let workload = Workload::start(plan, &site.cast, &[&node], &journal);
    let mut dice = plan.dice(1);
    let mut starts = Vec::new();
    for _ in 0..kills {
        sleep(Duration::from_millis(dice.between(SHORTEST, LONGEST))).await;
        node.kill().await?;
        starts.push(node.restart().await?);
    }
    // A last stretch without a kill: the server still does its work.
    sleep(Duration::from_millis(LONGEST)).await;
    workload.stop().await;
    node.kill().await?;

    let slowest = starts.iter().max().copied().unwrap_or_default();
    report.within("ready after a restart", slowest, READY);
    report.number(format!("ready {} after kill -9 at the latest", seconds(slowest)));
    let median = percentile(&mut starts, 50);
    report.check(
        "the workload did its work",
        format!("{}; median restart {}", journal.summary(), seconds(median)),
        journal.answers(200) > 0 && journal.answers(201) > 0 && journal.answers(303) > 0,
    );
    journal.judge(&mut report);
    verify(&site, &journal, &mut report).await?;
    Ok(report)
}
