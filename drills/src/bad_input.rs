//! Requests that are none, that are too large, and that come in heaps: each ends with the standard answer or a closed
//! connection and a reason in a metric, and who asks properly beside them hardly notices.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::beside::{Beside, Span};
use crate::journal::Journal;
use crate::meter::{judge_memory, most_memory_kib};
use crate::plan::{Dice, Plan};
use crate::report::{Report, seconds};
use crate::site::{Site, SiteOptions};
use crate::verify::verify;
use crate::wire::{DATA, PREFACE, Target, frame};
use crate::workload::Workload;

/// Attackers of each way.
const EACH: u8 = 4;
/// Between the end of one connection of an attacker and the next.
const PAUSE: Duration = Duration::from_millis(100);
/// Until an attacker gives up on a connection that nobody ends.
const PATIENCE: Duration = Duration::from_secs(10);
/// Each is over by then.
const LIMIT: Duration = Duration::from_secs(2);
/// The same in the suite, whose machine has other work.
const LIMIT_REDUCED: Duration = Duration::from_secs(5);
/// Requests sent ahead on one connection.
const AHEAD: usize = 100;
/// Bytes of a head: twice what is read of one.
const LARGE_HEAD: usize = 64 * 1_024;
/// Bytes of a body: more than any route takes.
const LARGE_BODY: usize = 1_024 * 1_024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Garbage,
    TwoLengths,
    LargeHead,
    LargeBody,
    WrongFrames,
    Pipelined,
}

impl Way {
    const ALL: [Self; 6] = [
        Self::Garbage,
        Self::TwoLengths,
        Self::LargeHead,
        Self::LargeBody,
        Self::WrongFrames,
        Self::Pipelined,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Garbage => "bytes that are no request",
            Self::TwoLengths => "two lengths of one body",
            Self::LargeHead => "head too large",
            Self::LargeBody => "body too large",
            Self::WrongFrames => "HTTP/2 frames that are none",
            Self::Pipelined => "many requests sent ahead",
        }
    }

    /// The only status it is answered with, besides none at all where the end of the connection may take the answer along.
    const fn status(self) -> &'static str {
        match self {
            Self::Garbage | Self::TwoLengths => "400",
            Self::LargeHead => "431",
            Self::LargeBody => "413",
            Self::Pipelined => "200",
            Self::WrongFrames => "",
        }
    }

    /// Where it is counted.
    const fn metric(self) -> Option<&'static str> {
        match self {
            Self::Garbage | Self::TwoLengths => Some("rsp_connections_refused_total{reason=\"malformed\"}"),
            Self::LargeHead => Some("rsp_connections_refused_total{reason=\"head_too_large\"}"),
            Self::LargeBody => Some("rsp_http_rejected_total{reason=\"body_too_large\"}"),
            Self::WrongFrames => Some("rsp_connections_refused_total{reason=\"protocol\"}"),
            Self::Pipelined => None,
        }
    }

    fn bytes(self, host: &str, dice: &mut Dice) -> Vec<u8> {
        let post = format!(
            "POST /oauth/token HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: \
             application/x-www-form-urlencoded\r\n"
        );
        match self {
            // The first byte is of no method, so it does not matter what the others are.
            Self::Garbage => {
                let mut bytes = vec![0];
                for _ in 0..32 {
                    bytes.extend(dice.next().to_be_bytes());
                }
                bytes.extend(b"\r\n\r\n");
                bytes
            }
            Self::TwoLengths => {
                format!("{post}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab").into_bytes()
            }
            Self::LargeHead => format!(
                "GET /health HTTP/1.1\r\nHost: {host}\r\nX: {}\r\n\r\n",
                "x".repeat(LARGE_HEAD)
            )
            .into_bytes(),
            Self::LargeBody => format!(
                "{post}Content-Length: {LARGE_BODY}\r\n\r\n{}",
                "x".repeat(LARGE_BODY)
            )
            .into_bytes(),
            // DATA of no stream (RFC 9113 section 6.1).
            Self::WrongFrames => [PREFACE, &frame(DATA, 0, 0, b"x")].concat(),
            Self::Pipelined => {
                let one = format!("GET /.well-known/openid-configuration HTTP/1.1\r\nHost: {host}\r\n");
                let ahead = format!("{one}\r\n").repeat(AHEAD - 1);
                format!("{ahead}{one}Connection: close\r\n\r\n").into_bytes()
            }
        }
    }

    /// Comes again and again until then.
    async fn attack(self, target: Target, mut dice: Dice, source: u8, until: Instant) -> Fates {
        let mut fates = Fates::new(self);
        while Instant::now() < until {
            let bytes = self.bytes(&target.host, &mut dice);
            let since = Instant::now();
            match timeout(PATIENCE, exchange(&target, source, &bytes)).await {
                Ok(Some(answer)) => fates.note(&answer),
                Ok(None) => fates.closed_doors += 1,
                Err(_) => fates.wrong.push("no end".to_owned()),
            }
            fates.longest = fates.longest.max(since.elapsed());
            sleep(PAUSE).await;
        }
        fates
    }
}

