//! Writes every page in every language and colour scheme, to be looked at:
//! `cargo run -p rsp-http --example gallery -- OUTDIR`. File names are `PAGE.LANGUAGE.SCHEME.html`; the long
//! and right-to-left variants show what narrow columns and mirrored scripts do.

mod demo;
mod factors;
mod links;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use domain::{EventKind, PasswordSettings};
use engine::Strength;
use http_face::pages::{
    AccountNotice, AccountPage, ActivityItem, ActivityPage, App, Brand, Chrome, ClaimItem, ClaimValue,
    ConnectedApp, ConsentPage, ConsolePage, ErrorPage, FlowEnd, FlowEndedPage, FormPostPage, InvitePage,
    Locale, LoggedOutPage, LoginError, LoginNotice, LoginPage, LogoutPage, NewPasswordField, PasswordAdvice,
    PasswordError, PasswordPage, Problem, ProfileField, ProfilePage, ReplacePage, ScopeItem, SessionItem,
    Theme, Work, asset, tenant_css,
};

const LONG_APP: &str = "Donaudampfschifffahrtsgesellschaftskapitänsverwaltung";
const LONG_MAIL: &str =
    "annegret.oberreichsbahnwassermannbrückenbauer@verkehrsinfrastrukturfinanzierung.example";
const LOGO: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 48 48'%3E\
     %3Crect width='48' height='48' rx='10' fill='%23325'/%3E%3Cpath d='M12 33V15l12 12 12-12v18' \
     fill='none' stroke='%23fff' stroke-width='4'/%3E%3C/svg%3E";
const WORK: Work<'_> = Work {
    text: "1767323045000000.c2FsdA.cHJvb2Y",
    bits: 16,
    wait: 30,
};
const MOMENT: i64 = 1_795_491_660;

fn main() -> io::Result<()> {
    let Some(folder) = std::env::args().nth(1).map(PathBuf::from) else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "usage: gallery OUTDIR",
        ));
    };
    write_assets(&folder.join("assets"))?;
    for locale in Locale::all() {
        for theme in [Theme::Light, Theme::Dark] {
            for (name, html) in pages(&chrome(locale, theme)) {
                let scheme = theme.forced().unwrap_or("auto");
                fs::write(
                    folder.join(format!("{name}.{}.{scheme}.html", locale.tag())),
                    &html,
                )?;
                if locale == Locale::ENGLISH {
                    let mirrored = html.replacen("dir=\"ltr\"", "dir=\"rtl\"", 1);
                    fs::write(folder.join(format!("{name}.rtl.{scheme}.html")), mirrored)?;
                }
            }
        }
    }
    Ok(())
}

fn write_assets(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let names = [
        "tokens.css",
        "components.css",
        "page.js",
        "challenge.js",
        "form-post.js",
        "icons.svg",
        "favicon.svg",
    ];
    for name in names {
        let Some(file) = asset(name) else { continue };
        fs::write(folder.join(name), &file.bytes)?;
        let address = http_face::pages::asset_url(name);
        fs::write(folder.join(address.trim_start_matches("/assets/")), &file.bytes)?;
    }
    fs::write(folder.join("tenant.css"), tenant_css(&Brand::default()))
}

fn chrome(locale: Locale, theme: Theme) -> Chrome {
    Chrome {
        theme,
        asset_base: ".".to_owned(),
        request_id: "01997c5e-2f3b-7a40-9d52-8f1c3e7b6a90".to_owned(),
        self_url: Some("/login?flow=4hK2".to_owned()),
        ..Chrome::new(locale, "Nordwind", &Brand::default())
    }
}

fn pages(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let mut pages = flow_pages(chrome);
    pages.extend(end_pages(chrome));
    pages.extend(account_pages(chrome));
    let console = ConsolePage {
        issuer: "http://localhost:8080",
        admin_api: "http://localhost:8080/admin/v1",
        account_url: "/account",
    };
    pages.push(("console", console.render(chrome)));
    pages.extend(factors::pages(chrome));
    pages.extend(links::pages(chrome));
    pages.extend(demo::pages(chrome));
    pages
}

fn app(name: &str) -> App<'_> {
    App {
        name,
        logo_url: None,
        policy_url: Some("https://app.example/privacy"),
        terms_url: Some("https://app.example/terms"),
    }
}

