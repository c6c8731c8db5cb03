//! A compiled set of policies with its schema and entities: what decisions are made from.

use std::collections::HashMap;
use std::fmt;

use cedar_policy::{Authorizer, Entities, Policy, PolicyId, PolicySet, Request, Response, Schema};

use crate::bounds::Bounds;
use crate::decision::Decision;
use crate::entities::Stored;
use crate::index::Index;
use crate::policies::{Gathered, Place};
use crate::problem::{Problem, ProblemKind, Problems, Source, position};
use crate::request::{Input, Query};
use crate::scope::Names;
use crate::{deep, digest, entities, layer, policies, schema};

/// What a snapshot is compiled from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Types and actions. Without one nothing is validated: only for comparisons with the bare engine.
    pub schema: Option<Source>,
    /// Policies and templates.
    pub policies: Vec<Source>,
    /// Links of templates, as a JSON list.
    pub links: Option<Source>,
    /// Entities, as a JSON list.
    pub entities: Option<Source>,
}

/// Compiled policies, schema and entities. Never changes; a new one takes its place.
pub struct Snapshot {
    pub(crate) schema: Option<Schema>,
    /// Everything as it was given.
    pub(crate) set: PolicySet,
    pub(crate) index: Index,
    pub(crate) stored: Stored,
    pub(crate) bounds: Bounds,
    /// Policies in the index's numbers, links with their slots filled.
    pub(crate) policies: Vec<Policy>,
    authorizer: Authorizer,
    policy_set: String,
    warnings: Vec<Problem>,
    places: HashMap<PolicyId, Place>,
    sources: Vec<Source>,
}

/// Its name and sizes: entities may tell of people and are not printed.
impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("policy_set", &self.policy_set)
            .field("policies", &self.policy_count())
            .field("entities", &self.entity_count())
            .finish_non_exhaustive()
    }
}

impl Snapshot {
    /// Compiles everything or nothing: problems of all policies are told together.
    pub fn compile(sources: Sources, bounds: &Bounds) -> Result<Self, Problems> {
        let nowhere = Source::new("policies", "");
        let no_thread = || {
            Problem::whole(
                &nowhere,
                ProblemKind::TooLarge,
                "there is no thread to compile on",
            )
        };
        deep::on(|| Self::compile_here(sources, bounds)).ok_or_else(no_thread)?
    }

    fn compile_here(sources: Sources, bounds: &Bounds) -> Result<Self, Problems> {
        let schema = sources
            .schema
            .as_ref()
            .map(|source| schema::compile(source, bounds));
        let schema = schema.transpose()?;
        let gathered = policies::gather(&sources.policies, sources.links.as_ref(), bounds)?;
        let mut warnings = Vec::new();
        if let Some(schema) = &schema {
            warnings.extend(schema.warnings.iter().cloned());
            let all: Vec<&Source> = sources.policies.iter().chain(&sources.links).collect();
            warnings.extend(policies::validate(&gathered, &schema.schema, &all, bounds)?);
        }
        let rules = schema.as_ref().map(|schema| &schema.schema);
        let stored = entities::compile(sources.entities.as_ref(), rules, bounds)?;
        let unreadable = |reason: String| {
            let nowhere = Source::new("policies", "");
            Problems::from(Problem::whole(&nowhere, ProblemKind::Syntax, reason))
        };
        let canonical = schema.as_ref().map(|schema| &schema.canonical);
        let policy_set = digest::of(canonical, &gathered.set).map_err(unreadable)?;
        let Gathered { set, places } = gathered;
        let mut names = Names::default();
        let (mut compiled, mut scopes) = (Vec::new(), Vec::new());
        for policy in set.policies() {
            scopes.push(names.scope(policy));
            compiled.push(filled(policy).map_err(unreadable)?);
        }
        Ok(Self {
            schema: schema.map(|schema| schema.schema),
            index: Index::new(names, scopes),
            stored,
            bounds: bounds.clone(),
            policies: compiled,
            authorizer: Authorizer::new(),
            policy_set,
            warnings,
            places,
            sources: sources.policies.into_iter().chain(sources.links).collect(),
            set,
        })
    }

