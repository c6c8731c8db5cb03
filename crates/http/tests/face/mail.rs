//! Mails over a real socket: the outbox, its mail server away and back, two nodes, and what is in a mail (F6, G1, G3).

use std::time::Duration;

use domain::EventKind::{LinkCreated, MailGivenUp, MailSent, ResetRequested};
use engine::Ctx;
use engine::mail::MailRequest;
use testkit::Backend;
use testkit::app::{Answer, TestApp, encode, use_smtp};
use testkit::browser::Browser;
use testkit::smtp::SmtpSink;

use super::enumeration::masked;
use super::watch::{Filled, Watch, shows};

on_both_engines! {
    a_dead_mail_server_delays_and_loses_nothing
    a_mail_that_nobody_takes_for_days_is_given_up
    two_nodes_send_a_mail_once
    links_name_the_configured_origin_whatever_a_request_says
    known_and_unknown_addresses_are_answered_alike
    without_a_mail_server_nothing_is_offered
    an_address_gets_few_links
    strangers_do_not_use_up_what_the_owner_may_ask_for
    a_network_gets_few_links
}

/// Asks for a new password in this browser.
pub(crate) async fn ask(browser: &mut Browser<'_>, path: &str, email: &str) -> Answer {
    let page = browser.open(path).await;
    assert!(shows(&page, "ask-form"), "{} {}", page.status, page.text());
    let form = Filled::of(&page, "ask-form", &[("email", email)]);
    form.send(browser).await
}

/// One round of the task that resolves requests, one that sends what came of them.
pub(crate) async fn deliver(app: &TestApp) -> usize {
    app.app.send_mail().await.unwrap()
}

pub(crate) async fn with_sink(backend: Backend) -> (TestApp, SmtpSink) {
    let app = TestApp::start(backend).await;
    let sink = SmtpSink::start().await;
    app.mails_to(&sink);
    (app, sink)
}

async fn a_dead_mail_server_delays_and_loses_nothing(backend: Backend) {
    let (app, mut sink) = with_sink(backend).await;
    sink.stop().await;
    let mut browser = app.browser();
    let mut watch = Watch::on(&app, "default").await;
    assert_eq!(
        ask(&mut browser, "/recover", "alice@example.com").await.status,
        200
    );
    assert_eq!(watch.told().await, [(ResetRequested, String::new())]);
    assert_eq!(deliver(&app).await, 0);
    assert_eq!(watch.told().await, [(LinkCreated, String::new())]);
    // Not before its time.
    assert_eq!(deliver(&app).await, 0);
    sink.restart().await;
    assert_eq!(deliver(&app).await, 0);
    app.clock.advance(Duration::from_hours(1));
    assert_eq!(deliver(&app).await, 1);
    assert_eq!(watch.told().await, [(MailSent, String::new())]);
    let mails = sink.take();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, "alice@example.com");
    assert!(mails[0].header("message-id").ends_with("@id.example.com>"));
    assert_eq!(mails[0].header("auto-submitted"), "auto-generated");
    assert!(mails[0].header("from").contains("<login@id.example.com>"));
    // Once sent it is over.
    app.clock.advance(Duration::from_hours(24));
    assert_eq!(deliver(&app).await, 0);
    assert!(sink.take().is_empty());
}

async fn a_mail_that_nobody_takes_for_days_is_given_up(backend: Backend) {
    let (app, mut sink) = with_sink(backend).await;
    sink.stop().await;
    let mut browser = app.browser();
    ask(&mut browser, "/recover", "alice@example.com").await;
    let mut watch = Watch::on(&app, "default").await;
    for _ in 0..80 {
        deliver(&app).await;
        app.clock.advance(Duration::from_mins(61));
    }
    let told = watch.told().await;
    assert_eq!(
        told,
        [
            (LinkCreated, String::new()),
            (MailGivenUp, "tried_for_days".to_owned())
        ]
    );
    sink.restart().await;
    assert_eq!(deliver(&app).await, 0);
}

