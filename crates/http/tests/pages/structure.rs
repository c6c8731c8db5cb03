//! The ids and names others rely on, and what every page must have.

use http_face::pages::{
    App, ClaimItem, ClaimValue, ConsentPage, FlowEnd, Locale, LoginError, LoginNotice, LoginPage,
    PasswordError, Problem, ScopeItem, strength_key,
};

use super::markup::{Tag, tags};
use super::samples::{URL, account, chrome, consent, every_page, login};

fn page(name: &str) -> Vec<Tag> {
    let (_, html) = every_page(Locale::ENGLISH, "calm", URL)
        .into_iter()
        .find(|(page, _)| *page == name)
        .unwrap();
    tags(&html)
}

fn by_id<'a>(tags: &'a [Tag], id: &str) -> &'a Tag {
    let mut found = tags.iter().filter(|tag| tag.attribute("id") == Some(id));
    let tag = found.next().unwrap_or_else(|| panic!("no element {id}"));
    assert!(found.next().is_none(), "two elements {id}");
    tag
}

#[test]
fn the_sign_in_form_has_its_stable_ids() {
    let tags = page("login");
    let form = by_id(&tags, "login-form");
    assert_eq!(
        (form.attribute("method"), form.attribute("action")),
        (Some("post"), Some("calm"))
    );
    for (id, autocomplete) in [("email", "username webauthn"), ("password", "current-password")] {
        let field = by_id(&tags, id);
        assert_eq!(field.attribute("name"), Some(id));
        assert_eq!(field.attribute("autocomplete"), Some(autocomplete));
    }
    let hidden: Vec<_> = tags
        .iter()
        .filter(|tag| tag.attribute("type") == Some("hidden"))
        .map(|tag| (tag.attribute("name").unwrap(), tag.attribute("value").unwrap()))
        .collect();
    assert_eq!(hidden[..2], [("flow", "calm"), ("csrf", "calm")]);
}

/// PW15: whatever keeps passwords knows what each field is for. Fields that are not listed are found too.
#[test]
fn every_password_and_code_says_what_it_is() {
    let mut found = Vec::new();
    for (name, html) in every_page(Locale::ENGLISH, "calm", URL) {
        for tag in tags(&html) {
            let secret = tag.attribute("type") == Some("password") || tag.attribute("name") == Some("code");
            if secret && tag.attribute("type") != Some("hidden") {
                let id = tag.attribute("id").unwrap_or_default().to_owned();
                let says = tag.attribute("autocomplete").unwrap_or_default().to_owned();
                found.push((name, id, says));
            }
        }
    }
    found.sort();
    let found: Vec<_> = found
        .iter()
        .map(|(page, id, says)| (*page, id.as_str(), says.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("factor", "password", "current-password"),
            ("factor", "recovery-code", "off"),
            ("factor", "totp-code", "one-time-code"),
            ("invite", "password", "new-password"),
            ("link", "password", "new-password"),
            ("login", "password", "current-password"),
            ("password", "current", "current-password"),
            ("password", "password", "new-password"),
            ("replace", "new_password", "new-password"),
            ("replace", "password", "current-password"),
            ("totp", "code", "one-time-code"),
        ]
    );
}

#[test]
fn the_passkey_choice_works_without_a_script_and_says_what_it_can() {
    let tags = page("login");
    let form = by_id(&tags, "passkey-form");
    assert_eq!(
        (form.attribute("method"), form.attribute("action")),
        (Some("get"), Some("calm"))
    );
    let button = by_id(&tags, "passkey-button");
    assert_eq!(button.attribute("type"), Some("submit"));
    assert_eq!(button.attribute("aria-describedby"), Some("passkey-note"));
}

#[test]
fn consent_and_logout_have_two_equal_buttons() {
    for (name, form, buttons) in [
        ("consent", "consent-form", ["accept", "deny"]),
        ("logout", "logout-form", ["logout", "stay"]),
    ] {
        let tags = page(name);
        assert_eq!(by_id(&tags, form).attribute("method"), Some("post"));
        for id in buttons {
            let button = by_id(&tags, id);
            assert_eq!(
                (button.attribute("name"), button.attribute("value")),
                (Some(id), Some("1"))
            );
            assert!(
                button
                    .attribute("class")
                    .unwrap()
                    .split(' ')
                    .all(|class| class != "button-small")
            );
        }
    }
}

