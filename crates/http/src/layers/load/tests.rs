use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot::Receiver;
use tokio::time::Instant;

use super::{Bounds, Class, Line, Load, LoadSettings, Place, Turn, Waits};
use crate::management::metrics::Shed;
use crate::management::{Catalogue, Metrics};

const TARGET: Duration = Duration::from_millis(10);
const WAIT: Duration = Duration::from_millis(250);
const INTERVAL: Duration = Duration::from_millis(100);

fn line(in_progress: usize, queue: usize) -> Arc<Line> {
    let mut catalogue = Catalogue::default();
    let metrics = Metrics::register(&mut catalogue);
    let waits = Waits {
        target: TARGET,
        wait: WAIT,
        interval: INTERVAL,
    };
    let bounds = Bounds { in_progress, queue };
    Arc::new(Line::new(bounds, waits, metrics.occupancy("machine")))
}

/// A place there and then.
fn sit(line: &Arc<Line>, now: Instant) -> Place {
    match line.ask(now).unwrap() {
        Turn::Now(place) => place,
        Turn::Later(..) => panic!("no place is free"),
    }
}

/// Stands in line; the longest wait granted comes too.
fn stand(line: &Arc<Line>, now: Instant) -> (Receiver<Place>, Duration) {
    match line.ask(now).unwrap() {
        Turn::Now(_) => panic!("a place is free"),
        Turn::Later(turn, patience) => (turn, patience),
    }
}

#[test]
fn routes_have_their_class_under_every_issuer() {
    for (class, routes) in [
        (
            Class::Metadata,
            [
                "/health",
                "/.well-known/openid-configuration/t/{tenant}",
                "/t/{tenant}/oauth/jwks",
            ],
        ),
        (
            Class::Machine,
            ["/oauth/token", "/t/{tenant}/oauth/introspect", "/oauth/userinfo"],
        ),
        (
            Class::Pages,
            ["/login", "/t/{tenant}/oauth/authorize", "unmatched"],
        ),
        (
            Class::Admin,
            [
                "/admin/v1/users",
                "/t/{tenant}/admin/v1/clients/{id}",
                "/admin/v1/clients",
            ],
        ),
    ] {
        for route in routes {
            assert_eq!(Class::of(route), class, "{route}");
        }
    }
}

#[test]
fn paths_have_the_class_of_their_route() {
    for (path, class) in [
        ("/t/acme/oauth/token", Class::Machine),
        ("/oauth/token", Class::Machine),
        ("/t/acme/.well-known/openid-configuration", Class::Metadata),
        ("/.well-known/oauth-authorization-server/t/acme", Class::Metadata),
        ("/t/acme/admin/v1/users", Class::Admin),
        ("/t/acme", Class::Pages),
        ("/t/", Class::Pages),
        ("/", Class::Pages),
        ("/oauth/token/more", Class::Pages),
    ] {
        assert_eq!(Class::of_path(path), class, "{path}");
    }
    for (index, class) in Class::ALL.into_iter().enumerate() {
        assert_eq!(class.index(), index);
    }
}

#[test]
fn a_free_place_is_taken_at_once_and_given_on_in_order() {
    let (line, now) = (line(1, 2), Instant::now());
    let mut first = sit(&line, now);
    let (mut second, _) = stand(&line, now);
    let (mut third, _) = stand(&line, now);
    first.give_back(now);
    let mut second = second.try_recv().unwrap();
    third.try_recv().expect_err("one place, one guest");
    second.give_back(now);
    third.try_recv().unwrap().give_back(now);
    assert_eq!(line.state().in_progress, 0);
}

#[test]
fn who_comes_to_a_full_line_is_refused_before_anything_is_spent() {
    let (line, now) = (line(1, 1), Instant::now());
    let _first = sit(&line, now);
    assert_eq!(line.refuses(now), None, "there is a place in the line");
    let (second, _) = stand(&line, now);
    assert_eq!(line.refuses(now), Some(Shed::QueueFull));
    assert_eq!(line.ask(now).unwrap_err(), Shed::QueueFull);
    // Whoever gives up makes room.
    drop(second);
    assert_eq!(line.refuses(now), None);
}

#[test]
fn a_burst_waits_and_a_standing_line_does_not() {
    let (line, mut now) = (line(1, 100), Instant::now());
    let mut place = sit(&line, now);
    let (mut burst, patience) = stand(&line, now);
    assert_eq!(patience, WAIT);
    now += TARGET * 3;
    assert_eq!(line.refuses(now), None, "a burst may wait");
    place.give_back(now);
    let mut place = burst.try_recv().unwrap();
    // Not empty for longer than the interval from here on.
    let (mut old, _) = stand(&line, now);
    now += INTERVAL;
    now -= TARGET / 2;
    let (mut young, _) = stand(&line, now);
    now += TARGET / 2 + Duration::from_millis(1);
    assert_eq!(
        line.refuses(now),
        Some(Shed::Delay),
        "the first has waited too long"
    );
    place.give_back(now);
    old.try_recv().expect_err("too old when its turn came");
    let mut place = young.try_recv().expect("its turn came soon enough");
    // The line is empty: all is well again.
    assert_eq!(stand(&line, now).1, WAIT);
    place.give_back(now);
}

#[tokio::test]
async fn nobody_waits_beyond_the_bound_though_no_place_gets_free() {
    let line = line(1, 100);
    let begun = Instant::now();
    let _stuck = sit(&line, begun);
    assert_eq!(line.enter().await.unwrap_err(), Shed::Delay);
    assert!(begun.elapsed() >= WAIT);
}

#[test]
fn a_place_given_to_somebody_who_left_is_not_lost() {
    let (line, now) = (line(1, 10), Instant::now());
    let mut first = sit(&line, now);
    let (gone, _) = stand(&line, now);
    let (mut heir, _) = stand(&line, now);
    first.give_back(now);
    // It was handed over, and is not looked at.
    drop(gone);
    heir.try_recv().unwrap().give_back(now);
    assert_eq!(line.state().in_progress, 0);
    sit(&line, now);
}

#[tokio::test]
async fn classes_do_not_take_places_from_each_other() {
    let mut catalogue = Catalogue::default();
    let metrics = Metrics::register(&mut catalogue);
    let none = Bounds {
        in_progress: 0,
        queue: 0,
    };
    let settings = LoadSettings {
        machine: none,
        ..LoadSettings::default()
    };
    let load = Load::new(&settings, &metrics);
    assert_eq!(load.refuses(Class::Machine), Some(Shed::QueueFull));
    for class in [Class::Metadata, Class::Pages, Class::Admin] {
        assert_eq!(load.refuses(class), None);
        load.enter(class).await.unwrap();
    }
}
