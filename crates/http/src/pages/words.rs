//! The words of one page in one language.

use fluent_bundle::FluentValue;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Catalogue, Locale};

/// Looks texts up for one language.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    catalogue: &'static Catalogue,
    locale: Locale,
}

impl Words {
    /// The words of a language.
    pub fn new(locale: Locale) -> Self {
        Self {
            catalogue: Catalogue::shared(),
            locale,
        }
    }

    /// The text of a message without values.
    pub fn t(&self, key: &str) -> String {
        self.catalogue.t(self.locale, key)
    }

    /// The text of a message with values.
    pub fn t_args(&self, key: &str, values: &[(&str, FluentValue<'_>)]) -> String {
        self.catalogue.t_args(self.locale, key, values)
    }

    /// The text of a message with one value.
    pub fn with(&self, key: &str, name: &str, value: &str) -> String {
        self.t_args(key, &[(name, value.into())])
    }

    /// A length of time in the largest unit that fits, rounded down: "30 days", "1 hour".
    pub fn lifetime(&self, seconds: u64) -> String {
        let (key, count) = match seconds {
            0..60 => ("lifetime-seconds", seconds),
            60..3_600 => ("lifetime-minutes", seconds / 60),
            3_600..86_400 => ("lifetime-hours", seconds / 3_600),
            _ => ("lifetime-days", seconds / 86_400),
        };
        self.t_args(key, &[("count", count.into())])
    }

    /// How long ago a moment was, rounded down: "2 hours ago". The future is now.
    pub fn ago(&self, now: i64, then: i64) -> String {
        let seconds = u64::try_from(now.saturating_sub(then)).unwrap_or_default();
        let (key, count) = match seconds {
            0..60 => return self.t("ago-now"),
            60..3_600 => ("ago-minutes", seconds / 60),
            3_600..86_400 => ("ago-hours", seconds / 3_600),
            _ => ("ago-days", seconds / 86_400),
        };
        self.t_args(key, &[("count", count.into())])
    }

    /// A moment with its zone, for reading.
    pub fn when(&self, seconds: i64) -> String {
        let Ok(moment) = Timestamp::from_second(seconds) else {
            return String::new();
        };
        let moment = TimeZone::UTC.to_datetime(moment);
        let month = self.t(&format!("month-{}", moment.month()));
        self.t_args(
            "when",
            &[
                ("day", moment.day().to_string().into()),
                ("month", month.into()),
                ("year", moment.year().to_string().into()),
                ("time", moment.strftime("%H:%M").to_string().into()),
            ],
        )
    }

    /// A moment for the `datetime` attribute (RFC 3339).
    pub fn machine_time(&self, seconds: i64) -> String {
        Timestamp::from_second(seconds)
            .map(|moment| moment.to_string())
            .unwrap_or_default()
    }

    /// The `lang` attribute.
    pub fn tag(&self) -> &'static str {
        self.locale.tag()
    }

    /// The `dir` attribute.
    pub fn dir(&self) -> &'static str {
        self.locale.direction().attribute()
    }
}
