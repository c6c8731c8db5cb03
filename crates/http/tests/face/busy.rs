//! More people sign in than there is time to hash for: who is refused is told when to come again, keeps their form, and
//! nothing has happened (A4, R29).

use domain::EventKind::{Login, LoginFailed};
use engine::PasswordPolicy;
use futures_util::future::join_all;
use testkit::Backend;
use testkit::app::{Answer, PASSWORD, Setup, TestApp};
use testkit::browser::Browser;

use super::watch::{Filled, Watch, shows};

on_both_engines! {
    who_is_refused_keeps_the_form_and_gets_in_later
}

const PEOPLE: usize = 24;

/// One hash at a time, each long enough for everybody else to come meanwhile, and one place to wait.
fn narrow() -> Setup {
    Setup {
        passwords: PasswordPolicy {
            memory_kib: 64 * 1024,
            iterations: 3,
            concurrent: 1,
            queue: 1,
            ..Setup::default().passwords
        },
        ..Setup::default()
    }
}

async fn type_in(browser: &mut Browser<'_>, form: &Filled, password: &str) -> Answer {
    form.with("email", Some("alice@example.com"))
        .with("password", Some(password))
        .send(browser)
        .await
}

async fn who_is_refused_keeps_the_form_and_gets_in_later(backend: Backend) {
    let app = TestApp::start_with(backend, narrow()).await;
    let mut people = Vec::new();
    for _ in 0..PEOPLE {
        let mut browser = app.browser();
        let page = browser.open("/account").await;
        people.push((browser, Filled::of(&page, "login-form", &[])));
    }
    let mut watch = Watch::on(&app, "default").await;
    let before = app.app.password_load().computed;
    let answers = join_all(
        people
            .iter_mut()
            .map(|(browser, form)| type_in(browser, form, PASSWORD)),
    )
    .await;
    let served = answers.iter().filter(|answer| answer.status == 303).count();
    assert!((1..PEOPLE).contains(&served), "{served} of {PEOPLE} were served");
    assert_eq!(app.app.password_load().computed - before, served as u64);
    let told = watch.told().await;
    assert_eq!(told.len(), served, "a refusal left something behind: {told:?}");
    assert!(told.iter().all(|(kind, _)| *kind == Login));

    let refused = answers
        .iter()
        .zip(people)
        .filter(|(answer, _)| answer.status != 303);
    for (at, (answer, (mut browser, form))) in refused.enumerate() {
        assert_eq!(answer.status, 503);
        assert!(!answer.header("retry-after").is_empty());
        let text = answer.text();
        assert!(shows(answer, "login-form") && text.contains("Many people are signing in right now"));
        assert!(text.contains("alice@example.com") && !text.contains(PASSWORD));
        // The form on the refusal is as good as the first one. Two suffice: each costs a hash.
        let form = Filled::of(answer, "login-form", &[]).with("flow", Some(form.field("flow")));
        match at {
            0 => {
                let answer = type_in(&mut browser, &form, "not the right password").await;
                assert_eq!(
                    (answer.status.as_u16(), watch.only().await.kind),
                    (401, LoginFailed)
                );
            }
            1 => {
                let answer = type_in(&mut browser, &form, PASSWORD).await;
                assert_eq!((answer.status.as_u16(), watch.only().await.kind), (303, Login));
            }
            _ => {}
        }
    }
}
