//! Languages, their direction, and which one a reader gets.

/// The way a script runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Left to right.
    Ltr,
    /// Right to left.
    Rtl,
}

impl Direction {
    /// The direction of a language tag, by its script or, without one, its language.
    pub fn of(tag: &str) -> Self {
        const RIGHT_TO_LEFT: [&str; 14] = [
            "ar", "arab", "ckb", "dv", "fa", "he", "hebr", "ks", "ps", "sd", "syr", "ug", "ur", "yi",
        ];
        let mut parts = tag.split('-');
        let language = parts.next().unwrap_or_default();
        let deciding = parts
            .find(|part| part.len() == 4)
            .unwrap_or(language)
            .to_ascii_lowercase();
        if RIGHT_TO_LEFT.contains(&deciding.as_str()) {
            Self::Rtl
        } else {
            Self::Ltr
        }
    }

    /// The value of the `dir` attribute.
    pub fn attribute(self) -> &'static str {
        match self {
            Self::Ltr => "ltr",
            Self::Rtl => "rtl",
        }
    }
}

/// One language: its tag, its name in itself, and its messages.
struct Language {
    tag: &'static str,
    name: &'static str,
    messages: &'static [&'static str],
}

/// Lists the message files of a language.
macro_rules! messages {
    ($folder:literal) => {
        &[
            include_str!(concat!("../../locales/", $folder, "/account.ftl")),
            include_str!(concat!("../../locales/", $folder, "/common.ftl")),
            include_str!(concat!("../../locales/", $folder, "/console.ftl")),
            include_str!(concat!("../../locales/", $folder, "/demo.ftl")),
            include_str!(concat!("../../locales/", $folder, "/flow.ftl")),
            include_str!(concat!("../../locales/", $folder, "/mail.ftl")),
            include_str!(concat!("../../locales/", $folder, "/problems.ftl")),
        ]
    };
}

/// A new language is one folder and one line here; the first is the fallback.
const LANGUAGES: [Language; 2] = [
    Language {
        tag: "en",
        name: "English",
        messages: messages!("en"),
    },
    Language {
        tag: "de",
        name: "Deutsch",
        messages: messages!("de"),
    },
];

/// A language the pages exist in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Locale(usize);

impl Locale {
    /// English, which every other language falls back to.
    pub const ENGLISH: Self = Self(0);
    /// German.
    pub const GERMAN: Self = Self(1);

    /// Every language, the fallback first.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..LANGUAGES.len()).map(Self)
    }

    /// Decides the language: the reader's own choice (`cookie`), then what the application asked for
    /// (`ui_locales`, OpenID Connect Core 3.1.2.1, most preferred first), then what the browser says
    /// (`Accept-Language`, RFC 9110 12.5.4), then English. A region is ignored when only its language exists.
    pub fn negotiate(ui_locales: &[&str], accept_language: Option<&str>, cookie: Option<&str>) -> Self {
        cookie
            .and_then(Self::matching)
            .or_else(|| ui_locales.iter().find_map(|tag| Self::matching(tag)))
            .or_else(|| accept_language.and_then(accepted))
            .unwrap_or_default()
    }

    /// The language of a tag such as `de`, `de-AT` or `DE_at`.
    pub fn matching(tag: &str) -> Option<Self> {
        let language = tag.trim().split(['-', '_']).next()?;
        Self::all().find(|locale| locale.tag().eq_ignore_ascii_case(language))
    }

    /// BCP 47 tag.
    pub fn tag(self) -> &'static str {
        self.language().tag
    }

    /// The name of the language in itself.
    pub fn name(self) -> &'static str {
        self.language().name
    }

    /// The way its script runs.
    pub fn direction(self) -> Direction {
        Direction::of(self.tag())
    }

    pub(super) fn messages(self) -> &'static [&'static str] {
        self.language().messages
    }

    pub(super) fn index(self) -> usize {
        self.0
    }

    fn language(self) -> &'static Language {
        let [english, ..] = &LANGUAGES;
        LANGUAGES.get(self.0).unwrap_or(english)
    }
}

/// The best accepted language we have. Longer headers than any browser sends are cut, not searched.
fn accepted(header: &str) -> Option<Locale> {
    let mut best: Option<(Locale, f32)> = None;
    for entry in header.split(',').take(32) {
        let mut parts = entry.split(';');
        let Some(locale) = parts.next().and_then(Locale::matching) else {
            continue;
        };
        let quality = parts
            .find_map(|part| part.trim().strip_prefix("q="))
            .map_or(1.0, |value| value.trim().parse::<f32>().unwrap_or(0.0));
        if quality > best.map_or(0.0, |(_, quality)| quality) {
            best = Some((locale, quality));
        }
    }
    best.map(|(locale, _)| locale)
}
