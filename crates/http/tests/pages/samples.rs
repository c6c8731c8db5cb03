//! Every page with every optional part shown, each text field holding `text` and each address `url`.

use domain::PasswordRules;
use engine::Strength;
use engine::mail::{Notice, Template};
use http_face::pages::{
    AccountNotice, AccountPage, ActivityItem, ActivityPage, App, Brand, Chrome, ClaimItem, ClaimValue,
    ConnectedApp, ConsentPage, ConsolePage, DemoAccount, DemoClient, DemoHomePage, DemoLink, DemoLinkKind,
    ErrorPage, FactorError, FactorPage, FactorsNotice, FactorsPage, FlowEnd, FlowEndedPage, FormPostPage,
    InvitePage, Locale, LoggedOutPage, LoginError, LoginPage, LogoutPage, NewPasswordField, NotMePage,
    PasskeyItem, PasswordAdvice, PasswordError, PasswordPage, Problem, ProfileField, ProfilePage,
    RecoveryCodesPage, ReplacePage, SampleErrorPage, SampleHomePage, SampleSignedInPage, ScopeItem,
    SessionItem, Theme, TokenView, TotpPage, Work,
};
use http_face::pages::{Ask, AskPage, CaughtMail, CaughtPage, LinkError, LinkKind, LinkPage, Told, ToldPage};

pub(crate) const URL: &str = "https://app.example/";

pub(crate) fn chrome(locale: Locale, text: &str, url: &str) -> Chrome {
    Chrome {
        tenant_name: text.to_owned(),
        logo_url: Some(url.to_owned()),
        request_id: text.to_owned(),
        path_prefix: "/t/acme".to_owned(),
        self_url: Some(format!("/login?flow={text}")),
        ..Chrome::new(locale, "tenant", &Brand::default())
    }
}

pub(crate) fn login<'a>(text: &'a str, url: &'a str) -> LoginPage<'a> {
    LoginPage {
        action: text,
        flow: text,
        csrf: text,
        app: Some(app(text, url)),
        email: text,
        error: Some(LoginError::Credentials),
        notice: None,
        challenge: Some(Work {
            text,
            bits: 16,
            wait: 30,
        }),
        passkey_action: Some(text),
        recover_url: Some(url),
        register_url: Some(url),
    }
}

pub(crate) fn app<'a>(text: &'a str, url: &'a str) -> App<'a> {
    App {
        name: text,
        logo_url: Some(url),
        policy_url: Some(url),
        terms_url: Some(url),
    }
}

pub(crate) fn every_page(locale: Locale, text: &str, url: &str) -> Vec<(&'static str, String)> {
    let chrome = &chrome(locale, text, url);
    let mut pages = flow_pages(chrome, text, url);
    pages.extend([
        ("invite", invite(text).render(chrome)),
        ("activity", activity(text).render(chrome)),
        ("not-me", not_me(text).render(chrome)),
        ("profile", profile(text).render(chrome)),
        ("password", password(text).render(chrome)),
        ("replace", replace(text).render(chrome)),
        ("ask", ask(text, url).render(chrome)),
        ("link", link(text).render(chrome)),
        (
            "told",
            ToldPage {
                told: Told::PasswordSet,
                not_before: Some(1_760_000_000),
                next_url: Some(url),
            }
            .render(chrome),
        ),
        ("caught", caught(text).render(chrome)),
        ("account", account(text).render(chrome)),
        ("factors", factors(text).render(chrome)),
        ("totp", totp(text, url).render(chrome)),
        (
            "recovery-codes",
            RecoveryCodesPage { codes: vec![text] }.render(chrome),
        ),
        (
            "console",
            ConsolePage {
                issuer: text,
                admin_api: text,
                account_url: url,
            }
            .render(chrome),
        ),
        ("demo", demo(text, url).render(chrome)),
        ("sample-home", sample_home(text, url).render(chrome)),
        ("sample-signed-in", sample_signed_in(text).render(chrome)),
        (
            "sample-error",
            SampleErrorPage {
                error: text,
                description: Some(text),
                retry_url: url,
            }
            .render(chrome),
        ),
    ]);
    pages
}

