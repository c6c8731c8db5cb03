//! R28: HTTP/2 peers that send frames for the work they make.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, split};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::beside::{Beside, Span};
use crate::client::Http;
use crate::journal::Journal;
use crate::meter::{judge_memory, most_memory_kib, processor};
use crate::plan::Plan;
use crate::report::{Report, seconds};
use crate::site::{Node, Site, SiteOptions};
use crate::tls::Certificate;
use crate::verify::verify;
use crate::wire::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PREFACE, RST_STREAM, SETTINGS, Target,
    WINDOW_UPDATE, end, frame,
};
use crate::workload::Workload;

/// Each flood has to be over by then.
const LIMIT: Duration = Duration::from_secs(1);
/// How long an attacker goes on with a connection that nobody ends.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between the end of one connection of an attacker and the next.
const PAUSE: Duration = Duration::from_millis(100);
/// Frames written together.
const BATCH: u32 = 64;
/// After the floods the processor rests within this.
const REST: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_secs(2);
/// Processor time in `LOOK` that needs no explanation: upkeep, and the machine's other work.
const NOISE: Duration = Duration::from_millis(200);
const WARM_UP: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flood {
    RapidReset,
    Continuation,
    EmptyData,
    Ping,
    Settings,
    Window,
}

impl Flood {
    const ALL: [Self; 6] = [
        Self::RapidReset,
        Self::Continuation,
        Self::EmptyData,
        Self::Ping,
        Self::Settings,
        Self::Window,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::RapidReset => "rapid reset",
            Self::Continuation => "CONTINUATION",
            Self::EmptyData => "empty DATA",
            Self::Ping => "PING",
            Self::Settings => "SETTINGS",
            Self::Window => "WINDOW_UPDATE",
        }
    }

    /// What comes before the flood.
    fn start(self, target: &Target) -> Vec<u8> {
        match self {
            Self::Continuation => frame(HEADERS, 0, 1, &target.get("/health")),
            Self::EmptyData => frame(HEADERS, END_HEADERS, 1, &target.post("/oauth/token")),
            Self::RapidReset | Self::Ping | Self::Settings | Self::Window => Vec::new(),
        }
    }

    /// The frames that are sent again and again.
    fn again(self, target: &Target, number: u32) -> Vec<u8> {
        match self {
            Self::RapidReset => {
                let stream = number.wrapping_mul(2).wrapping_add(1);
                let mut frames = frame(HEADERS, END_STREAM | END_HEADERS, stream, &target.get("/health"));
                // CANCEL of RFC 9113 section 7.
                frames.extend(frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]));
                frames
            }
            // A header of one letter and one letter as value, not indexed.
            Self::Continuation => frame(CONTINUATION, 0, 1, &[0, 1, b'x', 1, b'y']),
            Self::EmptyData => frame(DATA, 0, 1, &[]),
            Self::Ping => frame(PING, 0, 0, &[0; 8]),
            Self::Settings => frame(SETTINGS, 0, 0, &[]),
            Self::Window => frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]),
        }
    }

    /// Floods a connection until the server ends it; how long that took.
    async fn run(self, target: &Target, stream: impl AsyncRead + AsyncWrite) -> Duration {
        let (mut reader, mut writer) = split(stream);
        let start = [PREFACE, &self.start(target)].concat();
        let writing = async {
            let mut bytes = start;
            let mut number = 0;
            while writer.write_all(&bytes).await.is_ok() {
                bytes.clear();
                for _ in 0..BATCH {
                    bytes.extend(self.again(target, number));
                    number = number.wrapping_add(1);
                }
            }
        };
        let since = Instant::now();
        let ended = async {
            tokio::select! {
                () = writing => {}
                () = end(&mut reader) => {}
            }
        };
        timeout(PATIENCE, ended).await.ok();
        since.elapsed()
    }

    /// Comes back again and again until then; how long each connection was borne.
    async fn attack(
        self,
        target: Target,
        door: Door,
        until: Instant,
        source: u8,
    ) -> (Self, Vec<Duration>, u64) {
        let (mut took, mut closed_doors) = (Vec::new(), 0);
        while Instant::now() < until {
            match self.connection(&target, &door, source).await {
                Ok(borne) => took.push(borne),
                Err(_) => closed_doors += 1,
            }
            sleep(PAUSE).await;
        }
        (self, took, closed_doors)
    }

    /// One connection; how long it was borne.
    async fn connection(self, target: &Target, door: &Door, source: u8) -> Result<Duration> {
        let stream = target.connect(source).await?;
        Ok(match door {
            Door::Plain => self.run(target, stream).await,
            Door::Tls(certificate) => self.run(target, certificate.wrap(stream).await?).await,
        })
    }
}

/// How the listener is reached.
#[derive(Clone, Debug)]
enum Door {
    Plain,
    Tls(Arc<Certificate>),
}

