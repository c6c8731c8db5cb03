//! R3: the program fails at named places around a commit: the task panics, the process ends, the database refuses. What
//! was not done can be done again, what was done stays done, and nothing is done twice.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use domain::{EventKind, TokenHash};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use crate::client::{Answer, Browser, VERIFIER, code_in};
use crate::journal::{Journal, Kept};
use crate::plan::{Engine, Plan};
use crate::report::Report;
use crate::single_use::signed_in;
use crate::site::{CALLBACK, Credential, Node, Site, SiteOptions};
use crate::verify::verify;

/// Variable that names the folder of armed points, see `crates/storage/src/failpoint.rs`.
const FOLDER: &str = "RSP_FAILPOINTS";

/// A place in the program.
#[derive(Clone, Copy, Debug)]
struct Point {
    name: &'static str,
    /// Everything is durable when it is reached.
    is_after: bool,
    comes_by: ComesBy,
}

/// Which writes pass a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ComesBy {
    /// All.
    Everything,
    /// Those of SQLite's shared writer: all, and no other engine has it.
    Writer,
    /// Changes, each in a transaction of its own.
    Changes,
    /// Events that change nothing but the tokens they tell of, in batches.
    Events,
}

/// In the order a request meets them.
const POINTS: [Point; 8] = [
    Point::new("handler", false, ComesBy::Everything),
    Point::new("before-batch", false, ComesBy::Events),
    Point::new("before-commit", false, ComesBy::Changes),
    Point::new("before-group", false, ComesBy::Writer),
    Point::new("after-group", true, ComesBy::Writer),
    Point::new("after-commit", true, ComesBy::Changes),
    Point::new("after-batch", true, ComesBy::Events),
    Point::new("reply", true, ComesBy::Everything),
];

impl Point {
    const fn new(name: &'static str, is_after: bool, comes_by: ComesBy) -> Self {
        Self {
            name,
            is_after,
            comes_by,
        }
    }

    fn works(self) -> &'static [Work] {
        match self.comes_by {
            ComesBy::Everything | ComesBy::Writer => &WORKS,
            ComesBy::Changes => CHANGES,
            ComesBy::Events => EVENTS,
        }
    }
}

/// What is asked for while a point is armed. None of it is asked for again by the program itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    ServiceToken,
    OpaqueToken,
    Person,
    Code,
    Refresh,
}

const WORKS: [Work; 5] = [
    Work::Person,
    Work::ServiceToken,
    Work::Code,
    Work::OpaqueToken,
    Work::Refresh,
];
const CHANGES: &[Work] = &[Work::Person, Work::Code];
const EVENTS: &[Work] = &[Work::ServiceToken, Work::OpaqueToken, Work::Refresh];
const ACTIONS: [&str; 4] = ["panic", "abort", "error", "delay:50"];

/// How long a process that has to end may take.
const END: Duration = Duration::from_secs(5);
const READY: Duration = Duration::from_secs(2);
/// Upkeep comes by every five seconds.
const UPKEEP: Duration = Duration::from_secs(15);
/// What a process does when it starts is over then.
const SETTLED: Duration = Duration::from_millis(150);
/// Failures that are named; the rest is counted.
const NAMED: usize = 5;

