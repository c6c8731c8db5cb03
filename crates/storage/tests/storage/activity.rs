//! What a person is shown of what happened, in pages.

use std::time::Duration;

use domain::{EventKind, Events, UserId};
use storage::{activity, audit};
use testkit::Backend;

use crate::scene::Scene;

on_both! {
    what_concerns_an_account_is_listed_and_nothing_else
    pages_follow_each_other_without_a_gap
}

const PAST: Duration = Duration::from_hours(1);

fn about(s: &Scene, kind: EventKind, user: UserId) -> audit::AuditRow {
    audit::AuditRow {
        user_id: Some(user),
        ..s.event(kind)
    }
}

async fn what_concerns_an_account_is_listed_and_nothing_else(backend: Backend) {
    let s = Scene::new(backend).await;
    let (alice, bob) = (UserId::generate(&s.world), UserId::generate(&s.world));
    for kind in EventKind::ALL {
        let own = about(&s, *kind, alice);
        let events = Events::one(own).and(about(&s, *kind, bob));
        s.tx().await.commit(events).await.unwrap();
    }
    let mut read = s.read().await;
    let listed = activity::list_for_user(&mut read, alice, s.now.minus(PAST), None, 500)
        .await
        .unwrap();
    assert!(listed.iter().all(|row| row.user_id == Some(alice)));
    let one = listed.first().unwrap();
    let found = activity::find(&mut read, alice, one.id).await.unwrap();
    assert_eq!(found.unwrap().id, one.id);
    assert!(activity::find(&mut read, bob, one.id).await.unwrap().is_none());
    let mut kinds: Vec<&str> = listed.iter().map(|row| row.kind.as_str()).collect();
    kinds.sort_unstable();
    let expected = [
        "account.denied",
        "account.locked",
        "account.unlocked",
        "consent.granted",
        "consent.revoked",
        "email.change_requested",
        "email.changed",
        "email.restored",
        "email.verified",
        "factor.blocked",
        "factor.enrolled",
        "factor.failed",
        "factor.recovery_started",
        "factor.recovery_stopped",
        "factor.removed",
        "invitation.accepted",
        "login",
        "login.failed",
        "login.unfamiliar",
        "logout",
        "passkey.added",
        "passkey.counter_dropped",
        "passkey.removed",
        "passkey.renamed",
        "password.change_refused",
        "password.changed",
        "password.compromised",
        "profile.changed",
        "recovery_code.used",
        "recovery_codes.made",
        "session.ended",
        "user.disabled",
        "user.enabled",
    ];
    assert_eq!(kinds, expected);
}

async fn pages_follow_each_other_without_a_gap(backend: Backend) {
    let s = Scene::new(backend).await;
    let alice = UserId::generate(&s.world);
    // Several in one commit have one time; the id tells them apart.
    for _ in 0..4 {
        let mut events = Events::one(about(&s, EventKind::Login, alice));
        for _ in 0..2 {
            events = events.and(about(&s, EventKind::LoginFailed, alice));
        }
        s.tx().await.commit(events).await.unwrap();
    }
    let mut read = s.read().await;
    let since = s.now.minus(PAST);
    let all = activity::list_for_user(&mut read, alice, since, None, 500)
        .await
        .unwrap();
    assert_eq!(all.len(), 12);
    let mut paged = Vec::new();
    let mut before = None;
    loop {
        let page = activity::list_for_user(&mut read, alice, since, before, 5)
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        before = Some((last.occurred_at, last.id));
        paged.extend(page);
    }
    assert_eq!(paged, all);
    let none = activity::list_for_user(&mut read, alice, s.now.plus(PAST), None, 5)
        .await
        .unwrap();
    assert_eq!(none, []);
}
