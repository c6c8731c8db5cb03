//! Work instead of a lock: who wants to try an account that is under attack spends a second of computing, or waits.
//!
//! A challenge is kept nowhere. It is a text with the sign-in it is for and the time it was made, and a keyed hash of
//! both. The answer is a number that, behind the text, gives SHA-256 so many leading zero bits. That it counts once is
//! the database's to say.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Timestamp, TokenHash, constant_time_eq};
use storage::attempts;

use super::{Attempt, Blocked, Keys, keyed};
use crate::seal::MacKey;
use crate::{App, Ctx, Fault};

/// How long a challenge can be answered.
const LIFETIME: Duration = Duration::from_mins(10);
/// Longer answers are none.
const LONGEST: usize = 128;

/// Something to work on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The text to put a number behind.
    pub text: String,
    /// Leading zero bits wanted.
    pub bits: u8,
    /// Sent back after that time, it needs no number.
    pub wait: Duration,
}

/// What came back for a challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solution {
    /// The challenge's text.
    pub text: String,
    /// The number; empty if somebody waited instead.
    pub number: String,
}

impl App {
    fn new_challenge(&self, ctx: &Ctx, attempt: &Attempt<'_>, mac: &MacKey) -> Challenge {
        let salt = URL_SAFE_NO_PAD.encode(self.world.random::<12>());
        let signed = format!("{}.{salt}", ctx.now.micros());
        Challenge {
            text: format!("{signed}.{}", signature(mac, attempt, &signed)),
            bits: self.throttle.challenge_bits,
            wait: self.throttle.challenge_wait,
        }
    }

    /// Nothing if the attempt brought a good answer, which is used up with that; else a new challenge.
    pub(super) async fn check_challenge(
        &self,
        ctx: &Ctx,
        keys: &Keys,
        attempt: &Attempt<'_>,
        mac: &MacKey,
    ) -> Result<Option<Blocked>, Fault> {
        let reason = match attempt.solution {
            None => "challenge",
            Some(solution) => match self.is_solved(ctx, attempt, solution, mac) {
                None => "challenge_failed",
                // Waiting costs an attacker nothing but time, so one address may wait for a few only.
                Some(By::Waiting)
                    if self
                        .take_window(
                            ctx,
                            &TokenHash::of(&format!("throttle.waited {}", super::hex(&keys.places.source))),
                            self.throttle.over(self.throttle.pair.saturating_mul(2)),
                        )
                        .await?
                        .is_some() =>
                {
                    "challenge_waits"
                }
                Some(_) => {
                    let mut tx = self.db.begin(ctx.tenant_id()).await?;
                    let until = ctx.now.plus(LIFETIME);
                    let fresh =
                        attempts::use_challenge(&mut tx, &TokenHash::of(&solution.text), until).await?;
                    tx.commit_unrecorded("an answered challenge is noted; the attempt is recorded")
                        .await?;
                    if fresh {
                        return Ok(None);
                    }
                    "challenge_used"
                }
            },
        };
        let challenge = self.new_challenge(ctx, attempt, mac);
        Ok(Some(Blocked {
            reason,
            wait: challenge.wait,
            challenge: Some(challenge),
        }))
    }

    /// How a challenge of this sign-in was answered, if it was.
    fn is_solved(&self, ctx: &Ctx, attempt: &Attempt<'_>, solution: &Solution, mac: &MacKey) -> Option<By> {
        let Solution { text, number } = solution;
        if text.len() > LONGEST || number.len() > LONGEST {
            return None;
        }
        let (signed, proof) = text.rsplit_once('.')?;
        if !constant_time_eq(signature(mac, attempt, signed).as_bytes(), proof.as_bytes()) {
            return None;
        }
        let made = Timestamp::from_micros(signed.split_once('.')?.0.parse().ok()?);
        if ctx.now < made || ctx.now.since(made) >= LIFETIME {
            return None;
        }
        if number.is_empty() {
            return (ctx.now.since(made) >= self.throttle.challenge_wait).then_some(By::Waiting);
        }
        let found = digest(&SHA256, format!("{text}.{number}").as_bytes());
        (leading_zeros(found.as_ref()) >= u32::from(self.throttle.challenge_bits)).then_some(By::Work)
    }
}

/// How a challenge was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Waiting,
    Work,
}

/// Of the text and the sign-in it is for: elsewhere it proves nothing.
fn signature(mac: &MacKey, attempt: &Attempt<'_>, signed: &str) -> String {
    let key = keyed(
        mac,
        "throttle.challenge",
        &format!("{} {signed}", attempt.place.text()),
    );
    URL_SAFE_NO_PAD.encode(key.as_bytes())
}

fn leading_zeros(bytes: &[u8]) -> u32 {
    let mut zeros = 0;
    for byte in bytes {
        zeros += byte.leading_zeros();
        if *byte != 0 {
            break;
        }
    }
    zeros
}
