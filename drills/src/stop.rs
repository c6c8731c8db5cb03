//! R19: SIGTERM while requests come, sign-ins wait for their hashes, and slow connections are open.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::client::{Answer, Browser, Http, shows};
use crate::journal::Journal;
use crate::load::{Load, Question, Shot, Shots};
use crate::plan::Plan;
use crate::report::{Report, seconds};
use crate::site::{Cast, Node, Site, SiteOptions};
use crate::slow::{DRAIN, Wasters};
use crate::verify::verify;
use crate::workload::Workload;

/// Everything is still served for this long after readiness is gone.
const LAME_DUCK: Duration = Duration::from_secs(2);
/// How often the load balancer asks whether the node is ready.
const HEALTH_CHECK: Duration = Duration::from_millis(200);
/// Sign-ins that are sent before the node stops listening by this, so that they wait for their hash while it drains.
const LATE: Duration = Duration::from_millis(200);
const LOOK: Duration = Duration::from_millis(10);
const WARM_UP: Duration = Duration::from_secs(2);
/// Nobody is cut before the drill has ended.
const PATIENCE: Duration = Duration::from_mins(1);

/// What became of one stop.
#[derive(Debug, Default)]
struct Outcome {
    asked: usize,
    failed: u64,
    /// What became of those, for a person to read.
    failures: Vec<String>,
    sign_ins: usize,
    sign_ins_failed: usize,
    /// From the signal.
    unready: Duration,
    deaf: Duration,
    gone: Duration,
}

pub(crate) async fn run(plan: &Plan) -> Result<Report> {
    let rounds = plan.count(10, 1);
    let rate = plan.count(100, 20);
    let sign_ins = plan.count(32, 8);
    let slow = plan.count(500, 60);
    let mut report = Report::new(format!(
        "{rounds} x SIGTERM under {} requests/s (tokens and discovery) until the load balancer notices (every \
         {HEALTH_CHECK:?}), {sign_ins} sign-ins waiting for one hash at a time, {slow} slow connections; lame duck \
         {LAME_DUCK:?}",
        rate * 2
    ));
    let options = SiteOptions {
        people: 8,
        ..SiteOptions::default()
    };
    let site = Site::new(plan, options).await?;
    let journal = Arc::new(Journal::new(&plan.output.join("journal"))?);
    let settings = [
        (
            "RSP__SERVER__LIMITS__LAME_DUCK",
            format!("{}s", LAME_DUCK.as_secs()),
        ),
        ("RSP__PASSWORD__MAX_CONCURRENT", "1".to_owned()),
        ("RSP__PASSWORD__QUEUE", "100".to_owned()),
    ];
    let mut node = site.start(0, &settings).await?;
    let mut outcomes = Vec::new();
    for round in 0..rounds {
        if round > 0 {
            node.restart().await?;
        }
        let workload = Workload::start(plan, &site.cast, &[&node], &journal);
        outcomes.push(stop(&node, &site.cast, rate, sign_ins, slow).await?);
        workload.stop().await;
    }
    judge(&outcomes, &mut report);
    report.check(
        "the workload did its work",
        journal.summary(),
        journal.answers(200) > 0,
    );
    journal.judge(&mut report);
    verify(&site, &journal, &mut report).await?;
    Ok(report)
}

/// One stop, from a node in service to the end of its process.
async fn stop(node: &Node, cast: &Cast, rate: u32, sign_ins: u32, slow: u32) -> Result<Outcome> {
    let tokens = Load::start(&node.http, Question::token(&cast.service), rate);
    let discovery = Load::start(&node.http.over_http2()?, Question::DISCOVERY, rate);
    let wasters = Wasters::open(&node.target, slow, PATIENCE).await;
    let (early, late) = (
        doors(&node.http, cast, sign_ins).await?,
        doors(&node.http, cast, sign_ins).await?,
    );
    sleep(WARM_UP).await;

    let early = knock(early, cast);
    sleep(LOOK).await;
    let signal = Instant::now();
    node.process.signal("TERM")?;
    let deaf = tokio::spawn(until_deaf(node.target.port, signal));
    let unready = until_unready(node, signal).await;
    let (tokens, discovery) = (tokens.stop().await, discovery.stop().await);
    sleep(LAME_DUCK.saturating_sub(LATE + signal.elapsed())).await;
    let late = knock(late, cast);
    let gone = ended(node, signal).await?;
    let mut outcome = Outcome {
        unready,
        deaf: deaf.await.context("the watch of the port broke")?,
        gone,
        ..Outcome::default()
    };
    for (what, shots) in [("tokens", &tokens), ("discovery", &discovery)] {
        outcome.failures.extend(shots.failures(what, signal));
        let Shots(all) = shots;
        outcome.asked += all.iter().filter(|shot| shot.due >= signal).count();
        outcome.failed += shots.not(Shot::is_ok);
    }
    for fates in [early, late] {
        for fate in fates.join_all().await {
            outcome.sign_ins += 1;
            // A sign-in that succeeded leads on.
            outcome.sign_ins_failed += usize::from(fate.map(|answer| answer.status) != Some(303));
        }
    }
    drop(wasters);
    Ok(outcome)
}

