use serde::{Deserialize, Serialize};

/// What a browser says it is, coarsely: enough for people to recognise it, too little to tell two of them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Device {
    /// Family of the browser.
    pub browser: Browser,
    /// Family of the operating system.
    pub system: System,
}

impl Device {
    /// Reads a `User-Agent` header, of which only the beginning counts. It says what its sender likes: good for showing
    /// and grouping, never for deciding.
    pub fn of(agent: &str) -> Self {
        let agent = match agent.char_indices().nth(READ) {
            Some((end, _)) => agent.get(..end).unwrap_or_default(),
            None => agent,
        };
        Self {
            browser: first(&BROWSERS, agent).unwrap_or(Browser::Other),
            system: first(&SYSTEMS, agent).unwrap_or(System::Other),
        }
    }
}

/// Characters of a header that are looked at.
const READ: usize = 512;

/// A family of browsers, or of programs that are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Browser {
    /// Google Chrome and what is built from it without saying so.
    Chrome,
    /// The command line program.
    Curl,
    /// Microsoft Edge.
    Edge,
    /// Mozilla Firefox.
    Firefox,
    /// Opera.
    Opera,
    /// A library of Python.
    Python,
    /// Apple Safari.
    Safari,
    /// Samsung Internet.
    Samsung,
    /// Anything else; also a family that a later version wrote.
    #[serde(other)]
    Other,
}

impl Browser {
    /// The word that stands in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chrome => "chrome",
            Self::Curl => "curl",
            Self::Edge => "edge",
            Self::Firefox => "firefox",
            Self::Opera => "opera",
            Self::Python => "python",
            Self::Safari => "safari",
            Self::Samsung => "samsung",
            Self::Other => "other",
        }
    }

    /// The name people know it by.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::Chrome => "Chrome",
            Self::Curl => "curl",
            Self::Edge => "Edge",
            Self::Firefox => "Firefox",
            Self::Opera => "Opera",
            Self::Python => "Python",
            Self::Safari => "Safari",
            Self::Samsung => "Samsung Internet",
            Self::Other => return None,
        })
    }
}

/// A family of operating systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum System {
    /// Android.
    Android,
    /// `ChromeOS`.
    Chromeos,
    /// iOS and iPadOS.
    Ios,
    /// Linux that is not one of the others.
    Linux,
    /// macOS; also an iPad that asks for desktop pages.
    Macos,
    /// Windows.
    Windows,
    /// Anything else; also a family that a later version wrote.
    #[serde(other)]
    Other,
}

impl System {
    /// The name people know it by.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::Android => "Android",
            Self::Chromeos => "ChromeOS",
            Self::Ios => "iOS",
            Self::Linux => "Linux",
            Self::Macos => "macOS",
            Self::Windows => "Windows",
            Self::Other => return None,
        })
    }

    /// Whether it is carried in a hand.
    pub const fn is_mobile(self) -> bool {
        matches!(self, Self::Android | Self::Ios)
    }
}

fn first<T: Copy>(marks: &[(&str, T)], agent: &str) -> Option<T> {
    marks
        .iter()
        .find(|(mark, _)| agent.contains(mark))
        .map(|&(_, family)| family)
}

/// The order counts: most browsers also name those they want to be taken for.
const BROWSERS: [(&str, Browser); 14] = [
    ("Edg/", Browser::Edge),
    ("EdgA/", Browser::Edge),
    ("EdgiOS/", Browser::Edge),
    ("OPR/", Browser::Opera),
    ("SamsungBrowser/", Browser::Samsung),
    ("Firefox/", Browser::Firefox),
    ("FxiOS/", Browser::Firefox),
    ("Chrome/", Browser::Chrome),
    ("CriOS/", Browser::Chrome),
    ("Chromium/", Browser::Chrome),
    ("Safari/", Browser::Safari),
    ("curl/", Browser::Curl),
    ("python", Browser::Python),
    ("Python", Browser::Python),
];

const SYSTEMS: [(&str, System); 9] = [
    ("Windows", System::Windows),
    ("Android", System::Android),
    ("iPhone", System::Ios),
    ("iPad", System::Ios),
    ("iPod", System::Ios),
    ("CrOS", System::Chromeos),
    ("Macintosh", System::Macos),
    ("Linux", System::Linux),
    ("X11", System::Linux),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart_by_what_they_do_not_pretend() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (agent, browser, system) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned(),
                Browser::Firefox,
                System::Linux,
            ),
            (
                format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/138.0 Safari/537.36 Edg/138.0"),
                Browser::Edge,
                System::Windows,
            ),
            (
                format!("Mozilla/5.0 (Linux; Android 10; K) {webkit} Chrome/138.0 Mobile Safari/537.36"),
                Browser::Chrome,
                System::Android,
            ),
            (
                format!("Mozilla/5.0 (Linux; Android 14) {webkit} SamsungBrowser/27.0 Chrome/125.0 Mobile Safari/537.36"),
                Browser::Samsung,
                System::Android,
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.5 Mobile/15E148 Safari/604.1"
                    .to_owned(),
                Browser::Safari,
                System::Ios,
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 CriOS/138.0 Mobile/15E148 Safari/604.1"
                    .to_owned(),
                Browser::Chrome,
                System::Ios,
            ),
            (
                format!("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {webkit} Chrome/138.0 Safari/537.36 OPR/122.0"),
                Browser::Opera,
                System::Macos,
            ),
            (
                format!("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {webkit} Chrome/138.0 Safari/537.36"),
                Browser::Chrome,
                System::Chromeos,
            ),
            ("curl/8.14.1".to_owned(), Browser::Curl, System::Other),
            ("python-requests/2.32".to_owned(), Browser::Python, System::Other),
            ("Python-urllib/3.13".to_owned(), Browser::Python, System::Other),
            ("<script>alert(1)</script>".to_owned(), Browser::Other, System::Other),
            (String::new(), Browser::Other, System::Other),
        ] {
            assert_eq!(Device::of(&agent), Device { browser, system }, "{agent}");
        }
    }

    #[test]
    fn only_the_beginning_is_read_whole_characters_only() {
        let padded = |n: usize| format!("{}Firefox/140.0", "é".repeat(n));
        assert_eq!(Device::of(&padded(READ - 8)).browser, Browser::Firefox);
        assert_eq!(Device::of(&padded(READ - 7)).browser, Browser::Other);
        assert_eq!(Device::of(&padded(1_000_000)).browser, Browser::Other);
    }

    #[test]
    fn the_word_in_the_database_is_the_one_the_log_has() {
        for (_, browser) in BROWSERS {
            let word = serde_json::Value::from(browser.as_str());
            assert_eq!(serde_json::to_value(browser).unwrap(), word);
            assert_eq!(serde_json::from_value::<Browser>(word).unwrap(), browser);
        }
        let later: Browser = serde_json::from_value("ladybird".into()).unwrap();
        assert_eq!(later, Browser::Other);
    }
}
