use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use domain::{SigningAlg, Timestamp};
use protocol::access_token::AccessTokenClaims;
use protocol::jose::{ClaimError, JoseError, KeySet, VerifyingKey};
use protocol::validation::{Bounds, Invalid, Revocation, Validator};

use crate::make::{API, NOW, issuer, key, verifying_keys};

/// Keys that count how often one was looked up: once for each token that is verified.
struct Counted {
    keys: Vec<VerifyingKey>,
    lookups: AtomicUsize,
}

impl KeySet for &Counted {
    fn find(&self, kid: &str) -> Option<&VerifyingKey> {
        self.lookups.fetch_add(1, Ordering::Relaxed);
        self.keys.find(kid)
    }
}

impl Counted {
    fn new() -> Self {
        Self {
            keys: verifying_keys(),
            lookups: AtomicUsize::new(0),
        }
    }

    fn lookups(&self) -> usize {
        self.lookups.load(Ordering::Relaxed)
    }

    fn validator(&self, tokens: usize, revocations: usize) -> Validator<&Self> {
        Validator::new(issuer(), API, self, Bounds { tokens, revocations })
    }
}

fn claims(jti: &str) -> AccessTokenClaims {
    AccessTokenClaims {
        iss: issuer(),
        sub: "web".to_owned(),
        aud: vec![API.to_owned()],
        client_id: "web".parse().unwrap(),
        iat: NOW,
        exp: NOW.plus(Duration::from_hours(1)),
        jti: jti.to_owned(),
        scope: domain::Scopes::none(),
        acr: None,
        amr: vec![],
        auth_time: None,
        grant: None,
    }
}

fn signed(claims: &AccessTokenClaims) -> String {
    claims.sign(key(SigningAlg::EdDSA)).unwrap()
}

fn ends() -> Timestamp {
    NOW.plus(Duration::from_hours(1))
}

#[test]
fn a_token_is_verified_once() {
    let keys = Counted::new();
    let validator = keys.validator(100, 100);
    let token = signed(&claims("a"));
    for _ in 0..5 {
        assert_eq!(*validator.validate(&token, NOW).unwrap(), claims("a"));
    }
    assert_eq!(keys.lookups(), 1);
}

#[test]
fn a_known_token_ends_when_it_says() {
    let keys = Counted::new();
    let expired = Err(Invalid::Token(JoseError::Claim(ClaimError::Expired)));
    let validator = keys.validator(100, 100);
    let token = signed(&claims("a"));
    assert!(validator.validate(&token, NOW).is_ok());
    let last = ends().minus(Duration::from_micros(1));
    assert!(validator.validate(&token, last).is_ok());
    assert_eq!(validator.validate(&token, ends()), expired);
    // Leeway counts the same for known tokens and for others, and is a minute at most.
    let lenient = keys.validator(100, 100).with_leeway(Duration::from_hours(1));
    let late = ends().plus(Duration::from_secs(59));
    assert!(lenient.validate(&token, late).is_ok());
    assert!(lenient.validate(&token, late).is_ok());
    assert_eq!(
        lenient.validate(&token, late.plus(Duration::from_secs(1))),
        expired
    );
}

#[test]
fn what_is_refused_is_not_remembered() {
    let keys = Counted::new();
    let validator = keys.validator(100, 100);
    let foreign = signed(&AccessTokenClaims {
        aud: vec!["https://other.example.com".to_owned()],
        ..claims("a")
    });
    let good = signed(&claims("a"));
    let last = if good.ends_with('A') { 'Q' } else { 'A' };
    let forged = format!("{}{last}", good.strip_suffix(|_| true).unwrap());
    for bad in [foreign.as_str(), &forged, "", "a.b.c"] {
        assert!(validator.validate(bad, NOW).is_err(), "{bad}");
        assert!(validator.validate(bad, NOW).is_err(), "{bad}");
    }
    assert!(validator.is_empty());
    assert!(validator.validate(&good, NOW).is_ok());
    assert_eq!(validator.len(), 1);
}

