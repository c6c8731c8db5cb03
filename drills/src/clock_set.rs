//! R12: the clock of a node is set, by five minutes and by an hour, ahead and back. Nothing that expired comes back,
//! nothing that is good is refused, tokens are dated within the leeway, and somebody is told.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use domain::{Timestamp, World};
use tokio::time::{Instant, sleep};

use crate::client::{Answer, Browser, VERIFIER, code_in};
use crate::journal::Journal;
use crate::plan::{Engine, Plan};
use crate::report::{Report, seconds};
use crate::single_use::signed_in;
use crate::site::{CALLBACK, Node, Site, SiteOptions};
use crate::verify::verify;

/// Gives a process another time of day.
const LIBRARY: &str = "libfaketimeMT.so.1";
/// In the drill it is that much later than outside, so that what was made before has expired without waiting.
const LATER: i64 = 120;
const LEEWAY: i64 = 60;
const ALARM: Duration = Duration::from_secs(10);
const STEPS: [i64; 4] = [300, -300, 3_600, -3_600];
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) async fn run(plan: &Plan) -> Result<Report> {
    let rounds = plan.count(10, 1);
    let mut report = Report::new(format!(
        "{rounds} x the clock of {} set by {STEPS:?} s and right again; then a start with a clock {} s behind",
        match plan.engine {
            Engine::Sqlite => "the node",
            Engine::Postgres => "one of two nodes",
        },
        STEPS.iter().map(|step| step.abs()).min().unwrap_or_default()
    ));
    let site = Site::new(plan, SiteOptions::default()).await?;
    let journal = Arc::new(Journal::new(&plan.output.join("journal"))?);
    let mut stage = Stage::new(plan, &site).await?;
    for _ in 0..rounds {
        for step in STEPS {
            stage.step(step).await?;
        }
    }
    stage.start_behind().await?;
    stage.seen.judge(&mut report);
    let seen = &stage.seen;
    report.number(format!(
        "{} of {} steps revived something, told within {}",
        seen.revived,
        seen.steps,
        seconds(seen.alarm)
    ));
    stage.node.kill().await?;
    if let Some(peer) = &stage.peer {
        peer.kill().await?;
    }
    verify(&site, &journal, &mut report).await?;
    Ok(report)
}

/// What was seen over all steps.
#[derive(Debug, Default)]
struct Seen {
    steps: u64,
    revived: u64,
    refused: u64,
    furthest: i64,
    alarm: Duration,
    untold: u64,
}

impl Seen {
    fn judge(&self, report: &mut Report) {
        let steps = format!("of {} steps", self.steps);
        report.none("expired codes that were good again", self.revived, &steps);
        report.none("good codes and refresh tokens refused", self.refused, &steps);
        report.check(
            format!("tokens dated within {LEEWAY} s of the true time"),
            format!("{} s at most", self.furthest),
            self.furthest <= LEEWAY,
        );
        report.none("steps nobody was told of", self.untold, &steps);
        report.within("metric, event and report of the node", self.alarm, ALARM);
    }
}

struct Stage<'a> {
    site: &'a Site,
    world: World,
    /// What the node's clock is told, in seconds from the true one.
    offset: PathBuf,
    node: Node,
    /// The other node, whose clock is right.
    peer: Option<Node>,
    browser: Browser,
    /// A code that has expired.
    expired: String,
    seen: Seen,
}

impl<'a> Stage<'a> {
    async fn new(plan: &Plan, site: &'a Site) -> Result<Self> {
        let (offset, right) = (site.folder().join("clock"), site.folder().join("right-clock"));
        write(&offset, 0)?;
        let node = site.start(0, &faked(&offset)?).await?;
        let mut browser = signed_in(site, &node.http).await?;
        let expired = code(&mut browser, site).await?;
        node.kill().await?;
        write(&offset, LATER)?;
        write(&right, LATER)?;
        let mut stage = Self {
            site,
            world: World::system(),
            node: site.start(0, &faked(&offset)?).await?,
            peer: match plan.engine {
                Engine::Sqlite => None,
                Engine::Postgres => Some(site.start(1, &faked(&right)?).await?),
            },
            offset,
            browser,
            expired,
            seen: Seen::default(),
        };
        if stage.redeem(&stage.node, &stage.expired.clone()).await?.status != 400 {
            bail!("a code was good two minutes after it was made");
        }
        // The twin: with clocks that agree nobody is told of anything.
        if stage.told().await? != (0, 0, false) {
            bail!("somebody was told of a clock that nobody set");
        }
        stage.seen.steps = 0;
        Ok(stage)
    }

    async fn step(&mut self, by: i64) -> Result<()> {
        let before = code(&mut self.browser, self.site).await?;
        let (events, ..) = self.told().await?;
        write(&self.offset, LATER + by)?;
        self.alarm(events + 1).await?;
        self.look(&before).await?;
        write(&self.offset, LATER)?;
        let started = Instant::now();
        loop {
            // The metric is set where events are written: what has seen the end of this step tells of the next.
            let (_, ahead, reported) = self.told().await?;
            if !reported && ahead.abs() <= LEEWAY {
                break;
            }
            if started.elapsed() > ALARM {
                bail!("the clock is right and the node does not say so");
            }
            sleep(PAUSE).await;
        }
        self.seen.steps += 1;
        Ok(())
    }

