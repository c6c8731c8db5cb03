//! Names and sizes of files.

use std::path::Path;

use anyhow::Result;

use super::Finding;
use super::source::Source;
use crate::command::output_of;

/// A file of more lines has more than one subject.
const LINES_MAX: usize = 600;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["common", "helper", "helpers", "manager", "misc", "util", "utils"];

/// Extensions of files that are read as code.
const CODE: &[&str] = &["js", "mjs", "py", "rs", "sh", "sql"];

/// All files that are or could be committed, relative to `root`.
pub fn list(root: &Path) -> Result<Vec<String>> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let listed = output_of("git", &arguments)?;
    Ok(listed
        .lines()
        .filter(|path| root.join(path).is_file())
        .map(str::to_owned)
        .collect())
}

/// Refuses files that are too long to be read in one go.
pub fn check_length(source: &Source) -> Option<Finding> {
    let text = format!(
        "has {} lines, more than {LINES_MAX}: split it by subject",
        source.lines
    );
    (source.lines > LINES_MAX).then(|| Finding::new(&source.path, 0, text))
}

/// Refuses names of code files and their folders that could hold anything.
pub fn check_name(path: &str) -> Option<Finding> {
    let extension = Path::new(path).extension()?.to_str()?;
    if !CODE.contains(&extension) {
        return None;
    }
    let parts = Path::new(path)
        .iter()
        .filter_map(|part| Path::new(part).file_stem()?.to_str());
    let empty = parts
        .flat_map(|stem| stem.split(['_', '-']))
        .find(|word| EMPTY_NAMES.contains(word))?;
    Some(Finding::new(
        path,
        0,
        format!("`{empty}` in a name says nothing: name the subject"),
    ))
}