pub(crate) async fn run(plan: &Plan) -> Result<Report> {
    let times = plan.count(50, 4);
    let is_here = |point: &Point| plan.engine == Engine::Sqlite || point.comes_by != ComesBy::Writer;
    let points: Vec<Point> = POINTS.into_iter().filter(is_here).collect();
    let mut report = Report::new(format!(
        "{} points x {times}, by turns {}",
        points.len(),
        ACTIONS.join(", ")
    ));
    let plan = Plan {
        rsp: plan.failing.clone(),
        ..plan.clone()
    };
    let site = Site::new(&plan, SiteOptions::default()).await?;
    let armed = site.folder().join("failpoints");
    fs::create_dir(&armed).context("cannot make the folder of points")?;
    let node = site.start(0, &[(FOLDER, armed.display().to_string())]).await?;
    let journal = Arc::new(Journal::new(&plan.output.join("journal"))?);
    let mut trial = Trial {
        browser: signed_in(&site, &node.http).await?,
        site: &site,
        node,
        journal: Arc::clone(&journal),
        armed,
        number: 0,
        slowest: Duration::ZERO,
    };
    let mut wrong: Vec<String> = Vec::new();
    let mut done: BTreeMap<&str, u32> = BTreeMap::new();
    for point in &points {
        for number in 0..times {
            let action = pick(&ACTIONS, number)?;
            // Not in step with the actions, so that each meets each.
            let work = pick(point.works(), number + number / 4)?;
            if let Err(error) = trial.once(*point, action, work).await {
                wrong.push(format!("{} {action} {work:?}: {error:#}", point.name));
                trial.recover().await?;
            }
            *done.entry(point.name).or_default() += 1;
        }
    }
    let wanted = plan.count(5, 2);
    let rounds = trial.upkeep(wanted).await?;
    trial.node.kill().await?;
    report.check(
        "upkeep goes on after a round of it panicked",
        format!("{rounds} of {wanted} times"),
        rounds == wanted,
    );
    for one in wrong.iter().take(NAMED) {
        eprintln!("    wrong: {one}");
    }
    let count = u64::try_from(wrong.len()).unwrap_or(u64::MAX);
    let among: Vec<String> = done
        .iter()
        .map(|(point, times)| format!("{point} x {times}"))
        .collect();
    report.none(
        "outcomes other than promised",
        count,
        &format!("of {}", among.join(", ")),
    );
    let tried: u32 = done.values().sum();
    report.number(format!("{count} wrong outcomes of {tried}"));
    report.within("ready after the process ended", trial.slowest, READY);
    verify(&site, &journal, &mut report).await?;
    Ok(report)
}

fn pick<T: Copy>(from: &[T], number: u32) -> Result<T> {
    let at = usize::try_from(number).unwrap_or_default() % from.len().max(1);
    from.get(at).copied().context("nothing to pick from")
}

/// A request that can be sent again as it was.
#[derive(Clone, Debug)]
enum Wish {
    Form(Credential, Vec<(&'static str, String)>),
    Person { token: String, email: String },
}

struct Trial<'a> {
    site: &'a Site,
    node: Node,
    browser: Browser,
    journal: Arc<Journal>,
    armed: PathBuf,
    number: u64,
    /// Of the restarts.
    slowest: Duration,
}

impl Trial<'_> {
    /// Arms a point, asks, looks at what came of it, and asks again.
    async fn once(&mut self, point: Point, action: &str, work: Work) -> Result<()> {
        let wish = self.wish(work).await?;
        let file = self.armed.join(point.name);
        fs::write(&file, format!("{action} 1")).context("cannot arm the point")?;
        let first = self.ask(&wish).await;
        if file.exists() {
            bail!(
                "the point was not reached; the answer was {:?}",
                status(first.as_ref())
            );
        }
        if action == "abort" {
            if first.is_some() {
                bail!("a process that ended gave an answer");
            }
            self.start_again().await?;
        }
        match (action, status(first.as_ref())) {
            ("abort", None)
            | ("error", Some(503))
            | ("panic", None | Some(500 | 503))
            | ("delay:50", Some(200 | 201)) => {}
            (_, other) => bail!("the first answer was {other:?}"),
        }
        if let Some(answer) = first.as_ref().filter(|answer| answer.status < 300) {
            self.promise(work, answer)?;
        }
        self.again(point, action, work, &wish).await
    }

    /// The same request once more: what was done is not done twice, what was not done can be done.
    async fn again(&self, point: Point, action: &str, work: Work, wish: &Wish) -> Result<()> {
        let answer = self.ask(wish).await.context("no answer to the second request")?;
        let was_done = point.is_after || action.starts_with("delay");
        let expected = match work {
            Work::Person if was_done => 409,
            Work::Person => 201,
            Work::Code | Work::Refresh if was_done => 400,
            Work::Code | Work::Refresh | Work::ServiceToken | Work::OpaqueToken => 200,
        };
        if answer.status != expected {
            bail!("the second answer was {} instead of {expected}", answer.status);
        }
        if answer.status < 300 {
            self.promise(work, &answer)?;
        }
        Ok(())
    }

