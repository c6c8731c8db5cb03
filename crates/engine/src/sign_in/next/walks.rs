//! Every order of up to six steps, over every way in: only what is documented reaches the end (MF9).
//!
//! There are no other ways in: this product has no device authorization grant and no sign-in by a link in a mail. Links
//! that are mailed set something and open no session.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;

use domain::{Method, UserId};

use super::tests::{request, with_prompt};
use super::*;
use crate::sign_in::Progress;

const STEPS: usize = 6;
/// When the session that is resumed began, when the flow did, and now.
const MOMENTS: (i64, i64, i64) = (100, 200, 210);

/// What a browser may send at any moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Consent,
    Nothing,
    Passkey,
    PasskeyUnverified,
    Password,
    Recovery,
    StartOver,
    Totp,
}

const ALL: [Sent; 8] = [
    Sent::Consent,
    Sent::Nothing,
    Sent::Passkey,
    Sent::PasskeyUnverified,
    Sent::Password,
    Sent::Recovery,
    Sent::StartOver,
    Sent::Totp,
];

/// How a person comes to the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    /// By an invitation: a password was set, nobody is signed in.
    Invite,
    /// With nothing.
    Fresh,
    /// The client wants a fresh proof; a session is there.
    PromptLogin,
    /// By a recovery that removed a lost factor: nobody is signed in.
    LostFactor,
    /// By a registration: the password was set, nobody is signed in.
    Registration,
    /// By a reset: the password was set anew, nobody is signed in.
    Reset,
    /// With a session of one factor.
    Resume,
    /// With such a session, and the client wants two factors.
    StepUp,
    /// With such a session, and the client wants a passkey that cannot be copied.
    StepUpHardware,
}

const ENTRIES: [Entry; 9] = [
    Entry::Fresh,
    Entry::Resume,
    Entry::PromptLogin,
    Entry::StepUp,
    Entry::StepUpHardware,
    Entry::Invite,
    Entry::Registration,
    Entry::Reset,
    Entry::LostFactor,
];

/// A key is a passkey that shows only that somebody is there; a hardware passkey is known to stay in its device.
const PEOPLE: [(&str, Enrolled); 9] = [
    ("password", person(false, 0, None)),
    ("password, codes", person(true, 0, None)),
    ("password, codes, recovery", person(true, 9, None)),
    ("password, passkey", person(false, 0, Some(Acr::Aal2))),
    ("password, key", person(false, 0, Some(Acr::Aal1))),
    ("password, hardware passkey", person(false, 0, Some(Acr::Aal3))),
    ("hardware passkey", without_password(Acr::Aal3)),
    ("passkey", without_password(Acr::Aal2)),
    ("key", without_password(Acr::Aal1)),
];

const RULES: [SecondFactorRule; 3] = [
    SecondFactorRule::Off,
    SecondFactorRule::IfEnrolled,
    SecondFactorRule::Required,
];

const fn person(totp: bool, recovery_codes: u32, passkey: Option<Acr>) -> Enrolled {
    Enrolled {
        password: true,
        totp,
        recovery_codes,
        passkey,
    }
}

const fn without_password(passkey: Acr) -> Enrolled {
    Enrolled {
        password: false,
        ..person(false, 0, Some(passkey))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    progress: Vec<Method>,
    session: Option<(i64, Acr)>,
    consented: bool,
    /// What the checker keeps for itself: everything that was proved since the last start.
    seen: Vec<Method>,
}

struct Walk<'a> {
    entry: Entry,
    can: Enrolled,
    rule: SecondFactorRule,
    request: &'a AuthorizeRequest,
    visited: HashSet<(State, usize)>,
    reached: BTreeSet<&'static str>,
}

