//! Entities that a request brings along, laid over those of the store.
//!
//! An entity of the request takes the place of the store's entity of the same name as a whole: attributes, tags and
//! parents. What others of the store are in cannot be written anew, because that would change who they are: such a
//! request is refused with the name of the entity.
//!
//! The store is not copied. The engine looks an entity up only if it is principal, action or resource, or stands in the
//! context, in a policy or in an attribute or tag of an entity it looked up; membership is worked out in each entity. So
//! what can be reached that way, with what the new ones are in, is all a decision can see.

use std::collections::{HashMap, HashSet};

use cedar_policy::{Context, Entities, Entity, EntityUid, EvalResult};

use crate::problem::said;
use crate::request::{Query, RequestError};
use crate::snapshot::Snapshot;

/// Entities reached before the whole store is used instead.
const MOST_REACHED: usize = 5_000;

/// What a decision over the store with the request's entities laid over it can see.
pub(crate) fn reachable(snapshot: &Snapshot, query: &Query) -> Result<Entities, RequestError> {
    check(snapshot, query)?;
    let store = &snapshot.stored.entities;
    let new: HashMap<EntityUid, &Entity> = query
        .entities
        .iter()
        .map(|entity| (entity.uid(), entity))
        .collect();
    let mut waiting: Vec<EntityUid> = new.keys().cloned().collect();
    // What a new entity is in brings its own ancestors along.
    waiting.extend(query.parents.iter().flatten().cloned());
    let request = &query.request;
    waiting.extend(
        [request.principal(), request.action(), request.resource()]
            .into_iter()
            .flatten()
            .cloned(),
    );
    if let Some(context) = request.context() {
        of_context(context, &mut waiting);
    }
    let mut picked: Vec<Entity> = Vec::new();
    let mut seen = HashSet::new();
    follow(&mut waiting, &mut seen, &mut picked, (&new, store));
    // Which policies apply is known by now: scopes ask for principal, action and resource alone.
    let first = closed(picked.clone())?;
    for number in snapshot.candidates(request, &first) {
        waiting.extend(
            snapshot
                .policy(number)
                .into_iter()
                .flat_map(cedar_policy::Policy::entity_literals),
        );
    }
    if waiting.is_empty() {
        return Ok(first);
    }
    if !follow(&mut waiting, &mut seen, &mut picked, (&new, store)) {
        return whole(snapshot, query);
    }
    closed(picked)
}

/// The whole store with the request's entities in it: right, and as expensive as the store is large.
pub(crate) fn whole(snapshot: &Snapshot, query: &Query) -> Result<Entities, RequestError> {
    let store = snapshot.stored.entities.clone();
    if query.entities.is_empty() {
        return Ok(store);
    }
    check(snapshot, query)?;
    store
        .upsert_entities(query.entities.iter().cloned(), None)
        .map_err(|error| RequestError::new("entities", said(&(&error).into())))
}

/// Refuses what would change others, and actions, which belong to the schema.
fn check(snapshot: &Snapshot, query: &Query) -> Result<(), RequestError> {
    let stored = &snapshot.stored;
    for entity in &query.entities {
        let uid = entity.uid();
        if stored.above.contains(&uid) {
            let reason = format!("`{uid}` cannot be brought along: others are in it in the store");
            return Err(RequestError::new("entities", reason));
        }
        if uid.type_name().basename() == "Action" {
            let reason = format!("`{uid}` cannot be brought along: actions belong to the schema");
            return Err(RequestError::new("entities", reason));
        }
    }
    Ok(())
}

fn closed(entities: Vec<Entity>) -> Result<Entities, RequestError> {
    Entities::from_entities(entities, None)
        .map_err(|error| RequestError::new("entities", said(&(&error).into())))
}

/// Follows attributes and tags until nothing is new; false when that is too much.
fn follow(
    waiting: &mut Vec<EntityUid>,
    seen: &mut HashSet<EntityUid>,
    picked: &mut Vec<Entity>,
    (new, store): (&HashMap<EntityUid, &Entity>, &Entities),
) -> bool {
    while let Some(uid) = waiting.pop() {
        if !seen.insert(uid.clone()) {
            continue;
        }
        if picked.len() > MOST_REACHED {
            return false;
        }
        let Some(entity) = new.get(&uid).copied().or_else(|| store.get(&uid)) else {
            continue;
        };
        let values = entity
            .attrs()
            .chain(entity.tags())
            .filter_map(|(_, value)| value.ok());
        for value in values {
            of_value(&value, waiting);
        }
        picked.push(entity.clone());
    }
    true
}

fn of_context(context: &Context, found: &mut Vec<EntityUid>) {
    for (key, _) in context.clone() {
        if let Some(value) = context.get(&key) {
            of_value(&value, found);
        }
    }
}

fn of_value(value: &EvalResult, found: &mut Vec<EntityUid>) {
    match value {
        EvalResult::EntityUid(uid) => found.push(uid.clone()),
        EvalResult::Set(set) => set.iter().for_each(|value| of_value(value, found)),
        EvalResult::Record(record) => record.iter().for_each(|(_, value)| of_value(value, found)),
        EvalResult::Bool(_) | EvalResult::Long(_) | EvalResult::String(_) | EvalResult::ExtensionValue(_) => {
        }
    }
}