#[test]
fn a_revocation_ends_known_and_unknown_tokens_and_no_others() {
    let keys = Counted::new();
    let validator = keys.validator(100, 100);
    let grant = "01970000-0000-7000-8000-00000000000a".parse().unwrap();
    let of_grant = |jti| {
        signed(&AccessTokenClaims {
            grant: Some(grant),
            ..claims(jti)
        })
    };
    let (known, other, first, second) = (
        signed(&claims("a")),
        signed(&claims("b")),
        of_grant("c"),
        of_grant("d"),
    );
    for token in [&known, &other, &first] {
        assert!(validator.validate(token, NOW).is_ok());
    }
    validator.revoke(Revocation::Token("a".to_owned()), ends(), NOW);
    validator.revoke(Revocation::Grant(grant), ends(), NOW);
    for token in [&known, &first, &second] {
        assert_eq!(validator.validate(token, NOW), Err(Invalid::Revoked));
    }
    assert!(validator.validate(&other, NOW).is_ok());
}

#[test]
fn a_revocation_holds_from_the_moment_it_was_taken_in_beside_a_hot_loop() {
    const READERS: usize = 4;
    const AFTERWARDS: usize = 1_000;
    let keys = Counted::new();
    let validator = keys.validator(100, 100);
    let (ended, other) = (signed(&claims("a")), signed(&claims("b")));
    let (accepted, is_told) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|_| {
                scope.spawn(|| {
                    let mut afterwards = 0;
                    while afterwards < AFTERWARDS {
                        // Asked first: what was told before a question counts for its answer.
                        let told = is_told.load(Ordering::Acquire);
                        let answer = validator.validate(&ended, NOW);
                        if told {
                            assert_eq!(answer, Err(Invalid::Revoked));
                            afterwards += 1;
                        } else if answer.is_ok() {
                            accepted.fetch_add(1, Ordering::Relaxed);
                        }
                        assert!(validator.validate(&other, NOW).is_ok());
                    }
                })
            })
            .collect();
        // The loops are hot: the token is accepted from memory again and again.
        while accepted.load(Ordering::Relaxed) < READERS * 100 {
            std::thread::yield_now();
        }
        validator.revoke(Revocation::Token("a".to_owned()), ends(), NOW);
        is_told.store(true, Ordering::Release);
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

#[test]
fn the_number_of_known_tokens_has_a_bound_and_what_is_used_stays() {
    let keys = Counted::new();
    let validator = keys.validator(10, 10);
    let used = signed(&claims("used"));
    for n in 0..40 {
        assert!(validator.validate(&signed(&claims(&n.to_string())), NOW).is_ok());
        assert!(validator.validate(&used, NOW).is_ok());
        assert!(validator.len() <= 10, "{} are known", validator.len());
    }
    assert_eq!(keys.lookups(), 41);
    // Without room nothing is kept, and everything still works.
    let none = keys.validator(0, 0);
    assert!(none.validate(&used, NOW).is_ok());
    assert!(none.is_empty());
}

#[test]
fn more_revocations_than_are_kept_end_everything_issued_so_far() {
    let keys = Counted::new();
    let validator = keys.validator(100, 2);
    let good = signed(&claims("good"));
    for jti in ["a", "b"] {
        validator.revoke(Revocation::Token(jti.to_owned()), ends(), NOW);
    }
    assert!(validator.validate(&good, NOW).is_ok());
    validator.revoke(Revocation::Token("c".to_owned()), ends(), NOW);
    for jti in ["a", "b", "c", "good"] {
        assert_eq!(
            validator.validate(&signed(&claims(jti)), NOW),
            Err(Invalid::Revoked)
        );
    }
    let later = NOW.plus(Duration::from_mins(2));
    let young = signed(&AccessTokenClaims {
        iat: later,
        exp: later.plus(Duration::from_hours(1)),
        ..claims("young")
    });
    assert!(validator.validate(&young, later).is_ok());
}

#[test]
fn revocations_that_name_nothing_any_more_make_room() {
    let keys = Counted::new();
    let validator = keys.validator(100, 1);
    validator.revoke(Revocation::Token("a".to_owned()), ends(), NOW);
    let later = ends().plus(Duration::from_mins(2));
    validator.revoke(
        Revocation::Token("b".to_owned()),
        later.plus(Duration::from_hours(1)),
        later,
    );
    let young = signed(&AccessTokenClaims {
        exp: later.plus(Duration::from_hours(1)),
        ..claims("young")
    });
    assert!(validator.validate(&young, later).is_ok());
}
