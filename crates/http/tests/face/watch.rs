//! What the tests of pages have in common.

use testkit::app::{Answer, TestApp};
use testkit::browser::{Browser, PageForm};

pub(crate) use testkit::watch::Watch;

/// Hidden fields and action of a form as they stand on a page.
pub(crate) struct Filled {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Filled {
    /// The form with this id, with more fields filled in.
    pub(crate) fn of(page: &Answer, id: &str, more: &[(&str, &str)]) -> Self {
        let form = PageForm::find(&page.text(), id);
        assert!(
            !form.action.is_empty(),
            "no form {id}: {} {}",
            page.status,
            page.text()
        );
        let mut fields = form.hidden;
        fields.extend(more.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        Self {
            action: form.action,
            fields,
        }
    }

    /// The same with another value of one field; `None` leaves it out.
    pub(crate) fn with(&self, name: &str, value: Option<&str>) -> Self {
        let mut fields = self.fields.clone();
        fields.retain(|(n, _)| n != name);
        fields.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        Self {
            action: self.action.clone(),
            fields,
        }
    }

    pub(crate) fn field(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub(crate) fn pairs(&self) -> Vec<(&str, &str)> {
        self.fields
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect()
    }

    /// Sent as our own page sends it.
    pub(crate) async fn send(&self, browser: &mut Browser<'_>) -> Answer {
        browser.post(&self.action, &self.pairs()).await
    }

    /// Sent with these headers instead.
    pub(crate) async fn send_as(&self, browser: &mut Browser<'_>, headers: &[(&str, &str)]) -> Answer {
        browser.post_as(&self.action, &self.pairs(), headers).await
    }
}

/// A browser in which somebody is signed in, standing on the account page of a tenant (`""` or `/t/acme`).
pub(crate) async fn signed_in<'a>(app: &'a TestApp, prefix: &str, email: &str) -> (Browser<'a>, Answer) {
    let mut browser = app.browser();
    let page = sign_in(&mut browser, prefix, email).await;
    (browser, page)
}

/// Signs in on the way to the account page.
pub(crate) async fn sign_in(browser: &mut Browser<'_>, prefix: &str, email: &str) -> Answer {
    let page = browser.open(&format!("{prefix}/account")).await;
    let page = browser.sign_in(&page, email).await;
    assert!(
        is_account(&page, email),
        "{email}: {} {}",
        page.status,
        page.text()
    );
    page
}

/// Whether an answer is the account page of this person.
pub(crate) fn is_account(page: &Answer, email: &str) -> bool {
    page.status == 200 && page.text().contains("id=\"sessions-end-all\"") && page.text().contains(email)
}

/// Whether somebody is signed in at a tenant in this browser.
pub(crate) async fn is_signed_in(browser: &Browser<'_>, prefix: &str) -> bool {
    let answer = browser.clone().get(&format!("{prefix}/account")).await;
    match answer.status.as_u16() {
        200 => true,
        303 => {
            assert!(
                answer
                    .header("location")
                    .starts_with(&format!("{prefix}/login?flow=")),
                "{}",
                answer.header("location")
            );
            false
        }
        other => panic!("the account page answered {other}"),
    }
}

/// Whether a page shows the form with this id.
pub(crate) fn shows(page: &Answer, form: &str) -> bool {
    page.text().contains(&format!("id=\"{form}\""))
}

/// A text without its last characters.
pub(crate) fn cut(text: &str, by: usize) -> String {
    text.chars().take(text.chars().count() - by).collect()
}
