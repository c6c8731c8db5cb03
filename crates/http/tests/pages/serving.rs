//! Assets and headers.

use http_face::pages::{Locale, asset, asset_url, headers};

use super::markup::tags;
use super::samples::{URL, every_page};

#[test]
fn assets_are_addressed_by_their_content() {
    let url = asset_url("tokens.css");
    let name = url.strip_prefix("/assets/").unwrap();
    let hash = name
        .strip_prefix("tokens.")
        .and_then(|rest| rest.strip_suffix(".css"))
        .unwrap();
    assert_eq!(hash.len(), 16);
    let hashed = asset(name).unwrap();
    assert_eq!(hashed.mime, "text/css; charset=utf-8");
    assert!(hashed.cache_control.contains("immutable"));
    let plain = asset("tokens.css").unwrap();
    assert_eq!(plain.cache_control, "no-cache");
    assert_eq!((&plain.bytes, &plain.etag), (&hashed.bytes, &hashed.etag));
    assert!(plain.etag.starts_with('"') && plain.etag.ends_with('"'));
}

#[test]
fn other_names_are_not_found() {
    for name in [
        "",
        ".css",
        "tokens",
        "tokens.0000000000000000.css",
        "../Cargo.toml",
        "../src/lib.rs",
        "tokens.css/",
        "/tokens.css",
        "..%2ftokens.css",
        "tenant.css",
    ] {
        assert!(asset(name).is_none(), "{name}");
    }
}

#[test]
fn every_asset_a_page_asks_for_is_there() {
    let mut asked = 0;
    for (page, html) in every_page(Locale::ENGLISH, "calm", URL) {
        for tag in tags(&html) {
            for url in [tag.attribute("href"), tag.attribute("src")]
                .into_iter()
                .flatten()
            {
                let Some(name) = url.strip_prefix("/assets/") else {
                    continue;
                };
                let (name, fragment) = name.split_once('#').unwrap_or((name, ""));
                let file = asset(name).unwrap_or_else(|| panic!("{page}: {url}"));
                let text = String::from_utf8(file.bytes.into_owned()).unwrap();
                assert!(
                    fragment.is_empty() || text.contains(&format!("id=\"{fragment}\"")),
                    "{page}: {url}"
                );
                asked += 1;
            }
        }
    }
    assert!(asked > 50);
}

#[test]
fn stylesheets_load_nothing_from_elsewhere() {
    for name in ["tokens.css", "components.css", "icons.svg", "favicon.svg"] {
        let text = String::from_utf8(asset(name).unwrap().bytes.into_owned()).unwrap();
        assert!(
            !text.contains("url(") && !text.contains("@import") && !text.contains("<script"),
            "{name}"
        );
    }
}

#[test]
fn flow_pages_have_no_form_action_and_account_pages_do() {
    for policy in [headers::FLOW_CSP, headers::ACCOUNT_CSP] {
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.split("; ").any(|directive| directive == part), "{part}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("http"));
    }
    assert!(!headers::FLOW_CSP.contains("form-action"));
    assert!(headers::ACCOUNT_CSP.ends_with("; form-action 'self'"));
}

#[test]
fn both_kinds_send_the_strict_headers() {
    for (list, policy) in [
        (headers::flow().collect::<Vec<_>>(), headers::FLOW_CSP),
        (headers::account().collect::<Vec<_>>(), headers::ACCOUNT_CSP),
    ] {
        for expected in [
            ("content-security-policy", policy),
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert!(list.contains(&expected), "{expected:?}");
        }
        let mut names: Vec<_> = list.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), list.len());
    }
}