    fn promise(&self, work: Work, answer: &Answer) -> Result<()> {
        let id = answer.request_id().context("an answer without a request id")?;
        let text = |name: &str| answer.text(name).with_context(|| format!("no {name}"));
        match work {
            Work::Person => self.journal.promise([
                Kept::Event(id, EventKind::UserCreated),
                Kept::User(text("id")?.parse()?),
            ]),
            Work::ServiceToken => self.journal.promise([Kept::Event(id, EventKind::TokenIssued)]),
            Work::OpaqueToken => self.journal.promise([
                Kept::Event(id, EventKind::TokenIssued),
                Kept::AccessToken(TokenHash::of(&text("access_token")?)),
            ]),
            Work::Code | Work::Refresh => self.journal.promise([
                Kept::Event(id, EventKind::TokenIssued),
                Kept::RefreshToken(TokenHash::of(&text("refresh_token")?)),
            ]),
        }
        Ok(())
    }

    async fn ask(&self, wish: &Wish) -> Option<Answer> {
        let answer = match wish {
            Wish::Form(client, form) => {
                let form: Vec<(&str, &str)> =
                    form.iter().map(|(name, value)| (*name, value.as_str())).collect();
                self.node.http.form("/oauth/token", client, &form).await
            }
            Wish::Person { token, email } => {
                let body = json!({ "email": email });
                self.node.http.json("/admin/v1/users", token, &body).await
            }
        };
        answer.ok()
    }

    /// Everything the request needs, without a fault.
    async fn wish(&mut self, work: Work) -> Result<Wish> {
        self.number += 1;
        let cast = &self.site.cast;
        let own = vec![("grant_type", "client_credentials".to_owned())];
        Ok(match work {
            Work::ServiceToken => Wish::Form(cast.service.clone(), own),
            Work::OpaqueToken => Wish::Form(cast.opaque.clone(), own),
            Work::Person => {
                let mut form = own;
                form.push(("scope", "rsp.admin".to_owned()));
                let admin = Wish::Form(cast.admin.clone(), form);
                let answer = self.ask(&admin).await.context("no answer to the administrator")?;
                Wish::Person {
                    token: answer.text("access_token").context("no token to administer")?,
                    email: format!("tried{}@example.com", self.number),
                }
            }
            Work::Code => self.redemption().await?,
            Work::Refresh => {
                let redemption = self.redemption().await?;
                let answer = self.ask(&redemption).await.context("no answer to a code")?;
                let refresh = answer.text("refresh_token").context("no refresh token")?;
                let form = vec![
                    ("grant_type", "refresh_token".to_owned()),
                    ("refresh_token", refresh),
                ];
                Wish::Form(cast.web.clone(), form)
            }
        })
    }

    async fn redemption(&mut self) -> Result<Wish> {
        let client = &self.site.cast.web;
        let page = self.browser.open(&client.id, "openid offline_access").await?;
        let code = code_in(&page).with_context(|| format!("no code: answer {}", page.status))?;
        let form = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code),
            ("redirect_uri", CALLBACK.to_owned()),
            ("code_verifier", VERIFIER.to_owned()),
        ];
        Ok(Wish::Form(client.clone(), form))
    }

    /// A round of upkeep panics, and the next comes by nevertheless. How often it was seen to.
    async fn upkeep(&self, times: u32) -> Result<u32> {
        let file = self.armed.join("upkeep");
        for number in 0..times {
            fs::write(&file, "panic 1").context("cannot arm the point")?;
            let started = Instant::now();
            while file.exists() {
                if started.elapsed() > UPKEEP {
                    return Ok(number);
                }
                sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(times)
    }

    async fn start_again(&mut self) -> Result<()> {
        timeout(END, self.node.wait_until_ended())
            .await
            .context("the process did not end")??;
        self.slowest = self.slowest.max(self.node.restart().await?);
        // The first round of upkeep writes too and would take what is meant for the next request.
        sleep(SETTLED).await;
        Ok(())
    }

    /// Nothing armed and a process that works, whatever went wrong.
    async fn recover(&mut self) -> Result<()> {
        for point in POINTS {
            // Most are not armed.
            fs::remove_file(self.armed.join(point.name)).ok();
        }
        let started = Instant::now();
        while !self.node.process.has_ended() && started.elapsed() < Duration::from_millis(200) {
            sleep(Duration::from_millis(20)).await;
        }
        if !self.node.process.has_ended() {
            self.node.kill().await?;
        }
        self.node.restart().await.map(drop)
    }
}

fn status(answer: Option<&Answer>) -> Option<u16> {
    answer.map(|answer| answer.status)
}