/// Sends and reads at once until the server ends the connection; `None` if it cannot be reached.
async fn exchange(target: &Target, source: u8, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut stream = target.connect(source).await.ok()?;
    let (mut reader, mut writer) = stream.split();
    let mut answer = Vec::new();
    // Neither is to be all there: a refusal may end the connection under the rest of a request, and so lose its own answer.
    let writing = async { writer.write_all(bytes).await.ok() };
    let reading = async { reader.read_to_end(&mut answer).await.ok() };
    tokio::join!(writing, reading);
    Some(answer)
}

/// What became of the connections of one way.
#[derive(Debug)]
struct Fates {
    way: Way,
    connections: u64,
    answers: u64,
    /// Answers that were not the ones to expect.
    wrong: Vec<String>,
    closed_doors: u64,
    longest: Duration,
}

impl Fates {
    const fn new(way: Way) -> Self {
        Self {
            way,
            connections: 0,
            answers: 0,
            wrong: Vec::new(),
            closed_doors: 0,
            longest: Duration::ZERO,
        }
    }

    fn note(&mut self, answer: &[u8]) {
        self.connections += 1;
        if self.way == Way::WrongFrames {
            return;
        }
        let text = String::from_utf8_lossy(answer);
        for one in text.split("HTTP/1.1 ").skip(1) {
            self.answers += 1;
            let status = one.get(..3).unwrap_or_default();
            // Who asks for much at once is the first to be told to come again.
            let polite =
                self.way == Way::Pipelined && status == "503" && one.to_lowercase().contains("retry-after:");
            if status != self.way.status() && !polite {
                self.wrong.push(status.to_owned());
            }
        }
    }

    fn add(&mut self, other: Self) {
        self.connections += other.connections;
        self.answers += other.answers;
        self.wrong.extend(other.wrong);
        self.closed_doors += other.closed_doors;
        self.longest = self.longest.max(other.longest);
    }

    fn judge(&self, limit: Duration, report: &mut Report) {
        let name = self.way.name();
        report.within(
            &format!("{name}: {} connections, each ended", self.connections),
            self.longest,
            limit,
        );
        let expected = match self.way {
            Way::WrongFrames => "closed".to_owned(),
            Way::Pipelined => "200, or 503 with Retry-After".to_owned(),
            way => way.status().to_owned(),
        };
        let some = self.way == Way::WrongFrames || self.answers > 0;
        report.check(
            format!("{name}: {expected}"),
            format!(
                "{} answers, {} others {:?}, {} refused connections",
                self.answers,
                self.wrong.len(),
                self.wrong.first(),
                self.closed_doors
            ),
            some && self.connections > 0 && self.wrong.is_empty() && self.closed_doors == 0,
        );
    }
}

pub(crate) async fn run(plan: &Plan) -> Result<Report> {
    let quiet_for = Duration::from_secs(plan.count(20, 2).into());
    let attack_for = Duration::from_secs(plan.count(60, 3).into());
    let rate = plan.count(50, 10);
    let mut report = Report::new(format!(
        "{EACH} attackers for each of {} ways for {attack_for:?}, each back {PAUSE:?} after its connection ended; tokens \
         and discovery {rate}/s each beside them",
        Way::ALL.len()
    ));
    let site = Site::new(plan, SiteOptions::default()).await?;
    let journal = Arc::new(Journal::new(&plan.output.join("journal"))?);
    let node = site.start(0, &[]).await?;
    let beside = Beside::start(&node.http, &site.cast.service, rate)?;
    // The first requests open connections and fill caches.
    sleep(Duration::from_secs(1)).await;
    let from = Instant::now();
    sleep(quiet_for).await;
    let quiet = Span::since(from);
    let quiet_kib = most_memory_kib(&node)?;

    let from = Instant::now();
    let mut attackers = JoinSet::new();
    for (way, source) in Way::ALL.into_iter().zip(2_u8..) {
        for number in 0..EACH {
            let dice = plan.dice(u64::from(source) * 100 + u64::from(number));
            attackers.spawn(way.attack(node.target.clone(), dice, source, from + attack_for));
        }
    }
    let count = u32::try_from(attackers.len())?;
    let ended = attackers.join_all().await;
    let attacked = Span::since(from);

    let mut all = Way::ALL.map(Fates::new);
    for fates in ended {
        if let Some(of) = all.iter_mut().find(|of| of.way == fates.way) {
            of.add(fates);
        }
    }
    let limit = if plan.reduced { LIMIT_REDUCED } else { LIMIT };
    let mut longest = Duration::ZERO;
    for fates in &all {
        fates.judge(limit, &mut report);
        longest = longest.max(fates.longest);
        if let Some(metric) = fates.way.metric() {
            let counted = node.metric(metric).await?;
            report.check(
                format!("{}: in a metric", fates.way.name()),
                format!("{metric} {counted}"),
                counted >= fates.connections,
            );
        }
    }
    let connections: u64 = all.iter().map(|fates| fates.connections).sum();
    report.number(format!(
        "{connections} bad connections, the longest {}",
        seconds(longest)
    ));
    beside.judge(plan, &mut report, quiet, attacked).await?;
    judge_memory(&node, "", quiet_kib, count, &mut report)?;

    let workload = Workload::start(plan, &site.cast, &[&node], &journal);
    sleep(Duration::from_secs(1)).await;
    workload.stop().await;
    node.kill().await?;
    report.check(
        "the workload did its work",
        journal.summary(),
        journal.answers(200) > 0,
    );
    journal.judge(&mut report);
    verify(&site, &journal, &mut report).await?;
    Ok(report)
}