fn flow_pages(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let login = LoginPage {
        action: "/login",
        flow: "4hK2",
        csrf: "c5",
        app: Some(app("Harbour Books")),
        email: "",
        error: None,
        notice: None,
        challenge: None,
        passkey_action: Some("/login/passkey"),
        recover_url: None,
        register_url: None,
    };
    let failed = LoginPage {
        email: "alice@example.com",
        error: Some(LoginError::Credentials),
        recover_url: Some("/recover"),
        register_url: Some("/register"),
        ..login.clone()
    };
    let again = LoginPage {
        app: Some(App {
            logo_url: Some(LOGO),
            ..app("Harbour Books")
        }),
        email: "alice@example.com",
        notice: Some(LoginNotice::Reauthenticate),
        ..login.clone()
    };
    let long = LoginPage {
        app: Some(app(LONG_APP)),
        email: LONG_MAIL,
        error: Some(LoginError::Throttled),
        ..login.clone()
    };
    let challenged = LoginPage {
        email: "alice@example.com",
        error: Some(LoginError::Challenged),
        challenge: Some(WORK),
        ..login.clone()
    };
    let branded = Chrome {
        logo_url: Some(LOGO.to_owned()),
        ..chrome.clone()
    };
    vec![
        ("login", login.render(chrome)),
        ("login-error", failed.render(chrome)),
        ("login-again", again.render(&branded)),
        ("login-challenge", challenged.render(chrome)),
        (
            "login-long",
            long.render(&Chrome {
                tenant_name: LONG_APP.to_owned(),
                ..chrome.clone()
            }),
        ),
        (
            "consent",
            consent("Harbour Books", "alice@example.com").render(chrome),
        ),
        ("consent-long", consent(LONG_APP, LONG_MAIL).render(chrome)),
    ]
}

fn consent<'a>(name: &'a str, user: &'a str) -> ConsentPage<'a> {
    let item = |name, claims| ScopeItem {
        name,
        description: None,
        claims,
    };
    let claim = |name, text: &'static str| ClaimItem {
        name,
        value: ClaimValue::Text(text.into()),
    };
    ConsentPage {
        action: "/consent",
        flow: "4hK2",
        csrf: "c5",
        app: app(name),
        return_host: "books.harbour.example",
        user,
        scopes: vec![
            item(
                "openid",
                vec![claim("sub", "5f0d2c1e-8a57-4b0e-9d15-0c4a6f2b7e31")],
            ),
            item(
                "profile",
                vec![
                    claim("name", "Alice Adler"),
                    claim("zoneinfo", "Europe/Vienna"),
                    ClaimItem {
                        name: "updated_at",
                        value: ClaimValue::Moment(MOMENT),
                    },
                ],
            ),
            item(
                "email",
                vec![
                    ClaimItem {
                        name: "email",
                        value: ClaimValue::Text(user.into()),
                    },
                    ClaimItem {
                        name: "email_verified",
                        value: ClaimValue::Flag(true),
                    },
                ],
            ),
            item(
                "address",
                vec![claim("address", "Ringstraße 1\n1010 Wien\nÖsterreich")],
            ),
            item("offline_access", vec![]),
            item("orders:read", vec![]),
        ],
        lifetime_seconds: Some(2_592_000),
        account_url: "/account",
    }
}

fn end_pages(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let logout = LogoutPage {
        action: "/oauth/logout",
        flow: "9",
        csrf: "c5",
        app: Some(app("Harbour Books")),
        user: "alice@example.com",
    };
    let logged_out = LoggedOutPage {
        app: Some(app("Harbour Books")),
        return_url: Some("https://books.harbour.example/bye"),
        sign_in_url: Some("/account"),
        stayed: false,
    };
    let expired = FlowEndedPage {
        end: FlowEnd::Expired,
        app: Some(app("Harbour Books")),
        return_url: Some("https://books.harbour.example/"),
        account_url: None,
    };
    let done = FlowEndedPage {
        end: FlowEnd::AlreadyDone,
        account_url: Some("/account"),
        ..expired.clone()
    };
    let redirect = ErrorPage {
        problem: Problem::RedirectUri,
        detail: Some(
            "redirect_uri=https://books.harbour.example/callback/very/long/path?with=query&and=more",
        ),
        next_url: None,
    };
    let missing = ErrorPage {
        problem: Problem::NotFound,
        detail: None,
        next_url: Some("/account"),
    };
    let away = ErrorPage {
        problem: Problem::Unavailable,
        detail: None,
        next_url: None,
    };
    let form_post = FormPostPage {
        action: "https://books.harbour.example/callback",
        app_name: "Harbour Books",
        fields: vec![("code", "abc"), ("state", "xyz")],
    };
    vec![
        ("logout", logout.render(chrome)),
        ("logged-out", logged_out.render(chrome)),
        ("expired", expired.render(chrome)),
        ("done", done.render(chrome)),
        ("error", redirect.render(chrome)),
        ("error-missing", missing.render(chrome)),
        ("error-away", away.render(chrome)),
        // Without its script, so that the page stays to be looked at.
        (
            "form-post",
            form_post
                .render(chrome)
                .replace("<script defer", "<script type=\"text/plain\""),
        ),
    ]
}

