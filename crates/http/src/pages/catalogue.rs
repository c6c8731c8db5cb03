//! Every message in every language, read once.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use super::{Direction, Locale};

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::load);

/// The messages of every language, in Fluent form.
pub struct Catalogue {
    bundles: Vec<FluentBundle<FluentResource>>,
    keys: Vec<Vec<String>>,
    defects: Vec<String>,
}

impl Catalogue {
    /// The one catalogue of the process.
    pub fn shared() -> &'static Self {
        &CATALOGUE
    }

    fn load() -> Self {
        let mut catalogue = Self {
            bundles: Vec::new(),
            keys: Vec::new(),
            defects: Vec::new(),
        };
        for locale in Locale::all() {
            catalogue.add(locale);
        }
        catalogue
    }

    fn add(&mut self, locale: Locale) {
        let tag: LanguageIdentifier = locale.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // Marks around inserted values keep a Latin name from turning a right-to-left sentence round; in a
        // left-to-right language they would only be copied along with the text.
        bundle.set_use_isolating(locale.direction() == Direction::Rtl);
        let mut keys = Vec::new();
        for source in locale.messages() {
            let resource =
                FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(partial, errors)| {
                    self.defects
                        .extend(errors.iter().map(|error| format!("{}: {error}", locale.tag())));
                    partial
                });
            keys.extend(message_keys(source));
            if let Err(errors) = bundle.add_resource(resource) {
                self.defects
                    .extend(errors.iter().map(|error| format!("{}: {error}", locale.tag())));
            }
        }
        keys.sort();
        self.keys.push(keys);
        self.bundles.push(bundle);
    }

    /// What is wrong with the message files; empty in a build whose tests passed.
    pub fn defects(&self) -> &[String] {
        &self.defects
    }

    /// The keys of a language, sorted.
    pub fn keys(&self, locale: Locale) -> &[String] {
        self.keys.get(locale.index()).map_or(&[], Vec::as_slice)
    }

    /// The text of a message without values.
    pub fn t(&self, locale: Locale, key: &str) -> String {
        self.t_args(locale, key, &[])
    }

    /// The text of a message with its values filled in; English when the language lacks it, the key when
    /// no language has it.
    pub fn t_args(&self, locale: Locale, key: &str, values: &[(&str, FluentValue<'_>)]) -> String {
        let args: FluentArgs<'_> = values
            .iter()
            .map(|(name, value)| (*name, value.clone()))
            .collect();
        [locale, Locale::ENGLISH]
            .iter()
            .find_map(|locale| self.format(*locale, key, &args))
            .unwrap_or_else(|| key.to_owned())
    }

    fn format(&self, locale: Locale, key: &str, args: &FluentArgs<'_>) -> Option<String> {
        let bundle = self.bundles.get(locale.index())?;
        let pattern = bundle.get_message(key)?.value()?;
        let mut defects = Vec::new();
        let text = bundle
            .format_pattern(pattern, Some(args), &mut defects)
            .into_owned();
        defects.is_empty().then_some(text)
    }
}

impl std::fmt::Debug for Catalogue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Catalogue")
            .field("defects", &self.defects)
            .finish_non_exhaustive()
    }
}

/// A message begins at the start of a line with its key; continuations are indented.
fn message_keys(source: &str) -> impl Iterator<Item = String> {
    source
        .lines()
        .filter(|line| line.starts_with(|letter: char| letter.is_ascii_lowercase()))
        .filter_map(|line| line.split_once('=').map(|(key, _)| key.trim().to_owned()))
}
