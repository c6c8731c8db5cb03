//! Second factors as their owners and attackers meet them (MF1-MF5, MF7, MF8, MF13, F1, F3).

use std::fmt::Write as _;
use std::time::Duration;

use aws_lc_rs::hmac;
use domain::EventKind::{
    FactorBlocked, FactorEnrolled, FactorFailed, FactorRemoved, FactorVerified, Login, RecoveryCodeUsed,
    RecoveryCodesMade,
};
use domain::{EventKind, SecondFactorRule, Secret, TenantSettings};
use engine::sign_in::{FactorCode, FactorRefused, Proved};
use testkit::Backend;
use testkit::app::{Answer, PASSWORD, TestApp};
use testkit::browser::{Browser, authorize_path, query_value};

use super::watch::{Filled, Watch, is_account, is_signed_in, shows, sign_in};

const ALICE: &str = "alice@example.com";

on_both_engines! {
    a_second_factor_is_set_up_asked_for_and_removed
    a_code_counts_once_wherever_it_is_sent
    wrong_codes_close_the_factor_and_not_the_account
    parallel_guesses_get_five_looks
    recovery_codes_stand_in_once_each
    what_is_no_step_takes_nobody_on
    only_a_fresh_and_strong_sign_in_changes_factors
    a_session_from_before_opens_nothing
    who_has_yet_to_set_one_up_is_led_there_from_every_page
    a_tenant_may_let_nobody_in_without
    a_client_gets_the_level_it_asks_for
}

