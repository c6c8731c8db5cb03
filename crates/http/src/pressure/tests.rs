use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::body::to_bytes;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use tokio_util::sync::CancellationToken;

use super::rule::{Rule, Seen};
use super::{Pressure, PressureSettings, behind_everybody};
use crate::layers::Class;
use crate::management::{Catalogue, Metrics};

const SETTINGS: PressureSettings = PressureSettings {
    target: Duration::from_millis(5),
    least: 96,
};
const STEP: Duration = Duration::from_millis(10);

fn pressure() -> (Pressure, Catalogue) {
    let mut catalogue = Catalogue::default();
    let metrics = Metrics::register(&mut catalogue);
    (Pressure::new(SETTINGS, &metrics), catalogue)
}

/// Requests of each class in one step: metadata, machine, pages, admin.
fn came(arrived: [u32; 4]) -> [Seen; 4] {
    arrived.map(|arrived| Seen { arrived, refused: 0 })
}

/// The parts after so many steps.
fn after(rule: &mut Rule, steps: u32, lag: u64, seen: &[Seen; 4]) -> [f64; 4] {
    let mut parts = [0.0; 4];
    for _ in 0..steps {
        parts = rule.next(Duration::from_millis(lag), STEP, seen);
    }
    parts
}

/// A server whose line grows with what it takes beyond its capacity, one step after the other: part of the load that
/// is served, and the wait, at the end.
fn run(rule: &mut Rule, class: usize, load: f64) -> (f64, f64) {
    const PER_STEP: f64 = 400.0;
    let (mut lag, mut part) = (0.0_f64, 0.0);
    let (mut served, mut worst) = (0.0, 0.0_f64);
    for step in 0..400 {
        // A refusal costs a tenth of an answer.
        let work = load * ((1.0 - part) + 0.1 * part);
        lag = (lag + (work - 1.0) * STEP.as_secs_f64()).clamp(0.0, 0.5);
        let mut seen = [Seen::default(); 4];
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
        let count = |x: f64| (x * PER_STEP) as u32;
        seen[class] = Seen {
            arrived: count(load),
            refused: count(load * part),
        };
        part = rule.next(Duration::from_secs_f64(lag), STEP, &seen)[class];
        if step >= 200 {
            served += load * (1.0 - part) / 200.0;
            worst = worst.max(lag);
        }
    }
    (served, worst)
}

#[test]
fn at_twice_the_peak_most_of_the_peak_is_served_and_waits_briefly() {
    for class in Class::ALL {
        let mut rule = Rule::new(SETTINGS);
        let (served, worst) = run(&mut rule, class.index(), 2.0);
        assert!(served > 0.8, "{class:?}: {served}");
        assert!(worst < 0.02, "{class:?}: {worst}");
    }
}

#[test]
fn below_the_peak_nobody_is_refused() {
    let mut rule = Rule::new(SETTINGS);
    let (served, _) = run(&mut rule, Class::Machine.index(), 0.9);
    assert!((served - 0.9).abs() < 0.001, "{served}");
}

#[test]
fn the_class_that_costs_most_pays_and_the_others_are_served() {
    let mut rule = Rule::new(SETTINGS);
    let [metadata, machine, pages, admin] = after(&mut rule, 10, 15, &came([100, 400, 20, 1]));
    assert!(machine > 0.5, "{machine}");
    assert!(metadata + pages + admin <= 0.0, "{metadata} {pages} {admin}");
    // The other way round, and its own flood is the one thing that takes metadata away.
    let mut rule = Rule::new(SETTINGS);
    let [metadata, machine, ..] = after(&mut rule, 10, 15, &came([2_000, 100, 20, 1]));
    assert!(metadata > 0.5, "{metadata}");
    assert!(machine.abs() < f64::EPSILON, "{machine}");
}

#[test]
fn somebody_is_always_served_and_calm_ends_it() {
    let mut rule = Rule::new(SETTINGS);
    let flood = came([0, 4_000, 0, 0]);
    let [_, machine, ..] = after(&mut rule, 1_000, 400, &flood);
    assert!(machine < 1.0, "{machine}");
    let [_, machine, ..] = after(&mut rule, 100, 0, &flood);
    assert!(machine.abs() < f64::EPSILON, "{machine}");
}

#[test]
fn a_slow_machine_with_little_to_do_refuses_nobody() {
    let mut rule = Rule::new(SETTINGS);
    // 200 requests a second, each of which waits for 300 ms: sixty are in line.
    let parts = after(&mut rule, 100, 300, &came([0, 2, 0, 0]));
    assert!(parts.iter().sum::<f64>() <= 0.0, "{parts:?}");
}

#[test]
fn one_pause_of_the_machine_refuses_nobody_and_a_line_that_stays_does() {
    let mut rule = Rule::new(SETTINGS);
    // 150 requests came during a pause of 400 ms; the next look finds ten.
    let pause = Duration::from_millis(400);
    for _ in 0..10 {
        let parts = rule.next(pause, pause, &came([150, 0, 0, 0]));
        assert!(parts.iter().sum::<f64>() <= 0.0, "{parts:?}");
        let parts = after(&mut rule, 1, 2, &came([10, 0, 0, 0]));
        assert!(parts.iter().sum::<f64>() <= 0.0, "{parts:?}");
    }
    rule.next(pause, pause, &came([150, 0, 0, 0]));
    let [metadata, ..] = rule.next(pause, pause, &came([150, 0, 0, 0]));
    assert!(metadata > 0.5, "{metadata}");
}