impl Walk<'_> {
    fn begin(&self) -> State {
        let resumed = matches!(
            self.entry,
            Entry::PromptLogin | Entry::Resume | Entry::StepUp | Entry::StepUpHardware
        );
        State {
            progress: Vec::new(),
            session: resumed.then_some((MOMENTS.0, Acr::Aal1)),
            consented: false,
            seen: Vec::new(),
        }
    }

    fn next(&self, state: &State) -> Step {
        next(&Facts {
            request: self.request,
            rule: self.rule,
            pending: &state.progress,
            can: self.can,
            signed_in: state.session.map(|(secs, acr)| Proof {
                auth_time: Timestamp::from_secs(secs),
                acr,
            }),
            flow_began: Some(Timestamp::from_secs(MOMENTS.1)),
            other_person_expected: false,
            consented: state.consented,
            now: Timestamp::from_secs(MOMENTS.2),
        })
    }

    /// What the handlers do with what was sent.
    fn send(&self, state: &State, sent: Sent) -> State {
        let half_way = !state.progress.is_empty();
        let method = match sent {
            Sent::Password if self.can.password => Some(Method::Password),
            Sent::Totp if half_way && self.can.totp => Some(Method::Totp),
            Sent::Recovery if half_way && self.can.recovery_codes > 0 => Some(Method::RecoveryCode),
            Sent::Passkey | Sent::PasskeyUnverified if self.can.passkey.is_some() => Some(Method::Passkey {
                user_verified: sent == Sent::Passkey,
                hardware_bound: self.can.passkey == Some(Acr::Aal3),
            }),
            _ => None,
        };
        let mut after = state.clone();
        if let Some(method) = method {
            let user: UserId = "01999999-0000-7000-8000-000000000001".parse().unwrap();
            let before = Progress {
                user: Some(user),
                proofs: state.progress.clone(),
            };
            after.progress = before.with(user, method).proofs;
            after.seen.push(method);
            let need = needed(self.rule, &Asks::of(self.request), self.can);
            if opens(&after.progress, need, self.can) {
                after.session = Some((MOMENTS.2, acr_of(&after.progress).unwrap()));
                after.progress.clear();
            }
        }
        if sent == Sent::StartOver {
            after.progress.clear();
            // A session that was opened in this flow stays, and with it what it was opened for.
            if after.session.is_none_or(|(since, _)| since < MOMENTS.1) {
                after.seen.clear();
            }
        }
        if sent == Sent::Consent && self.next(state) == Step::Consent {
            after.consented = true;
        }
        after
    }

    /// The rule as the manual tells it, without the functions under test.
    fn documented(&self, state: &State) -> bool {
        let knows = state.seen.contains(&Method::Password);
        let holds = state.seen.iter().any(|proof| *proof != Method::Password);
        let verified = state.seen.iter().any(|proof| {
            matches!(
                proof,
                Method::Passkey {
                    user_verified: true,
                    ..
                }
            )
        });
        let hardware = verified && self.can.passkey == Some(Acr::Aal3);
        let factors = match (verified || (knows && holds), knows || holds) {
            // Two, and nobody has a copy of one of them.
            (true, _) if hardware => 3,
            (true, _) => 2,
            (false, true) => 1,
            (false, false) => 0,
        };
        let had = u8::from(matches!(
            self.entry,
            Entry::Resume | Entry::StepUp | Entry::StepUpHardware
        ));
        let beside = self.can.password && (self.can.totp || self.can.passkey.is_some());
        let owns = beside || self.can.passkey >= Some(Acr::Aal2);
        let needs = match self.rule {
            SecondFactorRule::Required => 2,
            SecondFactorRule::IfEnrolled if owns => 2,
            SecondFactorRule::Off | SecondFactorRule::IfEnrolled => 1,
        };
        let needs = match self.entry {
            Entry::StepUp if owns => 2,
            Entry::StepUpHardware if self.can.passkey == Some(Acr::Aal3) => 3,
            _ => needs,
        };
        factors.max(had) >= needs && state.consented
    }

    fn walk(&mut self, state: State, left: usize) {
        match self.next(&state) {
            Step::Done => {
                assert!(
                    self.documented(&state),
                    "{:?} {:?} {:?} ends with {state:?}",
                    self.entry,
                    self.rule,
                    self.can
                );
                self.reached.insert(state.session.unwrap().1.as_str());
                return;
            }
            Step::Enrol => {
                self.reached.insert("enrol");
            }
            Step::Refuse(error) => {
                self.reached.insert(error.code.as_str());
                return;
            }
            Step::Consent | Step::Factor | Step::Login => {}
        }
        if left == 0 || !self.visited.insert((state.clone(), left)) {
            return;
        }
        for sent in ALL {
            let after = self.send(&state, sent);
            self.walk(after, left - 1);
        }
    }
}

fn request_of(entry: Entry) -> AuthorizeRequest {
    match entry {
        Entry::PromptLogin => with_prompt("login"),
        Entry::StepUp => AuthorizeRequest {
            acr_values: vec![Acr::Aal2],
            ..request()
        },
        Entry::StepUpHardware => AuthorizeRequest {
            acr_values: vec![Acr::Aal3],
            ..request()
        },
        Entry::Fresh
        | Entry::Invite
        | Entry::LostFactor
        | Entry::Registration
        | Entry::Reset
        | Entry::Resume => request(),
    }
}

fn matrix() -> String {
    let mut rows: BTreeMap<(usize, usize, usize), String> = BTreeMap::new();
    for (e, entry) in ENTRIES.into_iter().enumerate() {
        for (p, (name, can)) in PEOPLE.into_iter().enumerate() {
            for (r, rule) in RULES.into_iter().enumerate() {
                let mut walk = Walk {
                    entry,
                    can,
                    rule,
                    request: &request_of(entry),
                    visited: HashSet::new(),
                    reached: BTreeSet::new(),
                };
                let begin = walk.begin();
                walk.walk(begin, STEPS);
                assert!(
                    !walk.reached.is_empty(),
                    "{entry:?} {name} {rule:?} leads nowhere"
                );
                let reached: Vec<&str> = walk.reached.into_iter().collect();
                rows.insert(
                    (e, p, r),
                    format!("{entry:?} | {name} | {rule:?} | {}", reached.join(", ")),
                );
            }
        }
    }
    let mut text = "way in | the person has | rule | what the walks end with\n".to_owned();
    for row in rows.values() {
        writeln!(text, "{row}").unwrap();
    }
    text
}

/// `RSP_ACCEPT_MATRIX=1` writes the file anew; look at what changed.
#[test]
fn only_documented_walks_reach_the_end() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/sign_in/next/matrix.txt");
    let made = matrix();
    if std::env::var_os("RSP_ACCEPT_MATRIX").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(kept, made);
}
