//! What a password must be, wherever one is set, and how it is changed (PW1 to PW8, PW15).

use std::time::Duration;

use domain::EventKind::{
    Login, LoginFailed, PasswordChangeRefused, PasswordChanged, PasswordCompromised, SessionEnded,
};
use domain::{PasswordProfile, PasswordSettings, Profile, Secret, TenantSettings};
use engine::users::{NewUser, UserError};
use engine::{ImportedHash, PasswordRefused};
use testkit::Backend;
use testkit::app::{PASSWORD, TestApp};
use testkit::browser::Browser;

use super::watch::{Filled, Watch, is_account, is_signed_in, shows, signed_in};

const NEW: &str = "a new and long passphrase";
const LIST: &str = include_str!("../../../engine/data/passwords/common.txt");
/// SHA-256 with 1000 rounds of "correct horse".
const IMPORTED: &str =
    "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$BBs+1+PaslLtBPULUr8/lQicvVuHiEPMz0i8MjLCbzM";

on_both_engines! {
    length_is_counted_in_code_points
    one_normal_form_and_nothing_cut_off
    known_passwords_are_refused_wherever_one_is_set
    what_everybody_knows_about_a_person_is_refused
    the_classic_profile_asks_for_classes
    a_change_needs_the_present_password_and_ends_other_sessions
    a_change_needs_a_fresh_sign_in
    a_password_known_to_others_opens_only_the_way_to_a_new_one
    an_imported_hash_opens_and_is_made_anew
    beside_a_second_factor_eight_characters_do
    a_dearer_hash_comes_with_the_next_sign_in
}

fn carol(password: &str) -> NewUser {
    NewUser {
        email: "carol@example.com".parse().unwrap(),
        email_verified: true,
        profile: Profile::default(),
        password: Some(Secret::new(password.to_owned())),
    }
}

/// Why a person cannot be made with this password; `None` if she could.
async fn refused(app: &TestApp, slug: &str, password: &str) -> Option<PasswordRefused> {
    // Another address each time: the first one that works would take it.
    let n = app
        .app
        .list_users(&app.ctx(slug), None, 10_000)
        .await
        .unwrap()
        .len();
    let new = NewUser {
        email: format!("carol{n}@example.com").parse().unwrap(),
        ..carol(password)
    };
    match app.app.create_user(&app.ctx(slug), new).await {
        Ok(_) => None,
        Err(UserError::Password(refused)) => Some(refused),
        Err(other) => panic!("{other}"),
    }
}

fn computed(app: &TestApp) -> u64 {
    app.app.password_load().computed
}

/// Numbers and signs that are in no list: a different text for each length and letter.
fn of_length(letter: char, length: usize) -> String {
    ['q', 'x', 'z', 'j', 'v', letter]
        .into_iter()
        .cycle()
        .take(length)
        .collect()
}

async fn length_is_counted_in_code_points(backend: Backend) {
    let app = TestApp::start(backend).await;
    for letter in ['k', '\u{1f511}'] {
        for (length, allowed) in [
            (7, false),
            (8, false),
            (14, false),
            (15, true),
            (64, true),
            (256, true),
        ] {
            let answer = refused(&app, "default", &of_length(letter, length)).await;
            let short = Some(PasswordRefused::TooShort { least: 15 });
            assert_eq!(answer, if allowed { None } else { short }, "{letter} {length}");
        }
        let long = Some(PasswordRefused::TooLong { most: 256 });
        assert_eq!(refused(&app, "default", &of_length(letter, 257)).await, long);
    }
    // 256 characters of four bytes are 1024; one more byte is not even hashed.
    let most: String = std::iter::repeat_n('\u{1f511}', 256).collect();
    assert_eq!(refused(&app, "default", &most).await, None);
    let before = computed(&app);
    let over = "x".repeat(1_025);
    let long = Some(PasswordRefused::TooLong { most: 256 });
    assert_eq!(refused(&app, "default", &over).await, long);
    assert_eq!(computed(&app), before);
    // No rule of composition, and no forced expiry.
    assert_eq!(refused(&app, "default", &"a ".repeat(20)).await, None);
}

