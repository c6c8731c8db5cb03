//! Policies, templates and links, from Cedar's text and from its JSON.

use std::collections::HashMap;
use std::str::FromStr as _;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{
    EntityUid, Policy, PolicyId, PolicySet, Schema, SlotId, Template, ValidationMode, Validator,
};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::bounds::Bounds;
use crate::problem::{Collected, Problem, ProblemKind, Problems, Source};
use crate::scan;

/// Where a policy stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Number of the source.
    pub(crate) source: usize,
    /// Its first byte there.
    pub(crate) byte: usize,
}

/// Policies of all sources in one set.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) set: PolicySet,
    pub(crate) places: HashMap<PolicyId, Place>,
}

/// Reads all sources, then the links. Ids are the annotation `@id`, else `policy` and a number counted over all sources.
pub(crate) fn gather(
    sources: &[Source],
    links: Option<&Source>,
    bounds: &Bounds,
) -> Result<Gathered, Problems> {
    let mut problems = Collected::new(bounds.problems);
    let mut gathered = Gathered::default();
    let mut statements = 0;
    for (number, source) in sources.iter().enumerate() {
        if let Err(problem) = bounded(source, bounds) {
            problems.push(problem);
            continue;
        }
        let mut reader = Reader {
            source,
            number,
            bounds,
            gathered: &mut gathered,
            problems: &mut problems,
        };
        if source.is_json() {
            reader.json();
        } else {
            reader.text(&mut statements);
        }
    }
    if let Some(source) = links {
        let mut reader = Reader {
            source,
            number: sources.len(),
            bounds,
            gathered: &mut gathered,
            problems: &mut problems,
        };
        reader.links();
    }
    problems.check()?;
    Ok(gathered)
}

/// Strict validation against the schema. Returns warnings.
pub(crate) fn validate(
    gathered: &Gathered,
    schema: &Schema,
    sources: &[&Source],
    bounds: &Bounds,
) -> Result<Vec<Problem>, Problems> {
    let result = Validator::new(schema.clone()).validate(&gathered.set, ValidationMode::Strict);
    let mut problems = Collected::new(bounds.problems);
    for error in result.validation_errors() {
        let problem = gathered.problem(sources, error.policy_id(), error.into());
        problems.push(problem);
    }
    problems.check()?;
    let warnings = result.validation_warnings().take(bounds.problems);
    Ok(warnings
        .map(|warning| gathered.problem(sources, warning.policy_id(), warning.into()))
        .collect())
}

impl Gathered {
    /// A policy's problem at its place; a link's is told at the place of its template, whose text it is in.
    fn problem(&self, sources: &[&Source], policy: &PolicyId, error: DetailedError) -> Problem {
        let template = self.set.policy(policy).and_then(Policy::template_id);
        let place = self.places.get(template.unwrap_or(policy));
        let source = place.and_then(|place| sources.get(place.source));
        let problem = match source {
            Some(source) => Problem::told(
                source,
                ProblemKind::Validation,
                error,
                place.map(|place| place.byte),
            ),
            None => Problem::told(&Source::new("", ""), ProblemKind::Validation, error, None),
        };
        problem.of(policy.to_string())
    }
}

/// Refuses what is longer than a source may be.
pub(crate) fn bounded(source: &Source, bounds: &Bounds) -> Result<(), Problem> {
    if source.text.len() <= bounds.source_bytes {
        return Ok(());
    }
    let reason = format!("it has more than {} bytes", bounds.source_bytes);
    Err(Problem::whole(source, ProblemKind::TooLarge, reason))
}

/// Refuses what is no JSON or nests too deep.
pub(crate) fn shallow_json(source: &Source, bounds: &Bounds) -> Result<(), Problem> {
    scan::json(&source.text, bounds.nesting)
        .map_err(|excess| Problem::at(source, excess.byte, ProblemKind::TooLarge, excess.reason))?;
    let whole: Result<IgnoredAny, _> = serde_json::from_str(&source.text);
    whole.map_err(|error| Problem::json(source, &error))?;
    Ok(())
}

struct Reader<'a> {
    source: &'a Source,
    number: usize,
    bounds: &'a Bounds,
    gathered: &'a mut Gathered,
    problems: &'a mut Collected,
}

/// A statement of a text.
enum Statement {
    Policy(Policy),
    Template(Template),
}

