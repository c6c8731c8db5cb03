//! Languages: negotiation, complete catalogues, and words that fit.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use http_face::pages::{Catalogue, DemoLinkKind, Direction, FlowEnd, Locale, Problem, Words};

use super::samples::{URL, every_page};

#[test]
fn the_message_files_are_sound() {
    assert_eq!(Catalogue::shared().defects(), &[] as &[String]);
}

#[test]
fn every_language_has_every_key() {
    let english = Catalogue::shared().keys(Locale::ENGLISH);
    assert!(english.len() > 100);
    for locale in Locale::all() {
        assert_eq!(Catalogue::shared().keys(locale), english, "{}", locale.tag());
    }
}

#[test]
fn every_language_fills_in_the_same_values() {
    let [english, german] = ["en", "de"].map(placeables);
    assert_eq!(english, german);
}

/// `key $value` for every message.
fn placeables(language: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in files(&format!("locales/{language}")) {
        let mut key = String::new();
        for line in fs::read_to_string(file).unwrap().lines() {
            if line.starts_with(|letter: char| letter.is_ascii_lowercase()) {
                line.split(' ').next().unwrap().clone_into(&mut key);
            }
            let values = line.split('$').skip(1);
            found.extend(values.map(|rest| format!("{key} ${}", rest.split([' ', '}']).next().unwrap())));
        }
    }
    found
}

#[test]
fn every_key_of_a_template_exists_and_every_key_is_used() {
    let known: BTreeSet<String> = Catalogue::shared()
        .keys(Locale::ENGLISH)
        .iter()
        .cloned()
        .collect();
    let mut used = BTreeSet::new();
    for file in files("templates") {
        let source = fs::read_to_string(&file).unwrap();
        for call in ["words.t(\"", "words.with(\"", "words.t_args(\""] {
            for rest in source.split(call).skip(1) {
                let key = rest.split('"').next().unwrap().to_owned();
                assert!(known.contains(&key), "{key} in {}", file.display());
                used.insert(key);
            }
        }
    }
    for file in files("src/pages") {
        used.extend(fs::read_to_string(&file).unwrap().split('"').map(str::to_owned));
    }
    used.extend((1..=12).map(|month| format!("month-{month}")));
    for stem in FlowEnd::ALL
        .map(FlowEnd::key)
        .into_iter()
        .chain(Problem::ALL.map(Problem::key))
    {
        used.extend(["title", "text", "cause", "next"].map(|part| format!("{stem}-{part}")));
    }
    used.extend(DemoLinkKind::ALL.map(|kind| format!("{}-text", kind.key())));
    used.extend(super::samples::mail_keys());
    let unused: Vec<_> = known.difference(&used).collect();
    assert!(unused.is_empty(), "no page says {unused:?}");
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty());
    found
}

#[test]
fn no_page_shows_a_key_instead_of_words() {
    for locale in Locale::all() {
        for (name, html) in every_page(locale, "calm", URL) {
            for key in Catalogue::shared()
                .keys(locale)
                .iter()
                .filter(|key| key.contains('-'))
            {
                assert!(
                    !html.contains(&format!(">{key}<")),
                    "{name} in {}: {key}",
                    locale.tag()
                );
            }
        }
    }
}

#[test]
fn the_reader_decides_then_the_application_then_the_browser() {
    let negotiate = Locale::negotiate;
    assert_eq!(negotiate(&[], None, None), Locale::ENGLISH);
    assert_eq!(
        negotiate(&[], Some("de-AT,de;q=0.9,en;q=0.8"), None),
        Locale::GERMAN
    );
    assert_eq!(negotiate(&["en"], Some("de"), None), Locale::ENGLISH);
    assert_eq!(negotiate(&["fr", "de-CH"], Some("en"), None), Locale::GERMAN);
    assert_eq!(negotiate(&["de"], Some("de"), Some("en")), Locale::ENGLISH);
    assert_eq!(negotiate(&["de"], None, Some("tlh")), Locale::GERMAN);
}

#[test]
fn accept_language_is_read_by_quality() {
    let accept = |header| Locale::negotiate(&[], Some(header), None);
    assert_eq!(accept("en;q=0.3, de;q=0.7"), Locale::GERMAN);
    assert_eq!(accept("de;q=0.3, en;q=0.7"), Locale::ENGLISH);
    assert_eq!(accept("fr, DE_de"), Locale::GERMAN);
    assert_eq!(accept("de;q=0"), Locale::ENGLISH);
    assert_eq!(accept("de;q=banana,;;,,q=1"), Locale::ENGLISH);
    assert_eq!(accept(&"fr,".repeat(10_000)), Locale::ENGLISH);
}

#[test]
fn direction_follows_script_then_language() {
    for tag in ["ar", "he-IL", "fa", "ur-PK", "az-Arab", "AR"] {
        assert_eq!(Direction::of(tag), Direction::Rtl, "{tag}");
    }
    for tag in ["en", "de-AT", "az", "ar-Latn", ""] {
        assert_eq!(Direction::of(tag), Direction::Ltr, "{tag}");
    }
    assert_eq!(
        (Direction::Rtl.attribute(), Direction::Ltr.attribute()),
        ("rtl", "ltr")
    );
}

#[test]
fn an_unknown_key_is_shown_as_itself() {
    assert_eq!(Words::new(Locale::GERMAN).t("no-such-key"), "no-such-key");
}

#[test]
fn times_have_words_and_a_zone() {
    let (english, german) = (Words::new(Locale::ENGLISH), Words::new(Locale::GERMAN));
    assert_eq!(english.when(1_795_491_660), "24 November 2026, 03:41 UTC");
    assert_eq!(german.when(1_772_600_400), "4. März 2026, 05:00 UTC");
    assert_eq!(english.machine_time(1_795_491_660), "2026-11-24T03:41:00Z");
    assert_eq!(english.when(i64::MAX), "");
    assert_eq!(english.machine_time(i64::MAX), "");
}

#[test]
fn the_past_is_told_in_the_largest_unit_that_fits() {
    let (english, german) = (Words::new(Locale::ENGLISH), Words::new(Locale::GERMAN));
    assert_eq!(english.ago(59, 0), "just now");
    assert_eq!(english.ago(0, 59), "just now", "a clock that runs ahead");
    assert_eq!(english.ago(60, 0), "1 minute ago");
    assert_eq!(english.ago(7_200, 0), "2 hours ago");
    assert_eq!(english.ago(i64::MAX, i64::MIN), english.ago(i64::MAX, 0));
    assert_eq!(german.ago(86_400, 0), "vor 1 Tag");
    assert_eq!(german.ago(2 * 86_400, 0), "vor 2 Tagen");
}

#[test]
fn lifetimes_use_the_largest_unit_that_fits() {
    let (english, german) = (Words::new(Locale::ENGLISH), Words::new(Locale::GERMAN));
    assert_eq!(english.lifetime(59), "59 seconds");
    assert_eq!(english.lifetime(60), "1 minute");
    assert_eq!(english.lifetime(7_199), "1 hour");
    assert_eq!(english.lifetime(2_592_000), "30 days");
    assert_eq!(german.lifetime(86_400), "1 Tag");
    assert_eq!(german.lifetime(7_200), "2 Stunden");
}
