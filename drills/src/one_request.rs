//! R35: whatever goes wrong inside one request is the end of that request only.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use domain::{EventKind, TokenHash};
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep, timeout};

use crate::client::{Answer, Browser, shows};
use crate::journal::{Journal, Kept};
use crate::load::{Load, Question};
use crate::plan::Plan;
use crate::report::Report;
use crate::site::{Node, Site, SiteOptions};
use crate::verify::verify;

/// What the process may take beyond what it has, when memory is short: enough for everything but a hash.
const HEADROOM_KIB: u64 = 32 * 1_024;
/// Requests in a second beside the faults.
const RATE: u32 = 25;
/// Until nothing is left of requests that were given up.
const SETTLED: Duration = Duration::from_secs(10);

/// Variable that names the folder of armed points, see `crates/storage/src/failpoint.rs`.
const FOLDER: &str = "RSP_FAILPOINTS";
/// Until an armed point is reached by one of the requests beside it.
const REACHED: Duration = Duration::from_secs(5);

pub(crate) async fn run(plan: &Plan) -> Result<Report> {
    let (aborted, panics) = (plan.count(500, 60), plan.count(100, 10));
    let mut report = Report::new(format!(
        "address space capped at {} MiB more than the process has, then {aborted} sign-ins given up after 0 to 40 ms, \
         then {panics} panics of a handler; tokens and introspection {RATE}/s",
        HEADROOM_KIB / 1_024
    ));
    let plan = &Plan {
        rsp: plan.failing.clone(),
        ..plan.clone()
    };
    let options = SiteOptions {
        usual_hash: true,
        ..SiteOptions::default()
    };
    let site = Site::new(plan, options).await?;
    let journal = Journal::new(&plan.output.join("journal"))?;
    let armed = site.folder().join("failpoints");
    fs::create_dir(&armed).context("cannot make the folder of points")?;
    let settings = [
        // The allocator takes address space as it needs it, not a gigabyte at the start: only so can a cap be felt.
        ("MIMALLOC_ARENA_RESERVE", "0".to_owned()),
        (FOLDER, armed.display().to_string()),
    ];
    let node = site.start(0, &settings).await?;
    let pid = node.process.pid();
    let form = [("grant_type", "client_credentials")];
    let answer = node.http.form("/oauth/token", &site.cast.opaque, &form).await?;
    let token = answer.text("access_token").context("no token")?;
    let id = answer.request_id().context("no request id")?;
    journal.promise([
        Kept::Event(id, EventKind::TokenIssued),
        Kept::AccessToken(TokenHash::of(&token)),
    ]);
    let introspection = Question::introspection(&site.cast.opaque, &token);
    let loads = [
        Load::start(&node.http, Question::token(&site.cast.service), RATE),
        Load::start(&node.http, introspection, RATE),
    ];

    memory_is_short(&site, &node, &mut report).await?;
    requests_are_given_up(plan, (&site, &node), aborted, &mut report).await?;
    let panicked = handlers_panic(&armed.join("handler"), panics).await?;

    let mut shots = Vec::new();
    for load in loads {
        shots.extend(load.stop().await.0);
    }
    let internal = shots.iter().filter(|shot| shot.status == Some(500)).count();
    let failed = shots.iter().filter(|shot| !shot.is_ok()).count();
    report.check(
        "each panic answers its own request with 500",
        format!("{internal} for {panicked} panics of {panics}"),
        u32::try_from(internal).ok() == Some(panicked) && panicked == panics,
    );
    report.check(
        "0 other requests fail",
        format!("{} of {}", failed - internal, shots.len()),
        failed == internal && !shots.is_empty(),
    );
    report.number(format!(
        "{} other requests of {} failed",
        failed - internal,
        shots.len()
    ));
    // A poisoned lock would show here: every kind of work once more.
    let (mut browser, page) = form_of(&site, &node).await?;
    let signed_in = sign_in(&site, &mut browser, &page).await?;
    let issued = node.http.form("/oauth/token", &site.cast.opaque, &form).await?;
    for (answer, kind) in [(&signed_in, EventKind::Login), (&issued, EventKind::TokenIssued)] {
        let id = answer.request_id().context("no request id")?;
        journal.promise([Kept::Event(id, kind)]);
    }
    let (signed_in, issued) = (signed_in.status, issued.status);
    report.check(
        "afterwards people sign in and tokens are issued",
        format!("{signed_in} and {issued}"),
        (signed_in, issued) == (303, 200),
    );
    report.check(
        "the process is the one that was started",
        format!("{pid:?}"),
        !node.process.has_ended() && node.process.pid() == pid,
    );
    node.kill().await?;
    verify(&site, &journal, &mut report).await?;
    Ok(report)
}

/// Whichever request comes next panics in its handler, again and again; how often one did.
async fn handlers_panic(point: &Path, times: u32) -> Result<u32> {
    for done in 0..times {
        fs::write(point, "panic 1").context("cannot arm the point")?;
        let began = Instant::now();
        while point.exists() {
            if began.elapsed() > REACHED {
                return Ok(done);
            }
            sleep(Duration::from_millis(5)).await;
        }
    }
    Ok(times)
}

/// No hash fits into the memory there is: that sign-in is refused, and nothing else.
async fn memory_is_short(site: &Site, node: &Node, report: &mut Report) -> Result<()> {
    let (mut browser, page) = form_of(site, node).await?;
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
        let (mut browser, page) = form_of(site, node).await?;
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
    let (mut browser, page) = form_of(site, node).await?;
    let answer = sign_in(site, &mut browser, &page).await?;
    report.check(
        "the next sign-in works",
        answer.status.to_string(),
        answer.status == 303,
    );
    Ok(())
}

async fn form_of(site: &Site, node: &Node) -> Result<(Browser, Answer)> {
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
