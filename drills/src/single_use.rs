//! R14: what may be used once is used a hundred times at once, on one node and on two. One wins, and because there were
//! others everything from that grant is dead afterwards.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::client::{Answer, Browser, Http, VERIFIER, code_in};
use crate::journal::{Fate, Journal};
use crate::plan::{Engine, Plan};
use crate::report::Report;
use crate::site::{CALLBACK, Credential, Site, SiteOptions};
use crate::verify::verify;

/// Requests with the same code or token at the same time.
const AT_ONCE: usize = 100;
/// An answer about a token may be this old (security promise for introspection).
const STALE: Duration = Duration::from_secs(5);
/// Access tokens of the last races that are looked at in the end; older ones have expired.
const LOOKED_AT: usize = 20;

pub(crate) async fn run(plan: &Plan) -> Result<Report> {
    let rounds = plan.count(1_000, 5);
    // SQLite belongs to one process.
    let nodes: &[u16] = match plan.engine {
        Engine::Sqlite => &[1],
        Engine::Postgres => &[1, 2],
    };
    let mut report = Report::new(format!(
        "{rounds} rounds on {nodes:?} nodes: one code x {AT_ONCE} at once, one refresh token x {AT_ONCE} at once"
    ));
    let (mut fair, mut all) = (0, 0);
    for nodes in nodes {
        let (of_these, rounds) = race(plan, *nodes, rounds, &mut report).await?;
        fair += of_these;
        all += rounds;
    }
    report.number(format!("{fair} of {all} races with exactly one winner"));
    Ok(report)
}

/// What the races of one kind came to.
#[derive(Debug, Default)]
struct Tally {
    rounds: u64,
    /// Rounds with exactly one winner.
    fair: u64,
    /// Requests that were neither won nor refused as invalid.
    odd: u64,
    /// Winners whose family went on living.
    survivors: u64,
}

impl Tally {
    fn judge(&self, report: &mut Report, what: &str) {
        report.check(
            format!("{what}: exactly one winner"),
            format!("{} of {} rounds", self.fair, self.rounds),
            self.fair == self.rounds && self.rounds > 0,
        );
        let requests = format!("of {}", self.rounds * AT_ONCE as u64);
        report.none(
            &format!("{what}: losers not told invalid_grant"),
            self.odd,
            &requests,
        );
        let rounds = format!("of {}", self.rounds);
        report.none(
            &format!("{what}: families alive afterwards"),
            self.survivors,
            &rounds,
        );
    }
}

/// How many races were fair, and how many there were.
async fn race(plan: &Plan, nodes: u16, rounds: u32, report: &mut Report) -> Result<(u64, u64)> {
    let site = Site::new(plan, SiteOptions::default()).await?;
    let journal = Arc::new(Journal::new(&plan.output.join(format!("journal-{nodes}")))?);
    let mut running = Vec::new();
    // Nobody is to be refused because there is a crowd.
    let patient = [
        ("RSP__SERVER__LOAD__WAIT", "10s".to_owned()),
        ("RSP__SERVER__LOAD__INTERVAL", "10s".to_owned()),
    ];
    for number in 0..nodes {
        running.push(site.start(number, &patient).await?);
    }
    let faces: Vec<Http> = running.iter().map(|node| node.http.clone()).collect();
    let mut arena = Arena {
        browser: signed_in(&site, faces.first().context("a node")?).await?,
        client: site.cast.web.clone(),
        faces,
        journal: Arc::clone(&journal),
        dead: VecDeque::new(),
    };
    let (mut codes, mut tokens) = (Tally::default(), Tally::default());
    for _ in 0..rounds {
        let code = arena.code().await?;
        arena.round(&redemption(&code), &mut codes).await?;
        // The twin: used once, a code is good, and so is the refresh token that came with it.
        let code = arena.code().await?;
        let pair = arena.tokens(&redemption(&code)).await?;
        let refresh = pair.text("refresh_token").context("no refresh token")?;
        let pair = arena.tokens(&renewal(&refresh)).await?;
        let refresh = pair.text("refresh_token").context("no refresh token")?;
        arena.round(&renewal(&refresh), &mut tokens).await?;
    }
    let label = if nodes == 1 { "1 node" } else { "2 nodes" };
    codes.judge(report, &format!("{label}, codes"));
    tokens.judge(report, &format!("{label}, refresh tokens"));
    arena.look_again(report, label, &site.cast.opaque).await?;
    for node in &running {
        node.kill().await?;
    }
    journal.judge(report);
    verify(&site, &journal, report).await?;
    Ok((codes.fair + tokens.fair, codes.rounds + tokens.rounds))
}

