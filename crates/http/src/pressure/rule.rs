//! What part of which class is refused, from how long the line is.

use std::time::Duration;

use crate::layers::Class;

/// Bounds of the line of tasks that are ready to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PressureSettings {
    /// A wait for a turn that is long enough. 5 ms.
    pub target: Duration,
    /// Requests that may wait for their turn, however long it takes: a slow machine with little to do refuses nobody.
    /// For each core 48.
    pub least: usize,
}

impl Default for PressureSettings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            target: Duration::from_millis(5),
            least: cores.saturating_mul(48),
        }
    }
}

/// Requests of a class since the last look.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    pub(super) arrived: u32,
    pub(super) refused: u32,
}

impl Seen {
    /// Both together.
    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            arrived: self.arrived.saturating_add(other.arrived),
            refused: self.refused.saturating_add(other.refused),
        }
    }
}

/// The rule and what it remembers.
#[derive(Debug)]
pub(super) struct Rule {
    settings: PressureSettings,
    /// What the wait was above its target, added up over time, for each class.
    owed: [f64; CLASSES],
    /// The line was long at the last look.
    long: bool,
}

const CLASSES: usize = Class::ALL.len();

/// The part grows by so much in a second while the wait is twice its target, and shrinks so fast while there is none.
const GAIN: f64 = 4.0;
/// How much of the part follows the wait at once: without it the part would swing around what is right.
const AT_ONCE: f64 = 0.2;
/// The wait counts up to five times its target: one long pause of the machine says little.
const MOST_ABOVE: f64 = 4.0;
/// Somebody is always served.
const MOST: f64 = 0.95;
/// A longer time between two looks says nothing about what happened in it.
const LONGEST: f64 = 0.1;
/// So many times fewer than may wait are few.
const FEW: f64 = 32.0;
/// What a refusal costs, of a discovery document.
const REFUSAL: f64 = 0.5;

impl Rule {
    pub(super) const fn new(settings: PressureSettings) -> Self {
        Self {
            settings,
            owed: [0.0; CLASSES],
            long: false,
        }
    }

    /// The part of each class to refuse from now on, after a wait of `lag`, and `passed` since the last look.
    pub(super) fn next(&mut self, lag: Duration, passed: Duration, seen: &[Seen; CLASSES]) -> [f64; CLASSES] {
        let above = self.above(lag, passed, seen);
        if above < 0.0 && self.is_calm(passed, seen) {
            *self = Self::new(self.settings);
            return [0.0; CLASSES];
        }
        // After one pause of the machine there is a long line too; it is gone at the next look.
        let above = if std::mem::replace(&mut self.long, above > 0.0) {
            above
        } else {
            above.min(0.0)
        };
        let time = passed.as_secs_f64().min(LONGEST);
        let payer = self.payer(seen);
        let mut parts = [0.0; CLASSES];
        for (index, (owed, part)) in self.owed.iter_mut().zip(&mut parts).enumerate() {
            let pays = above <= 0.0 || payer == Some(index);
            if pays {
                *owed = (*owed + GAIN * time * above).clamp(0.0, MOST);
            }
            let at_once = if pays { AT_ONCE * above } else { 0.0 };
            *part = (*owed + at_once).clamp(0.0, MOST);
        }
        parts
    }

    /// The wait above its target, in targets; below nought while it is short, or few wait.
    fn above(&self, lag: Duration, passed: Duration, seen: &[Seen; CLASSES]) -> f64 {
        let arrived: f64 = seen.iter().map(|seen| f64::from(seen.arrived)).sum();
        // Little's law: who comes in a second, times how long each waits.
        let waiting = arrived / passed.as_secs_f64().max(f64::EPSILON) * lag.as_secs_f64();
        let least = f64::from(u32::try_from(self.settings.least).unwrap_or(u32::MAX));
        if waiting < least {
            return -1.0;
        }
        let targets = lag.as_secs_f64() / self.settings.target.as_secs_f64().max(f64::EPSILON);
        (targets - 1.0).clamp(-1.0, MOST_ABOVE)
    }

    /// So few come that they would not make a long line, each of them waiting for as long as is enough.
    fn is_calm(&self, passed: Duration, seen: &[Seen; CLASSES]) -> bool {
        let arrived: f64 = seen.iter().map(|seen| f64::from(seen.arrived)).sum();
        let least = f64::from(u32::try_from(self.settings.least).unwrap_or(u32::MAX));
        let waiting = arrived / passed.as_secs_f64().max(f64::EPSILON) * self.settings.target.as_secs_f64();
        waiting < least / FEW
    }

    /// The class that costs most, of those of which more can be refused.
    fn payer(&self, seen: &[Seen; CLASSES]) -> Option<usize> {
        Class::ALL
            .iter()
            .zip(seen)
            .zip(&self.owed)
            .enumerate()
            .filter(|(_, ((_, seen), owed))| seen.arrived > 0 && **owed < MOST)
            .map(|(index, ((class, seen), _))| {
                let served = f64::from(seen.arrived.saturating_sub(seen.refused));
                (index, served * cost(*class) + f64::from(seen.refused) * REFUSAL)
            })
            .max_by(|(_, one), (_, other)| one.total_cmp(other))
            .map(|(index, _)| index)
    }
}

/// What a request costs about, in discovery documents.
const fn cost(class: Class) -> f64 {
    match class {
        Class::Metadata => 1.0,
        Class::Machine => 3.0,
        Class::Pages | Class::Admin => 5.0,
    }
}
