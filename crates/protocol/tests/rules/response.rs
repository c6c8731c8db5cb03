use proptest::prelude::*;
use protocol::authorize::{AuthorizeResponse, Delivery, ResponseMode, deliver};
use protocol::{ErrorCode, OAuthError};
use url::Url;

use crate::make::issuer;

fn redirect(mode: ResponseMode, uri: &str, response: &AuthorizeResponse) -> String {
    match deliver(mode, uri, response) {
        Delivery::Redirect(url) => url,
        Delivery::FormPost { .. } => panic!("a form"),
    }
}

#[test]
fn a_code_goes_back_with_state_and_issuer() {
    let response = AuthorizeResponse::success("c-1", Some("a b"), &issuer());
    let iss = "iss=https%3A%2F%2Fid.example.com%2Ft%2Facme";
    assert_eq!(
        redirect(ResponseMode::Query, "https://app.example.com/cb", &response),
        format!("https://app.example.com/cb?code=c-1&state=a%20b&{iss}")
    );
    assert_eq!(
        redirect(ResponseMode::Fragment, "https://app.example.com/cb", &response),
        format!("https://app.example.com/cb#code=c-1&state=a%20b&{iss}")
    );
    let without = AuthorizeResponse::success("c-1", None, &issuer());
    assert_eq!(
        without.fields().iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        ["code", "iss"]
    );
}

#[test]
fn an_error_says_the_issuer_too() {
    let error = OAuthError::new(ErrorCode::LoginRequired, "nobody is signed in");
    let response = AuthorizeResponse::error(&error, Some("s"), &issuer());
    let names: Vec<_> = response.fields().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["error", "error_description", "state", "iss"]);
    assert_eq!(response.fields()[0].1, "login_required");
}

#[test]
fn a_form_is_posted_to_the_redirect_uri_itself() {
    let response = AuthorizeResponse::success("c-1", Some("<s>"), &issuer());
    let Delivery::FormPost { action, fields } =
        deliver(ResponseMode::FormPost, "https://a/cb?x=1", &response)
    else {
        panic!("no form");
    };
    assert_eq!(action, "https://a/cb?x=1");
    assert_eq!(fields, response.fields());
}

#[test]
fn an_existing_query_is_kept() {
    let response = AuthorizeResponse::success("c", None, &issuer());
    for (uri, start) in [
        ("https://a/cb?x=1", "https://a/cb?x=1&code=c"),
        ("https://a/cb?", "https://a/cb?code=c"),
        ("https://a/cb?x=1&", "https://a/cb?x=1&code=c"),
        ("com.example.app:/cb", "com.example.app:/cb?code=c"),
        ("http://127.0.0.1:7/cb", "http://127.0.0.1:7/cb?code=c"),
    ] {
        let url = redirect(ResponseMode::Query, uri, &response);
        assert!(url.starts_with(start), "{url}");
    }
}

#[test]
fn a_code_is_not_shown() {
    let response = AuthorizeResponse::success("geheim", None, &issuer());
    assert!(!format!("{response:?}").contains("geheim"));
    assert!(!format!("{:?}", deliver(ResponseMode::Query, "https://a/cb", &response)).contains("geheim"));
}

proptest! {
    /// Whatever the state is, it arrives whole and changes nothing else of the URL.
    #[test]
    fn state_arrives_untouched(state in ".{1,80}") {
        let response = AuthorizeResponse::success("c", Some(&state), &issuer());
        let url = Url::parse(&redirect(ResponseMode::Query, "https://app.example.com/cb?x=1", &response)).unwrap();
        prop_assert_eq!(url.host_str(), Some("app.example.com"));
        prop_assert_eq!(url.path(), "/cb");
        prop_assert_eq!(url.fragment(), None);
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let expected = [("x", "1"), ("code", "c"), ("state", &state), ("iss", issuer().as_str())]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        prop_assert_eq!(pairs, expected);
    }
}