/// RFC 6238 once more, independent of the product's own.
fn code_at(secret: &str, secs: i64) -> String {
    let mut bits = String::new();
    for letter in secret.chars().filter(|c| !c.is_whitespace()) {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).unwrap();
        write!(bits, "{value:05b}").unwrap();
    }
    let seed: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &seed);
    let tag = hmac::sign(&key, &(secs / 30).to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[19] & 15);
    let number = u32::from_be_bytes(tag[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

pub(crate) fn code_now(app: &TestApp, secret: &str) -> String {
    code_at(secret, app.app.world.now().secs())
}

pub(crate) fn next_step(app: &TestApp) {
    app.clock.advance(Duration::from_secs(30));
}

/// A code that is neither the present one nor near it.
pub(crate) fn wrong(app: &TestApp, secret: &str) -> String {
    let near: Vec<String> = (-2..=2)
        .map(|step| code_at(secret, app.app.world.now().secs() + 30 * step))
        .collect();
    (0..9)
        .map(|digit| format!("{digit}{digit}{digit}{digit}{digit}{digit}"))
        .find(|code| !near.contains(code))
        .unwrap()
}

/// Sets up time-based codes in a browser that has just signed in; the secret.
pub(crate) async fn enrol(app: &TestApp, browser: &mut Browser<'_>) -> String {
    let (secret, page) = set_up(app, browser).await;
    assert!(shows(&page, "totp-remove"), "{} {}", page.status, page.text());
    secret
}

/// The same, and where it leads.
async fn set_up(app: &TestApp, browser: &mut Browser<'_>) -> (String, Answer) {
    let page = browser.open("/account/factors").await;
    let page = browser.submit(&page, "totp-begin", &[]).await;
    assert!(shows(&page, "totp-confirm"), "{} {}", page.status, page.text());
    let text = page.text();
    let (_, rest) = text.split_once("id=\"totp-secret\">").unwrap();
    let secret = rest.split('<').next().unwrap().to_owned();
    assert!(text.contains("src=\"data:image/svg+xml;base64,"));
    let page = browser
        .submit(&page, "totp-confirm", &[("code", &code_now(app, &secret))])
        .await;
    (secret, page)
}

async fn enrolled(app: &TestApp) -> String {
    let mut browser = app.browser();
    sign_in(&mut browser, "", ALICE).await;
    let secret = enrol(app, &mut browser).await;
    next_step(app);
    secret
}

/// A browser that proved the password and stands before the second factor.
pub(crate) async fn half_way(app: &TestApp) -> (Browser<'_>, Answer) {
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let page = browser.sign_in(&page, ALICE).await;
    assert!(shows(&page, "totp-form"), "{} {}", page.status, page.text());
    (browser, page)
}

/// Every request about factors once, as it should be; in the end the person has none.
pub(crate) async fn round(app: &TestApp) {
    let bob = "bob@example.com";
    let mut owner = app.browser();
    sign_in(&mut owner, "", bob).await;
    let secret = enrol(app, &mut owner).await;
    next_step(app);
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let page = browser.sign_in(&page, bob).await;
    let code = code_now(app, &secret);
    let page = browser.submit(&page, "totp-form", &[("code", &code)]).await;
    assert!(is_account(&page, bob));
    let list = owner.open("/account/factors").await;
    let page = owner.submit(&list, "recovery-make", &[]).await;
    assert_eq!(recovery_codes(&page).len(), 10);
    let page = owner.submit(&list, "totp-remove", &[]).await;
    assert!(shows(&page, "totp-begin"));
}

async fn kinds(watch: &mut Watch<'_>) -> Vec<EventKind> {
    watch.told().await.into_iter().map(|(kind, _)| kind).collect()
}

async fn a_second_factor_is_set_up_asked_for_and_removed(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    sign_in(&mut browser, "", ALICE).await;
    let mut watch = Watch::on(&app, "default").await;
    let secret = enrol(&app, &mut browser).await;
    assert_eq!(kinds(&mut watch).await, [FactorEnrolled]);
    next_step(&app);
    let (mut other, page) = half_way(&app).await;
    assert!(!is_signed_in(&other, "").await, "a password alone opens nothing");
    let page = other
        .submit(&page, "totp-form", &[("code", &code_now(&app, &secret))])
        .await;
    assert!(is_account(&page, ALICE), "{} {}", page.status, page.text());
    assert_eq!(kinds(&mut watch).await, [FactorVerified, Login]);
    // Removed, it counts nowhere: the password alone is enough again, and a half-done sign-in gets nowhere with it.
    next_step(&app);
    let (mut waiting, asked) = half_way(&app).await;
    let page = other.open("/account/factors").await;
    let page = other.submit(&page, "totp-remove", &[]).await;
    assert!(shows(&page, "totp-begin"), "{} {}", page.status, page.text());
    assert!(kinds(&mut watch).await.contains(&FactorRemoved));
    let late = waiting
        .submit(&asked, "totp-form", &[("code", &code_now(&app, &secret))])
        .await;
    assert_eq!(late.status, 401);
    assert!(!is_signed_in(&waiting, "").await);
    sign_in(&mut app.browser(), "", ALICE).await;
}

async fn a_code_counts_once_wherever_it_is_sent(backend: Backend) {
    let app = TestApp::start(backend).await;
    let secret = enrolled(&app).await;
    let (mut first, first_page) = half_way(&app).await;
    let (mut second, second_page) = half_way(&app).await;
    let code = code_now(&app, &secret);
    let never = second
        .submit(&second_page, "totp-form", &[("code", &wrong(&app, &secret))])
        .await;
    let done = first.submit(&first_page, "totp-form", &[("code", &code)]).await;
    assert!(is_account(&done, ALICE));
    let used = second.submit(&second_page, "totp-form", &[("code", &code)]).await;
    assert_eq!(
        (used.status, never.status),
        (401.try_into().unwrap(), 401.try_into().unwrap())
    );
    let without_ids = |page: &Answer| {
        let text = page.text();
        let (_, rest) = text.split_once("<h1>").unwrap();
        rest.split("</form>").next().unwrap().to_owned()
    };
    assert_eq!(
        without_ids(&used),
        without_ids(&never),
        "used and wrong look alike"
    );
    // An older step never counts again, and by default no step but the present one does.
    app.clock.advance(Duration::from_mins(1));
    let stale = code_at(&secret, app.app.world.now().secs() - 30);
    let late = second
        .submit(&second_page, "totp-form", &[("code", &stale)])
        .await;
    assert_eq!(late.status, 401);
    let now = code_now(&app, &secret);
    let done = second.submit(&second_page, "totp-form", &[("code", &now)]).await;
    assert!(is_account(&done, ALICE), "{} {}", done.status, done.text());
}

async fn wrong_codes_close_the_factor_and_not_the_account(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut owner = app.browser();
    sign_in(&mut owner, "", ALICE).await;
    let secret = enrol(&app, &mut owner).await;
    let page = owner.open("/account/factors").await;
    let page = owner.submit(&page, "recovery-make", &[]).await;
    let codes = recovery_codes(&page);
    next_step(&app);
    for round in 0..5 {
        // A right password in between changes nothing (MF3).
        let (mut browser, page) = half_way(&app).await;
        let answer = browser
            .submit(&page, "totp-form", &[("code", &wrong(&app, &secret))])
            .await;
        assert_eq!(answer.status, 401, "{round}");
    }
    let (mut browser, page) = half_way(&app).await;
    let mut watch = Watch::on(&app, "default").await;
    let answer = browser
        .submit(&page, "totp-form", &[("code", &code_now(&app, &secret))])
        .await;
    assert_eq!(answer.status, 429, "closed for the right code as well");
    assert_eq!(kinds(&mut watch).await, [FactorFailed]);
    assert!(
        app.audit("default")
            .await
            .iter()
            .any(|row| row.kind == FactorBlocked)
    );
    // The owner has another way.
    let done = browser
        .submit(&answer, "recovery-form", &[("code", &codes[0])])
        .await;
    assert!(is_account(&done, ALICE), "{} {}", done.status, done.text());
    // And after a while the same again.
    app.clock.advance(Duration::from_mins(16));
    let (mut browser, page) = half_way(&app).await;
    let done = browser
        .submit(&page, "totp-form", &[("code", &code_now(&app, &secret))])
        .await;
    assert!(is_account(&done, ALICE), "{} {}", done.status, done.text());
}

/// 500 guesses on two nodes: five are looked at (MF3, F3).
async fn parallel_guesses_get_five_looks(backend: Backend) {
    let app = TestApp::start(backend).await;
    let secret = enrolled(&app).await;
    let (browser, page) = half_way(&app).await;
    let form = Filled::of(&page, "totp-form", &[]);
    let id = form.field("flow").to_owned();
    let cookie = browser
        .cookies
        .get(&format!("__Host-rsp_flow_{id}"))
        .unwrap()
        .clone();
    let nodes = [std::sync::Arc::clone(&app.app), app.another_node(9).await];
    let guess = wrong(&app, &secret);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..500 {
        let node = std::sync::Arc::clone(&nodes[number % 2]);
        let (ctx, id, cookie, guess) = (app.ctx("default"), id.clone(), cookie.clone(), guess.clone());
        tasks.spawn(async move {
            let flow = node.flow(&ctx, &id, Some(&cookie)).await.unwrap();
            let code = FactorCode::Totp(Secret::new(guess));
            match node.verify_factor(&ctx, &flow, &code, None).await {
                Err(FactorRefused::Wrong) => 1,
                Err(FactorRefused::Blocked) => 0,
                other => panic!("{:?}", other.map(|proved| matches!(proved, Proved::More))),
            }
        });
    }
    let looked: usize = tasks.join_all().await.into_iter().sum();
    assert_eq!(looked, 5);
}

pub(crate) fn recovery_codes(page: &Answer) -> Vec<String> {
    let text = page.text();
    let (_, list) = text
        .split_once("id=\"recovery-codes\">")
        .unwrap_or_else(|| panic!("no codes: {} {}", page.status, page.text()));
    list.split("</ul>")
        .next()
        .unwrap()
        .split("<code>")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap().to_owned())
        .collect()
}

async fn recovery_codes_stand_in_once_each(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut owner = app.browser();
    sign_in(&mut owner, "", ALICE).await;
    enrol(&app, &mut owner).await;
    let mut watch = Watch::on(&app, "default").await;
    let page = owner.open("/account/factors").await;
    let page = owner.submit(&page, "recovery-make", &[]).await;
    assert_eq!(kinds(&mut watch).await, [RecoveryCodesMade]);
    let codes = recovery_codes(&page);
    assert_eq!(codes.len(), 10);
    assert!(
        codes.iter().all(|code| code.replace('-', "").len() == 24),
        "120 bits each"
    );
    let list = owner.open("/account/factors").await;
    assert!(list.text().contains("10 codes left"));
    assert!(!list.text().contains(&codes[0]), "shown once");
    let (mut browser, page) = half_way(&app).await;
    let careless = codes[0].to_lowercase().replace('-', " ");
    let done = browser
        .submit(&page, "recovery-form", &[("code", &careless)])
        .await;
    assert!(is_account(&done, ALICE), "{} {}", done.status, done.text());
    assert_eq!(kinds(&mut watch).await, [FactorVerified, Login, RecoveryCodeUsed]);
    assert!(
        browser
            .open("/account/factors")
            .await
            .text()
            .contains("9 codes left")
    );
    let (mut again, page) = half_way(&app).await;
    let used = again.submit(&page, "recovery-form", &[("code", &codes[0])]).await;
    assert_eq!(used.status, 401);
    // Made anew, the old ones are gone.
    let list = browser.open("/account/factors").await;
    let page = browser.submit(&list, "recovery-make", &[]).await;
    let fresh = recovery_codes(&page);
    let (mut third, page) = half_way(&app).await;
    let old = third.submit(&page, "recovery-form", &[("code", &codes[1])]).await;
    assert_eq!(old.status, 401);
    let done = third.submit(&page, "recovery-form", &[("code", &fresh[1])]).await;
    assert!(is_account(&done, ALICE), "{} {}", done.status, done.text());
}

/// Empty, repeated, reordered, malformed: nothing of it takes a sign-in on (F1).
async fn what_is_no_step_takes_nobody_on(backend: Backend) {
    let app = TestApp::start(backend).await;
    let secret = enrolled(&app).await;
    let (mut browser, page) = half_way(&app).await;
    let form = Filled::of(&page, "totp-form", &[("code", "")]);
    let code = code_now(&app, &secret);
    let mut twice = form.with("code", Some(&code));
    twice.fields.push(("code".to_owned(), code.clone()));
    let odd = [
        form.with("code", None),
        form.with("code", Some("")),
        form.with("method", None).with("code", Some(&code)),
        form.with("method", Some("password")).with("code", Some(&code)),
        form.with("method", Some("email")).with("code", Some(&code)),
        form.with("csrf", None).with("code", Some(&code)),
        form.with("flow", None).with("code", Some(&code)),
        form.with("flow", Some("0")).with("code", Some(&code)),
        twice,
    ];
    for odd in odd {
        let answer = odd.send(&mut browser).await;
        assert!(
            !is_signed_in(&browser, "").await,
            "{:?} {}",
            odd.fields,
            answer.status
        );
    }
    // The second factor before the first, in a flow of its own.
    let mut early = app.browser();
    let login = early.open("/account").await;
    let early_form = Filled::of(&login, "login-form", &[]);
    let mut early_code = early_form.with("code", Some(&code)).with("method", Some("totp"));
    "/login/factor".clone_into(&mut early_code.action);
    let answer = early_code.send(&mut early).await;
    assert_eq!(answer.status, 303);
    assert!(!is_signed_in(&early, "").await);
    // Another browser does not take the flow over.
    let mut thief = app.browser();
    form.with("code", Some(&code)).send(&mut thief).await;
    assert!(!is_signed_in(&thief, "").await);
    // The twin: the form as it is.
    let done = form.with("code", Some(&code)).send(&mut browser).await;
    let page = browser.follow(done).await;
    assert!(is_account(&page, ALICE), "{} {}", page.status, page.text());
    // Repeated, it is over.
    let again = form.with("code", Some(&code)).send(&mut browser).await;
    assert_ne!(again.status, 200);
}

async fn only_a_fresh_and_strong_sign_in_changes_factors(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut weak = app.browser();
    sign_in(&mut weak, "", ALICE).await;
    let page = weak.open("/account/factors").await;
    let mut remove = Filled::of(&page, "totp-begin", &[]);
    "/account/factors/totp/remove".clone_into(&mut remove.action);
    let mut strong = app.browser();
    sign_in(&mut strong, "", ALICE).await;
    let secret = enrol(&app, &mut strong).await;
    next_step(&app);
    // Fresh but of one factor: the way leads through a full sign-in and back.
    let shown = weak.open("/account").await;
    assert!(
        shows(&shown, "login-form"),
        "a session from before is too weak for the account pages"
    );
    let asked = remove.send(&mut weak).await;
    let asked = weak.follow(asked).await;
    assert!(shows(&asked, "login-form"), "{} {}", asked.status, asked.text());
    let asked = weak.sign_in(&asked, ALICE).await;
    let page = weak
        .submit(&asked, "totp-form", &[("code", &code_now(&app, &secret))])
        .await;
    assert!(shows(&page, "totp-remove"), "{} {}", page.status, page.text());
    // Strong but stale.
    app.clock.advance(Duration::from_mins(6));
    let asked = strong.submit(&page, "totp-remove", &[]).await;
    let page = strong.open("/account/factors").await;
    let asked_too = strong.submit(&page, "recovery-make", &[]).await;
    assert_ne!(asked.status, 404);
    assert!(shows(&asked_too, "login-form"));
    // The twin: fresh and strong.
    let asked = strong.sign_in(&asked_too, ALICE).await;
    let page = strong
        .submit(&asked, "totp-form", &[("code", &code_now(&app, &secret))])
        .await;
    let page = strong.submit(&page, "totp-remove", &[]).await;
    assert!(shows(&page, "totp-begin"), "{} {}", page.status, page.text());
}

/// Pages of the account, but for the one on which factors are set up.
const PAGES: [&str; 4] = [
    "/account",
    "/account/activity",
    "/account/password",
    "/account/profile",
];
/// Forms of the account that change something.
const FORMS: [&str; 6] = [
    "/account/apps/web/revoke",
    "/account/password",
    "/account/profile",
    "/account/sessions/0199c000-0000-7000-8000-000000000000/end",
    "/account/sessions/end-all",
    "/account/theme",
];

async fn a_session_from_before_opens_nothing(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut weak = app.browser();
    let page = sign_in(&mut weak, "", ALICE).await;
    let form = Filled::of(&page, "sessions-end-all", &[("name", "Mallory")]);
    let mut strong = app.browser();
    sign_in(&mut strong, "", ALICE).await;
    enrol(&app, &mut strong).await;
    next_step(&app);
    let mut watch = Watch::on(&app, "default").await;
    for path in PAGES
        .into_iter()
        .chain(["/account/factors", "/account/factors/totp"])
    {
        let shown = weak.open(path).await;
        assert!(
            shows(&shown, "login-form"),
            "{path}: {} {}",
            shown.status,
            shown.text()
        );
    }
    for path in FORMS {
        let answer = weak.post(path, &form.pairs()).await;
        assert_eq!(answer.status, 303, "{path}");
        let to = answer.header("location");
        assert!(to.starts_with("/login?flow="), "{path}: {to}");
    }
    assert_eq!(watch.told().await, [], "something was changed");
    assert_ne!(
        app.user("default", ALICE).await.profile.name.as_deref(),
        Some("Mallory")
    );
    // The twin: the session that is strong enough.
    for path in PAGES {
        let shown = strong.open(path).await;
        assert_eq!(shown.status, 200, "{path}");
        assert!(!shows(&shown, "login-form"), "{path}");
    }
    let page = strong.open("/account").await;
    let form = Filled::of(&page, "sessions-end-all", &[]);
    assert_eq!(form.send(&mut strong).await.header("location"), "/account");
}

async fn who_has_yet_to_set_one_up_is_led_there_from_every_page(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let page = sign_in(&mut browser, "", ALICE).await;
    let form = Filled::of(&page, "sessions-end-all", &[]);
    with_rule(&app, SecondFactorRule::Required).await;
    for path in PAGES {
        let shown = browser.open(path).await;
        assert!(
            shows(&shown, "totp-begin"),
            "{path}: {} {}",
            shown.status,
            shown.text()
        );
    }
    for path in FORMS {
        let answer = browser.post(path, &form.pairs()).await;
        let to = answer.header("location");
        assert_eq!(to, "/account/factors?done=required", "{path}: {}", answer.status);
    }
    // The twin: once it is set up, all of it is there.
    enrol(&app, &mut browser).await;
    let page = browser.open("/account/profile").await;
    assert!(shows(&page, "profile-form"), "{} {}", page.status, page.text());
}

pub(crate) async fn with_rule(app: &TestApp, rule: SecondFactorRule) {
    let ctx = app.ctx("default");
    let mut settings: TenantSettings = ctx.tenant.tenant.settings.clone();
    settings.sign_in.second_factor.rule = rule;
    let name = ctx.tenant.tenant.name.clone();
    app.app.update_tenant(&ctx, &name, settings).await.unwrap();
}

async fn a_tenant_may_let_nobody_in_without(backend: Backend) {
    let app = TestApp::start(backend).await;
    with_rule(&app, SecondFactorRule::Required).await;
    let mut browser = app.browser();
    let asked = browser.walk(&authorize_path(&[]), ALICE).await;
    assert!(shows(&asked, "totp-begin"), "{} {}", asked.status, asked.text());
    let silent = browser.get(&authorize_path(&[("prompt", "none")])).await;
    let told = query_value(silent.header("location"), "error");
    assert_eq!(told.as_deref(), Some("interaction_required"));
    assert!(shows(&browser.open("/account").await, "totp-begin"));
    // It goes on to the application by itself.
    let (_, page) = set_up(&app, &mut browser).await;
    let answer = browser.accept(page).await;
    let code = query_value(answer.header("location"), "code").unwrap_or_default();
    assert_eq!(
        app.redeem("web", &code).await.status,
        200,
        "{}",
        answer.header("location")
    );
    let answer = browser.walk(&authorize_path(&[]), ALICE).await;
    assert!(query_value(answer.header("location"), "code").is_some());
    // Off: a password is enough, whatever somebody has.
    with_rule(&app, SecondFactorRule::Off).await;
    let answer = app.browser().walk(&authorize_path(&[]), ALICE).await;
    assert!(query_value(answer.header("location"), "code").is_some());
}

async fn a_client_gets_the_level_it_asks_for(backend: Backend) {
    let app = TestApp::start(backend).await;
    let secret = enrolled(&app).await;
    with_rule(&app, SecondFactorRule::Off).await;
    let mut browser = app.browser();
    let answer = browser.walk(&authorize_path(&[]), ALICE).await;
    assert!(query_value(answer.header("location"), "code").is_some());
    let silent = authorize_path(&[("prompt", "none"), ("acr_values", "aal2")]);
    let told = query_value(browser.get(&silent).await.header("location"), "error");
    assert_eq!(told.as_deref(), Some("login_required"));
    let page = browser.open(&authorize_path(&[("acr_values", "aal2")])).await;
    let page = browser
        .submit(&page, "login-form", &[("email", ALICE), ("password", PASSWORD)])
        .await;
    let answer = browser
        .submit(&page, "totp-form", &[("code", &code_now(&app, &secret))])
        .await;
    let code = query_value(answer.header("location"), "code").unwrap();
    let tokens = app.redeem("web", &code).await;
    let token = tokens.member("id_token");
    let claims = token.split('.').nth(1).unwrap();
    let claims = base64_url(claims);
    assert!(claims.contains("\"acr\":\"aal2\""), "{claims}");
    assert!(claims.contains("\"amr\":[\"pwd\",\"otp\",\"mfa\"]"), "{claims}");
    assert!(query_value(browser.get(&silent).await.header("location"), "code").is_some());
}

fn base64_url(text: &str) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(text)
        .unwrap();
    String::from_utf8(bytes).unwrap()
}
