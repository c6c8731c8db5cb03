//! R35: whatever goes wrong inside one request is the end of that request only.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep, timeout};

use crate::client::{Answer, Browser, shows};
use crate::load::{Load, Question, Shot};
use crate::plan::Plan;
use crate::report::Report;
use crate::site::{Node, Site, SiteOptions};

/// What the process may take beyond what it has, when memory is short: enough for everything but a hash.
const HEADROOM_KIB: u64 = 32 * 1_024;
/// Requests in a second beside the faults.
const RATE: u32 = 25;
/// Until nothing is left of requests that were given up.
const SETTLED: Duration = Duration::from_secs(10);

pub(crate) async fn run(plan: &Plan) -> Result<Report> {
    let aborted = plan.count(500, 60);
    let mut report = Report::new(format!(
        "address space capped at {} MiB more than the process has, then {aborted} sign-ins given up after 0 to 40 ms; \
         tokens and introspection {RATE}/s",
        HEADROOM_KIB / 1_024
    ));
    let options = SiteOptions {
        usual_hash: true,
        ..SiteOptions::default()
    };
    let site = Site::new(plan, options).await?;
    // The allocator takes address space as it needs it, not a gigabyte at the start: only so can a cap be felt.
    let node = site
        .start(0, &[("MIMALLOC_ARENA_RESERVE", "0".to_owned())])
        .await?;
    let form = [("grant_type", "client_credentials")];
    let answer = node.http.form("/oauth/token", &site.cast.opaque, &form).await?;
    let token = answer.text("access_token").context("no token")?;
    let loads = [
        (
            "tokens",
            Load::start(&node.http, Question::token(&site.cast.service), RATE),
        ),
        (
            "introspection",
            Load::start(
                &node.http,
                Question::introspection(&site.cast.opaque, &token),
                RATE,
            ),
        ),
    ];

    memory_is_short(&site, &node, &mut report).await?;
    requests_are_given_up(plan, (&site, &node), aborted, &mut report).await?;

    for (name, load) in loads {
        let shots = load.stop().await;
        report.none(
            &format!("{name} that failed meanwhile"),
            shots.not(Shot::is_ok),
            &format!("of {}", shots.len()),
        );
    }
    report.check(
        "the process is the one that was started",
        format!("{:?}", node.process.pid()),
        !node.process.has_ended(),
    );
    node.kill().await?;
    Ok(report)
}

/// No hash fits into the memory there is: that sign-in is refused, and nothing else.
async fn memory_is_short(site: &Site, node: &Node, report: &mut Report) -> Result<()> {
    let (mut browser, page) = form(site, node).await?;
    let pid = node.process.pid().context("the node has no process")?;
    let has = address_space_kib(pid)?;
    cap(pid, Some(has + HEADROOM_KIB))?;
    let refused = sign_in(site, &mut browser, &page).await?;
    report.check(
        "a hash without memory: 503 with Retry-After",
        format!("{} {}", refused.status, refused.header("retry-after")),
        refused.status == 503 && !refused.header("retry-after").is_empty(),
    );
    let memory = node
        .metric("rsp_password_refused_total{reason=\"memory\"}")
        .await?;
    report.check("and the reason in a metric", format!("{memory}"), memory == 1);
    cap(pid, None)?;
    let answer = sign_in(site, &mut browser, &page).await?;
    report.check(
        "with memory the same form signs in",
        answer.status.to_string(),
        answer.status == 303,
    );
    Ok(())
}

/// Clients that hang up: the server drops what it was doing for them, at any point.
async fn requests_are_given_up(
    plan: &Plan,
    (site, node): (&Site, &Node),
    count: u32,
    report: &mut Report,
) -> Result<()> {
    let mut dice = plan.dice(1);
    let mut given_up = 0_u32;
    for _ in 0..count {
        let (mut browser, page) = form(site, node).await?;
        let patience = Duration::from_millis(dice.between(0, 40));
        if timeout(patience, sign_in(site, &mut browser, &page))
            .await
            .is_err()
        {
            given_up += 1;
        }
    }
    report.check(
        "sign-ins were given up",
        format!("{given_up} of {count}"),
        given_up > count / 2,
    );
    let began = Instant::now();
    loop {
        let left =
            node.metric("rsp_password_waiting").await? + node.metric("rsp_password_in_progress").await?;
        if left == 0 || began.elapsed() > SETTLED {
            report.check("nobody waits for a hash any more", left.to_string(), left == 0);
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    let (mut browser, page) = form(site, node).await?;
    let answer = sign_in(site, &mut browser, &page).await?;
    report.check(
        "the next sign-in works",
        answer.status.to_string(),
        answer.status == 303,
    );
    Ok(())
}

async fn form(site: &Site, node: &Node) -> Result<(Browser, Answer)> {
    let mut browser = Browser::new(&node.http);
    let page = browser.open(&site.cast.web.id, "openid").await?;
    if !shows(&page, "login-form") {
        bail!("no sign-in form: {} {}", page.status, page.body);
    }
    Ok((browser, page))
}

async fn sign_in(site: &Site, browser: &mut Browser, page: &Answer) -> Result<Answer> {
    let person = site.cast.people.first().context("nobody is there")?;
    let fields = [
        ("email", person.email.as_str()),
        ("password", person.password.as_str()),
    ];
    Ok(browser.submit(page, "login-form", &fields).await?)
}

/// `VmSize` of proc(5).
fn address_space_kib(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("the node has ended")?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmSize:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .context("its address space cannot be read")
}

/// Sets the limit of the process's address space, or lifts it, with the program `prlimit` of util-linux.
fn cap(pid: u32, kib: Option<u64>) -> Result<()> {
    let limit = kib.map_or_else(|| "unlimited".to_owned(), |kib| (kib * 1_024).to_string());
    let soft = format!("--as={limit}:unlimited");
    let status = block_in_place(|| {
        Command::new("prlimit")
            .args(["--pid", &pid.to_string(), &soft])
            .status()
    })
    .context("prlimit cannot be started")?;
    if !status.success() {
        bail!("prlimit refused {soft}");
    }
    Ok(())
}
