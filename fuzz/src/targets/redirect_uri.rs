//! Redirect URIs: the first line is registered, the second presented. Also origins and resources.

use domain::{Origin, RedirectUri, Resource};
use url::Url;

use crate::samples::line;

pub(crate) fn run(input: &[u8]) {
    let (registered, presented) = line(input);
    let (Ok(registered), Ok(presented)) = (std::str::from_utf8(registered), std::str::from_utf8(presented))
    else {
        return;
    };
    let native = RedirectUri::register(registered, true);
    let web = RedirectUri::register(registered, false);
    if let Ok(uri) = &web {
        assert_eq!(
            native.as_ref(),
            Ok(uri),
            "a web client may register what a native one may not"
        );
        plain(registered);
        let url = Url::parse(registered).ok();
        let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some();
        assert!(url.is_some_and(|url| is_web(&url)), "not an address on the web");
    }
    if let Ok(uri) = &native {
        plain(registered);
        assert_eq!(
            uri.as_str(),
            registered,
            "a registered URI is kept as it was written"
        );
        compare(uri, presented);
        origin(uri);
    }
    if let Ok(origin) = Origin::parse(registered) {
        assert_eq!(origin.as_str(), registered);
        assert_eq!(Origin::parse(origin.as_str()).as_ref(), Ok(&origin));
    }
    if let Ok(resource) = Resource::parse(registered) {
        assert_eq!(resource.as_str(), registered);
        plain(registered);
    }
}

/// What nobody can read in two ways.
fn plain(text: &str) {
    assert!(text.len() <= 2_000 && !text.contains('#') && !text.contains('\\'));
    assert!(
        text.bytes().all(|byte| byte.is_ascii_graphic()),
        "white space or control characters"
    );
    let authority = text.split_once("://").map_or("", |(_, rest)| rest);
    let authority = authority.split(['/', '?']).next().unwrap_or_default();
    assert!(!authority.contains('@'), "user information");
    let dangerous = ["javascript", "data", "vbscript", "blob", "file"];
    let scheme = text.split(':').next().unwrap_or_default().to_ascii_lowercase();
    assert!(
        !dangerous.contains(&scheme.as_str()),
        "a scheme that runs something"
    );
}

/// A presented URI is the registered one, or differs in the port of a loopback address only.
fn compare(uri: &RedirectUri, presented: &str) {
    assert!(uri.matches(uri.as_str(), false) && uri.matches(uri.as_str(), true));
    assert_eq!(uri.matches(presented, false), uri.as_str() == presented);
    if !uri.matches(presented, true) || uri.as_str() == presented {
        return;
    }
    let (Ok(own), Ok(other)) = (Url::parse(uri.as_str()), Url::parse(presented)) else {
        assert!(uri.as_str().is_empty(), "matches something that is no URI");
        return;
    };
    let loopback = |url: &Url| matches!(url.host_str(), Some("127.0.0.1" | "[::1]"));
    assert!(
        own.scheme() == "http" && loopback(&own),
        "ports vary only on this machine"
    );
    assert_eq!((own.scheme(), own.host()), (other.scheme(), other.host()));
    assert_eq!((own.path(), own.query()), (other.path(), other.query()));
    assert!(other.username().is_empty() && other.password().is_none() && other.fragment().is_none());
}

fn origin(uri: &RedirectUri) {
    let Some(origin) = uri.origin() else { return };
    assert_eq!(
        Origin::parse(origin.as_str()).as_ref(),
        Ok(&origin),
        "an origin no browser sends"
    );
    assert!(uri.is_of_origin(origin.as_str(), false));
}