/// Browsers that stand before the sign-in form.
async fn doors(http: &Http, cast: &Cast, count: u32) -> Result<Vec<(Browser, Answer)>> {
    let mut doors = Vec::new();
    for _ in 0..count {
        let mut browser = Browser::new(http);
        let page = browser.open(&cast.web.id, "openid").await?;
        if !shows(&page, "login-form") {
            bail!("no sign-in form: {}", page.status);
        }
        doors.push((browser, page));
    }
    Ok(doors)
}

/// Sends all forms at once.
fn knock(doors: Vec<(Browser, Answer)>, cast: &Cast) -> JoinSet<Option<Answer>> {
    let mut fates = JoinSet::new();
    for ((mut browser, page), person) in doors.into_iter().zip(cast.people.clone().into_iter().cycle()) {
        fates.spawn(async move {
            let fields = [
                ("email", person.email.as_str()),
                ("password", person.password.as_str()),
            ];
            browser.submit(&page, "login-form", &fields).await.ok()
        });
    }
    fates
}

/// When the load balancer notices: it has just asked when the signal comes.
async fn until_unready(node: &Node, signal: Instant) -> Duration {
    loop {
        sleep(HEALTH_CHECK).await;
        if !node.is_ready().await {
            return signal.elapsed();
        }
    }
}

/// When nobody accepts connections any more.
async fn until_deaf(port: u16, signal: Instant) -> Duration {
    while TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
        sleep(LOOK).await;
    }
    signal.elapsed()
}

async fn ended(node: &Node, signal: Instant) -> Result<Duration> {
    node.wait_until_ended().await?;
    Ok(signal.elapsed())
}

fn judge(outcomes: &[Outcome], report: &mut Report) {
    let sum = |part: fn(&Outcome) -> u64| outcomes.iter().map(part).sum::<u64>();
    let longest = |part: fn(&Outcome) -> Duration| outcomes.iter().map(part).max().unwrap_or_default();
    let asked: usize = outcomes.iter().map(|outcome| outcome.asked).sum();
    let failed = sum(|outcome| outcome.failed);
    let failures = outcomes
        .iter()
        .flat_map(|outcome| &outcome.failures)
        .fold(String::new(), |text, failure| text + "\n          " + failure);
    report.check(
        "0 failed requests",
        format!("{failed}; {asked} were sent after the signal{failures}"),
        failed == 0 && asked > 0,
    );
    let sign_ins: usize = outcomes.iter().map(|outcome| outcome.sign_ins).sum();
    let lost: usize = outcomes.iter().map(|outcome| outcome.sign_ins_failed).sum();
    report.check(
        "0 lost sign-ins that waited for their hash",
        format!("{lost} of {sign_ins}"),
        lost == 0 && sign_ins > 0,
    );
    let in_order = outcomes
        .iter()
        .all(|outcome| outcome.unready + LATE < outcome.deaf);
    report.check(
        "readiness goes first",
        format!(
            "gone after {}, the port after {}",
            seconds(longest(|outcome| outcome.unready)),
            seconds(longest(|outcome| outcome.deaf))
        ),
        in_order,
    );
    let gone = longest(|outcome| outcome.gone);
    report.within("ended", gone, DRAIN);
    report.number(format!(
        "{failed} requests failed, gone {} after SIGTERM",
        seconds(gone)
    ));
}
