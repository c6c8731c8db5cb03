//! `application/x-www-form-urlencoded`, strictly: what a browser would quietly repair is refused.

/// Decodes one name or value: `+` is a space, `%XX` a byte, everything else printable ASCII; the result is UTF-8
/// without NUL (no database text column could hold it). `None` if anything is off.
pub(crate) fn decode(raw: &[u8]) -> Option<String> {
    let mut bytes = raw.iter().copied();
    let mut out = Vec::with_capacity(raw.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            0x21..=0x7e => byte,
            _ => return None,
        });
    }
    String::from_utf8(out).ok().filter(|text| !text.contains('\0'))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// Appends `text` with everything but RFC 3986's unreserved characters percent-encoded: safe in a query and in a
/// fragment, whatever decodes it.
pub(crate) fn encode(text: &str, out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let digit = |n: u8| DIGITS.get(usize::from(n)).copied().map_or('0', char::from);
            out.extend(['%', digit(byte >> 4), digit(byte & 0xf)]);
        }
    }
}

/// `name=value` pairs joined by `&`.
pub(crate) fn encode_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        encode(name, &mut out);
        out.push('=');
        encode(value, &mut out);
    }
    out
}
