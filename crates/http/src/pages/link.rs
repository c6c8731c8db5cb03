//! Which addresses a page may link to, whatever a client's record or a request says.

/// A page address: a path of ours or `http(s)`. Anything else (`javascript:`, `//host`) is not linked.
pub(super) fn page(address: Option<&str>) -> Option<&str> {
    address.filter(|address| is_path(address) || is_web(address))
}

/// A picture address the content security policy would load: a path of ours or a `data:image/` address.
pub(super) fn picture(address: Option<&str>) -> Option<&str> {
    address.filter(|address| is_path(address) || address.starts_with("data:image/"))
}

/// The first letter or digit of a name, in upper case; a dot when there is none.
pub(super) fn initial(name: &str) -> String {
    name.chars()
        .find(|letter| letter.is_alphanumeric())
        .map_or_else(|| "·".to_owned(), |letter| letter.to_uppercase().collect())
}

/// Browsers read `//host` and `/\host` as another host.
fn is_path(address: &str) -> bool {
    let mut letters = address.chars();
    letters.next() == Some('/') && !matches!(letters.next(), Some('/' | '\\'))
}

fn is_web(address: &str) -> bool {
    address.starts_with("https://") || address.starts_with("http://")
}
