use serde::{Deserialize, Serialize};

/// What a tenant asks of passwords (A5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordSettings {
    /// Which rules.
    pub profile: PasswordProfile,
}

/// Rules for new passwords. Both also refuse known and personal ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PasswordProfile {
    /// Length alone, up to 256 code points (NIST SP 800-63B-4 section 3.1.1.2).
    #[default]
    Standard,
    /// 12 to 128 code points of four classes, for those who are told to have it.
    Classic,
}

/// What is asked of one new password, as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordRules {
    /// Least length, in code points.
    pub least: usize,
    /// Greatest length, in code points.
    pub most: usize,
    /// Whether there must be a capital letter, a small letter, a digit and something else.
    pub four_classes: bool,
}

impl PasswordSettings {
    /// The rules, where a second factor is `enforced` or is not (PW1, PW2).
    pub const fn rules(self, enforced: bool) -> PasswordRules {
        match self.profile {
            PasswordProfile::Standard => PasswordRules {
                least: if enforced { 8 } else { 15 },
                most: 256,
                four_classes: false,
            },
            PasswordProfile::Classic => PasswordRules {
                least: 12,
                most: 128,
                four_classes: true,
            },
        }
    }
}
