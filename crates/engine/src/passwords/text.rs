//! The one form in which a password is counted, compared and hashed.

use domain::Secret;
use unicode_normalization::UnicodeNormalization as _;

/// What was typed, by the mapping rules of the profile OpaqueString (RFC 8265 section 4.2.2): spaces of other scripts
/// become U+0020, and the whole is in Unicode normal form C. Nothing is trimmed, folded or cut off (PW4).
pub(super) fn opaque(typed: &Secret<String>) -> Secret<String> {
    let spaced = typed.expose().chars().map(|c| if is_space(c) { ' ' } else { c });
    Secret::new(spaced.nfc().collect())
}

/// Characters of the category Zs that are not ASCII.
const fn is_space(c: char) -> bool {
    matches!(
        c,
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

#[cfg(test)]
mod tests {
    use domain::Secret;

    use super::opaque;

    #[test]
    fn one_text_has_one_form_and_nothing_is_lost() {
        for (typed, form) in [
            ("cafe\u{301}", "caf\u{e9}"),
            ("caf\u{e9}", "caf\u{e9}"),
            (" Leading and trailing ", " Leading and trailing "),
            ("a\u{a0}b\u{3000}c", "a b c"),
            // Compatibility forms are other texts: NFC does not fold them.
            ("\u{fb01}sh", "\u{fb01}sh"),
        ] {
            assert_eq!(opaque(&Secret::new(typed.to_owned())).expose(), form, "{typed}");
        }
    }
}
