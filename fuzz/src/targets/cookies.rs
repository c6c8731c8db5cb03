//! The `Cookie` header. Each line of the input is one header.

use protocol::cookies::Cookies;

pub(crate) fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let cookies = Cookies::read(text.split('\n'));
    let named = text
        .split(['\n', ';'])
        .filter_map(|pair| pair.trim().split_once('='))
        .map(|(name, _)| name);
    for name in named.take(16) {
        let Some(value) = cookies.get(name) else { continue };
        assert!(text.contains(value), "a value that was not sent");
        // Somebody who can plant a cookie of the name takes the value away, but cannot replace it.
        let planted = format!("{name}=planted");
        let both = Cookies::read(text.split('\n').chain([planted.as_str()]));
        let first = Cookies::read([planted.as_str()].into_iter().chain(text.split('\n')));
        assert!(matches!(both.get(name), None | Some("planted")) || both.get(name) == Some(value));
        assert!(first.get(name).is_none_or(|found| found == "planted"));
        // Nor does a cookie of another name touch it.
        let other = format!("{name}x=planted");
        if cookies.get(&format!("{name}x")).is_none() {
            let beside = Cookies::read([other.as_str()].into_iter().chain(text.split('\n').take(1)));
            let alone = Cookies::read(text.split('\n').take(1));
            assert!(beside.get(name) == alone.get(name) || text.matches(';').count() >= Cookies::MOST - 1);
        }
    }
}
