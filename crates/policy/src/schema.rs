//! Schemas: which types, attributes and actions there are.

use cedar_policy::{Schema, SchemaFragment};
use serde_json::Value;

use crate::bounds::Bounds;
use crate::problem::{Problem, ProblemKind, Source};
use crate::{policies, scan};

/// A schema that holds together.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) schema: Schema,
    /// What the digest is over.
    pub(crate) canonical: Value,
    /// Names that are allowed but hide others.
    pub(crate) warnings: Vec<Problem>,
}

pub(crate) fn compile(source: &Source, bounds: &Bounds) -> Result<Compiled, Problem> {
    policies::bounded(source, bounds)?;
    let (fragment, warnings) = if source.is_json() {
        (json(source, bounds)?, Vec::new())
    } else {
        text(source, bounds)?
    };
    let broken = |reason: String| Problem::whole(source, ProblemKind::Schema, reason);
    let canonical = fragment.clone().to_json_value();
    let canonical =
        canonical.map_err(|error| Problem::told(source, ProblemKind::Schema, (&error).into(), None))?;
    let schema: Schema = fragment.try_into().map_err(|error: cedar_policy::SchemaError| {
        Problem::told(source, ProblemKind::Schema, (&error).into(), None)
    })?;
    // Entities of the store get the schema's actions added; that they fit together is found out here.
    schema
        .action_entities()
        .map_err(|error| broken(error.to_string()))?;
    Ok(Compiled {
        schema,
        canonical,
        warnings,
    })
}

fn text(source: &Source, bounds: &Bounds) -> Result<(SchemaFragment, Vec<Problem>), Problem> {
    let limits = scan::Depths {
        nesting: bounds.nesting,
        operators: usize::MAX,
        bytes: usize::MAX,
    };
    scan::statements(&source.text, limits)
        .map_err(|excess| Problem::at(source, excess.byte, ProblemKind::TooLarge, excess.reason))?;
    let parsed = SchemaFragment::from_cedarschema_str(&source.text);
    let (fragment, warnings) = parsed.map_err(|error| {
        let kind = match &error {
            cedar_policy::CedarSchemaError::Parse(_) => ProblemKind::Syntax,
            _ => ProblemKind::Schema,
        };
        // A text with several errors is told by the first.
        let error = cedar_policy::ffi::DetailedError::from(&error);
        let first = error.related.first().cloned();
        let error = if error.source_locations.is_empty() {
            first.unwrap_or(error)
        } else {
            error
        };
        Problem::told(source, kind, error, None)
    })?;
    let warnings =
        warnings.map(|warning| Problem::told(source, ProblemKind::Schema, (&warning).into(), None));
    Ok((fragment, warnings.collect()))
}

fn json(source: &Source, bounds: &Bounds) -> Result<SchemaFragment, Problem> {
    policies::shallow_json(source, bounds)?;
    SchemaFragment::from_json_str(&source.text).map_err(|error| {
        Problem::told(source, ProblemKind::Schema, (&error).into(), None).with_line_in_words()
    })
}
