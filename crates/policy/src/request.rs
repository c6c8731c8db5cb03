//! Requests, from text to values.

use std::str::FromStr as _;

use cedar_policy::ffi::JsonValueWithNoDuplicateKeys;
use cedar_policy::{Context, Entity, EntityUid, Request};
use serde::Serialize;

use crate::bounds::Bounds;
use crate::problem::{Problem, Source, said};
use crate::snapshot::Snapshot;
use crate::{entities, scan};

/// A request as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// Who, as `Type::"id"`.
    pub principal: String,
    /// Does what, as `Action::"id"`.
    pub action: String,
    /// To what, as `Type::"id"`.
    pub resource: String,
    /// Circumstances: a JSON object.
    pub context: Option<String>,
    /// Entities that count for this request: a JSON list.
    pub entities: Option<String>,
}

/// A request that was read and, where there is a schema, fits it.
#[derive(Clone, Debug)]
pub struct Query {
    pub(crate) request: Request,
    pub(crate) entities: Vec<Entity>,
    /// What each of those is in.
    pub(crate) parents: Vec<Vec<EntityUid>>,
}

/// Why a request is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct RequestError {
    /// Which part of it: `principal`, `action`, `resource`, `context`, `entities` or `request`.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

impl RequestError {
    pub(crate) fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self {
            field,
            reason: reason.into(),
        }
    }
}

impl Snapshot {
    /// Reads a request. Each part is bounded before it is parsed.
    pub fn query(&self, input: &Input) -> Result<Query, RequestError> {
        let bounds = &self.bounds;
        let principal = uid("principal", &input.principal, bounds)?;
        let action = uid("action", &input.action, bounds)?;
        let resource = uid("resource", &input.resource, bounds)?;
        let context = match &input.context {
            Some(text) => self.context(text, &action)?,
            None => Context::empty(),
        };
        let read = match &input.entities {
            Some(text) => self.brought(text)?,
            None => entities::Read::default(),
        };
        let request = Request::new(principal, action, resource, context, self.schema.as_ref());
        let request = request.map_err(|error| RequestError::new("request", said(&(&error).into())))?;
        Ok(Query {
            request,
            entities: read.entities,
            parents: read.parents,
        })
    }

    fn context(&self, text: &str, action: &EntityUid) -> Result<Context, RequestError> {
        let wrong = |reason: String| RequestError::new("context", reason);
        if text.len() > self.bounds.context_bytes {
            return Err(wrong(format!(
                "it has more than {} bytes",
                self.bounds.context_bytes
            )));
        }
        scan::json(text, self.bounds.nesting).map_err(|excess| wrong(excess.reason))?;
        let json: JsonValueWithNoDuplicateKeys =
            serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let schema = self.schema.as_ref().map(|schema| (schema, action));
        let context = Context::from_json_value(json.into(), schema);
        let context = context.map_err(|error| wrong(said(&(&error).into())))?;
        if let Some((schema, action)) = schema {
            context
                .validate(schema, action)
                .map_err(|error| wrong(said(&(&error).into())))?;
        }
        Ok(context)
    }

    /// Entities that a request brings along.
    fn brought(&self, text: &str) -> Result<entities::Read, RequestError> {
        let wrong = |reason: String| RequestError::new("entities", reason);
        let bounds = Bounds {
            source_bytes: self.bounds.request_entity_bytes,
            entities: self.bounds.request_entities,
            ..self.bounds.clone()
        };
        let read = entities::read(&Source::new("entities", text), self.schema.as_ref(), &bounds);
        read.map_err(|problems| {
            let first = problems
                .list
                .first()
                .map(|Problem { line, reason, .. }| (line, reason));
            wrong(first.map_or_else(String::new, |(line, reason)| format!("line {line}: {reason}")))
        })
    }
}

fn uid(field: &'static str, text: &str, bounds: &Bounds) -> Result<EntityUid, RequestError> {
    if text.len() > bounds.name_bytes {
        let reason = format!("it has more than {} bytes", bounds.name_bytes);
        return Err(RequestError::new(field, reason));
    }
    EntityUid::from_str(text).map_err(|error| {
        let reason = error.iter().next().map(|error| said(&error.into()));
        let reason = reason.unwrap_or_default();
        RequestError::new(field, format!("write it as Type::\"id\": {reason}"))
    })
}
