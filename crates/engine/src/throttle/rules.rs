//! The numbers, and the decision made of them: pure.

use std::time::Duration;

use domain::Timestamp;
use storage::attempts::{Attempts, Pace};
use storage::shared::Limit;

/// How much guessing is borne (A6, PW9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottlePolicy {
    /// Failures of one account from one source in `window`, and of a known device.
    pub pair: u32,
    /// The window failures are counted in.
    pub window: Duration,
    /// How long a pair is refused after that.
    pub lockout: Duration,
    /// Failures of one address in `window`, over all accounts.
    pub source: u32,
    /// Failures of one network in `window`.
    pub network: u32,
    /// Failures of a whole tenant in `window`; beyond, strangers get challenges. It refuses nobody.
    pub tenant: u32,
    /// Failures of an account in a row, over all unknown sources, that cost no wait.
    pub free: u32,
    /// The wait after these; it doubles up to 64 times.
    pub first_wait: Duration,
    /// Failures of an account in a row from which on strangers get challenges.
    pub challenge_from: u32,
    /// Failures of an account in a row, over all unknown sources, after which only known devices may try.
    pub most: u32,
    /// Leading zero bits of the answer to a challenge.
    pub challenge_bits: u8,
    /// How long somebody waits instead who cannot answer a challenge.
    pub challenge_wait: Duration,
    /// Sessions a person has at once; beyond, the oldest ends (SE12).
    pub sessions: u32,
}

impl Default for ThrottlePolicy {
    fn default() -> Self {
        Self {
            pair: 5,
            window: Duration::from_mins(15),
            lockout: Duration::from_hours(1),
            source: 50,
            network: 200,
            tenant: 1_000,
            free: 5,
            first_wait: Duration::from_secs(1),
            challenge_from: 10,
            most: 100,
            challenge_bits: 16,
            challenge_wait: Duration::from_secs(30),
            sessions: 50,
        }
    }
}

/// What an account's count is forgotten after when nobody tries any more.
const ACCOUNT_KEPT: Duration = Duration::from_hours(30 * 24);

impl ThrottlePolicy {
    /// Nobody is slowed down: for measuring what comes after, and for tests that are about something else.
    #[must_use]
    pub fn off() -> Self {
        const MANY: u32 = 1_000_000_000;
        Self {
            pair: MANY,
            source: MANY,
            network: MANY,
            tenant: MANY,
            free: MANY,
            challenge_from: MANY,
            most: MANY,
            ..Self::default()
        }
    }

    pub(super) const fn pair(&self) -> Limit {
        self.over(self.pair)
    }

    pub(super) const fn over(&self, most: u32) -> Limit {
        Limit {
            most,
            window: self.window,
        }
    }

    pub(super) const fn pace(&self) -> Pace {
        Pace {
            free: self.free,
            first: self.first_wait,
            most: self.most,
            kept: ACCOUNT_KEPT,
        }
    }

    /// So many in a row, and nothing between them.
    pub(super) const fn without_wait(&self) -> Pace {
        Pace {
            free: self.most,
            first: Duration::ZERO,
            ..self.pace()
        }
    }

    /// Whether a stranger may try an account with this history now, before its counters are asked.
    pub(super) fn judge(&self, facts: &Facts, now: Timestamp) -> Judgement {
        if let Some(until) = facts.locked_until.filter(|until| *until > now) {
            return Judgement::Refused("pair", until.since(now));
        }
        let failures = facts.account.map_or(0, |account| account.failures);
        if failures >= i64::from(self.most) {
            return Judgement::Refused("account", self.lockout);
        }
        if let Some(account) = facts.account.filter(|account| account.next_at > now) {
            return Judgement::Refused("pace", account.next_at.since(now));
        }
        if facts.tenant_attacked || failures >= i64::from(self.challenge_from) {
            return Judgement::Challenged;
        }
        Judgement::Admitted
    }
}

/// What is known about an account that a stranger wants to try.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    /// What was counted for it, over all unknown sources.
    pub(super) account: Option<Attempts>,
    /// This source is locked out of it.
    pub(super) locked_until: Option<Timestamp>,
    /// The whole tenant has too many failures.
    pub(super) tenant_attacked: bool,
}

/// What becomes of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It may be made.
    Admitted,
    /// Only with the answer to a challenge.
    Challenged,
    /// Not now: why, and for how long.
    Refused(&'static str, Duration),
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);

    fn failed(failures: i64, wait: u64) -> Attempts {
        Attempts {
            failures,
            began_at: NOW,
            next_at: NOW.plus(Duration::from_secs(wait)),
        }
    }

    #[test]
    fn each_rule_has_its_border() {
        let policy = ThrottlePolicy::default();
        let calm = Facts {
            account: None,
            locked_until: None,
            tenant_attacked: false,
        };
        let of = |account| Facts {
            account: Some(account),
            ..calm
        };
        let cases = [
            (calm, Judgement::Admitted),
            (of(failed(9, 0)), Judgement::Admitted),
            (of(failed(10, 0)), Judgement::Challenged),
            (
                of(failed(6, 2)),
                Judgement::Refused("pace", Duration::from_secs(2)),
            ),
            (of(failed(99, 0)), Judgement::Challenged),
            (of(failed(100, 0)), Judgement::Refused("account", policy.lockout)),
            (
                Facts {
                    tenant_attacked: true,
                    ..calm
                },
                Judgement::Challenged,
            ),
            (
                Facts {
                    locked_until: Some(NOW.plus(Duration::from_secs(7))),
                    ..calm
                },
                Judgement::Refused("pair", Duration::from_secs(7)),
            ),
            (
                Facts {
                    locked_until: Some(NOW),
                    ..calm
                },
                Judgement::Admitted,
            ),
        ];
        for (facts, expected) in cases {
            assert_eq!(policy.judge(&facts, NOW), expected, "{facts:?}");
        }
    }
}