#[test]
fn the_error_comes_first_and_takes_the_focus() {
    for error in LoginError::ALL {
        let page = LoginPage {
            error: Some(error),
            ..login("calm", URL)
        };
        let tags = tags(&page.render(&chrome(Locale::ENGLISH, "calm", URL)));
        let place = |id: &str| {
            tags.iter()
                .position(|tag| tag.attribute("id") == Some(id))
                .unwrap()
        };
        assert!(place("login-error") < place("login-form"));
        let alert = by_id(&tags, "login-error");
        assert_eq!(
            (alert.attribute("role"), alert.attribute("tabindex")),
            (Some("alert"), Some("-1"))
        );
        assert_eq!(focused(&tags), ["login-error"]);
        assert_eq!(
            by_id(&tags, "password").attribute("aria-describedby"),
            Some("login-error")
        );
    }
}

#[test]
fn without_an_error_the_first_empty_field_has_the_focus() {
    let page = LoginPage {
        error: None,
        ..login("calm", URL)
    };
    let chrome = chrome(Locale::ENGLISH, "calm", URL);
    assert_eq!(focused(&tags(&page.render(&chrome))), ["password"]);
    assert_eq!(
        focused(&tags(&LoginPage { email: "", ..page }.render(&chrome))),
        ["email"]
    );
}

fn focused(tags: &[Tag]) -> Vec<&str> {
    tags.iter()
        .filter(|tag| tag.attribute("autofocus").is_some())
        .map(|tag| tag.attribute("id").unwrap())
        .collect()
}

#[test]
fn account_forms_carry_their_ids_and_addresses() {
    let html = account("a/b c").render(&chrome(Locale::ENGLISH, "calm", URL));
    assert!(
        html.contains("id=\"app-a/b c\" method=\"post\" action=\"/t/acme/account/apps/a%2Fb%20c/revoke\"")
    );
    let tags = page("account");
    let ended = tags
        .iter()
        .find(|tag| tag.attribute("id") == Some("session-calm"))
        .unwrap();
    assert_eq!(
        ended.attribute("action"),
        Some("/t/acme/account/sessions/calm/end")
    );
    by_id(&tags, "sessions-end-all");
}

#[test]
fn every_page_has_language_title_one_main_and_one_heading() {
    for locale in Locale::all() {
        for (name, html) in every_page(locale, "calm", URL) {
            let tags = tags(&html);
            assert!(html.starts_with("<!doctype html>"), "{name}");
            let root = tags.iter().find(|tag| tag.name == "html").unwrap();
            assert_eq!(
                (root.attribute("lang"), root.attribute("dir")),
                (Some(locale.tag()), Some("ltr"))
            );
            for once in ["title", "main", "h1"] {
                assert_eq!(
                    tags.iter().filter(|tag| tag.name == once).count(),
                    1,
                    "{name}: {once}"
                );
            }
        }
    }
}

#[test]
fn every_label_and_description_points_somewhere() {
    for (name, html) in every_page(Locale::ENGLISH, "calm", URL) {
        let tags = tags(&html);
        for tag in &tags {
            let pointers = ["for", "aria-labelledby", "aria-describedby", "data-reveal"];
            for target in pointers
                .iter()
                .filter_map(|pointer| tag.attribute(pointer))
                .flat_map(str::split_whitespace)
            {
                assert!(
                    tags.iter().any(|tag| tag.attribute("id") == Some(target)),
                    "{name}: {target}"
                );
            }
        }
    }
}

#[test]
fn the_language_switch_keeps_the_address() {
    let html = login("calm", URL).render(&chrome(Locale::GERMAN, "calm", URL));
    assert!(html.contains("href=\"/login?flow=calm&#38;lang=en\""));
    assert!(html.contains("<span lang=\"de\" aria-current=\"true\">Deutsch</span>"));
}

#[test]
fn consent_shows_who_what_how_long_and_how_to_take_it_back() {
    let page = ConsentPage {
        app: App {
            name: "Books",
            ..App::default()
        },
        user: "alice@example.com",
        return_host: "books.example",
        ..consent("calm", URL)
    };
    let chrome = chrome(Locale::ENGLISH, "Tenant", URL);
    let html = page.render(&chrome);
    for part in [
        "Allow Books to use your account?",
        "alice@example.com",
        "books.example",
        "1 hour",
        "At any time",
    ] {
        assert!(html.contains(part), "{part}");
    }
    let open = ConsentPage {
        lifetime_seconds: None,
        ..page
    };
    assert!(open.render(&chrome).contains("Until you take it back."));
}

