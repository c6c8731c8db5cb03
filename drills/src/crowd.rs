//! R29: many more people sign in at the same moment than there is time and memory to hash for.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use domain::EventKind;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::client::{Browser, shows};
use crate::journal::{Journal, Kept};
use crate::load::{Load, Question, Shots};
use crate::meter::most_memory_kib;
use crate::plan::Plan;
use crate::report::{Report, percentile};
use crate::site::{Node, Site, SiteOptions};
use crate::verify::verify;

/// Memory of the whole process, at its most.
const MEMORY_MIB: u64 = 512;
/// Answers of other routes.
const OTHERS: Duration = Duration::from_millis(50);
/// In the suite the program is not optimized and the machine builds at the same time.
const OTHERS_REDUCED: Duration = Duration::from_millis(500);
/// Until somebody for whom there is no time is told so.
const REFUSED: Duration = Duration::from_secs(1);
/// Requests in a second for each of the other routes.
const RATE: u32 = 25;

pub(crate) async fn run(plan: &Plan) -> Result<Report> {
    let count = usize::try_from(plan.count(1_000, 200))?;
    let mut report = Report::new(format!(
        "{count} sign-ins at the same moment, Argon2id with 64 MiB and 3 passes, 2 hashes at once; discovery, key set \
         and tokens {RATE}/s each"
    ));
    let options = SiteOptions {
        usual_hash: true,
        ..SiteOptions::default()
    };
    let site = Site::new(plan, options).await?;
    let journal = Journal::new(&plan.output.join("journal"))?;
    let settings = [
        ("RSP__PASSWORD__MAX_CONCURRENT", "2".to_owned()),
        // A crowd comes from many places; here it has one address.
        (
            "RSP__SERVER__LIMITS__MAX_CONNECTIONS_PER_SOURCE",
            "4000".to_owned(),
        ),
    ];
    let node = site.start(0, &settings).await?;
    let person = site.cast.people.first().context("nobody is there")?;
    let mut crowd = Vec::new();
    for _ in 0..count {
        let mut browser = Browser::new(&node.http);
        let page = browser.open(&site.cast.web.id, "openid").await?;
        if !shows(&page, "login-form") {
            bail!("no sign-in form: {} {}", page.status, page.body);
        }
        crowd.push((browser, page));
    }

    let others = Others::start(&node, &site);
    sleep(Duration::from_secs(1)).await;
    let mut people = JoinSet::new();
    let began = Instant::now();
    for (mut browser, page) in crowd {
        let person = person.clone();
        people.spawn(async move {
            let fields = [
                ("email", person.email.as_str()),
                ("password", person.password.as_str()),
            ];
            let asked = Instant::now();
            let answer = browser.submit(&page, "login-form", &fields).await;
            (browser, page, answer, asked.elapsed())
        });
    }
    let (mut served, mut refused, mut other) = (0_u64, Vec::new(), 0_u64);
    let mut sent_away = None;
    while let Some(person) = people.join_next().await {
        let (browser, page, answer, took) = person?;
        match answer {
            Ok(answer) if answer.status == 303 => {
                served += 1;
                let id = answer.request_id().context("no request id")?;
                journal.promise([Kept::Event(id, EventKind::Login)]);
            }
            Ok(answer) if answer.status == 503 && !answer.header("retry-after").is_empty() => {
                refused.push(took);
                sent_away = Some((browser, page));
            }
            Ok(_) | Err(_) => other += 1,
        }
    }
    let ended = Instant::now();
    sleep(Duration::from_secs(1)).await;
    let shots = others.stop().await;

    report.check(
        "some sign in, the rest get 503 with Retry-After",
        format!(
            "{served} and {}, {other} others, in {:.1?}",
            refused.len(),
            ended - began
        ),
        served > 0 && !refused.is_empty() && other == 0,
    );
    let typical = percentile(&mut refused, 50);
    let longest = percentile(&mut refused, 100);
    report.check(
        "whom there is no time for is told within 1 s",
        format!("at most {longest:.0?}, half of them within {typical:.0?}"),
        longest <= REFUSED,
    );
    let most = most_memory_kib(&node)? / 1_024;
    report.number(format!(
        "{served} signed in, {} refused within {longest:.0?}, {most} MiB",
        refused.len()
    ));
    report.check(
        format!("never more than {MEMORY_MIB} MiB resident"),
        format!("{most} MiB"),
        most <= MEMORY_MIB,
    );
    let limit = if plan.reduced { OTHERS_REDUCED } else { OTHERS };
    for (name, shots) in shots {
        let during = shots.within(began, ended);
        let failed = shots.not(crate::load::Shot::is_ok);
        report.check(
            format!("{name} answered, p99 within {limit:.0?} during the crowd"),
            format!(
                "{failed} of {} failed, p99 {:.1?}",
                shots.len(),
                during.percentile(99)
            ),
            failed == 0 && during.len() > 0 && during.percentile(99) <= limit,
        );
    }
    // A form that was refused is good for another try.
    if let Some((mut browser, page)) = sent_away {
        let fields = [
            ("email", person.email.as_str()),
            ("password", person.password.as_str()),
        ];
        let answer = browser.submit(&page, "login-form", &fields).await?;
        report.check(
            "who was sent away gets in with the same form",
            answer.status.to_string(),
            answer.status == 303,
        );
    }
    node.kill().await?;
    verify(&site, &journal, &mut report).await?;
    Ok(report)
}

/// Loads on other routes.
struct Others(Vec<(&'static str, Load)>);

impl Others {
    fn start(node: &Node, site: &Site) -> Self {
        let load = |question| Load::start(&node.http, question, RATE);
        Self(vec![
            ("discovery", load(Question::DISCOVERY)),
            ("key set", load(Question::JWKS)),
            ("tokens", load(Question::token(&site.cast.service))),
        ])
    }

    async fn stop(self) -> Vec<(&'static str, Shots)> {
        let mut all = Vec::new();
        for (name, load) in self.0 {
            all.push((name, load.stop().await));
        }
        all
    }
}
