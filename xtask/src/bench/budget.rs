//! How long a measurement may take.

use anyhow::{Context as _, Result, bail};

/// Rounds and seconds of one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    /// How often each server has its turn.
    pub(super) rounds: u32,
    /// Seconds of one turn.
    pub(super) seconds: u32,
    /// Most people and tokens of a database that has grown.
    pub(super) most: u32,
    /// Whether the programs are built as people run them.
    pub(super) optimized: bool,
}

/// The size that goals 20 and 23 name. A quick run stops before it, and says so.
const GOAL: u32 = 10_000_000;

impl Default for Budget {
    fn default() -> Self {
        Self {
            rounds: 5,
            seconds: 3,
            most: 1_000_000,
            optimized: true,
        }
    }
}

impl Budget {
    /// The name of a case, the options after it, and the folder of programs that are built already, if one is named.
    pub(super) fn parse<'a>(words: &[&'a str]) -> Result<(&'a str, Self, Option<&'a str>)> {
        let [name, options @ ..] = words else {
            bail!("say which case, or `all`");
        };
        let mut budget = Self::default();
        let mut programs = None;
        for pair in options.chunks(2) {
            let value = || -> Result<u32> {
                let number: u32 = pair
                    .get(1)
                    .context("an option has no value")?
                    .parse()
                    .context("an option's value is no number")?;
                if number == 0 {
                    bail!("nothing is measured in no time");
                }
                Ok(number)
            };
            match pair.first() {
                Some(&"--rounds") => budget.rounds = value()?,
                Some(&"--seconds") => budget.seconds = value()?,
                Some(&"--most") => budget.most = value()?,
                Some(&"--programs") => programs = Some(*pair.get(1).context("an option has no value")?),
                other => bail!("unknown option {}", other.unwrap_or(&"")),
            }
        }
        Ok((name, budget, programs))
    }

    /// Sizes of databases, each ten times the one before: from a thousand to the most.
    pub(super) fn sizes(self) -> Vec<u32> {
        std::iter::successors(Some(1_000_u32), |size| size.checked_mul(10))
            .take_while(|size| *size <= self.most)
            .collect()
    }

    /// Whether figures from it may be published, of a case on a database that has grown or of another.
    pub(super) fn is_full(self, grown: bool) -> bool {
        let full = Self::default();
        let is_long = self.rounds >= full.rounds && self.seconds >= full.seconds;
        is_long && self.optimized && (!grown || self.most >= GOAL)
    }

    /// The size of a database for a label, and whether it is that of the goals.
    pub(super) fn size_said(size: u32) -> String {
        if size >= GOAL {
            size.to_string()
        } else {
            format!("{size} (the goal says {GOAL})")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;

    #[test]
    fn sizes_end_at_the_most() {
        let (_, budget, _) = Budget::parse(&["growth", "--most", "10000"]).unwrap();
        assert_eq!(budget.sizes(), [1_000, 10_000]);
        assert!(!budget.is_full(true) && budget.is_full(false));
        assert_eq!(Budget::default().sizes().last(), Some(&1_000_000));
    }

    #[test]
    fn options_after_the_name_shorten_a_run_and_nonsense_is_refused() {
        let (name, budget, programs) = Budget::parse(&["idle", "--programs", "built"]).unwrap();
        assert_eq!(
            (name, budget, programs),
            ("idle", Budget::default(), Some("built"))
        );
        assert!(
            budget.is_full(false) && !budget.is_full(true),
            "a million is not ten"
        );
        let (_, whole, _) = Budget::parse(&["growth", "--most", "10000000"]).unwrap();
        assert!(whole.is_full(true));
        let unoptimized = Budget {
            optimized: false,
            ..whole
        };
        assert!(!unoptimized.is_full(true) && !unoptimized.is_full(false));
        assert!(!Budget::size_said(10_000_000).contains("goal") && Budget::size_said(1_000).contains("goal"));
        let (_, short, programs) = Budget::parse(&["all", "--seconds", "1", "--rounds", "2"]).unwrap();
        assert_eq!(
            short,
            Budget {
                rounds: 2,
                seconds: 1,
                ..Budget::default()
            }
        );
        assert!(!short.is_full(false) && programs.is_none());
        for bad in [
            &[][..],
            &["idle", "--rounds"],
            &["idle", "--rounds", "0"],
            &["idle", "--rounds", "many"],
            &["idle", "--programs"],
            &["idle", "--minutes", "1"],
        ] {
            assert!(Budget::parse(bad).is_err(), "{bad:?}");
        }
    }
}