#[test]
fn every_claim_has_a_label_and_its_own_value() {
    for name in protocol::userinfo::claim_names().chain(["sub"]) {
        assert!(http_face::pages::claim_key(name).is_some(), "{name}");
    }
    let claim = |name, value| ClaimItem { name, value };
    let page = ConsentPage {
        scopes: vec![ScopeItem {
            name: "email",
            description: None,
            claims: vec![
                claim("email", ClaimValue::Text("alice@example.com".into())),
                claim("email_verified", ClaimValue::Flag(false)),
                claim("updated_at", ClaimValue::Moment(1_772_600_400)),
                claim("<b>", ClaimValue::Text("<script>".into())),
            ],
        }],
        ..consent("calm", URL)
    };
    for (locale, parts) in [
        (
            Locale::ENGLISH,
            [
                "<dt>Email address</dt><dd>alice@example.com</dd>",
                "<dt>Address confirmed</dt><dd>No</dd>",
                "<dt>Account last changed</dt><dd>4 March 2026, 05:00 UTC</dd>",
                "<dt>&#60;b&#62;</dt><dd>&#60;script&#62;</dd>",
            ],
        ),
        (
            Locale::GERMAN,
            [
                "<dt>E-Mail-Adresse</dt><dd>alice@example.com</dd>",
                "<dt>Adresse bestätigt</dt><dd>Nein</dd>",
                "<dt>Konto zuletzt geändert</dt><dd>4. März 2026, 05:00 UTC</dd>",
                "<dt>&#60;b&#62;</dt><dd>&#60;script&#62;</dd>",
            ],
        ),
    ] {
        let html = page.render(&chrome(locale, "calm", URL));
        for part in parts {
            assert!(html.contains(part), "{part} in {html}");
        }
    }
}

#[test]
fn codes_of_problems_are_unique_and_shown() {
    let mut codes: Vec<_> = Problem::ALL.iter().map(|problem| problem.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Problem::ALL.len());
    assert!(
        Problem::ALL
            .iter()
            .all(|problem| (400..600).contains(&problem.status()))
    );
    let (_, html) = every_page(Locale::ENGLISH, "calm", URL)
        .into_iter()
        .find(|(page, _)| *page == "error")
        .unwrap();
    assert!(html.contains("RSP-1042"));
}

#[test]
fn every_variant_has_words_in_every_language() {
    let mut keys: Vec<String> = LoginError::ALL
        .iter()
        .map(|error| error.key().to_owned())
        .collect();
    keys.extend(LoginNotice::ALL.iter().map(|notice| notice.key().to_owned()));
    keys.extend(PasswordError::ALL.iter().map(|error| error.key().to_owned()));
    keys.extend(
        engine::Strength::ALL
            .iter()
            .map(|strength| strength_key(*strength).to_owned()),
    );
    keys.extend(
        http_face::pages::AccountNotice::ALL
            .iter()
            .map(|notice| notice.key().to_owned()),
    );
    keys.extend(http_face::pages::FactorError::ALL.map(|error| error.key().to_owned()));
    keys.extend(http_face::pages::FactorsNotice::ALL.map(|notice| notice.key().to_owned()));
    for kind in domain::EventKind::ALL {
        keys.push(http_face::pages::ActivityItem::key(*kind).to_owned());
    }
    keys.extend(http_face::pages::ProfileField::ALL.map(|field| field.key().to_owned()));
    keys.extend(super::samples::mail_keys());
    for end in FlowEnd::ALL {
        keys.extend(["title", "text", "next"].map(|part| format!("{}-{part}", end.key())));
    }
    for problem in Problem::ALL {
        keys.extend(["title", "cause", "next"].map(|part| format!("{}-{part}", problem.key())));
    }
    for kind in http_face::pages::DemoLinkKind::ALL {
        keys.extend([kind.key().to_owned(), format!("{}-text", kind.key())]);
    }
    for locale in Locale::all() {
        let known = http_face::pages::Catalogue::shared().keys(locale);
        for key in &keys {
            assert!(known.contains(key), "{key} in {}", locale.tag());
        }
    }
}
