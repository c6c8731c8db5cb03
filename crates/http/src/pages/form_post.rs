//! The answer of `response_mode=form_post` (OAuth 2.0 Form Post Response Mode): a form a script sends at
//! once, with a button for browsers without scripts.

use super::{Words, page};

/// Form `form-post`.
#[derive(Clone, Debug)]
pub struct FormPostPage<'a> {
    /// The redirect URI, already matched against the client's record.
    pub action: &'a str,
    /// The application's name.
    pub app_name: &'a str,
    /// The response parameters, in order.
    pub fields: Vec<(&'a str, &'a str)>,
}

impl FormPostPage<'_> {
    fn heading(&self, words: &Words) -> String {
        words.with("form-post-heading", "app", self.app_name)
    }
}

page!(FormPostPage, FormPostTemplate, "flow/form_post.html");
