//! Entities: who and what there is, and what is in what.

use std::collections::{HashMap, HashSet};

use cedar_policy::{Entities, Entity, EntityUid, Schema};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::bounds::Bounds;
use crate::policies::{bounded, shallow_json};
use crate::problem::{Collected, Problem, ProblemKind, Problems, Source};

/// Entities with everything above them worked out once.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) entities: Entities,
    /// Everything that something else is in, whether or not it is an entity itself.
    pub(crate) above: HashSet<EntityUid>,
}

/// Reads a list of entities and makes them a store; the schema's actions are part of it.
pub(crate) fn compile(
    source: Option<&Source>,
    schema: Option<&Schema>,
    bounds: &Bounds,
) -> Result<Stored, Problems> {
    let nothing = Source::new("", "[]");
    let source = source.unwrap_or(&nothing);
    let read = read(source, schema, bounds)?;
    let above = read.parents.iter().flatten().cloned().collect();
    let entities = Entities::from_entities(read.entities, schema)
        .map_err(|error| Problem::told(source, ProblemKind::Entity, (&error).into(), None))?;
    let mut above: HashSet<EntityUid> = above;
    let actions = entities.iter().map(Entity::uid);
    let of_actions: Vec<EntityUid> = actions
        .filter(|uid| uid.type_name().basename() == "Action")
        .filter_map(|uid| Some(entities.ancestors(&uid)?.cloned().collect::<Vec<_>>()))
        .flatten()
        .collect();
    above.extend(of_actions);
    Ok(Stored { entities, above })
}

/// Entities as they were written.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) entities: Vec<Entity>,
    /// What each says it is in.
    pub(crate) parents: Vec<Vec<EntityUid>>,
}

/// Only what says which entity it is and what it is in.
#[derive(Debug, Deserialize)]
struct Shallow {
    uid: Value,
    #[serde(default)]
    parents: Vec<Value>,
}

/// Reads a list of entities, each for itself so that what is wrong has a line.
pub(crate) fn read(source: &Source, schema: Option<&Schema>, bounds: &Bounds) -> Result<Read, Problems> {
    bounded(source, bounds)?;
    shallow_json(source, bounds)?;
    let list: Vec<&RawValue> =
        serde_json::from_str(&source.text).map_err(|error| Problem::json(source, &error))?;
    if list.len() > bounds.entities {
        let reason = format!("there are more than {} entities", bounds.entities);
        return Err(Problem::whole(source, ProblemKind::TooLarge, reason).into());
    }
    let mut problems = Collected::new(bounds.problems);
    let mut numbers: HashMap<EntityUid, usize> = HashMap::with_capacity(list.len());
    let mut found = Read::default();
    let mut places = Vec::with_capacity(list.len());
    for raw in list {
        let byte = raw
            .get()
            .as_ptr()
            .addr()
            .saturating_sub(source.text.as_ptr().addr());
        match one(raw.get(), schema, bounds) {
            Ok((uid, parents, entity)) => {
                if numbers.insert(uid.clone(), found.entities.len()).is_some() {
                    let reason = format!("`{uid}` is there twice");
                    problems.push(Problem::at(source, byte, ProblemKind::Duplicate, reason));
                }
                found.entities.push(entity);
                found.parents.push(parents);
                places.push(byte);
            }
            Err((kind, reason)) => problems.push(Problem::at(source, byte, kind, reason)),
        }
    }
    problems.check()?;
    if let Err((number, kind, reason)) = climb(&found.parents, &numbers, bounds.ancestors) {
        let byte = places.get(number).copied().unwrap_or_default();
        return Err(Problem::at(source, byte, kind, reason).into());
    }
    Ok(found)
}

type Wrong = (ProblemKind, String);

fn one(
    text: &str,
    schema: Option<&Schema>,
    bounds: &Bounds,
) -> Result<(EntityUid, Vec<EntityUid>, Entity), Wrong> {
    let wrong = |reason: String| (ProblemKind::Entity, reason);
    if text.len() > bounds.entity_bytes {
        let reason = format!("an entity has more than {} bytes", bounds.entity_bytes);
        return Err((ProblemKind::TooLarge, reason));
    }
    let shallow: Shallow =
        serde_json::from_str(text).map_err(|error| wrong(without_place(&error.to_string())))?;
    let named = |value: Value| {
        EntityUid::from_json(value).map_err(|error| wrong(crate::problem::said(&(&error).into())))
    };
    let uid = named(shallow.uid)?;
    let parents = shallow
        .parents
        .into_iter()
        .map(named)
        .collect::<Result<Vec<_>, _>>()?;
    if parents.len() > bounds.ancestors {
        let reason = format!("an entity is in more than {} others", bounds.ancestors);
        return Err((ProblemKind::TooLarge, reason));
    }
    let entity = Entity::from_json_str(text, schema)
        .map_err(|error| wrong(without_place(&crate::problem::said(&(&error).into()))))?;
    Ok((uid, parents, entity))
}

/// Without the parser's line, which is counted from the entity's first.
fn without_place(words: &str) -> String {
    words
        .rsplit_once(" at line ")
        .map_or(words, |(words, _)| words)
        .to_owned()
}

/// Walks up from everything, before the engine does: nothing is its own ancestor, and nothing has too many.
fn climb(
    parents: &[Vec<EntityUid>],
    numbers: &HashMap<EntityUid, usize>,
    most: usize,
) -> Result<(), (usize, ProblemKind, String)> {
    // What is in nothing and no entity gets a number behind the entities.
    let mut outside: HashMap<&EntityUid, usize> = HashMap::new();
    let mut up: Vec<Vec<usize>> = Vec::with_capacity(parents.len());
    for above in parents {
        let mut line = Vec::with_capacity(above.len());
        for uid in above {
            let next = parents.len() + outside.len();
            let number = numbers.get(uid).copied();
            line.push(number.unwrap_or_else(|| *outside.entry(uid).or_insert(next)));
        }
        up.push(line);
    }
    // Everything above each entity that was left; `None` before.
    let mut all: Vec<Option<Box<[usize]>>> = vec![None; up.len()];
    let mut is_below = vec![false; up.len()];
    for start in 0..up.len() {
        let mut path = vec![(start, 0)];
        while let Some((number, next)) = path.pop() {
            if all.get(number).is_none_or(Option::is_some) {
                continue;
            }
            let above = up.get(number).map_or(&[][..], Vec::as_slice);
            if next == 0
                && let Some(mark) = is_below.get_mut(number)
            {
                *mark = true;
            }
            if let Some(parent) = above.get(next) {
                path.push((number, next + 1));
                if is_below.get(*parent) == Some(&true) && all.get(*parent).is_some_and(Option::is_none) {
                    return Err((number, ProblemKind::Cycle, "it is its own ancestor".to_owned()));
                }
                path.push((*parent, 0));
                continue;
            }
            let higher = above
                .iter()
                .filter_map(|parent| all.get(*parent)?.as_deref())
                .flatten();
            let mut line: Vec<usize> = above.iter().chain(higher).copied().collect();
            line.sort_unstable();
            line.dedup();
            if line.len() > most {
                let reason = format!("it has more than {most} ancestors");
                return Err((number, ProblemKind::TooLarge, reason));
            }
            if let Some(place) = all.get_mut(number) {
                *place = Some(line.into());
            }
        }
    }
    Ok(())
}