#[tokio::test]
async fn whoever_asks_for_much_at_once_pays_first() {
    let (pressure, _) = pressure();
    let mut rule = Rule::new(SETTINGS);
    let path = "/.well-known/openid-configuration";
    let (mut modest, mut crowd) = (0, 0);
    for step in 0..20 {
        for at in 0..300 {
            let refused = u32::from(pressure.turn_away(path, at != 0).is_some());
            *(if at == 0 { &mut modest } else { &mut crowd }) += refused;
        }
        // The line is shorter while most of the crowd is refused.
        let lag = if step % 4 == 0 { 20 } else { 8 };
        pressure.look(&mut rule, Duration::from_millis(lag), Duration::from_millis(20));
    }
    assert_eq!(modest, 0);
    assert!(crowd > 1_500, "{crowd}");
    // Where all ask for much, or nobody does, all pay alike.
    let share = &pressure.0.classes[Class::Metadata.index()];
    let came = |arrived| Seen { arrived, refused: 0 };
    for (modest, crowd, expected) in [
        (100, 0, (0.5, 0.5)),
        (0, 100, (0.0, 0.5)),
        (50, 50, (0.0, 1.0)),
        (75, 25, (1.0 / 3.0, 1.0)),
    ] {
        share.set(0.5, came(modest), came(crowd));
        let part = |lot: &super::Lot| f64::from(lot.part.load(Ordering::Relaxed)) / f64::from(super::WHOLE);
        assert!(
            (part(&share.modest) - expected.0).abs() < 0.001,
            "{modest} {crowd}"
        );
        assert!(
            (part(&share.crowd) - expected.1).abs() < 0.001,
            "{modest} {crowd}"
        );
    }
}

#[test]
fn when_few_are_left_the_rest_is_not_refused() {
    let mut rule = Rule::new(SETTINGS);
    let [metadata, ..] = after(&mut rule, 50, 20, &came([300, 0, 0, 0]));
    assert!(metadata > 0.5, "{metadata}");
    let parts = after(&mut rule, 1, 1, &came([2, 0, 0, 0]));
    assert!(parts.iter().sum::<f64>() <= 0.0, "{parts:?}");
}

#[tokio::test]
async fn the_part_is_refused_evenly_counted_and_told_when_to_come_again() {
    let (pressure, catalogue) = pressure();
    let machine = &pressure.0.classes[Class::Machine.index()];
    machine.modest.set(0.25);
    let refused: Vec<_> = (0..8)
        .filter_map(|_| pressure.turn_away("/t/acme/oauth/token", false))
        .collect();
    assert_eq!(refused.len(), 2);
    for path in ["/health", "/.well-known/openid-configuration", "/login"] {
        assert!(pressure.turn_away(path, false).is_none(), "{path}");
    }
    for response in refused {
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        let body = to_bytes(response.into_body(), 1_000).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["error"], "temporarily_unavailable");
    }
    let text = catalogue.exposition().unwrap();
    let line = r#"rsp_http_shed_total{class="machine",reason="lag"} 2"#;
    assert!(text.contains(line), "{text}");
}

#[tokio::test]
async fn health_is_answered_whatever_happens() {
    let (pressure, _) = pressure();
    for share in &pressure.0.classes {
        share.modest.set(1.0);
    }
    assert!(pressure.turn_away("/health", false).is_none());
    for path in ["/oauth/jwks", "/login", "/admin/v1/users", "/oauth/introspect"] {
        assert!(pressure.turn_away(path, false).is_some(), "{path}");
    }
}

#[tokio::test]
async fn a_long_line_is_measured_told_and_shortened() {
    let (pressure, catalogue) = pressure();
    let mut rule = Rule::new(SETTINGS);
    let mut refused = 0;
    for _ in 0..20 {
        for _ in 0..100 {
            refused += u32::from(pressure.turn_away("/oauth/introspect", false).is_some());
        }
        let arrived = pressure.look(&mut rule, Duration::from_millis(20), STEP);
        assert_eq!(arrived, 100);
    }
    assert!(refused > 500, "{refused}");
    let text = catalogue.exposition().unwrap();
    assert!(text.contains("rsp_http_lag_seconds 0.02"), "{text}");
    // Nothing waits any more.
    for _ in 0..100 {
        pressure.look(&mut rule, Duration::ZERO, STEP);
    }
    assert!((0..1_000).all(|_| pressure.turn_away("/oauth/introspect", false).is_none()));
}

#[tokio::test]
async fn the_watch_ends_when_it_is_told_to() {
    let (pressure, _) = pressure();
    let end = CancellationToken::new();
    end.cancel();
    pressure.watch(end).await;
}

#[tokio::test]
async fn whoever_stands_behind_everybody_runs_after_those_who_were_ready() {
    let done = Arc::new(AtomicU32::new(0));
    for _ in 0..100 {
        let done = Arc::clone(&done);
        tokio::spawn(async move { done.fetch_add(1, Ordering::Relaxed) });
    }
    let seen = tokio::spawn(async move {
        behind_everybody().await;
        done.load(Ordering::Relaxed)
    });
    assert_eq!(seen.await.unwrap(), 100);
}