async fn log_in(browser: &mut Browser<'_>, email: &str, password: &str) -> bool {
    let page = browser.open("/account").await;
    let fields = [("email", email), ("password", password)];
    let page = browser.submit(&page, "login-form", &fields).await;
    is_account(&page, email)
}

async fn one_normal_form_and_nothing_cut_off(backend: Backend) {
    let app = TestApp::start(backend).await;
    let stem = "zq".repeat(99);
    let set = format!(" caf\u{e9} {stem}!");
    assert!(set.len() > 200);
    app.app
        .create_user(&app.ctx("default"), carol(&set))
        .await
        .unwrap();
    let at = |n: usize| {
        let other = |(i, c): (usize, char)| if i == n { '#' } else { c };
        set.chars().enumerate().map(other).collect::<String>()
    };
    for (typed, opens) in [
        (set.clone(), true),
        (format!(" cafe\u{301} {stem}!"), true),
        (at(73), false),
        (at(200), false),
        (set.trim_start().to_owned(), false),
        (format!("{set} "), false),
        (set.to_uppercase(), false),
        (set.chars().take(72).collect(), false),
    ] {
        assert_eq!(
            log_in(&mut app.browser(), "carol@example.com", &typed).await,
            opens,
            "{typed}"
        );
    }
    app.clock.advance(Duration::from_hours(24 * 400));
    assert!(
        log_in(&mut app.browser(), "carol@example.com", &set).await,
        "it does not expire"
    );
}

/// Entries that are long enough to be refused for what they are. With the classic rules less are.
fn sampled(least: usize) -> Vec<&'static str> {
    LIST.lines()
        .filter(|word| word.chars().count() >= least)
        .collect()
}

async fn known_passwords_are_refused_wherever_one_is_set(backend: Backend) {
    let app = TestApp::start(backend).await;
    let ctx = app.ctx("default");
    let long = sampled(15);
    assert!(long.len() > 60);
    // Made by an operator.
    let step = (LIST.lines().count() / 200).max(1);
    for word in long.iter().copied().chain(LIST.lines().step_by(step)) {
        let why = refused(&app, "default", word).await;
        let expected = if word.chars().count() < 15 {
            PasswordRefused::TooShort { least: 15 }
        } else {
            PasswordRefused::Common
        };
        assert_eq!(why, Some(expected), "{word}");
    }
    // By a link.
    let invited = NewUser {
        password: None,
        ..carol("")
    };
    let user = app.app.create_user(&ctx, invited).await.unwrap();
    let token = app.app.invite(&ctx, user.id).await.unwrap();
    let mut browser = app.browser();
    let page = browser.open(&format!("/invite?token={}", token.expose())).await;
    let invite = Filled::of(&page, "invite-form", &[]);
    // By a change, and at a sign-in that asks for one.
    let (mut alice, _) = signed_in(&app, "", "alice@example.com").await;
    let page = alice.open("/account/password").await;
    let change = Filled::of(&page, "password-form", &[("current", PASSWORD)]);
    let bob = app.user("default", "bob@example.com").await;
    app.app.mark_password_compromised(&ctx, bob.id).await.unwrap();
    let mut bobs = app.browser();
    let page = bobs.open("/account").await;
    let fields = [("email", "bob@example.com"), ("password", PASSWORD)];
    let page = bobs.submit(&page, "login-form", &fields).await;
    let replace = Filled::of(
        &page,
        "replace-form",
        &[("email", "bob@example.com"), ("password", PASSWORD)],
    );
    for word in long.iter().copied().step_by(3) {
        let answers = [
            invite.with("password", Some(word)).send(&mut browser).await,
            change.with("password", Some(word)).send(&mut alice).await,
            replace.with("new_password", Some(word)).send(&mut bobs).await,
        ];
        for answer in answers {
            assert_eq!(answer.status, 400, "{word}");
            assert!(
                answer.text().contains("list of common or leaked passwords"),
                "{word}"
            );
            assert!(
                !answer.text().contains(&format!("\"{word}\"")),
                "it is not repeated"
            );
        }
    }
    // Their twins.
    let done = invite.with("password", Some(NEW)).send(&mut browser).await;
    assert_eq!(done.status, 303);
    let done = change.with("password", Some(NEW)).send(&mut alice).await;
    assert_eq!(done.status, 303);
    let done = replace.with("new_password", Some(NEW)).send(&mut bobs).await;
    assert_eq!(done.status, 303);
}