impl Door {
    /// Stands before what is told.
    const fn name(&self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Tls(_) => "TLS: ",
        }
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Plain => Vec::new(),
            Self::Tls(certificate) => certificate.settings().to_vec(),
        }
    }

    fn http(&self, node: &Node) -> Result<Http> {
        match self {
            Self::Plain => Ok(node.http.clone()),
            Self::Tls(certificate) => node.http.over_tls(certificate.pem()),
        }
    }

    fn target(&self, node: &Node) -> Target {
        Target {
            over_tls: matches!(self, Self::Tls(_)),
            ..node.target.clone()
        }
    }
}

/// How long things take.
struct Lengths {
    quiet: Duration,
    floods: Duration,
    /// Requests a second beside them.
    rate: u32,
}

pub(crate) async fn run(plan: &Plan) -> Result<Report> {
    let seconds_of = |full, reduced| Duration::from_secs(plan.count(full, reduced).into());
    let rate = plan.count(50, 10);
    let plain = Lengths {
        quiet: seconds_of(20, 3),
        floods: seconds_of(60, 4),
        rate,
    };
    let over_tls = Lengths {
        quiet: seconds_of(20, 1),
        floods: seconds_of(60, 2),
        rate,
    };
    let mut report = Report::new(format!(
        "{} attackers for {:?}, one for each flood, each back {PAUSE:?} after it was cut; tokens and discovery {rate}/s \
         each beside them; the same over TLS for {:?}",
        Flood::ALL.len(),
        plain.floods,
        over_tls.floods
    ));
    let site = Site::new(plan, SiteOptions::default()).await?;
    let journal = Arc::new(Journal::new(&plan.output.join("journal"))?);
    let node = site.start(0, &[]).await?;
    let in_clear = besieged(plan, (&site, &node), &Door::Plain, &plain, &mut report).await?;
    let workload = Workload::start(plan, &site.cast, &[&node], &journal);
    sleep(LOOK).await;
    workload.stop().await;
    node.kill().await?;
    report.check(
        "the workload did its work",
        journal.summary(),
        journal.answers(200) > 0,
    );

    let door = Door::Tls(Arc::new(Certificate::make(site.folder())?));
    let node = site.start(0, &door.settings()).await?;
    let in_secret = besieged(plan, (&site, &node), &door, &over_tls, &mut report).await?;
    node.kill().await?;
    report.number(format!(
        "each flood ended within {}, over TLS within {}",
        seconds(in_clear),
        seconds(in_secret)
    ));
    journal.judge(&mut report);
    verify(&site, &journal, &mut report).await?;
    Ok(report)
}

/// Floods a node through this door while good clients use it; how long the longest flood was borne.
async fn besieged(
    plan: &Plan,
    (site, node): (&Site, &Node),
    door: &Door,
    lengths: &Lengths,
    report: &mut Report,
) -> Result<Duration> {
    let beside = Beside::start(&door.http(node)?, &site.cast.service, lengths.rate)?.at(door.name());
    sleep(WARM_UP).await;
    let from = Instant::now();
    let before = processor(node)?;
    sleep(lengths.quiet).await;
    let used_quietly = processor(node)?
        .saturating_sub(before)
        .div_f64(lengths.quiet.as_secs_f64())
        .mul_f64(LOOK.as_secs_f64());
    let quiet = Span::since(from);
    let quiet_kib = most_memory_kib(node)?;

    let from = Instant::now();
    let mut attackers = JoinSet::new();
    for (flood, source) in Flood::ALL.into_iter().zip(2_u8..) {
        attackers.spawn(flood.attack(door.target(node), door.clone(), from + lengths.floods, source));
    }
    let attacks = attackers.join_all().await;
    let attacked = Span::since(from);
    sleep(REST).await;
    let before = processor(node)?;
    sleep(LOOK).await;
    let used = processor(node)?.saturating_sub(before);

    let slowest = judge(door, attacks, report);
    beside.judge(plan, report, quiet, attacked).await?;
    let attackers = u32::try_from(Flood::ALL.len())?;
    judge_memory(node, door.name(), quiet_kib, attackers, report)?;
    let allowed = used_quietly * 2 + if plan.reduced { NOISE * 5 } else { NOISE };
    report.check(
        format!(
            "{}processor time as before, {REST:?} after the floods",
            door.name()
        ),
        format!("{used:?} in {LOOK:?}, quiet {used_quietly:.0?}"),
        used <= allowed,
    );
    let counted = node
        .metric("rsp_connections_refused_total{reason=\"flood\"}")
        .await?;
    report.check(
        format!("{}the floods are counted", door.name()),
        format!("{counted} with reason flood"),
        counted > 0,
    );
    Ok(slowest)
}

/// Each connection has ended in time, and each attacker was let in again; how long the longest was borne.
fn judge(door: &Door, attacks: Vec<(Flood, Vec<Duration>, u64)>, report: &mut Report) -> Duration {
    let mut slowest = Duration::ZERO;
    for (flood, took, closed_doors) in attacks {
        let name = format!("{}{}", door.name(), flood.name());
        let longest = took.iter().max().copied().unwrap_or(Duration::MAX);
        let times = took.len();
        slowest = slowest.max(longest);
        report.within(
            &format!("{name}: {times} connections, each ended"),
            longest,
            LIMIT,
        );
        report.none(
            &format!("{name}: refused connections"),
            closed_doors,
            &format!("of {times}"),
        );
    }
    slowest
}
