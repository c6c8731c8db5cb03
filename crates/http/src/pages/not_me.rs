//! Saying that something on the activity page was somebody else.

use domain::EventKind;

use super::{ActivityItem, Words, page};

/// The page at `{prefix}/account/activity/not-me`: form `not-me-form`.
#[derive(Clone, Debug)]
pub struct NotMePage<'a> {
    /// Sent back as `csrf`.
    pub csrf: &'a str,
    /// What it is about, sent back as `event`.
    pub event: &'a str,
    /// What that was.
    pub kind: EventKind,
    /// When, in seconds since 1970.
    pub at: i64,
    /// From when on everything that was added goes, in seconds since 1970.
    pub since: i64,
    /// Other sessions, which end.
    pub sessions: usize,
    /// Names of the passkeys that are removed; one may be empty.
    pub passkeys: Vec<&'a str>,
    /// Whether the application that shows codes is removed.
    pub totp: bool,
    /// Recovery codes that are removed.
    pub recovery_codes: u64,
    /// Known browsers that are forgotten.
    pub devices: u64,
    /// Whether there is a password, which has to be replaced at the next sign-in.
    pub password: bool,
}

impl NotMePage<'_> {
    fn what(&self, words: &Words) -> String {
        words.t(ActivityItem::key(self.kind))
    }

    fn ends(&self, words: &Words) -> Vec<String> {
        let count = |key: &str, count: u64| words.t_args(key, &[("count", count.into())]);
        let mut all = vec![count("not-me-sessions", self.sessions as u64)];
        for name in &self.passkeys {
            all.push(if name.is_empty() {
                words.t("passkey")
            } else {
                format!("{}: {name}", words.t("passkey"))
            });
        }
        if self.totp {
            all.push(words.t("totp-title"));
        }
        if self.recovery_codes > 0 {
            all.push(count("not-me-recovery-codes", self.recovery_codes));
        }
        if self.devices > 0 {
            all.push(count("not-me-devices", self.devices));
        }
        if self.password {
            all.push(words.t("not-me-password"));
        }
        all
    }
}

page!(NotMePage, NotMeTemplate, "account/not_me.html");
