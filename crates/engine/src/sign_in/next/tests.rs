use std::collections::BTreeMap;

use domain::Scopes;
use protocol::authorize::{ClaimWish, ClaimsRequest, Prompts, ResponseMode};

use super::*;

pub(super) fn request() -> AuthorizeRequest {
    AuthorizeRequest {
        client_id: "app".parse().unwrap(),
        redirect_uri: "https://app.example/cb".to_owned(),
        redirect_uri_sent: true,
        response_mode: ResponseMode::Query,
        state: None,
        nonce: None,
        scopes: "openid".parse::<Scopes>().unwrap(),
        resources: Vec::new(),
        code_challenge: None,
        prompt: Prompts::default(),
        max_age: None,
        acr_values: Vec::new(),
        login_hint: None,
        id_token_hint: None,
        ui_locales: Vec::new(),
        claims: ClaimsRequest::default(),
    }
}

pub(super) fn with_prompt(text: &str) -> AuthorizeRequest {
    AuthorizeRequest {
        prompt: Prompts::parse(text).unwrap(),
        ..request()
    }
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

/// Signed in at 100, asked at 200, consent given before.
fn facts(request: &AuthorizeRequest) -> Facts<'_> {
    Facts {
        request,
        rule: SecondFactorRule::IfEnrolled,
        pending: &[],
        can: Enrolled::default(),
        signed_in: Some(Proof {
            auth_time: at(100),
            acr: Acr::Aal1,
        }),
        flow_began: None,
        other_person_expected: false,
        consented: true,
        now: at(200),
    }
}

fn code(step: Step) -> ErrorCode {
    match step {
        Step::Refuse(error) => error.code,
        other => panic!("{other:?} is no refusal"),
    }
}

#[test]
fn a_stranger_signs_in_and_a_silent_request_is_refused() {
    let plain = request();
    assert_eq!(
        next(&Facts {
            signed_in: None,
            ..facts(&plain)
        }),
        Step::Login
    );
    assert_eq!(next(&facts(&plain)), Step::Done);
    let silent = with_prompt("none");
    assert_eq!(
        code(next(&Facts {
            signed_in: None,
            ..facts(&silent)
        })),
        ErrorCode::LoginRequired
    );
    assert_eq!(next(&facts(&silent)), Step::Done);
}

#[test]
fn consent_is_asked_when_missing_or_demanded() {
    let plain = request();
    assert_eq!(
        next(&Facts {
            consented: false,
            ..facts(&plain)
        }),
        Step::Consent
    );
    let demanded = with_prompt("consent");
    assert_eq!(next(&facts(&demanded)), Step::Consent);
    let silent = with_prompt("none");
    assert_eq!(
        code(next(&Facts {
            consented: false,
            ..facts(&silent)
        })),
        ErrorCode::ConsentRequired
    );
}

#[test]
fn a_fresh_proof_is_one_given_in_this_flow() {
    for prompt in ["login", "select_account"] {
        let again = with_prompt(prompt);
        assert_eq!(next(&facts(&again)), Step::Login);
        assert_eq!(
            next(&Facts {
                flow_began: Some(at(101)),
                ..facts(&again)
            }),
            Step::Login
        );
        assert_eq!(
            next(&Facts {
                flow_began: Some(at(100)),
                ..facts(&again)
            }),
            Step::Done
        );
    }
}

#[test]
fn max_age_counts_from_the_last_proof() {
    let aged = |secs| AuthorizeRequest {
        max_age: Some(secs),
        ..request()
    };
    assert_eq!(next(&facts(&aged(100))), Step::Done);
    assert_eq!(next(&facts(&aged(99))), Step::Login);
    // Even max_age=0 ends once the person proved who they are in this very flow.
    assert_eq!(
        next(&Facts {
            flow_began: Some(at(90)),
            ..facts(&aged(0))
        }),
        Step::Done
    );
}

