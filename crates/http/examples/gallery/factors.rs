use domain::EventKind;
use http_face::pages::{
    Chrome, FactorError, FactorPage, FactorsNotice, FactorsPage, NotMePage, PasskeyItem, RecoveryCodesPage,
    TotpPage,
};

pub(super) fn pages(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let factor = FactorPage {
        action: "/login/factor",
        flow: "4hK2",
        csrf: "c5",
        app: None,
        email: "alice@example.com",
        passkey_action: Some("/login/passkey".to_owned()),
        password_action: None,
        totp: true,
        recovery: true,
        lost: true,
        error: None,
    };
    let wrong = FactorPage {
        error: Some(FactorError::Wrong),
        ..factor.clone()
    };
    let none = FactorsPage {
        csrf: "c5",
        email: "alice@example.com",
        passkeys: Vec::new(),
        passkeys_available: true,
        now: 1_795_491_660,
        password: true,
        totp: false,
        totp_suspended: false,
        recovery_left: 0,
        notice: Some(FactorsNotice::Required),
    };
    let some = FactorsPage {
        passkeys: vec![PasskeyItem {
            id: "1",
            name: "MacBook",
            backed_up: true,
            created_at: 1_795_400_000,
            last_used_at: Some(1_795_491_000),
            suspended: true,
        }],
        totp: true,
        recovery_left: 9,
        notice: Some(FactorsNotice::Enrolled),
        ..none.clone()
    };
    let totp = TotpPage {
        csrf: "c5",
        picture: "",
        secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        wrong: false,
    };
    let codes = RecoveryCodesPage {
        codes: vec!["2B7KQM-XH4TNE-9WPR3C-VJ6ZDA"; 10],
    };
    let not_me = NotMePage {
        csrf: "c5",
        event: "0199c000-0000-7000-8000-000000000000",
        kind: EventKind::Login,
        at: 1_795_491_660,
        since: 1_795_491_660,
        sessions: 3,
        passkeys: vec!["MacBook", ""],
        totp: true,
        recovery_codes: 10,
        devices: 1,
        password: true,
    };
    vec![
        ("not-me", not_me.render(chrome)),
        ("factor", factor.render(chrome)),
        ("factor-error", wrong.render(chrome)),
        ("factors", some.render(chrome)),
        ("factors-none", none.render(chrome)),
        ("totp", totp.render(chrome)),
        ("recovery-codes", codes.render(chrome)),
    ]
}
