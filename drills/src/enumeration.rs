//! PW12: whether an account exists, or is switched off, cannot be told from the time a sign-in takes.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use domain::{Actor, EventKind, Slug};
use engine::Ctx;
use testkit::rank;
use tokio::time::Instant;

use crate::client::{Answer, Browser, shows};
use crate::journal::{Journal, Kept};
use crate::plan::Plan;
use crate::report::Report;
use crate::site::{Node, Site, SiteOptions};
use crate::verify::verify;

/// The most that the area under the curve may differ from one half, where there are samples enough to see it.
const BOUND: f64 = 0.02;
/// Turns with one form: it lives for a quarter of an hour.
const SAME_FORM: usize = 100;
const GAP: Duration = Duration::from_millis(2);

pub(crate) async fn run(plan: &Plan) -> Result<Report> {
    let samples = usize::try_from(plan.count(1_000, 20))?;
    let mut report = Report::new(format!(
        "{samples} x wrong password, unknown person and disabled person in turn, Argon2id with 64 MiB and 3 passes"
    ));
    let options = SiteOptions {
        usual_hash: true,
        ..SiteOptions::default()
    };
    let site = Site::new(plan, options).await?;
    let journal = Journal::new(&plan.output.join("journal"))?;
    let [known, disabled] = site.cast.people.as_slice() else {
        bail!("the cast is not two people");
    };
    disable(&site, &disabled.email).await?;
    let node = site
        .start(0, &[("RSP__PASSWORD__MAX_CONCURRENT", "1".to_owned())])
        .await?;
    let (mut browser, mut page) = form(&site, &node).await?;
    let kinds = [
        (known.email.as_str(), "not the right password"),
        ("nobody0@example.com", "not the right password"),
        (disabled.email.as_str(), disabled.password.as_str()),
    ];
    let before = hashes(&node).await?;
    let mut took: [Vec<Duration>; 3] = Default::default();
    for sample in 0..samples {
        if sample % SAME_FORM == SAME_FORM - 1 {
            (browser, page) = form(&site, &node).await?;
        }
        let mut turn: Vec<_> = kinds.iter().zip(&mut took).collect();
        turn.rotate_left(sample % kinds.len());
        for ((email, password), took) in turn {
            let began = Instant::now();
            let fields = [("email", *email), ("password", *password)];
            let answer = browser.submit(&page, "login-form", &fields).await?;
            took.push(began.elapsed());
            if answer.status != 401 {
                bail!("an attempt that had to fail was answered with {}", answer.status);
            }
            let id = answer.request_id().context("no request id")?;
            journal.promise([Kept::Event(id, EventKind::LoginFailed)]);
        }
    }
    let computed = hashes(&node).await? - before;
    node.kill().await?;
    let asked = u64::try_from(samples * kinds.len())?;
    report.check(
        "exactly one hash for each attempt",
        format!("{computed} for {asked}"),
        computed == asked,
    );
    let chance = rank::standard_error(samples, samples);
    let bound = BOUND.max(3.0 * chance);
    let [known, unknown, disabled] = &took;
    report.number(format!(
        "AUC unknown {:.3}, disabled {:.3}",
        rank::area(known, unknown),
        rank::area(known, disabled)
    ));
    for (name, other) in [("unknown", unknown), ("disabled", disabled)] {
        let area = rank::area(known, other);
        report.check(
            format!("known and {name} not told apart: AUC within 0.5 +- {bound:.3}"),
            format!("{area:.4}, standard error {chance:.4}"),
            (area - 0.5).abs() <= bound,
        );
        let (of_known, of_other) = (rank::median(known), rank::median(other));
        let gap = of_known.abs_diff(of_other);
        // A few samples have medians that differ by more than that anyway.
        report.check(
            format!("medians of known and {name} less than 2 ms apart"),
            format!("{of_known:.1?} and {of_other:.1?}"),
            gap < GAP || plan.reduced,
        );
    }
    verify(&site, &journal, &mut report).await?;
    Ok(report)
}

async fn form(site: &Site, node: &Node) -> Result<(Browser, Answer)> {
    let mut browser = Browser::new(&node.http);
    let page = browser.open(&site.cast.web.id, "openid").await?;
    if !shows(&page, "login-form") {
        bail!("no sign-in form: {} {}", page.status, page.body);
    }
    Ok((browser, page))
}

async fn disable(site: &Site, email: &str) -> Result<()> {
    let app = site.open().await?;
    let view = app
        .tenant(&Slug::default_tenant())
        .context("the tenant is gone")?;
    let ctx = Ctx::internal(view, Actor::Operator, &app.world);
    let user = app
        .user_by_email(&ctx, &email.parse().context("address")?)
        .await?
        .context("the person is gone")?;
    app.disable_user(&ctx, user.id).await.context("cannot disable")?;
    app.db.close().await;
    Ok(())
}

/// Password hashes a node has computed.
async fn hashes(node: &Node) -> Result<u64> {
    node.metric("rsp_password_hashes_total").await
}
