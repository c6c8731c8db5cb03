//! Queries and forms, held against the lenient reader that browsers and other servers use.

use protocol::Params;
use url::form_urlencoded;

pub(crate) fn run(input: &[u8]) {
    let Ok(params) = Params::parse_form(input) else {
        return;
    };
    let lenient: Vec<(String, String)> = form_urlencoded::parse(input).into_owned().collect();
    assert!(lenient.len() <= 64, "more parameters than may be");
    for (name, value) in &lenient {
        let namesakes = lenient.iter().filter(|(other, _)| other == name).count();
        assert!(
            namesakes == 1 || name == "resource",
            "a parameter was taken twice"
        );
        assert!(!value.contains('\0') && value.len() <= 16_384);
    }
    agree(&params, &lenient);
    // What was accepted is accepted again when another program writes it.
    let written = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&lenient)
        .finish();
    let again = Params::parse_query(&written);
    assert!(again.is_ok(), "the same parameters, encoded anew, are refused");
    if let Ok(again) = again {
        agree(&again, &lenient);
    }
    let shown = format!("{params:?}");
    let is_name = |c: char| c.is_ascii_lowercase() || "_\", {}".contains(c);
    assert!(shown.chars().all(is_name), "a value or an unknown name is shown");
}

/// Both readers understood the same; an empty value is an absent one.
fn agree(params: &Params, lenient: &[(String, String)]) {
    for (name, _) in lenient {
        let ours: Vec<&str> = params.all(name).collect();
        let theirs = lenient
            .iter()
            .filter(|(other, value)| other == name && !value.is_empty());
        let theirs: Vec<&str> = theirs.map(|(_, value)| value.as_str()).collect();
        assert_eq!(ours, theirs, "two readers of a form differ");
        assert_eq!(params.get(name), theirs.first().copied());
        assert_eq!(params.has(name), !theirs.is_empty());
    }
}