    /// The process comes up under a clock that was set back while it was down.
    async fn start_behind(&mut self) -> Result<()> {
        let before = code(&mut self.browser, self.site).await?;
        self.node.kill().await?;
        write(&self.offset, LATER - 300)?;
        self.node.restart().await?;
        self.alarm(1).await?;
        self.look(&before).await?;
        self.seen.steps += 1;
        Ok(())
    }

    /// Waits until everybody is told of a step: the metric, the event and the report of the node.
    async fn alarm(&mut self, events: u64) -> Result<()> {
        let started = Instant::now();
        loop {
            let (recorded, ahead, reported) = self.told().await?;
            if recorded >= events && ahead.abs() > LEEWAY && reported {
                break;
            }
            if started.elapsed() > 2 * ALARM {
                self.seen.untold += 1;
                break;
            }
            sleep(PAUSE).await;
        }
        self.seen.alarm = self.seen.alarm.max(started.elapsed());
        Ok(())
    }

    /// Events of this process, seconds its clock is ahead, and whether its report names the clock.
    async fn told(&self) -> Result<(u64, i64, bool)> {
        let metrics = self.node.management.get("/metrics").await?.body;
        let value = |start: &str| {
            let line = metrics.lines().find_map(|line| line.strip_prefix(start))?;
            line.trim().parse::<i64>().ok()
        };
        let events = value("rsp_events_total{kind=\"clock.jumped\",outcome=\"warning\"}").unwrap_or_default();
        let ahead = value("rsp_clock_ahead_seconds ").context("no metric of the clock")?;
        let report = self.node.management.get("/readyz").await?.body;
        let named = report.contains("\"name\":\"clock\",\"status\":\"degraded\"");
        Ok((u64::try_from(events).unwrap_or_default(), ahead, named))
    }

    /// What the node with the wrong clock does with what is good and what is not.
    async fn look(&mut self, before: &str) -> Result<()> {
        let expired = self.expired.clone();
        if self.redeem(&self.node, &expired).await?.status == 200 {
            self.seen.revived += 1;
        }
        let answer = self.redeem(&self.node, before).await?;
        if answer.status != 200 {
            self.seen.refused += 1;
            return Ok(());
        }
        self.date(&answer)?;
        let refresh = answer.text("refresh_token").context("no refresh token")?;
        // The other node, if there is one, gets on with what this one makes.
        let other = self.peer.as_ref().unwrap_or(&self.node);
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.as_str()),
        ];
        let answer = other
            .http
            .form("/oauth/token", &self.site.cast.web, &form)
            .await?;
        self.seen.refused += u64::from(answer.status != 200);
        let made = code(&mut self.browser, self.site).await?;
        let answer = self.redeem(other, &made).await?;
        self.seen.refused += u64::from(answer.status != 200);
        Ok(())
    }

    async fn redeem(&self, node: &Node, code: &str) -> Result<Answer> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        Ok(node.http.form("/oauth/token", &self.site.cast.web, &form).await?)
    }

    /// How far the date of a token is from the true time.
    fn date(&mut self, answer: &Answer) -> Result<()> {
        let token = answer.text("id_token").context("no ID token")?;
        let issued = issued_at(&token).context("no date in the ID token")?;
        let true_now = self.world.now().plus(Duration::from_secs(LATER.unsigned_abs()));
        let apart = true_now.secs() - issued.secs();
        self.seen.furthest = self.seen.furthest.max(apart.abs());
        Ok(())
    }
}

async fn code(browser: &mut Browser, site: &Site) -> Result<String> {
    let page = browser.open(&site.cast.web.id, "openid offline_access").await?;
    code_in(&page).with_context(|| format!("no code: answer {}", page.status))
}

/// `iat`, unverified: the drill trusts its own server.
fn issued_at(token: &str) -> Option<Timestamp> {
    use base64::Engine as _;
    let claims = token.split('.').nth(1)?;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(claims)
        .ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    Some(Timestamp::from_secs(claims.get("iat")?.as_i64()?))
}

/// Set anew under the eyes of the process, which reads the file at each look at its clock.
fn write(file: &Path, seconds: i64) -> Result<()> {
    let next = file.with_extension("next");
    fs::write(&next, format!("{seconds:+}\n")).context("cannot set the clock")?;
    fs::rename(&next, file).context("cannot set the clock")
}

/// The environment in which the time of day is what the file says; time that passes is left alone.
fn faked(file: &Path) -> Result<Vec<(&'static str, String)>> {
    let library = fs::read_dir("/usr/lib")?
        .flatten()
        .map(|folder| folder.path().join("faketime").join(LIBRARY))
        .find(|library| library.exists())
        .context("libfaketime is missing: cargo xtask setup")?;
    Ok(vec![
        ("LD_PRELOAD", library.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
    ])
}