fn account_pages(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let invite = InvitePage {
        action: "/invite",
        token: "t",
        csrf: "c5",
        email: "admin@example.com",
        passkey_action: Some("/invite/passkey"),
        field: NewPasswordField {
            rules: PasswordSettings::default().rules(false),
            advice: None,
        },
        expires_at: MOMENT,
    };
    let advice = PasswordAdvice {
        error: PasswordError::TooShort,
        strength: Some(Strength::Weak),
    };
    let wrong = NewPasswordField {
        advice: Some(advice),
        ..invite.field
    };
    let refused = InvitePage {
        field: wrong,
        ..invite.clone()
    };
    let session = SessionItem {
        id: "7k2m",
        browser: Some("Firefox"),
        system: Some("Windows"),
        is_mobile: false,
        place: Some("203.0.113.7"),
        started_at: MOMENT - 7_260,
        last_used_at: MOMENT,
        current: true,
    };
    let account = AccountPage {
        csrf: "c5",
        name: Some("Alice Adler"),
        email: "alice@example.com",
        email_verified: true,
        subject: "5f0d2c1e-8a57-4b0e-9d15-0c4a6f2b7e31",
        sessions: vec![
            session.clone(),
            SessionItem {
                id: "p0",
                browser: Some("Safari"),
                system: Some("iOS"),
                is_mobile: true,
                started_at: MOMENT - 3 * 86_400,
                last_used_at: MOMENT - 1_380,
                current: false,
                ..session.clone()
            },
            SessionItem {
                id: "q1",
                browser: None,
                system: None,
                place: None,
                current: false,
                ..session
            },
        ],
        apps: vec![
            ConnectedApp {
                client_id: "books",
                name: "Harbour Books",
                scopes: vec!["openid", "profile", "email", "offline_access"],
                granted_at: MOMENT,
            },
            ConnectedApp {
                client_id: "long",
                name: LONG_APP,
                scopes: vec!["openid"],
                granted_at: MOMENT,
            },
        ],
        next: engine::next_step::NextStep::MakeRecoveryCodes,
        recovery: None,
        notice: Some(AccountNotice::SessionEnded),
        can_mail: true,
        now: MOMENT,
    };
    let empty = AccountPage {
        name: None,
        email: LONG_MAIL,
        email_verified: false,
        next: engine::next_step::NextStep::ConfirmAddress,
        apps: vec![],
        recovery: Some(MOMENT + 3 * 86_400),
        notice: None,
        ..account.clone()
    };
    let password = PasswordPage {
        csrf: "c5",
        email: "admin@example.com",
        has_password: true,
        field: invite.field,
    };
    let password_error = PasswordPage {
        field: NewPasswordField {
            advice: Some(PasswordAdvice {
                error: PasswordError::Current,
                strength: None,
            }),
            ..invite.field
        },
        ..password.clone()
    };
    let replace = ReplacePage {
        action: "/login",
        flow: "f",
        csrf: "c5",
        email: "admin@example.com",
        proved: false,
        field: wrong,
        challenge: Some(WORK),
    };
    let replace_last = ReplacePage {
        proved: true,
        challenge: None,
        ..replace.clone()
    };
    let activity = ActivityPage {
        items: [
            (EventKind::Login, false),
            (EventKind::LoginFailed, true),
            (EventKind::PasskeyCounterDropped, true),
            (EventKind::PasswordChanged, false),
        ]
        .into_iter()
        .zip(0..)
        .map(|((kind, failed), days)| ActivityItem {
            event: (!failed).then(|| "0199c000-0000-7000-8000-000000000000".to_owned()),
            kind,
            failed,
            browser: Some("firefox".to_owned()),
            place: Some("198.51.100.7".to_owned()),
            at: MOMENT - days * 86_400,
            times: if failed { 12 } else { 1 },
        })
        .collect(),
        older_url: Some("/account/activity?before=0_0"),
        newest_url: None,
        password_url: "/account/password",
    };
    let profile = ProfilePage {
        csrf: "c5",
        email: "admin@example.com",
        fields: ProfileField::ALL.iter().map(|field| (*field, "Alice")).collect(),
        locale: Some(Locale::ENGLISH),
        too_long: false,
        theme: chrome.theme,
    };
    vec![
        ("activity", activity.render(chrome)),
        ("profile", profile.render(chrome)),
        ("password", password.render(chrome)),
        ("password-error", password_error.render(chrome)),
        ("replace", replace.render(chrome)),
        ("replace-last", replace_last.render(chrome)),
        ("invite", invite.render(chrome)),
        ("invite-error", refused.render(chrome)),
        ("account", account.render(chrome)),
        ("account-empty", empty.render(chrome)),
    ]
}
