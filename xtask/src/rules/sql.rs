//! SQL lives in one room and every change goes through one door.

use std::collections::BTreeSet;

use super::Finding;
use super::UNRECORDED;
use super::source::{Kind, Source};

const STORAGE: &str = "crates/storage/";
const TESTKIT: &str = "crates/testkit/";

/// Refuses SQL texts outside `storage`.
pub fn check_literals(source: &Source) -> Vec<Finding> {
    if !source.path.starts_with("crates/") || source.path.starts_with(STORAGE) || !source.is_in_src() {
        return Vec::new();
    }
    let texts = source
        .tokens
        .iter()
        .filter(|token| matches!(&token.kind, Kind::Text(text) if is_sql(text)));
    texts
        .map(|token| Finding::new(&source.path, token.line, "SQL belongs into crates/storage"))
        .collect()
}

/// Lets texts that were not written down as literals reach the database from one file of `storage` only.
pub fn check_assertions(sources: &[Source]) -> Vec<Finding> {
    let users = sources
        .iter()
        .filter(|source| source.path.starts_with("crates/") && source.is_in_src());
    let users: Vec<(&Source, usize)> = users
        .filter_map(|source| Some((source, source.first_use("AssertSqlSafe")?)))
        .collect();
    let home = users
        .iter()
        .find(|(source, _)| source.path.starts_with(STORAGE))
        .map(|(source, _)| &source.path);
    let strays = users.iter().filter(|(source, _)| Some(&source.path) != home);
    strays
        .map(|(source, line)| {
            Finding::new(
                &source.path,
                *line,
                "AssertSqlSafe has one home in crates/storage",
            )
        })
        .collect()
}

/// Compares the callers of `commit_unrecorded` with the checked-in list, one `path function: reason` a line.
pub fn check_unrecorded(sources: &[Source], listed: &str) -> Vec<Finding> {
    let product = sources
        .iter()
        .filter(|source| source.is_in_src() && !source.path.starts_with(TESTKIT));
    let callers: BTreeSet<String> = product.flat_map(callers_in).collect();
    let lines = listed
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let listed: BTreeSet<String> = lines.map(str::to_owned).collect();
    let new = callers
        .difference(&listed)
        .map(|caller| format!("not listed, but commits without an event: {caller}"));
    let gone = listed
        .difference(&callers)
        .map(|caller| format!("listed, but not in the sources: {caller}"));
    new.chain(gone)
        .map(|text| Finding::new(UNRECORDED, 0, text))
        .collect()
}

/// `path function: reason` of every call of a method named `commit_unrecorded`.
fn callers_in(source: &Source) -> Vec<String> {
    let kinds: Vec<&Kind> = source.tokens.iter().map(|token| &token.kind).collect();
    let mut function = "";
    let mut callers = Vec::new();
    for window in kinds.windows(4) {
        match window {
            [Kind::Ident(word), Kind::Ident(name), ..] if word == "fn" => function = name,
            [Kind::Punct('.'), Kind::Ident(name), Kind::Open('('), argument]
                if name == "commit_unrecorded" =>
            {
                let reason = if let Kind::Text(reason) = argument {
                    reason
                } else {
                    "no reason given in place"
                };
                callers.push(format!("{} {function}: {reason}", source.path));
            }
            _ => {}
        }
    }
    callers
}

/// Whether a text reads like a statement. English sentences that begin with the same verbs do not.
fn is_sql(text: &str) -> bool {
    let flat = text
        .replace("\\n", " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let lower = format!("{} ", flat.to_ascii_lowercase());
    let words: Vec<&str> = lower.split(' ').collect();
    let is_update = matches!(words.as_slice(), ["update", _, "set", rest @ ..] if rest.iter().any(|word| word.contains('=')));
    flat.starts_with("SELECT ")
        || flat.contains("(SELECT ")
        || is_update
        || (lower.starts_with("select ") && lower.contains(" from ") && lower.contains(" where "))
        || (lower.starts_with("insert into ") && (lower.contains(" values") || lower.contains(" select ")))
        || (lower.starts_with("delete from ") && (flat.starts_with("DELETE") || lower.contains(" where ")))
        || ["CREATE TABLE ", "ALTER TABLE ", "DROP TABLE "]
            .iter()
            .any(|verb| flat.starts_with(verb))
}