fn flow_pages(chrome: &Chrome, text: &str, url: &str) -> Vec<(&'static str, String)> {
    let app = app(text, url);
    let logout = LogoutPage {
        action: text,
        flow: text,
        csrf: text,
        app: Some(app),
        user: text,
    };
    let logged_out = LoggedOutPage {
        app: Some(app),
        return_url: Some(url),
        sign_in_url: Some(url),
        stayed: false,
    };
    let ended = FlowEndedPage {
        end: FlowEnd::AlreadyDone,
        app: Some(app),
        return_url: Some(url),
        account_url: Some(url),
    };
    let error = ErrorPage {
        problem: Problem::RedirectUri,
        detail: Some(text),
        next_url: Some(url),
    };
    let form_post = FormPostPage {
        action: url,
        app_name: text,
        fields: vec![(text, text), ("state", text)],
    };
    vec![
        ("login", login(text, url).render(chrome)),
        ("factor", factor(text, url).render(chrome)),
        ("consent", consent(text, url).render(chrome)),
        ("logout", logout.render(chrome)),
        ("logged-out", logged_out.render(chrome)),
        ("ended", ended.render(chrome)),
        ("error", error.render(chrome)),
        ("form-post", form_post.render(chrome)),
    ]
}

pub(crate) fn consent<'a>(text: &'a str, url: &'a str) -> ConsentPage<'a> {
    let scope = |name, description| ScopeItem {
        name,
        description,
        claims: ["email", text]
            .map(|name| ClaimItem {
                name,
                value: ClaimValue::Text(text.into()),
            })
            .to_vec(),
    };
    ConsentPage {
        action: text,
        flow: text,
        csrf: text,
        app: app(text, url),
        return_host: text,
        user: text,
        scopes: vec![
            scope("profile", None),
            scope("orders", Some(text)),
            scope(text, None),
        ],
        lifetime_seconds: Some(3_600),
        account_url: url,
    }
}

fn factor<'a>(text: &'a str, url: &'a str) -> FactorPage<'a> {
    FactorPage {
        action: text,
        flow: text,
        csrf: text,
        app: Some(app(text, url)),
        email: text,
        passkey_action: Some(text.to_owned()),
        password_action: Some(text),
        totp: true,
        recovery: true,
        lost: true,
        error: Some(FactorError::Wrong),
    }
}

fn factors(text: &str) -> FactorsPage<'_> {
    FactorsPage {
        csrf: text,
        email: text,
        passkeys: vec![PasskeyItem {
            id: text,
            name: text,
            backed_up: true,
            created_at: 1_795_400_000,
            last_used_at: None,
            suspended: true,
        }],
        passkeys_available: true,
        now: 1_795_491_660,
        password: true,
        totp: true,
        totp_suspended: true,
        recovery_left: 9,
        notice: Some(FactorsNotice::Enrolled),
    }
}

fn totp<'a>(text: &'a str, url: &'a str) -> TotpPage<'a> {
    TotpPage {
        csrf: text,
        picture: url,
        secret: text,
        wrong: true,
    }
}

fn invite(text: &str) -> InvitePage<'_> {
    InvitePage {
        action: text,
        token: text,
        csrf: text,
        email: text,
        passkey_action: Some(text),
        field: FIELD,
        expires_at: 1_795_491_660,
    }
}

const RULES: PasswordRules = PasswordRules {
    least: 15,
    most: 256,
    four_classes: false,
};

const FIELD: NewPasswordField = NewPasswordField {
    rules: RULES,
    advice: Some(ADVICE),
};

const ADVICE: PasswordAdvice = PasswordAdvice {
    error: PasswordError::TooShort,
    strength: Some(Strength::Weak),
};

fn password(text: &str) -> PasswordPage<'_> {
    PasswordPage {
        csrf: text,
        email: text,
        has_password: true,
        field: FIELD,
    }
}

fn activity(text: &str) -> ActivityPage<'_> {
    ActivityPage {
        items: vec![ActivityItem {
            event: Some(text.to_owned()),
            kind: domain::EventKind::Login,
            failed: true,
            browser: Some(text.to_owned()),
            place: Some(text.to_owned()),
            at: 1_795_491_660,
            times: 12,
        }],
        older_url: Some(text),
        newest_url: Some(text),
        password_url: "/account/password",
    }
}

fn not_me(text: &str) -> NotMePage<'_> {
    NotMePage {
        csrf: text,
        event: text,
        kind: domain::EventKind::Login,
        at: 1_795_491_660,
        since: 1_795_491_000,
        sessions: 2,
        passkeys: vec![text, ""],
        totp: true,
        recovery_codes: 10,
        devices: 1,
        password: true,
    }
}

fn profile(text: &str) -> ProfilePage<'_> {
    ProfilePage {
        csrf: text,
        email: text,
        fields: ProfileField::ALL.iter().map(|field| (*field, text)).collect(),
        locale: None,
        too_long: true,
        theme: Theme::Auto,
    }
}

