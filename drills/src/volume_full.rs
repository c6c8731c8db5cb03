//! R9: the volume of the database is full. Nothing is acknowledged that is not written, and as soon as there is space
//! again everything goes on.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep};

use crate::journal::Journal;
use crate::load::{Load, Question, Shot, Shots};
use crate::plan::{Engine, Plan};
use crate::report::{Report, seconds};
use crate::site::{Node, Site, SiteOptions};
use crate::verify::verify;
use crate::workload::Workload;

const SQLITE_MB: u32 = 64;
/// An empty cluster takes 46 MB, and its log grows by 16 MB at a time.
const POSTGRES_MB: u32 = 128;
/// The last free pages of a database may serve writes for a while; then one must be refused.
const PATIENCE: Duration = Duration::from_mins(2);
const RECOVERY: Duration = Duration::from_secs(5);
/// Requests on their way when space comes back are neither during nor after.
const EDGE: Duration = Duration::from_millis(100);

pub(crate) async fn run(plan: &Plan) -> Result<Report> {
    let full_for = Duration::from_secs(u64::from(plan.count(20, 5)));
    let megabytes = match plan.engine {
        Engine::Sqlite => SQLITE_MB,
        Engine::Postgres => POSTGRES_MB,
    };
    let mut report = Report::new(format!(
        "the database on a volume of {megabytes} MB, which something else fills for {full_for:?} under load"
    ));
    let volume = Volume::new(megabytes)?;
    let options = SiteOptions {
        data: Some(volume.path().to_owned()),
        ..SiteOptions::default()
    };
    let mut site = Site::new(plan, options).await?;
    let journal = Arc::new(Journal::new(&plan.output.join("journal"))?);
    let node = site.start(0, &[]).await?;
    let discovery = Load::start(&node.http, Question::DISCOVERY, 20);
    let tokens = Load::start(&node.http, Question::token(&site.cast.service), 20);
    let workload = Workload::start(plan, &site.cast, &[&node], &journal);
    sleep(Duration::from_secs(2)).await;

    let started = Instant::now();
    block_in_place(|| volume.fill())?;
    until_refused(&node, &site, &volume).await?;
    let full = Instant::now();
    sleep(full_for).await;
    // Whatever was given back meanwhile is taken again, so that it is full to the end.
    block_in_place(|| volume.fill())?;
    let freed = Instant::now();
    volume.free()?;
    // PostgreSQL ends when it cannot write its log; whoever runs it starts it again.
    let fell = match site.database.as_mut() {
        Some(database) if block_in_place(|| database.has_ended()) => {
            block_in_place(|| database.start_again())?;
            true
        }
        _ => false,
    };
    sleep(RECOVERY + Duration::from_secs(3)).await;
    let (discovery, tokens) = (discovery.stop().await, tokens.stop().await);
    workload.stop().await;
    node.kill().await?;

    let text = format!(
        "filled at {:?}, refused from {:?}, freed at {:?}\n{}",
        Duration::ZERO,
        full - started,
        freed - started,
        tokens.timeline("tokens", started)
    );
    fs::write(plan.output.join("timeline"), text).context("cannot write the timeline")?;
    judge(&mut report, &discovery, &tokens.within(full, freed));
    let after = tokens.within(freed + EDGE, freed + Duration::from_mins(1));
    let last_bad = after.0.iter().rev().find(|shot| !shot.is_ok());
    let took = last_bad.map_or(Duration::ZERO, |shot| shot.due + shot.took - freed);
    let how = if fell {
        "tokens are issued again (PostgreSQL was started again)"
    } else {
        "tokens are issued again"
    };
    report.within(how, took, RECOVERY);
    report.number(format!("tokens {} after space came back", seconds(took)));
    report.check(
        "the workload did its work",
        journal.summary(),
        journal.answers(200) > 0 && journal.answers(201) > 0,
    );
    journal.judge(&mut report);
    verify(&site, &journal, &mut report).await?;
    Ok(report)
}

fn judge(report: &mut Report, discovery: &Shots, during: &Shots) {
    let failed = discovery.not(Shot::is_ok);
    report.none(
        "discovery requests that failed",
        failed,
        &format!("of {}", discovery.len()),
    );
    let refused = during.not(Shot::is_ok);
    let other = during.not(|shot| shot.is_ok() || shot.is_politely_refused());
    report.check(
        "while it is full tokens are refused with 503 and Retry-After",
        format!("{refused} of {} refused, {other} otherwise", during.len()),
        refused > 0 && other == 0,
    );
}

/// Waits until a write is refused; what the database gives back to the volume meanwhile is taken again.
async fn until_refused(node: &Node, site: &Site, volume: &Volume) -> Result<()> {
    let started = Instant::now();
    let form = [("grant_type", "client_credentials")];
    while started.elapsed() < PATIENCE {
        let answer = node.http.form("/oauth/token", &site.cast.opaque, &form).await;
        if !answer.is_ok_and(|answer| answer.status == 200) {
            return Ok(());
        }
        block_in_place(|| volume.fill())?;
        sleep(Duration::from_millis(20)).await;
    }
    bail!("writes went on for {PATIENCE:?} on a full volume")
}

/// A volume of its own, gone with this value.
#[derive(Debug)]
struct Volume {
    folder: TempDir,
}

impl Volume {
    fn new(megabytes: u32) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("rsp-volume-")
            .tempdir_in("/tmp")
            .context("cannot make the folder of the volume")?;
        let size = format!("size={megabytes}m,mode=0711");
        let path = folder.path().display().to_string();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "rsp-drill", &path])
            .status()
            .context("cannot run mount")?;
        if !mounted.success() {
            bail!("this drill mounts a volume of its own and so runs as root only");
        }
        Ok(Self { folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }

    /// Takes all the space that is left.
    fn fill(&self) -> Result<()> {
        let mut file = File::options()
            .append(true)
            .create(true)
            .open(self.ballast())
            .context("cannot open what fills the volume")?;
        let block = vec![0xaa; 64 * 1024];
        let mut size = block.len();
        while size > 0 {
            match block.get(..size).map(|block| file.write(block)) {
                Some(Ok(written)) if written > 0 => {}
                Some(Err(error)) if error.kind() != ErrorKind::StorageFull => {
                    return Err(error).context("cannot fill the volume");
                }
                _ => size /= 2,
            }
        }
        Ok(())
    }

    fn free(&self) -> Result<()> {
        fs::remove_file(self.ballast()).context("cannot free the volume")
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // Lazily: a process of the drill may still have a file open when something went wrong.
        Command::new("umount")
            .arg("--lazy")
            .arg(self.path())
            .status()
            .ok();
    }
}
