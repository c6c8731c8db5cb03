//! How long a password would hold, as an estimate in words.

use domain::Secret;

/// How hard a password is to guess, as far as one can tell by looking at it. Decides nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// Among the first guesses.
    VeryWeak,
    /// Holds against a person.
    Weak,
    /// Holds against a program that has to ask the server.
    Fair,
    /// Holds for a while against a program that has the hash.
    Strong,
    /// Holds.
    VeryStrong,
}

impl Strength {
    /// Every one, for tests over all texts.
    pub const ALL: [Self; 5] = [
        Self::VeryWeak,
        Self::Weak,
        Self::Fair,
        Self::Strong,
        Self::VeryStrong,
    ];

    /// Looked at together with words an attacker knows. Only the first hundred characters are looked at: the work would
    /// grow with the square of the length.
    pub(super) fn of(password: &Secret<String>, words: &[&str]) -> Self {
        let looked_at: String = password.expose().chars().take(100).collect();
        match zxcvbn::zxcvbn(&looked_at, words).score() {
            zxcvbn::Score::Zero => Self::VeryWeak,
            zxcvbn::Score::One => Self::Weak,
            zxcvbn::Score::Two => Self::Fair,
            zxcvbn::Score::Three => Self::Strong,
            _ => Self::VeryStrong,
        }
    }
}