async fn what_everybody_knows_about_a_person_is_refused(backend: Backend) {
    let app = TestApp::start(backend).await;
    let new = |password: &str| NewUser {
        email: "petra.mustermann@kraftwerk.example.com".parse().unwrap(),
        profile: Profile {
            name: Some("Petra Kowalski".to_owned()),
            nickname: Some("Jo".to_owned()),
            ..Profile::default()
        },
        ..carol(password)
    };
    for bad in [
        "petra lives at the lake",
        "P3TR@ lives at the lake",
        "p.e.t.r.a lives at the lake",
        "the big Mustermann show",
        "the big mu5t3rm@nn show",
        "kowalski and her dogs",
        "K0w4l5k1 and her dogs",
        "at the kraftwerk tonight",
        "my acme passphrase of old",
        "rsp1234567890123456",
        "Jo-1234567890123456",
    ] {
        let made = app.app.create_user(&app.ctx("acme"), new(bad)).await;
        let personal = matches!(made, Err(UserError::Password(PasswordRefused::Personal)));
        assert!(personal, "{bad}");
    }
    app.app.create_user(&app.ctx("acme"), new(NEW)).await.unwrap();
}

async fn the_classic_profile_asks_for_classes(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut settings = TenantSettings::default();
    settings.sign_in.passwords = PasswordSettings {
        profile: PasswordProfile::Classic,
    };
    let slug = "classic".parse().unwrap();
    let actor = domain::Actor::Operator;
    app.app
        .create_tenant(actor, slug, "Oldtown", settings)
        .await
        .unwrap();
    let few = Some(PasswordRefused::FewClasses);
    for (password, why) in [
        ("Zqxjvk-2026u", None),
        ("Zqxjvk-2026", Some(PasswordRefused::TooShort { least: 12 })),
        ("zqxjvk-2026u", few),
        ("ZQXJVK-2026U", few),
        ("Zqxjvk-qvxwu", few),
        ("Zqxjvk02026u", few),
        ("Oldtown-2026u", Some(PasswordRefused::Personal)),
    ] {
        assert_eq!(refused(&app, "classic", password).await, why, "{password}");
    }
    let most = format!("Zq1-{}", "x".repeat(124));
    assert_eq!(refused(&app, "classic", &most).await, None);
    let long = Some(PasswordRefused::TooLong { most: 128 });
    assert_eq!(refused(&app, "classic", &format!("{most}x")).await, long);
}

