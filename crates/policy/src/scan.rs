//! A look at a text before it is parsed: how deep it nests and how long its parts are.
//!
//! The parser and everything after it recurse into what they read, so depth is bounded before they see it.

/// What is too much.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Excess {
    /// Where.
    pub(crate) byte: usize,
    /// In words.
    pub(crate) reason: String,
}

/// Limits of one statement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Depths {
    pub(crate) nesting: usize,
    pub(crate) operators: usize,
    pub(crate) bytes: usize,
}

/// Looks at statements that end with a semicolon outside of brackets. Strings and comments count as bytes only.
pub(crate) fn statements(text: &str, limits: Depths) -> Result<(), Excess> {
    let bytes = text.as_bytes();
    let at = |place: usize| bytes.get(place).copied().unwrap_or_default();
    let (mut place, mut start, mut open, mut operators) = (0, 0, 0_usize, 0);
    while place < bytes.len() {
        let byte = at(place);
        let mut step = 1;
        match byte {
            b'"' => step = string(bytes, place),
            b'/' if at(place + 1) == b'/' => step = line(bytes, place),
            b'(' | b'[' | b'{' => {
                open += 1;
                if open > limits.nesting {
                    return Err(excess(
                        place,
                        format!("more than {} brackets are open", limits.nesting),
                    ));
                }
            }
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            b';' if open == 0 => (start, operators) = (place + 1, 0),
            b'&' | b'|' => {
                operators += 1;
                step = if at(place + 1) == byte { 2 } else { 1 };
            }
            b'!' | b'-' | b'+' | b'*' | b'.' => operators += 1,
            b'<' | b'>' | b'=' => {
                operators += 1;
                step = if at(place + 1) == b'=' { 2 } else { 1 };
            }
            letter if letter.is_ascii_alphabetic() || letter == b'_' => {
                step = word(bytes, place);
                let word = text.get(place..place + step).unwrap_or_default();
                operators += usize::from(matches!(word, "if" | "has" | "like" | "in" | "is"));
            }
            _ => {}
        }
        if operators > limits.operators {
            let reason = format!("a statement has more than {} operators", limits.operators);
            return Err(excess(place, reason));
        }
        place += step;
        if place - start > limits.bytes && !text.get(start..).unwrap_or_default().trim().is_empty() {
            let reason = format!("a statement has more than {} bytes", limits.bytes);
            return Err(excess(start, reason));
        }
    }
    Ok(())
}

/// Looks at how deep JSON nests.
pub(crate) fn json(text: &str, nesting: usize) -> Result<(), Excess> {
    let bytes = text.as_bytes();
    let (mut place, mut open) = (0, 0_usize);
    while let Some(byte) = bytes.get(place) {
        let mut step = 1;
        match byte {
            b'"' => step = string(bytes, place),
            b'[' | b'{' => {
                open += 1;
                if open > nesting {
                    return Err(excess(place, format!("it nests deeper than {nesting}")));
                }
            }
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        place += step;
    }
    Ok(())
}

fn excess(byte: usize, reason: String) -> Excess {
    Excess { byte, reason }
}

/// Length of a string with its quotes; to the end when it does not end.
fn string(bytes: &[u8], start: usize) -> usize {
    let mut place = start + 1;
    while let Some(byte) = bytes.get(place) {
        match byte {
            b'\\' => place += 2,
            b'"' => return place + 1 - start,
            _ => place += 1,
        }
    }
    bytes.len().saturating_sub(start).max(1)
}

fn line(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    rest.iter()
        .position(|byte| *byte == b'\n')
        .map_or(rest.len(), |at| at + 1)
}

fn word(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    let is_inside = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    rest.iter()
        .position(|byte| !is_inside(byte))
        .unwrap_or(rest.len())
        .max(1)
}

#[cfg(test)]
mod tests {
    use super::{Depths, json, statements};

    const LIMITS: Depths = Depths {
        nesting: 3,
        operators: 2,
        bytes: 60,
    };

    #[test]
    fn depth_is_counted_for_each_statement_and_not_in_strings_or_comments() {
        for good in [
            "permit(principal, action, resource) when { a && b };",
            "permit(p, a, r); permit(p, a, r) when { !(a) };",
            "permit(p, a, r) when { \"((((&&&&!!!!\\\"((((\" };",
            "// ((((((( && && && && && && &&\npermit(p, a, r);",
            "permit(p, a, r) when { ifx.hash };",
            "",
        ] {
            assert_eq!(statements(good, LIMITS), Ok(()), "{good}");
        }
        for (bad, byte) in [
            ("((((", 3),
            ("permit(a) when { !!!a };", 19),
            ("a.b.c.d;", 5),
            ("if if if", 6),
        ] {
            assert_eq!(statements(bad, LIMITS).unwrap_err().byte, byte, "{bad}");
        }
        let long = format!("permit(p, a, r);\n@x(\"{}\") permit(p, a, r);", "x".repeat(80));
        assert_eq!(statements(&long, LIMITS).unwrap_err().byte, 16);
    }

    #[test]
    fn json_is_bounded_in_depth() {
        assert_eq!(json("[[[1, \"[[[[\"]], {\"a\": [2]}]", 3), Ok(()));
        assert_eq!(json("[[[[", 3).unwrap_err().byte, 3);
        assert_eq!(json("\"unfinished [[[[[[", 3), Ok(()));
        assert_eq!(json("\"\\", 3), Ok(()));
    }
}
