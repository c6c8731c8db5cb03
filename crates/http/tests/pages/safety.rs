//! Hostile text stays text; nothing is inline; nothing comes from elsewhere.

use http_face::pages::Locale;

use super::markup::{skeleton, tags};
use super::samples::{URL, every_page};

const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}</textarea>&amp;";

#[test]
fn hostile_text_in_every_field_changes_no_tag() {
    let hostile_url = format!("{URL}{HOSTILE}");
    for locale in Locale::all() {
        let calm = every_page(locale, "calm", URL);
        let tried = every_page(locale, HOSTILE, &hostile_url);
        for ((name, calm), (_, tried)) in calm.iter().zip(&tried) {
            assert_eq!(skeleton(calm), skeleton(tried), "{name} in {}", locale.tag());
            assert!(!tried.contains("<img src=x"), "{name}");
            assert!(
                tried.contains("&#60;script&#62;"),
                "{name} shows the text, escaped"
            );
        }
    }
}

#[test]
fn only_web_addresses_are_linked() {
    for bad in [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/\\evil.example",
        "",
        "vbscript:x",
    ] {
        for (name, html) in every_page(Locale::ENGLISH, "calm", bad) {
            let linked = tags(&html).into_iter().any(|tag| {
                tag.name != "form" && [tag.attribute("href"), tag.attribute("src")].contains(&Some(bad))
            });
            assert!(!linked, "{name} links {bad:?}");
        }
    }
    let pages = every_page(Locale::ENGLISH, "calm", "/account");
    assert!(
        pages
            .iter()
            .filter(|(_, html)| html.contains("href=\"/account\""))
            .count()
            >= 7
    );
}

#[test]
fn pictures_come_from_here_or_from_data() {
    let outside = every_page(Locale::ENGLISH, "calm", "https://evil.example/pixel.png");
    assert!(
        outside
            .iter()
            .all(|(_, html)| !tags(html).iter().any(|tag| tag.name == "img"))
    );
    let inside = every_page(Locale::ENGLISH, "calm", "/t/acme/logo");
    assert!(
        inside
            .iter()
            .all(|(_, html)| tags(html).iter().any(|tag| tag.name == "img"))
    );
}

#[test]
fn nothing_is_inline() {
    for (name, html) in every_page(Locale::ENGLISH, "calm", URL) {
        for tag in tags(&html) {
            assert_ne!(tag.name, "style", "{name}");
            assert!(
                tag.name != "script" || tag.attribute("src").is_some(),
                "{name}: inline script"
            );
            for (attribute, _) in &tag.attributes {
                assert_ne!(attribute, "style", "{name}");
                assert!(!attribute.starts_with("on"), "{name}: {attribute}");
            }
        }
        assert!(!html.contains("<script src=\"http"), "{name}");
    }
}

#[test]
fn stylesheets_scripts_and_pictures_are_ours() {
    for (name, html) in every_page(Locale::ENGLISH, "calm", URL) {
        for tag in tags(&html) {
            let loaded = match tag.name.as_str() {
                "link" | "use" => tag.attribute("href"),
                "script" | "img" => tag.attribute("src"),
                _ => None,
            };
            let ours =
                loaded.is_none_or(|url| url.starts_with("/assets/") || url.starts_with("/t/acme/assets/"));
            assert!(ours, "{name} loads {loaded:?}");
        }
    }
}

#[test]
fn passwords_are_never_written_back() {
    for (name, html) in every_page(Locale::ENGLISH, "calm", URL) {
        let filled = tags(&html)
            .into_iter()
            .any(|tag| tag.attribute("type") == Some("password") && tag.attribute("value").is_some());
        assert!(!filled, "{name}");
    }
}