async fn a_change_needs_the_present_password_and_ends_other_sessions(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (other, _) = signed_in(&app, "", "alice@example.com").await;
    let (mut browser, _) = signed_in(&app, "", "alice@example.com").await;
    let (bob, _) = signed_in(&app, "", "bob@example.com").await;
    let page = browser.open("/account/password").await;
    let form = Filled::of(
        &page,
        "password-form",
        &[("current", PASSWORD), ("password", NEW)],
    );
    let mut watch = Watch::on(&app, "default").await;
    for wrong in [None, Some("not the right password"), Some(NEW)] {
        let answer = form.with("current", wrong).send(&mut browser).await;
        assert_eq!(answer.status, 400, "{wrong:?}");
        assert!(shows(&answer, "password-form"));
        assert_eq!(
            watch.told().await,
            [(PasswordChangeRefused, "wrong_password".to_owned())]
        );
    }
    let answer = form.with("password", Some("too short")).send(&mut browser).await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        watch.told().await,
        [(PasswordChangeRefused, "too_short".to_owned())]
    );
    assert!(is_signed_in(&other, "").await, "nothing has changed");

    let answer = form.send(&mut browser).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/account?done=password-changed")
    );
    assert_eq!(
        watch.told().await,
        [(PasswordChanged, String::new()), (SessionEnded, String::new())]
    );
    let page = browser.open("/account?done=password-changed").await;
    assert!(page.text().contains("Every other browser is signed out"));
    assert!(!is_signed_in(&other, "").await);
    assert!(is_signed_in(&bob, "").await);
    assert!(!log_in(&mut app.browser(), "alice@example.com", PASSWORD).await);
    assert!(log_in(&mut app.browser(), "alice@example.com", NEW).await);
    let again = form.send(&mut browser).await;
    assert_eq!(again.status, 400, "the old one is not the present one any more");
}

async fn a_change_needs_a_fresh_sign_in(backend: Backend) {
    let app = TestApp::start(backend).await;
    let well_known = app.browser().get("/.well-known/change-password").await;
    assert_eq!(
        (well_known.status.as_u16(), well_known.header("location")),
        (303, "/account/password")
    );
    let (mut browser, _) = signed_in(&app, "", "alice@example.com").await;
    app.clock.advance(Duration::from_mins(5));
    let page = browser.open("/account/password").await;
    let form = Filled::of(
        &page,
        "password-form",
        &[("current", PASSWORD), ("password", NEW)],
    );
    app.clock.advance(Duration::from_secs(1));
    let page = form.send(&mut browser).await;
    assert_eq!(page.status, 303);
    assert!(page.header("location").starts_with("/login?flow="));
    let page = browser.open("/account/password").await;
    assert!(shows(&page, "login-form"), "{}", page.text());
    let page = browser.sign_in(&page, "alice@example.com").await;
    let form = Filled::of(
        &page,
        "password-form",
        &[("current", PASSWORD), ("password", NEW)],
    );
    assert_eq!(form.send(&mut browser).await.status, 303);
    assert!(log_in(&mut app.browser(), "alice@example.com", NEW).await);
}

async fn a_password_known_to_others_opens_only_the_way_to_a_new_one(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (before, _) = signed_in(&app, "", "alice@example.com").await;
    let alice = app.user("default", "alice@example.com").await;
    let mut watch = Watch::on(&app, "default").await;
    app.app
        .mark_password_compromised(&app.ctx("default"), alice.id)
        .await
        .unwrap();
    assert_eq!(
        watch.told().await,
        [
            (PasswordCompromised, String::new()),
            (SessionEnded, String::new())
        ]
    );
    assert!(!is_signed_in(&before, "").await);

    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let form = Filled::of(&page, "login-form", &[("email", "alice@example.com")]);
    let wrong = form
        .with("password", Some("not the right password"))
        .send(&mut browser)
        .await;
    assert!(
        shows(&wrong, "login-form") && !shows(&wrong, "replace-form"),
        "a stranger learns nothing"
    );
    assert_eq!(watch.told().await, [(LoginFailed, "wrong_password".to_owned())]);
    let page = form.with("password", Some(PASSWORD)).send(&mut browser).await;
    let form = Filled::of(&page, "replace-form", &[("password", PASSWORD)]);
    let form = form.with("email", Some("alice@example.com"));
    assert!(!is_signed_in(&browser, "").await);
    for bad in ["", "too short", PASSWORD] {
        let page = form.with("new_password", Some(bad)).send(&mut browser).await;
        assert!(shows(&page, "replace-form"), "{bad}");
        assert!(!is_signed_in(&browser, "").await);
    }
    watch.news().await;
    let done = form.with("new_password", Some(NEW)).send(&mut browser).await;
    assert_eq!(done.status, 303);
    assert_eq!(
        watch.told().await,
        [(Login, String::new()), (PasswordChanged, String::new())]
    );
    assert!(is_signed_in(&browser, "").await);
    assert!(!log_in(&mut app.browser(), "alice@example.com", PASSWORD).await);
    assert!(log_in(&mut app.browser(), "alice@example.com", NEW).await);
    // Who is not marked is not asked.
    assert!(log_in(&mut app.browser(), "bob@example.com", PASSWORD).await);
}

