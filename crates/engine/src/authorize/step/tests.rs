use std::collections::BTreeMap;

use domain::Scopes;
use protocol::authorize::{ClaimWish, ClaimsRequest, Prompts, ResponseMode};

use super::*;

fn request() -> AuthorizeRequest {
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

fn with_prompt(text: &str) -> AuthorizeRequest {
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
