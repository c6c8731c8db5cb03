//! What a run is asked for, and the dice it throws.

use std::path::PathBuf;

/// Where the server under the drill keeps its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    pub(crate) const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// As a sentence names it.
    pub(crate) const fn name_in_prose(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|engine| engine.name() == text)
    }
}

/// One run of one drill.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) engine: Engine,
    /// Small counts, for the suite.
    pub(crate) reduced: bool,
    /// Everything random in the schedule follows from it.
    pub(crate) seed: u64,
    /// The program under the drill.
    pub(crate) rsp: PathBuf,
    /// The same program built with failpoints.
    pub(crate) failing: PathBuf,
    /// Folder for journals and logs, kept after the run.
    pub(crate) output: PathBuf,
}

impl Plan {
    /// `full` in a full run, `reduced` in the suite.
    pub(crate) const fn count(&self, full: u32, reduced: u32) -> u32 {
        if self.reduced { reduced } else { full }
    }

    /// Dice for one part of the run: parts do not disturb each other.
    pub(crate) fn dice(&self, part: u64) -> Dice {
        Dice(self.seed ^ part.wrapping_mul(0xD134_2543_DE82_EF95))
    }
}

/// Numbers that look random and are the same for the same seed (the generator `SplitMix64`).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// At least `least`, less than `end`.
    pub(crate) fn between(&mut self, least: u64, end: u64) -> u64 {
        least + self.next() % end.saturating_sub(least).max(1)
    }
}
