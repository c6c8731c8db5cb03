use http_face::pages::{
    Chrome, FactorError, FactorPage, FactorsNotice, FactorsPage, PasskeyItem, RecoveryCodesPage, TotpPage,
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
    vec![
        ("factor", factor.render(chrome)),
        ("factor-error", wrong.render(chrome)),
        ("factors", some.render(chrome)),
        ("factors-none", none.render(chrome)),
        ("totp", totp.render(chrome)),
        ("recovery-codes", codes.render(chrome)),
    ]
}
