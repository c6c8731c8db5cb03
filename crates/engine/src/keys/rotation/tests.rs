use domain::KeyId;

use super::*;

const DAY: Duration = Duration::from_hours(24);
const ROTATION: Duration = Duration::from_hours(90 * 24);

fn key(kid: &str, state: KeyState, created_day: u32, activated_day: Option<u32>) -> SigningKeyRow {
    SigningKeyRow {
        kid: KeyId(kid.to_owned()),
        alg: SigningAlg::ES256,
        bits: None,
        state,
        public_jwk: serde_json::Value::Null,
        sealed_private: Vec::new(),
        created_at: day(created_day),
        activated_at: activated_day.map(day),
        retiring_at: None,
        retired_at: None,
    }
}

fn day(n: u32) -> Timestamp {
    Timestamp::from_secs(0).plus(DAY * n)
}

fn at(rows: &[SigningKeyRow], n: u32) -> Due {
    due(rows, SigningAlg::ES256, day(n), ROTATION)
}

#[test]
fn an_empty_ring_makes_its_first_key() {
    assert_eq!(at(&[], 0), Due::Make);
    let other_alg = SigningKeyRow {
        alg: SigningAlg::EdDSA,
        ..key("a", KeyState::Active, 0, Some(0))
    };
    assert_eq!(at(&[other_alg], 0), Due::Make);
}

#[test]
fn a_next_key_is_published_a_day_before_the_rotation_is_due() {
    let rows = [key("a", KeyState::Active, 0, Some(0))];
    assert_eq!(at(&rows, 88), Due::Nothing);
    assert_eq!(at(&rows, 89), Due::Make);
}

#[test]
fn a_next_key_signs_only_when_due_and_published_long_enough() {
    let rows = |created| {
        [
            key("a", KeyState::Active, 0, Some(0)),
            key("b", KeyState::Next, created, None),
        ]
    };
    assert_eq!(at(&rows(89), 89), Due::Nothing);
    assert_eq!(
        at(&rows(89), 90),
        Due::Activate(key("b", KeyState::Next, 89, None))
    );
    // Published late: verifiers with a cached set must get their day.
    assert_eq!(at(&rows(90), 90), Due::Nothing);
    assert_eq!(
        at(&rows(90), 91),
        Due::Activate(key("b", KeyState::Next, 90, None))
    );
}

#[test]
fn without_an_active_key_a_next_one_takes_over_at_once() {
    assert_eq!(
        at(&[key("b", KeyState::Next, 5, None)], 5),
        Due::Activate(key("b", KeyState::Next, 5, None))
    );
}
