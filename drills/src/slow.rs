//! R26: thousands of connections that are silent, or slow in one of the ways there are.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::beside::{Beside, Span};
use crate::journal::Journal;
use crate::meter::{judge_memory, most_memory_kib};
use crate::plan::Plan;
use crate::report::{Report, seconds};
use crate::site::{Node, Site, SiteOptions};
use crate::verify::verify;
use crate::wire::{END_HEADERS, END_STREAM, HEADERS, PREFACE_WITHOUT_WINDOW, Target, end, frame, trickle};
use crate::workload::Workload;

/// Slow senders send something this often.
const PAUSE: Duration = Duration::from_secs(1);
/// Answers asked for on one connection: more than the buffers between hold.
const AHEAD: usize = 300;
/// How often whoever does not read looks whether the connection is still there.
const LOOK: Duration = Duration::from_millis(50);
/// Connections opened in a second.
const PER_SECOND: u32 = 500;
/// The attack comes from 127.0.0.2 up to here, the crowd from the next one.
const SOURCES: u8 = 8;
const CROWD: u8 = 10;
const STRANGER: u8 = 11;
/// A process under drain has this long, as `docs/operate.md` promises.
pub(crate) const DRAIN: Duration = Duration::from_secs(10);

/// How a connection wastes a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Silent,
    Head,
    Body,
    Answer,
    /// Answers of HTTP/1.1 that are asked for and not read.
    Unread,
}

impl Way {
    const ALL: [Self; 5] = [Self::Silent, Self::Head, Self::Body, Self::Answer, Self::Unread];

    const fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Head => "slow head",
            Self::Body => "slow body",
            Self::Answer => "answer not taken (HTTP/2)",
            Self::Unread => "answers not taken (HTTP/1.1)",
        }
    }

    /// Does it until the server has had enough.
    async fn waste(self, target: &Target, stream: &mut TcpStream) {
        let host = &target.host;
        let (mut reader, mut writer) = stream.split();
        let start = match self {
            Self::Silent => Vec::new(),
            Self::Head => format!("GET /health HTTP/1.1\r\nHost: {host}\r\n").into_bytes(),
            Self::Body => format!(
                "POST /oauth/token HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                 Content-Length: 1000\r\n\r\n"
            )
            .into_bytes(),
            Self::Answer => {
                let block = target.get("/.well-known/openid-configuration");
                let request = frame(HEADERS, END_STREAM | END_HEADERS, 1, &block);
                [PREFACE_WITHOUT_WINDOW, &request].concat()
            }
            Self::Unread => format!("GET /.well-known/openid-configuration HTTP/1.1\r\nHost: {host}\r\n\r\n")
                .repeat(AHEAD)
                .into_bytes(),
        };
        if writer.write_all(&start).await.is_err() {
            return;
        }
        match self {
            Self::Silent | Self::Answer => end(&mut reader).await,
            // Reading would take them: only a write tells that the connection is gone.
            Self::Unread => trickle(&mut writer, b"G", LOOK).await,
            Self::Head => tokio::select! {
                () = end(&mut reader) => {}
                () = trickle(&mut writer, b"X: y\r\n", PAUSE) => {}
            },
            Self::Body => tokio::select! {
                () = end(&mut reader) => {}
                () = trickle(&mut writer, b"a", PAUSE) => {}
            },
        }
    }
}

/// Connections that waste places until each is cut.
#[derive(Debug)]
pub(crate) struct Wasters(JoinSet<Option<(Way, Duration)>>);

impl Wasters {
    /// Opens so many, in all ways by turns, from several sources; those that are not cut in `patience` give up.
    pub(crate) async fn open(target: &Target, count: u32, patience: Duration) -> Self {
        let target = Arc::new(target.clone());
        let mut wasters = JoinSet::new();
        let ways = Way::ALL.into_iter().cycle();
        // Seven sources and five ways: each source gets each way.
        let sources = (2..=SOURCES).cycle();
        for (way, source) in ways.zip(sources).take(usize::try_from(count).unwrap_or_default()) {
            let target = Arc::clone(&target);
            wasters.spawn(async move {
                let stream = match way {
                    Way::Unread => target.connect_narrow(source).await,
                    _ => target.connect(source).await,
                };
                let mut stream = stream.ok()?;
                let since = Instant::now();
                timeout(patience, way.waste(&target, &mut stream)).await.ok();
                Some((way, since.elapsed()))
            });
            sleep(Duration::from_secs(1) / PER_SECOND).await;
        }
        Self(wasters)
    }

    /// Waits until all were cut.
    async fn judge(self, report: &mut Report, limit: Duration) {
        let fates = self.0.join_all().await;
        let strangers = fates.iter().filter(|fate| fate.is_none()).count();
        report.none(
            "slow connections that could not be opened",
            u64::try_from(strangers).unwrap_or(u64::MAX),
            &format!("of {}", fates.len()),
        );
        let mut slowest = Duration::ZERO;
        for way in Way::ALL {
            let took = fates.iter().flatten().filter(|(other, _)| *other == way);
            let longest = took.map(|(_, took)| *took).max().unwrap_or(Duration::MAX);
            report.within(&format!("{}: cut", way.name()), longest, limit);
            slowest = slowest.max(longest);
        }
        report.number(format!(
            "{} slow connections cut, the last after {}",
            fates.len(),
            seconds(slowest)
        ));
    }
}

