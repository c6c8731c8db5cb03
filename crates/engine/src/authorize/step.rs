use std::time::Duration;

use domain::{Acr, Timestamp};
use protocol::authorize::{AuthorizeRequest, Prompt};
use protocol::error::{ErrorCode, OAuthError};

/// What a flow needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// The person is asked whether the client may.
    Consent,
    /// Nothing more: a code can be issued.
    Done,
    /// The person proves who they are.
    Login,
    /// It cannot be had; the client is told.
    Refuse(OAuthError),
}

/// All that the decision depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    /// What the client asked.
    pub request: &'a AuthorizeRequest,
    /// Who is signed in: since when and how strongly.
    pub signed_in: Option<Proof>,
    /// When this flow began; `None` while there is none.
    pub flow_began: Option<Timestamp>,
    /// The person the client expects (from `id_token_hint` or the `sub` claim asked for) is another one.
    pub other_person_expected: bool,
    /// Everything asked for was allowed before, or need not be asked.
    pub consented: bool,
    /// The present moment.
    pub now: Timestamp,
}

/// How somebody is signed in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Proof {
    /// When they proved who they are.
    pub auth_time: Timestamp,
    /// How strongly.
    pub acr: Acr,
}

/// Decides the next step (OIDC Core section 3.1.2.3).
pub(super) fn next(facts: &Facts<'_>) -> Step {
    let prompt = &facts.request.prompt;
    let Some(proof) = facts.signed_in else {
        return ask(
            prompt.is_none(),
            Step::Login,
            ErrorCode::LoginRequired,
            "nobody is signed in",
        );
    };
    let proved_in_this_flow = facts.flow_began.is_some_and(|began| proof.auth_time >= began);
    if !proved_in_this_flow && must_prove_again(facts, proof) {
        return ask(
            prompt.is_none(),
            Step::Login,
            ErrorCode::LoginRequired,
            "the person must sign in again",
        );
    }
    if facts.other_person_expected {
        // They had their chance to sign in as the expected person.
        return Step::Refuse(OAuthError::new(
            ErrorCode::LoginRequired,
            "another person is signed in",
        ));
    }
    if let Some(wanted) = facts.request.claims.essential_acr()
        && !wanted.iter().any(|acr| proof.acr >= *acr)
    {
        return Step::Refuse(OAuthError::new(
            ErrorCode::UnmetAuthenticationRequirements,
            "the requested authentication context cannot be reached",
        ));
    }
    if !facts.consented || prompt.contains(Prompt::Consent) {
        return ask(
            prompt.is_none(),
            Step::Consent,
            ErrorCode::ConsentRequired,
            "the person must be asked",
        );
    }
    Step::Done
}

fn must_prove_again(facts: &Facts<'_>, proof: Proof) -> bool {
    let prompt = &facts.request.prompt;
    let too_old = facts
        .request
        .max_age
        .is_some_and(|secs| facts.now.since(proof.auth_time) > Duration::from_secs(secs));
    prompt.contains(Prompt::Login)
        || prompt.contains(Prompt::SelectAccount)
        || too_old
        || facts.other_person_expected
}

fn ask(silent: bool, step: Step, code: ErrorCode, why: &'static str) -> Step {
    if silent {
        Step::Refuse(OAuthError::new(code, why))
    } else {
        step
    }
}

#[cfg(test)]
mod tests;
