//! The `Cookie` header (RFC 6265 section 5.4).

/// The cookies of a request.
#[derive(Debug, Clone, Default)]
pub struct Cookies(Vec<(String, String)>);

impl Cookies {
    /// Cookies read at most; a browser sends a handful.
    pub const MOST: usize = 100;

    /// Reads the values of all `Cookie` headers. What is malformed is left out.
    pub fn read<'a>(headers: impl IntoIterator<Item = &'a str>) -> Self {
        let pairs = headers
            .into_iter()
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .take(Self::MOST)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Self(pairs)
    }

    /// The names there are, as often as they come.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The value of `name`. A name that comes twice is nobody's: somebody planted one of them.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(n, _)| n == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }
}