pub(crate) async fn run(plan: &Plan) -> Result<Report> {
    let count = plan.count(2_000, 160);
    let per_source = plan.count(600, 150);
    let quiet_for = Duration::from_secs(plan.count(20, 3).into());
    let rate = plan.count(50, 10);
    // What the product has when nothing is configured; the suite does not wait for that.
    let bound = Duration::from_secs(plan.count(10, 3).into());
    let slack = Duration::from_millis(plan.count(500, 2_000).into());
    let mut report = Report::new(format!(
        "{count} connections at {PER_SECOND}/s, by turns silent, slow in head, body and taking the answer (both protocols); bounds \
         {bound:?}, {per_source} connections a source; tokens and discovery {rate}/s each beside them"
    ));
    let site = Site::new(plan, SiteOptions::default()).await?;
    let journal = Arc::new(Journal::new(&plan.output.join("journal"))?);
    let text = |key: &str| {
        (
            format!("RSP__SERVER__LIMITS__{key}"),
            format!("{}s", bound.as_secs()),
        )
    };
    let mut settings = ["HEADER_READ_TIMEOUT", "BODY_READ_TIMEOUT", "WRITE_TIMEOUT"]
        .map(text)
        .to_vec();
    settings.push((
        "RSP__SERVER__LIMITS__MAX_CONNECTIONS_PER_SOURCE".to_owned(),
        per_source.to_string(),
    ));
    let settings: Vec<(&str, String)> = settings
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    let node = site.start(0, &settings).await?;
    let target = &node.target;

    let beside = Beside::start(&node.http, &site.cast.service, rate)?;
    // The first requests open connections and fill caches.
    sleep(PAUSE).await;
    let from = Instant::now();
    sleep(quiet_for).await;
    let quiet = Span::since(from);
    let quiet_kib = most_memory_kib(&node)?;
    let from = Instant::now();
    Wasters::open(target, count, bound * 3)
        .await
        .judge(&mut report, bound + slack)
        .await;
    let attacked = Span::since(from);
    beside.judge(plan, &mut report, quiet, attacked).await?;
    judge_memory(&node, "", quiet_kib, count, &mut report)?;
    let cut = node
        .metric("rsp_connections_refused_total{reason=\"timeout\"}")
        .await?;
    report.check(
        "the cuts are counted",
        format!("{cut} with reason timeout"),
        cut > 0,
    );
    crowd(&node, per_source, &mut report).await?;

    let workload = Workload::start(plan, &site.cast, &[&node], &journal);
    let wasters = Wasters::open(target, count / 2, bound * 3).await;
    sleep(PAUSE).await;
    node.process.signal("TERM")?;
    let took = node.wait_until_ended().await?;
    workload.stop().await;
    drop(wasters);
    report.within(
        &format!("{} slow connections do not hold up the end: gone", count / 2),
        took,
        DRAIN,
    );
    report.check(
        "the workload did its work",
        journal.summary(),
        journal.answers(200) > 0,
    );
    journal.judge(&mut report);
    verify(&site, &journal, &mut report).await?;
    Ok(report)
}

/// One source opens more than it may; another one is served.
async fn crowd(node: &Node, per_source: u32, report: &mut Report) -> Result<()> {
    const TOO_MANY: u32 = 20;
    let mut open = Vec::new();
    for _ in 0..per_source + TOO_MANY {
        open.push(
            node.target
                .connect(CROWD)
                .await
                .context("the crowd cannot connect")?,
        );
    }
    // Closed at accept is closed by now, or soon; the rest is silent and stays for its time.
    let mut closed = 0_u32;
    for stream in open.iter_mut().rev().take(usize::try_from(TOO_MANY)?) {
        closed += u32::from(timeout(PAUSE, end(stream)).await.is_ok());
    }
    report.check(
        format!("connections beyond {per_source} of one source are closed at once"),
        format!("{closed} of {TOO_MANY}"),
        closed == TOO_MANY,
    );
    let mut stranger = node
        .target
        .connect(STRANGER)
        .await
        .context("the stranger cannot connect")?;
    let host = &node.target.host;
    let request = format!("GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stranger.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stranger.read_to_string(&mut answer).await?;
    let status = answer.lines().next().unwrap_or_default().to_owned();
    report.check(
        "another source is served",
        status.clone(),
        status.contains(" 200 "),
    );
    let first = open.first_mut().context("the crowd is empty")?;
    let bears = timeout(Duration::from_millis(100), end(first)).await.is_err();
    report.check(
        "the first of the crowd stay",
        if bears { "open" } else { "closed" },
        bears,
    );
    Ok(())
}
