//! Reads the tags of a page, as far as the tests need it.

#![expect(
    clippy::string_slice,
    reason = "every index comes from a search for an ASCII character"
)]

/// One start or end tag: its name (with `/` for end tags) and its attributes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
}

impl Tag {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The tags in order.
pub(crate) fn tags(html: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let end = tag_end(rest);
        tags.push(tag(&rest[..end]));
        rest = &rest[end..];
    }
    tags
}

/// Names of tags and attributes, without any value: what hostile text must not change.
pub(crate) fn skeleton(html: &str) -> Vec<(String, Vec<String>)> {
    tags(html)
        .into_iter()
        .map(|tag| {
            (
                tag.name,
                tag.attributes.into_iter().map(|(name, _)| name).collect(),
            )
        })
        .collect()
}

fn tag_end(text: &str) -> usize {
    let mut quoted = false;
    for (index, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '>' if !quoted => return index,
            _ => {}
        }
    }
    panic!("a tag without an end: {text:.60}")
}

fn tag(inside: &str) -> Tag {
    let name: String = inside
        .chars()
        .take_while(|letter| !letter.is_whitespace())
        .collect();
    let mut rest = inside[name.len()..].trim();
    let mut attributes = Vec::new();
    while !rest.is_empty() {
        let end = rest
            .find(|letter: char| letter == '=' || letter.is_whitespace())
            .unwrap_or(rest.len());
        let key = rest[..end].to_owned();
        rest = &rest[end..];
        if let Some(value) = rest.strip_prefix("=\"") {
            let close = value.find('"').unwrap();
            attributes.push((key, value[..close].to_owned()));
            rest = value[close + 1..].trim_start();
        } else {
            attributes.push((key, String::new()));
            rest = rest.trim_start();
        }
    }
    Tag { name, attributes }
}
