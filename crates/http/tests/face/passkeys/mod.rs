//! Passkeys as their owners and attackers meet them (MF6, MF7, MF8, MF13, PW12).

mod attacked;
mod attestation;
mod authenticator;
mod ended;
mod foreign;
mod keeping;
mod making;
mod using;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{PasskeySettings, UserVerification};
use engine::users::NewUser;
use serde_json::Value;
use testkit::app::{Answer, TestApp};
use testkit::browser::Browser;

use super::watch::{Filled, is_account, sign_in};
use authenticator::{Authenticator, Says};

/// Why it is refused, and what is said in place of the truth.
type Lie = (&'static str, fn(&mut Says));

const ALICE: &str = "alice@example.com";

/// The fields of a form that runs a script, and where the script asks.
struct Scripted {
    fields: Vec<(String, String)>,
    action: String,
}

impl Scripted {
    fn of(page: &Answer, form: &str, action: &str) -> Self {
        Self {
            fields: Filled::of(page, form, &[]).fields,
            action: action.to_owned(),
        }
    }

    async fn post(&self, browser: &mut Browser<'_>, what: &str, more: &[(&str, &str)]) -> Answer {
        let mut all: Vec<(&str, &str)> = self
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        all.extend(more);
        browser.post(&format!("{}/{what}", self.action), &all).await
    }

    async fn options(&self, browser: &mut Browser<'_>) -> (String, Value) {
        let answer = self.post(browser, "options", &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        (answer.member("ceremony"), answer.json()["publicKey"].clone())
    }

    async fn finish(&self, browser: &mut Browser<'_>, ceremony: &str, credential: &str) -> Answer {
        let more = [("ceremony", ceremony), ("credential", credential)];
        self.post(browser, "finish", &more).await
    }
}

async fn making(browser: &mut Browser<'_>) -> Scripted {
    let page = browser.open("/account/factors").await;
    Scripted::of(&page, "passkey-add", "/account/passkeys")
}

async fn signing_in(browser: &mut Browser<'_>) -> Scripted {
    let page = browser.open("/account").await;
    Scripted::of(&page, "login-form", "/login/passkey")
}

/// A passkey of the person signed in.
async fn made(browser: &mut Browser<'_>) -> Authenticator {
    let making = making(browser).await;
    let (ceremony, asked) = making.options(browser).await;
    let (passkey, said) = Authenticator::make(&asked, &Says::made());
    let answer = making.finish(browser, &ceremony, &said).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.member("next"), "/account/factors?done=passkey");
    passkey
}

async fn alices(app: &TestApp) -> Authenticator {
    let mut browser = app.browser();
    sign_in(&mut browser, "", ALICE).await;
    made(&mut browser).await
}

/// What the server says to an attempt to sign in.
async fn use_it(browser: &mut Browser<'_>, passkey: &mut Authenticator, says: &Says) -> Answer {
    let form = signing_in(browser).await;
    let (ceremony, asked) = form.options(browser).await;
    let said = passkey.sign(&asked, says);
    form.finish(browser, &ceremony, &said).await
}

/// A browser in which the passkey's person is signed in.
async fn signed_in_with<'a>(app: &'a TestApp, passkey: &mut Authenticator) -> Browser<'a> {
    let mut browser = app.browser();
    let done = use_it(&mut browser, passkey, &Says::used()).await;
    assert_eq!(done.status, 200, "{}", done.text());
    let page = browser.open(&done.member("next")).await;
    assert!(is_account(&page, "@"), "{} {}", page.status, page.text());
    browser
}

/// The forms of the passkeys of a list, the oldest first, whose ids begin so: `passkey-` removes, `rename-` renames.
fn forms(page: &Answer, prefix: &str) -> Vec<Filled> {
    let text = page.text();
    let begin = format!("<form id=\"{prefix}");
    text.split(&begin)
        .skip(1)
        .filter_map(|rest| rest.get(..36))
        .filter(|id| id.parse::<domain::PasskeyId>().is_ok())
        .map(|id| Filled::of(page, &format!("{prefix}{id}"), &[]))
        .collect()
}

/// What removes the passkeys of the person signed in.
async fn removals(browser: &mut Browser<'_>) -> Vec<Filled> {
    forms(&browser.open("/account/factors").await, "passkey-")
}

async fn with_settings(app: &TestApp, change: impl FnOnce(&mut PasskeySettings)) {
    let ctx = app.ctx("default");
    let mut settings = ctx.tenant.tenant.settings.clone();
    change(&mut settings.sign_in.passkeys);
    let name = ctx.tenant.tenant.name.clone();
    app.app.update_tenant(&ctx, &name, settings).await.unwrap();
}

async fn with_verification(app: &TestApp, rule: UserVerification) {
    with_settings(app, |passkeys| passkeys.user_verification = rule).await;
}

/// A new person who begins with a passkey and no password; their address and their passkey.
async fn invited(app: &TestApp) -> (String, Authenticator) {
    let ctx = app.ctx("default");
    let people = app.app.list_users(&ctx, None, 200).await.unwrap().len();
    let email = format!("guest{people}@example.com");
    let new = NewUser {
        email: email.parse().unwrap(),
        email_verified: false,
        profile: domain::Profile::default(),
        password: None,
    };
    let (_, token) = app.app.create_invited_user(&ctx, new).await.unwrap();
    let mut browser = app.browser();
    let page = browser.open(&format!("/invite?token={}", token.expose())).await;
    (email, begun(&mut browser, &page).await)
}

/// The passkey somebody makes on the page of their invitation.
async fn begun(browser: &mut Browser<'_>, page: &Answer) -> Authenticator {
    let form = Scripted::of(page, "invite-passkey-form", "/invite/passkey");
    let (ceremony, asked) = form.options(browser).await;
    let (passkey, said) = Authenticator::make(&asked, &Says::made());
    let done = form.finish(browser, &ceremony, &said).await;
    assert_eq!(
        (done.status.as_u16(), done.member("next")),
        (200, "/account".to_owned())
    );
    passkey
}

/// Every request about passkeys once, as it should be.
pub(crate) async fn round(app: &TestApp) {
    let (_, mut passkey) = invited(app).await;
    let mut browser = signed_in_with(app, &mut passkey).await;
    made(&mut browser).await;
    let page = browser.open("/account/factors").await;
    let rename = forms(&page, "rename-").remove(0).with("name", Some("Mine"));
    let renamed = rename.send(&mut browser).await;
    assert_eq!(
        renamed.header("location"),
        "/account/factors?done=passkey-renamed"
    );
    let gone = forms(&page, "passkey-").remove(0).send(&mut browser).await;
    assert_eq!(gone.header("location"), "/account/factors?done=passkey-removed");
}

/// What an ID token says; other tests look at its signature.
fn claims(token: &str) -> Value {
    let body = token.split('.').nth(1).unwrap_or_default();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap()
}
