//! Words and marks that have no place in finished work.

use super::source::{Kind, Source};
use super::{Finding, is_rust};

/// Paths of somebody's own machine: nobody else has them.
const FOREIGN: &[&str] = &["/home/", "/root/", "c:\\users\\"];

/// This file has to name them.
const OWN: &[&str] = &["xtask/src/rules/words.rs", "xtask/tests/rules.rs"];

/// Refuses marks of unfinished work in code.
pub fn check_tokens(source: &Source) -> Vec<Finding> {
    let finding = |line, text: &str| Finding::new(&source.path, line, text);
    let mut findings = Vec::new();
    for window in source.tokens.windows(3) {
        let [first, second, third] = window else { continue };
        match (&first.kind, &second.kind, &third.kind) {
            (Kind::Punct('#'), Kind::Open('['), Kind::Ident(name)) if name == "ignore" => {
                findings.push(finding(
                    first.line,
                    "a test that is not run proves nothing: mend it or remove it",
                ));
            }
            (Kind::Ident(name), Kind::Punct('!'), Kind::Open(_))
                if name == "todo" || name == "unimplemented" =>
            {
                findings.push(finding(first.line, "unfinished code is not committed"));
            }
            (Kind::Ident(name), Kind::Open('('), _) if name == "sleep" && source.is_test() => {
                findings.push(finding(
                    first.line,
                    "tests do not wait by the clock: wait for the event",
                ));
            }
            _ => {}
        }
    }
    findings
}

/// Refuses foreign words in any text, and notes of unfinished work in code.
pub fn check_text(path: &str, text: &str) -> Vec<Finding> {
    if OWN.contains(&path) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let lower = line.to_lowercase();
        if let Some(word) = FOREIGN.iter().find(|word| lower.contains(*word)) {
            findings.push(Finding::new(
                path,
                number + 1,
                format!("`{word}` does not belong here"),
            ));
        }
        if is_rust(path) && ["TODO", "FIXME", "XXX"].iter().any(|mark| has_word(line, mark)) {
            findings.push(Finding::new(path, number + 1, "finish it or leave it out"));
        }
        if mentions_ticket(&lower) {
            findings.push(Finding::new(
                path,
                number + 1,
                "say what is meant instead of a ticket's number",
            ));
        }
    }
    findings
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .any(|found| found == word)
}

/// `issue 12`, `issue #12`: a reader of the sources cannot look it up.
fn mentions_ticket(lower: &str) -> bool {
    lower.match_indices("issue ").any(|(at, word)| {
        let rest = lower.get(at + word.len()..).unwrap_or_default();
        rest.trim_start_matches('#')
            .starts_with(|letter: char| letter.is_ascii_digit())
    })
}