async fn an_imported_hash_opens_and_is_made_anew(backend: Backend) {
    let app = TestApp::start(backend).await;
    let ctx = app.ctx("default");
    let hash = ImportedHash::parse(IMPORTED).unwrap();
    let new = NewUser {
        password: None,
        ..carol("")
    };
    let user = app.app.import_user(&ctx, new, &hash).await.unwrap();
    let stored = async || {
        let mut read = app.store.db.read(ctx.tenant_id()).await.unwrap();
        let account = storage::users::find(&mut read, user.id).await.unwrap().unwrap();
        account.password_hash.unwrap()
    };
    assert!(!log_in(&mut app.browser(), "carol@example.com", "correct hors").await);
    assert!(stored().await.starts_with("import:$pbkdf2-sha256$"));
    assert!(log_in(&mut app.browser(), "carol@example.com", "correct horse").await);
    assert!(stored().await.starts_with("$argon2id$v=19$"));
    assert!(log_in(&mut app.browser(), "carol@example.com", "correct horse").await);
    assert!(!log_in(&mut app.browser(), "carol@example.com", "correct hors").await);
}

/// PW1: the floor is 8 where nobody signs in with a password alone.
async fn beside_a_second_factor_eight_characters_do(backend: Backend) {
    use domain::SecondFactorRule::{IfEnrolled, Off, Required};
    let app = TestApp::start(backend).await;
    for (slug, rule, least) in [("must", Required, 8), ("may", IfEnrolled, 15), ("never", Off, 15)] {
        let mut settings = TenantSettings::default();
        settings.sign_in.second_factor.rule = rule;
        let actor = domain::Actor::Operator;
        let made = app
            .app
            .create_tenant(actor, slug.parse().unwrap(), slug, settings);
        made.await.unwrap();
        let short = Some(PasswordRefused::TooShort { least });
        assert_eq!(
            refused(&app, slug, &of_length('k', least - 1)).await,
            short,
            "{slug}"
        );
        assert_eq!(refused(&app, slug, &of_length('k', least)).await, None, "{slug}");
    }
}

/// PW8: what is stored is made anew at the next sign-in after the cost was raised, and not before.
async fn a_dearer_hash_comes_with_the_next_sign_in(backend: Backend) {
    let app = TestApp::start(backend).await;
    let stored = async |app: &TestApp| {
        let alice = app.user("default", "alice@example.com").await.id;
        let mut read = app.store.db.read(app.ctx("default").tenant_id()).await.unwrap();
        let account = storage::users::find(&mut read, alice).await.unwrap().unwrap();
        account.password_hash.unwrap()
    };
    let before = stored(&app).await;
    assert!(before.contains("m=64,t=1,p=1"), "{before}");
    assert!(log_in(&mut app.browser(), "alice@example.com", PASSWORD).await);
    assert_eq!(stored(&app).await, before, "the cost is the same");
    let dearer = engine::PasswordPolicy {
        memory_kib: 128,
        iterations: 2,
        ..testkit::app::Setup::default().passwords
    };
    let app = app.with_passwords(dearer).await;
    assert!(!log_in(&mut app.browser(), "alice@example.com", NEW).await);
    assert_eq!(stored(&app).await, before, "a wrong password changes nothing");
    assert!(log_in(&mut app.browser(), "alice@example.com", PASSWORD).await);
    let after = stored(&app).await;
    assert!(after.contains("m=128,t=2,p=1"), "{after}");
    assert!(log_in(&mut app.browser(), "alice@example.com", PASSWORD).await);
    assert_eq!(stored(&app).await, after);
}