impl Reader<'_> {
    fn text(&mut self, statements: &mut usize) {
        let limits = scan::Depths {
            nesting: self.bounds.nesting,
            operators: self.bounds.policy_operators,
            bytes: self.bounds.policy_bytes,
        };
        if let Err(excess) = scan::statements(&self.source.text, limits) {
            return self.refuse(excess.byte, ProblemKind::TooLarge, excess.reason);
        }
        let set = match PolicySet::from_str(&self.source.text) {
            Ok(set) => set,
            Err(errors) => {
                for error in errors.iter() {
                    let problem = Problem::told(self.source, ProblemKind::Syntax, error.into(), None);
                    self.problems.push(problem);
                }
                return;
            }
        };
        let policies = set
            .policies()
            .map(|policy| (ordinal(policy.id()), Statement::Policy(policy.clone())));
        let templates = set
            .templates()
            .map(|template| (ordinal(template.id()), Statement::Template(template.clone())));
        let mut all: Vec<(usize, Statement)> = policies.chain(templates).collect();
        all.sort_by_key(|(ordinal, _)| *ordinal);
        let mut from = 0;
        for (_, statement) in all {
            let text = match &statement {
                Statement::Policy(policy) => policy.to_cedar().unwrap_or_default(),
                Statement::Template(template) => template.to_cedar(),
            };
            let rest = self.source.text.get(from..).unwrap_or_default();
            let byte = from + rest.find(&text).unwrap_or_default();
            from = byte + text.len().min(rest.len());
            let annotation = match &statement {
                Statement::Policy(policy) => policy.annotation("id"),
                Statement::Template(template) => template.annotation("id"),
            };
            let numbered = format!("policy{statements}");
            let id = PolicyId::new(annotation.filter(|id| !id.is_empty()).unwrap_or(&numbered));
            *statements += 1;
            match statement {
                Statement::Policy(policy) => self.policy(policy.new_id(id), byte),
                Statement::Template(template) => self.template(template.new_id(id), byte),
            }
        }
    }

    /// A policy set as Cedar writes it: `staticPolicies`, `templates`, `templateLinks`.
    fn json(&mut self) {
        if let Err(problem) = shallow_json(self.source, self.bounds) {
            return self.problems.push(problem);
        }
        let set = match PolicySet::from_json_str(&self.source.text) {
            Ok(set) => set,
            Err(error) => {
                let problem = Problem::told(self.source, ProblemKind::Syntax, (&error).into(), None);
                return self.problems.push(problem.with_line_in_words());
            }
        };
        for template in set.templates() {
            let byte = self.key(template.id().as_ref());
            self.template(template.clone(), byte);
        }
        for policy in set.policies() {
            let byte = self.key(policy.id().as_ref());
            match (policy.template_id(), policy.template_links()) {
                (Some(template), Some(values)) => {
                    self.link(template.clone(), policy.id().clone(), values, byte);
                }
                _ => self.policy(policy.clone(), byte),
            }
        }
    }

    /// A list of links, each as in `templateLinks`.
    fn links(&mut self) {
        let checked = bounded(self.source, self.bounds).and_then(|()| shallow_json(self.source, self.bounds));
        if let Err(problem) = checked {
            return self.problems.push(problem);
        }
        let links: Vec<Link> = match serde_json::from_str(&self.source.text) {
            Ok(links) => links,
            Err(error) => return self.problems.push(Problem::json(self.source, &error)),
        };
        for link in links {
            let byte = self.key(&link.new_id);
            let mut values = HashMap::new();
            for (slot, value) in link.values {
                let slot = match slot.as_str() {
                    "?principal" => SlotId::principal(),
                    "?resource" => SlotId::resource(),
                    other => {
                        self.refuse(byte, ProblemKind::Link, format!("`{other}` is no slot"));
                        continue;
                    }
                };
                match EntityUid::from_json(value) {
                    Ok(uid) => {
                        values.insert(slot, uid);
                    }
                    Err(error) => self.refuse(byte, ProblemKind::Link, error.to_string()),
                }
            }
            let (template, id) = (PolicyId::new(link.template_id), PolicyId::new(link.new_id));
            self.link(template, id, values, byte);
        }
    }

    fn policy(&mut self, policy: Policy, byte: usize) {
        let id = policy.id().clone();
        if self.has_room(&id, byte)
            && let Err(error) = self.gathered.set.add(policy)
        {
            self.refuse(byte, ProblemKind::Duplicate, error.to_string());
        }
    }

    fn template(&mut self, template: Template, byte: usize) {
        let id = template.id().clone();
        if self.has_room(&id, byte)
            && let Err(error) = self.gathered.set.add_template(template)
        {
            self.refuse(byte, ProblemKind::Duplicate, error.to_string());
        }
    }

    fn link(&mut self, template: PolicyId, id: PolicyId, values: HashMap<SlotId, EntityUid>, byte: usize) {
        if self.has_room(&id, byte)
            && let Err(error) = self.gathered.set.link(template, id.clone(), values)
        {
            let problem = Problem::told(self.source, ProblemKind::Link, (&error).into(), Some(byte));
            self.problems.push(problem.of(id.to_string()));
        }
    }

    /// Takes a place for an id that is not taken, in a set that is not full.
    fn has_room(&mut self, id: &PolicyId, byte: usize) -> bool {
        if self.gathered.places.contains_key(id) {
            let reason = format!("the id `{id}` is taken already");
            let problem = Problem::at(self.source, byte, ProblemKind::Duplicate, reason);
            self.problems.push(problem.of(id.to_string()));
            return false;
        }
        let (policies, templates) = (self.bounds.policies, self.bounds.templates);
        let set = &self.gathered.set;
        if set.num_of_policies() >= policies || set.num_of_templates() >= templates {
            let reason = format!("a set has at most {policies} policies and {templates} templates");
            self.refuse(byte, ProblemKind::TooLarge, reason);
            return false;
        }
        let place = Place {
            source: self.number,
            byte,
        };
        self.gathered.places.insert(id.clone(), place);
        true
    }

    /// Where a JSON text first has this string: its key, as ids are keys or values of their own.
    fn key(&self, id: &str) -> usize {
        let quoted = Value::from(id).to_string();
        self.source.text.find(&quoted).unwrap_or_default()
    }

    fn refuse(&mut self, byte: usize, kind: ProblemKind, reason: impl Into<String>) {
        self.problems.push(Problem::at(self.source, byte, kind, reason));
    }
}

/// One link of a template.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Link {
    template_id: String,
    new_id: String,
    values: HashMap<String, Value>,
}

/// The number in an id that the parser gave.
fn ordinal(id: &PolicyId) -> usize {
    let id: &str = id.as_ref();
    id.strip_prefix("policy")
        .and_then(|number| number.parse().ok())
        .unwrap_or(usize::MAX)
}