fn replace(text: &str) -> ReplacePage<'_> {
    ReplacePage {
        action: text,
        flow: text,
        csrf: text,
        email: text,
        proved: false,
        field: FIELD,
        challenge: Some(Work {
            text,
            bits: 16,
            wait: 30,
        }),
    }
}

pub(crate) fn account(text: &str) -> AccountPage<'_> {
    let session = SessionItem {
        id: text,
        browser: Some(text),
        system: Some(text),
        is_mobile: true,
        place: Some(text),
        started_at: 1_795_405_260,
        last_used_at: 1_795_491_660,
        current: true,
    };
    AccountPage {
        csrf: text,
        name: Some(text),
        email: text,
        email_verified: true,
        subject: text,
        sessions: vec![
            session.clone(),
            SessionItem {
                browser: None,
                current: false,
                ..session
            },
        ],
        apps: vec![ConnectedApp {
            client_id: text,
            name: text,
            scopes: vec![text],
            granted_at: 0,
        }],
        next: engine::next_step::NextStep::AddPasskey,
        recovery: Some(1_795_750_860),
        notice: Some(AccountNotice::AppRevoked),
        can_mail: true,
        now: 1_795_491_720,
    }
}

fn demo<'a>(text: &'a str, url: &'a str) -> DemoHomePage<'a> {
    DemoHomePage {
        issuer: text,
        credentials_file: Some(text),
        sample_url: url,
        accounts: vec![DemoAccount {
            email: text,
            password: text,
            admin: true,
        }],
        clients: vec![DemoClient {
            name: text,
            client_id: text,
            client_secret: Some(text),
            grant_types: vec![text],
            redirect_uris: vec![text],
        }],
        links: DemoLinkKind::ALL.map(|kind| DemoLink { kind, url }).to_vec(),
    }
}

fn sample_home<'a>(text: &'a str, url: &'a str) -> SampleHomePage<'a> {
    SampleHomePage {
        sign_in_url: url,
        issuer: text,
        client_id: text,
        signed_out: true,
    }
}

fn sample_signed_in(text: &str) -> SampleSignedInPage<'_> {
    SampleSignedInPage {
        csrf: text,
        who: text,
        id_token: TokenView::Jwt {
            header: text,
            claims: text,
        },
        access_token: TokenView::Opaque { text },
        access_expires_at: 1_795_491_660,
        userinfo: text,
        can_refresh: true,
        refreshed: true,
    }
}

pub(crate) fn ask<'a>(text: &'a str, url: &'a str) -> AskPage<'a> {
    AskPage {
        ask: Ask::Reset,
        action: text,
        csrf: text,
        email: text,
        is_wrong: true,
        sign_in_url: url,
    }
}

pub(crate) fn link(text: &str) -> LinkPage<'_> {
    LinkPage {
        kind: LinkKind::Register,
        action: text,
        token: text,
        csrf: text,
        email: text,
        name: text,
        rules: RULES,
        expires_at: 1_795_491_720,
        error: Some(LinkError::Password(PasswordAdvice {
            error: PasswordError::TooShort,
            strength: None,
        })),
    }
}

pub(crate) fn caught(text: &str) -> CaughtPage<'_> {
    CaughtPage {
        mails: vec![CaughtMail {
            id: text,
            to: text,
            subject: text,
            at: 1_795_491_720,
        }],
        text: Some(text),
    }
}

/// The keys of the texts around mails.
pub(crate) fn mail_keys() -> Vec<String> {
    let parts = |stem: &str, parts: &[&str]| -> Vec<String> {
        parts.iter().map(|part| format!("{stem}-{part}")).collect()
    };
    let asks = Ask::ALL.map(Ask::key).into_iter();
    let links = LinkKind::ALL.map(LinkKind::key).into_iter();
    let told = Told::ALL.map(Told::key).into_iter();
    let mut keys: Vec<String> = asks
        .flat_map(|stem| parts(stem, &["title", "text", "send"]))
        .chain(links.flat_map(|stem| parts(stem, &["title", "text", "do"])))
        .chain(told.flat_map(|stem| parts(stem, &["title", "text"])))
        .collect();
    for template in Template::all() {
        let stem = format!("mail-{}", template.key());
        keys.extend(parts(&stem, &["subject", "text"]));
        let says_only = [Template::Test, Template::Notice(Notice::EmailRestored)];
        if !says_only.contains(&template) {
            keys.extend(parts(&stem, &["action"]));
        }
    }
    keys
}
