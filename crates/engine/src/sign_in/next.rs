//! What a sign-in needs next: pure, so that every order of steps can be walked by a test.

use std::time::Duration;

use domain::{Acr, Method, SecondFactorRule, Timestamp, acr_of};
use protocol::authorize::{AuthorizeRequest, Prompt};
use protocol::error::{ErrorCode, OAuthError};

/// What a flow needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Step {
    /// The person is asked whether the client may.
    Consent,
    /// Nothing more: a code can be issued.
    Done,
    /// The person sets up a second factor, because the tenant lets nobody in without.
    Enrol,
    /// The person proves a second factor.
    Factor,
    /// The person proves who they are.
    Login,
    /// It cannot be had; the client is told.
    Refuse(OAuthError),
}

/// What a person could prove.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Enrolled {
    /// A password.
    pub password: bool,
    /// Time-based codes.
    pub totp: bool,
    /// How many recovery codes are left.
    pub recovery_codes: u32,
    /// The strongest level one of their passkeys reaches alone.
    pub passkey: Option<Acr>,
}

impl Enrolled {
    /// The strongest level the person can reach. Recovery codes stand in for a factor; they are none. Two things that a
    /// person has are one factor: codes count beside a password only.
    pub fn reach(self) -> Acr {
        let beside = if self.password && self.has_second_factor() {
            Acr::Aal2
        } else {
            Acr::Aal1
        };
        self.passkey.map_or(beside, |passkey| passkey.max(beside))
    }

    /// Whether there is a second factor.
    pub fn has_second_factor(self) -> bool {
        self.totp || self.passkey.is_some()
    }
}

/// What is asked of a sign-in, apart from the tenant's rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asks {
    /// One of these, or it is refused (`claims`, essential).
    pub(crate) essential: Option<Vec<Acr>>,
    /// The best of these that can be had (`acr_values`).
    pub(crate) voluntary: Vec<Acr>,
}

impl Asks {
    pub(crate) fn of(request: &AuthorizeRequest) -> Self {
        let mut voluntary = request.acr_values.clone();
        if request.claims.essential_acr().is_none() {
            voluntary.extend(request.claims.wanted_acr());
        }
        Self {
            essential: request.claims.essential_acr(),
            voluntary,
        }
    }
}

/// The level a sign-in has to reach, by the tenant's rule, what the client asks and what the person can; `None` if an
/// essential level is out of reach. It never says more than the person can, except where the rule is `required`.
pub(crate) fn needed(rule: SecondFactorRule, asks: &Asks, can: Enrolled) -> Option<Acr> {
    let reach = can.reach();
    let by_rule = match rule {
        SecondFactorRule::Off => Acr::Aal1,
        SecondFactorRule::IfEnrolled => reach.min(Acr::Aal2),
        SecondFactorRule::Required => Acr::Aal2,
    };
    let essential = match &asks.essential {
        None => Acr::Aal1,
        Some(levels) => levels.iter().copied().min()?,
    };
    if essential > reach.max(by_rule) {
        return None;
    }
    let wanted = asks.voluntary.iter().copied().find(|level| *level <= reach);
    Some(by_rule.max(essential).max(wanted.unwrap_or(Acr::Aal1)))
}

/// Whether what was proved in this flow opens a session. Where a second factor has yet to be set up, the password opens
/// one of the weakest level, in which nothing else can be done: [`next`] lets it go no further.
pub(crate) fn opens(proofs: &[Method], need: Option<Acr>, can: Enrolled) -> bool {
    let Some(reached) = acr_of(proofs) else {
        return false;
    };
    // Out of reach: the session is opened as strongly as can be, and the client is told.
    let need = need.unwrap_or_else(|| can.reach());
    reached >= need.min(can.reach())
}

/// All that the decision depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    /// What the client asked.
    pub(crate) request: &'a AuthorizeRequest,
    /// The tenant's rule.
    pub(crate) rule: SecondFactorRule,
    /// What was proved in this flow, and did not open a session yet.
    pub(crate) pending: &'a [Method],
    /// What the person at hand could prove: who is half-way in, or else who is signed in.
    pub(crate) can: Enrolled,
    /// Who is signed in: since when and how strongly.
    pub(crate) signed_in: Option<Proof>,
    /// When this flow began; `None` while there is none.
    pub(crate) flow_began: Option<Timestamp>,
    /// The person the client expects (from `id_token_hint` or the `sub` claim asked for) is another one.
    pub(crate) other_person_expected: bool,
    /// Everything asked for was allowed before, or need not be asked.
    pub(crate) consented: bool,
    /// The present moment.
    pub(crate) now: Timestamp,
}

/// How somebody is signed in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proof {
    /// When they proved who they are.
    pub(crate) auth_time: Timestamp,
    /// How strongly.
    pub(crate) acr: Acr,
}

/// Decides the next step (OIDC Core section 3.1.2.3; RFC 9470 section 5).
pub(crate) fn next(facts: &Facts<'_>) -> Step {
    let prompt = &facts.request.prompt;
    let login = |why| ask(prompt.is_none(), Step::Login, ErrorCode::LoginRequired, why);
    if acr_of(facts.pending).is_some() {
        // Half-way in: what remains is the second factor.
        return ask(
            prompt.is_none(),
            Step::Factor,
            ErrorCode::LoginRequired,
            "a second factor is needed",
        );
    }
    let Some(proof) = facts.signed_in else {
        return login("nobody is signed in");
    };
    let proved_in_this_flow = facts.flow_began.is_some_and(|began| proof.auth_time >= began);
    if !proved_in_this_flow && must_prove_again(facts, proof) {
        return login("the person must sign in again");
    }
    if facts.other_person_expected {
        // They had their chance to sign in as the expected person.
        return Step::Refuse(OAuthError::new(
            ErrorCode::LoginRequired,
            "another person is signed in",
        ));
    }
    match needed(facts.rule, &Asks::of(facts.request), facts.can) {
        None => {
            return Step::Refuse(OAuthError::new(
                ErrorCode::UnmetAuthenticationRequirements,
                "the requested authentication context cannot be reached",
            ));
        }
        Some(need) if proof.acr >= need => {}
        Some(need) if need <= facts.can.reach() => return login("a stronger sign-in is needed"),
        Some(_) => {
            return ask(
                prompt.is_none(),
                Step::Enrol,
                ErrorCode::InteractionRequired,
                "a second factor has to be set up",
            );
        }
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
#[cfg(test)]
mod walks;