async fn two_nodes_send_a_mail_once(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let other = app.another_node(7).await;
    use_smtp(&other, &sink);
    let mut browser = app.browser();
    for email in ["alice@example.com", "bob@example.com"] {
        ask(&mut browser, "/recover", email).await;
    }
    for _ in 0..3 {
        let (one, two) = tokio::join!(app.app.send_mail(), other.send_mail());
        one.unwrap();
        two.unwrap();
    }
    let mut to: Vec<String> = sink.take().into_iter().map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, ["alice@example.com", "bob@example.com"]);
}

async fn links_name_the_configured_origin_whatever_a_request_says(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let headers: [(&str, &str); 8] = [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-server", "evil.example"),
        ("x-host", "evil.example"),
        ("x-original-host", "evil.example"),
        ("x-rewrite-url", "https://evil.example/"),
        ("x-forwarded-proto", "http"),
        ("forwarded", "host=evil.example;proto=http"),
        ("x-original-url", "https://evil.example/"),
    ];
    let mut browser = app.browser();
    for (number, (name, value)) in headers.into_iter().enumerate() {
        let email = format!("p{number}@example.com");
        app.add_user("default", &email).await;
        let page = browser.open("/recover").await;
        let form = Filled::of(&page, "ask-form", &[("email", &email)]);
        let answer = form
            .send_as(&mut browser, &[(name, value), ("sec-fetch-site", "same-origin")])
            .await;
        assert_eq!(answer.status, 200, "{name}");
    }
    // A foreign Host, a second one, an absolute form: the whole form with its cookie, as our page would send it.
    let form = Filled::of(
        &browser.open("/recover").await,
        "ask-form",
        &[("email", "alice@example.com")],
    );
    let (body, jar) = (encode(&form.pairs()), jar(&browser));
    let ours = [
        ("cookie", jar.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
    ];
    let mut served = 0;
    for (path, hosts) in [
        ("/recover", &["evil.example", "id.example.com"][..]),
        ("/recover", &["id.example.com", "evil.example"]),
        ("/recover", &["evil.example"]),
        ("http://evil.example/recover", &["id.example.com"]),
        ("http://evil.example/recover", &["evil.example"]),
    ] {
        let mut headers: Vec<_> = hosts.iter().map(|host| ("host", *host)).collect();
        headers.extend(ours);
        let answer = app.call("POST", path, &headers, &body).await;
        assert!(
            [200, 400, 421].contains(&answer.status.as_u16()),
            "{path} {hosts:?} {}",
            answer.status
        );
        served += usize::from(answer.status == 200);
    }
    // The twin: the very same form, said to us.
    let twin = app.call("POST", "/recover", &ours, &body).await;
    assert_eq!(twin.status, 200, "{}", twin.text());
    served += 1;
    deliver(&app).await;
    let mails = sink.take();
    // Of one address no more than three, however many were served.
    assert_eq!(mails.len(), 8 + served.min(3));
    for mail in mails {
        assert!(!mail.raw.contains("evil"), "{}", mail.raw);
        for link in mail.links() {
            assert!(link.starts_with("https://id.example.com"), "{link}");
        }
        assert!(
            mail.links()
                .iter()
                .any(|link| link.contains("/recover/set?token=rsp_ln_"))
        );
    }
}

fn jar(browser: &Browser<'_>) -> String {
    let pairs = browser
        .cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("; ")
}

async fn known_and_unknown_addresses_are_answered_alike(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let mut bodies = Vec::new();
    for email in ["alice@example.com", "nobody@example.com", "ALICE@example.com"] {
        let mut browser = app.browser();
        let answer = ask(&mut browser, "/recover", email).await;
        bodies.push(masked(&answer, email));
    }
    assert!(bodies.iter().all(|one| *one == bodies[0]), "{bodies:?}");
    deliver(&app).await;
    let mails = sink.take();
    assert_eq!(mails.len(), 2, "nobody gets nothing");
    // The stored address, not the typed one (F6).
    assert!(mails.iter().all(|mail| mail.to == "alice@example.com"));
    // What is no address is told so, and nothing is noted.
    for wrong in ["", "alice", "a@b@c@", "alice@example.com\r\nBcc: x@evil.example"] {
        let mut browser = app.browser();
        assert_eq!(
            ask(&mut browser, "/recover", wrong).await.status,
            400,
            "{wrong:?}"
        );
    }
    assert_eq!(deliver(&app).await, 0);
}

async fn without_a_mail_server_nothing_is_offered(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    for path in ["/recover", "/register", "/t/acme/recover"] {
        assert_eq!(browser.open(path).await.status, 404, "{path}");
    }
    let page = browser.open("/account").await;
    assert!(!page.text().contains("/recover"));
    let sink = SmtpSink::start().await;
    app.mails_to(&sink);
    let page = browser.open("/account").await;
    assert!(page.text().contains("href=\"/recover\""));
    // Registration is off until the tenant switches it on.
    assert_eq!(browser.open("/register").await.status, 404);
}

/// Known and unknown addresses are counted alike, so the bound tells nobody which is which.
async fn an_address_gets_few_links(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    for email in ["alice@example.com", "nobody@example.com"] {
        let mut watch = Watch::on(&app, "default").await;
        let mut bodies = Vec::new();
        for _ in 0..6 {
            let answer = ask(&mut app.browser(), "/recover", email).await;
            let body = answer.text().replace(answer.header("x-request-id"), "ID");
            bodies.push((answer.status, body));
        }
        assert!(bodies.iter().all(|one| *one == bodies[0]), "{bodies:?}");
        let fine = std::iter::repeat_n((ResetRequested, String::new()), 3);
        let refused = std::iter::repeat_n((ResetRequested, "too_many".to_owned()), 3);
        assert_eq!(watch.told().await, fine.chain(refused).collect::<Vec<_>>());
    }
    // However it is written it is the same address; another one is not concerned.
    ask(&mut app.browser(), "/recover", "ALICE@example.com").await;
    ask(&mut app.browser(), "/recover", "bob@example.com").await;
    deliver(&app).await;
    let mails = sink.take();
    let count = |email: &str| mails.iter().filter(|mail| mail.to == email).count();
    assert_eq!((count("alice@example.com"), count("bob@example.com")), (3, 1));
    assert_eq!(mails.len(), 4);
    app.clock.advance(Duration::from_mins(61));
    ask(&mut app.browser(), "/recover", "alice@example.com").await;
    deliver(&app).await;
    assert_eq!(sink.take().len(), 1);
}

/// What a stranger elsewhere asks for leaves the owner room, but does not fill a mailbox from however many networks.
async fn strangers_do_not_use_up_what_the_owner_may_ask_for(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    for _ in 0..5 {
        reset_from(&app, "192.0.2.9", "alice@example.com").await;
    }
    ask(&mut app.browser(), "/recover", "alice@example.com").await;
    deliver(&app).await;
    assert_eq!(sink.take().len(), 4, "three for the stranger, one for the owner");
    for network in 0..20 {
        reset_from(&app, &format!("198.51.{network}.1"), "alice@example.com").await;
    }
    deliver(&app).await;
    assert_eq!(sink.take().len(), 6, "ten in all");
}

async fn a_network_gets_few_links(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    for number in 0..70 {
        reset_from(
            &app,
            &format!("203.0.113.{number}"),
            &format!("n{number}@example.com"),
        )
        .await;
    }
    reset_from(&app, "203.0.113.200", "alice@example.com").await;
    reset_from(&app, "203.0.114.200", "bob@example.com").await;
    deliver(&app).await;
    let to: Vec<String> = sink.take().into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, ["bob@example.com"], "the neighbour is not concerned");
    app.clock.advance(Duration::from_mins(61));
    reset_from(&app, "203.0.113.200", "alice@example.com").await;
    deliver(&app).await;
    assert_eq!(sink.take().len(), 1);
}

async fn reset_from(app: &TestApp, ip: &str, email: &str) {
    let ctx = Ctx {
        client_ip: Some(ip.parse().unwrap()),
        ..app.ctx("default")
    };
    let request = MailRequest {
        email,
        language: "en",
        browser: domain::TokenHash::of("a browser"),
    };
    app.app.request_reset(&ctx, &request).await.unwrap();
}
