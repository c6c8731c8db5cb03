//! The pages around mails.

use http_face::pages::{
    Ask, AskPage, CaughtMail, CaughtPage, Chrome, LinkError, LinkKind, LinkPage, PasswordAdvice,
    PasswordError, Told, ToldPage,
};

use super::MOMENT;

pub(crate) fn pages(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let ask = AskPage {
        ask: Ask::Reset,
        action: "/recover",
        csrf: "c5",
        email: "",
        is_wrong: false,
        sign_in_url: "/account",
    };
    let wrong = AskPage {
        ask: Ask::Register,
        email: "alice",
        is_wrong: true,
        ..ask.clone()
    };
    let reset = LinkPage {
        kind: LinkKind::Reset,
        action: "/recover/set",
        token: "t",
        csrf: "c5",
        email: "alice@example.com",
        name: "",
        rules: domain::PasswordSettings::default().rules(false),
        expires_at: MOMENT,
        error: None,
    };
    let register = LinkPage {
        kind: LinkKind::Register,
        error: Some(LinkError::Password(PasswordAdvice {
            error: PasswordError::TooShort,
            strength: None,
        })),
        ..reset.clone()
    };
    let deny = LinkPage {
        kind: LinkKind::Deny,
        ..reset.clone()
    };
    let sent = ToldPage {
        told: Told::ResetSent,
        not_before: None,
        next_url: None,
    };
    let done = ToldPage {
        told: Told::PasswordSet,
        not_before: None,
        next_url: Some("/account"),
    };
    let one = CaughtMail {
        id: "0199",
        to: "alice@example.com",
        subject: "Choose a new password for Nordwind",
        at: MOMENT,
    };
    let caught = CaughtPage {
        mails: vec![one.clone(), one],
        text: None,
    };
    vec![
        ("recover", ask.render(chrome)),
        ("register", wrong.render(chrome)),
        ("recover-set", reset.render(chrome)),
        ("register-finish", register.render(chrome)),
        ("recover-deny", deny.render(chrome)),
        ("recover-sent", sent.render(chrome)),
        ("recover-done", done.render(chrome)),
        ("caught", caught.render(chrome)),
    ]
}