fn redemption(code: &str) -> Form {
    vec![
        ("grant_type", "authorization_code".to_owned()),
        ("code", code.to_owned()),
        ("redirect_uri", CALLBACK.to_owned()),
        ("code_verifier", VERIFIER.to_owned()),
    ]
}

fn renewal(refresh: &str) -> Form {
    vec![
        ("grant_type", "refresh_token".to_owned()),
        ("refresh_token", refresh.to_owned()),
    ]
}

type Form = Vec<(&'static str, String)>;

/// Where the races are run.
struct Arena {
    browser: Browser,
    client: Credential,
    faces: Vec<Http>,
    journal: Arc<Journal>,
    /// Access tokens of winners, which must be dead.
    dead: VecDeque<String>,
}

impl Arena {
    async fn code(&mut self) -> Result<String> {
        let page = self
            .browser
            .open(&self.client.id, "openid offline_access")
            .await?;
        code_in(&page).with_context(|| format!("no code: answer {}", page.status))
    }

    /// A request that must succeed.
    async fn tokens(&self, form: &Form) -> Result<Answer> {
        let http = self.faces.last().context("a node")?;
        let answer = post(http, &self.client, form).await?;
        if answer.status != 200 {
            bail!("a first use was answered {}: {}", answer.status, answer.body);
        }
        Ok(answer)
    }

    /// The same request from everybody at once.
    async fn round(&mut self, form: &Form, tally: &mut Tally) -> Result<()> {
        let mut runners = JoinSet::new();
        for http in self.faces.iter().cycle().take(AT_ONCE) {
            let (http, client) = (http.clone(), self.client.clone());
            let (form, journal) = (form.clone(), Arc::clone(&self.journal));
            runners.spawn(async move { journal.watch(post(&http, &client, &form)).await });
        }
        let mut won = Vec::new();
        let mut odd = 0;
        while let Some(fate) = runners.join_next().await {
            match fate? {
                Fate::Answered(answer) if answer.status == 200 => won.push(answer),
                Fate::Answered(answer) if is_invalid(&answer) => {}
                Fate::Answered(_) | Fate::InDoubt => odd += 1,
            }
        }
        tally.rounds += 1;
        tally.fair += u64::from(won.len() == 1);
        tally.odd += odd;
        for answer in &won {
            tally.survivors += u64::from(self.lives(answer).await?);
        }
        Ok(())
    }

    /// Whether any node still gives something for what a winner got.
    async fn lives(&mut self, answer: &Answer) -> Result<bool> {
        let refresh = answer.text("refresh_token").context("no refresh token")?;
        let mut lives = false;
        for http in &self.faces {
            lives |= !is_invalid(&post(http, &self.client, &renewal(&refresh)).await?);
        }
        self.dead.extend(answer.text("access_token"));
        if self.dead.len() > LOOKED_AT {
            self.dead.pop_front();
        }
        Ok(lives)
    }

    /// What introspection says of the access tokens of winners, beside one that is good.
    async fn look_again(&mut self, report: &mut Report, label: &str, by: &Credential) -> Result<()> {
        let code = self.code().await?;
        let good = self.tokens(&redemption(&code)).await?;
        let good = good.text("access_token").context("no access token")?;
        sleep(STALE).await;
        let mut active = 0;
        for http in &self.faces {
            for token in &self.dead {
                active += u64::from(is_active(http, by, token).await?);
            }
            if !is_active(http, by, &good).await? {
                bail!("a good token is not active");
            }
        }
        let among = format!("of the last {}", self.dead.len());
        report.none(
            &format!("{label}: access tokens of winners still active"),
            active,
            &among,
        );
        Ok(())
    }
}

async fn post(http: &Http, client: &Credential, form: &Form) -> Result<Answer, reqwest::Error> {
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    http.form("/oauth/token", client, &form).await
}

async fn is_active(http: &Http, by: &Credential, token: &str) -> Result<bool> {
    let answer = http.form("/oauth/introspect", by, &[("token", token)]).await?;
    Ok(answer.body.contains("\"active\":true"))
}

fn is_invalid(answer: &Answer) -> bool {
    answer.status == 400 && answer.body.contains("\"invalid_grant\"")
}

/// A browser in which the first person of the site is signed in.
pub(crate) async fn signed_in(site: &Site, http: &Http) -> Result<Browser> {
    let person = site.cast.people.first().context("nobody is there")?;
    let mut browser = Browser::new(http);
    let page = browser.open(&site.cast.web.id, "openid").await?;
    let fields = [
        ("email", person.email.as_str()),
        ("password", person.password.as_str()),
    ];
    let answer = browser.submit(&page, "login-form", &fields).await?;
    if answer.status != 303 {
        bail!("the sign-in was answered {}", answer.status);
    }
    Ok(browser)
}