    /// Decides; what cannot be read or evaluated is told, and denied (AZ7).
    pub fn decide(&self, input: &Input) -> Decision {
        match self.query(input) {
            Ok(query) => self.decide_query(&query),
            Err(error) => Decision::refused(&error, &self.policy_set),
        }
    }

    /// Decides a request that was read before.
    pub fn decide_query(&self, query: &Query) -> Decision {
        self.over(query, |entities| {
            Decision::new(&self.evaluate(&query.request, entities), &self.policy_set)
        })
        .unwrap_or_else(|error| Decision::refused(&error, &self.policy_set))
    }

    /// The same decision by the engine alone, over all policies: what the index is compared with.
    pub fn decide_bare(&self, query: &Query) -> Decision {
        let entities = layer::whole(self, query);
        let decided = entities.map(|entities| {
            let response = self
                .authorizer
                .is_authorized(&query.request, &self.set, &entities);
            Decision::new(&response, &self.policy_set)
        });
        decided.unwrap_or_else(|error| Decision::refused(&error, &self.policy_set))
    }

    /// The name of what is decided by: a hash over schema, policies, templates and links.
    pub fn policy_set(&self) -> &str {
        &self.policy_set
    }

    /// What is allowed but probably not meant, such as a policy that can never hold.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// How many policies there are, links included.
    pub fn policy_count(&self) -> usize {
        self.policies.len()
    }

    /// How many templates there are.
    pub fn template_count(&self) -> usize {
        self.set.num_of_templates()
    }

    /// How many entities there are; the schema's actions are among them.
    pub fn entity_count(&self) -> usize {
        self.stored.entities.len()
    }

    /// How many policies the index leaves for a request: those whose scope holds.
    pub fn candidate_count(&self, query: &Query) -> usize {
        self.over(query, |entities| self.candidates(&query.request, entities).len())
            .unwrap_or_default()
    }

    /// File and line of a policy.
    pub fn place(&self, policy: &str) -> Option<(&str, usize)> {
        let place = self.places.get(&PolicyId::new(policy))?;
        let source = self.sources.get(place.source)?;
        Some((&source.name, position(&source.text, place.byte).0))
    }

    /// Calls `look` with the entities a request is decided over.
    pub(crate) fn over<T>(
        &self,
        query: &Query,
        look: impl FnOnce(&Entities) -> T,
    ) -> Result<T, crate::request::RequestError> {
        if query.entities.is_empty() {
            return Ok(look(&self.stored.entities));
        }
        Ok(look(&layer::reachable(self, query)?))
    }

    /// Numbers of the policies whose scope holds.
    pub(crate) fn candidates(&self, request: &Request, entities: &Entities) -> Vec<u32> {
        self.index.find(&self.index.names().facts(request, entities))
    }

    pub(crate) fn policy(&self, number: u32) -> Option<&Policy> {
        self.policies.get(usize::try_from(number).ok()?)
    }

    /// Asks the engine one question about one policy set.
    pub(crate) fn ask(&self, request: &Request, set: &PolicySet, entities: &Entities) -> Response {
        self.authorizer.is_authorized(request, set, entities)
    }

    fn evaluate(&self, request: &Request, entities: &Entities) -> Response {
        let found = self.candidates(request, entities);
        // When most policies apply there is nothing to gain from leaving some out.
        if found.len() > self.policies.len() / 2 {
            return self.ask(request, &self.set, entities);
        }
        let mut slice = PolicySet::new();
        for policy in found.into_iter().filter_map(|number| self.policy(number)) {
            if slice.add(policy.clone()).is_err() {
                // Ids are unique in the whole set; were they not, the whole set is asked.
                return self.ask(request, &self.set, entities);
            }
        }
        self.ask(request, &slice, entities)
    }
}

/// A policy that can stand in a set of its own: a link without its template, its slots filled. The text it came from,
/// which the engine carries along for printing, is left behind: a clone is then a few counters.
fn filled(policy: &Policy) -> Result<Policy, String> {
    let alone = if policy.template_id().is_some() {
        let json = policy.to_json().map_err(|error| error.to_string())?;
        &Policy::from_json(Some(policy.id().clone()), json).map_err(|error| error.to_string())?
    } else {
        policy
    };
    Ok(Policy::from(alone.as_ref().clone()))
}