#[test]
fn another_person_than_expected_may_sign_in_but_not_pass() {
    let plain = request();
    let wrong = Facts {
        other_person_expected: true,
        ..facts(&plain)
    };
    assert_eq!(next(&wrong), Step::Login);
    assert_eq!(
        code(next(&Facts {
            flow_began: Some(at(90)),
            ..wrong
        })),
        ErrorCode::LoginRequired
    );
}

#[test]
fn an_essential_acr_out_of_reach_is_refused() {
    let wants = |acr: &str| {
        let wish = ClaimWish {
            essential: true,
            value: Some(acr.into()),
            values: Vec::new(),
        };
        let claims = ClaimsRequest {
            id_token: BTreeMap::from([("acr".to_owned(), wish)]),
            ..ClaimsRequest::default()
        };
        AuthorizeRequest { claims, ..request() }
    };
    assert_eq!(next(&facts(&wants("aal1"))), Step::Done);
    assert_eq!(
        code(next(&facts(&wants("aal2")))),
        ErrorCode::UnmetAuthenticationRequirements
    );
}

fn can(totp: bool) -> Enrolled {
    Enrolled {
        password: true,
        totp,
        ..Enrolled::default()
    }
}

#[test]
fn the_rule_says_who_needs_a_second_factor() {
    use SecondFactorRule::{IfEnrolled, Off, Required};
    let asks = Asks::default();
    for (rule, enrolled, need) in [
        (Off, false, Acr::Aal1),
        (Off, true, Acr::Aal1),
        (IfEnrolled, false, Acr::Aal1),
        (IfEnrolled, true, Acr::Aal2),
        (Required, false, Acr::Aal2),
        (Required, true, Acr::Aal2),
    ] {
        assert_eq!(
            needed(rule, &asks, can(enrolled)),
            Some(need),
            "{rule:?} {enrolled}"
        );
    }
}

#[test]
fn what_the_client_wants_is_had_where_it_can_be() {
    let off = SecondFactorRule::Off;
    let voluntary = |levels: &[Acr]| Asks {
        essential: None,
        voluntary: levels.to_vec(),
    };
    let essential = |levels: &[Acr]| Asks {
        essential: Some(levels.to_vec()),
        voluntary: Vec::new(),
    };
    assert_eq!(needed(off, &voluntary(&[Acr::Aal2]), can(true)), Some(Acr::Aal2));
    assert_eq!(needed(off, &voluntary(&[Acr::Aal2]), can(false)), Some(Acr::Aal1));
    assert_eq!(
        needed(off, &voluntary(&[Acr::Aal3, Acr::Aal1]), can(true)),
        Some(Acr::Aal1)
    );
    assert_eq!(needed(off, &essential(&[Acr::Aal2]), can(true)), Some(Acr::Aal2));
    assert_eq!(needed(off, &essential(&[Acr::Aal2]), can(false)), None);
    assert_eq!(
        needed(off, &essential(&[Acr::Aal3, Acr::Aal2]), can(true)),
        Some(Acr::Aal2)
    );
    assert_eq!(needed(off, &essential(&[]), can(true)), None);
}

#[test]
fn half_way_in_is_not_in() {
    let plain = request();
    let half = Facts {
        pending: &[Method::Password],
        can: can(true),
        ..facts(&plain)
    };
    assert_eq!(next(&half), Step::Factor);
    let silent = with_prompt("none");
    assert_eq!(
        code(next(&Facts {
            request: &silent,
            ..half
        })),
        ErrorCode::LoginRequired
    );
    // What may only stand beside something else gets nobody half-way.
    assert_eq!(
        next(&Facts {
            pending: &[Method::Totp],
            signed_in: None,
            ..half
        }),
        Step::Login
    );
}

#[test]
fn a_weak_session_is_asked_for_more() {
    let plain = request();
    let weak = Facts {
        can: can(true),
        ..facts(&plain)
    };
    assert_eq!(next(&weak), Step::Login);
    assert_eq!(
        next(&Facts {
            rule: SecondFactorRule::Required,
            can: can(false),
            ..weak
        }),
        Step::Enrol
    );
    assert_eq!(
        next(&Facts {
            rule: SecondFactorRule::Off,
            ..weak
        }),
        Step::Done
    );
}
