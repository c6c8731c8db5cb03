//! Which policies can say anything about a request.
//!
//! A policy's condition is `principal scope && (action scope && (resource scope && when))`, and `&&` looks at its right
//! side only when its left side is true (Cedar's documentation of `&&`). The comparisons of a scope (`==`, `in`, `is`
//! with an entity or type written down) cannot fail. So a policy whose scope does not hold is false: it cannot err, cannot
//! be a reason, and can be left out without a trace. What is found here is exactly the policies whose scope holds;
//! the engine then decides over those as if they were all.
//!
//! The index is a tree. A node asks for one key of the request (an entity, an ancestor, a type in one of the three
//! places); each policy stands under its rarest key there. So the cost of a search goes by the ancestors of the
//! request's entities and by what matches, not by the number of policies.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::scope::{Act, Facts, Names, Part, Party, Scope};

/// Policies a node keeps in a list before it is worth asking for a key.
const LIST: usize = 8;
/// Actions a policy may stand under; with more, its action is compared only.
const MOST_ACTIONS: usize = 16;

const PRINCIPAL: u64 = 0;
const ACTION: u64 = 1;
const RESOURCE: u64 = 2;
const PLACES: [u64; 3] = [PRINCIPAL, ACTION, RESOURCE];

const EQUAL: u64 = 0;
const WITHIN: u64 = 1;
const IS: u64 = 2;

/// Finds policies by number.
#[derive(Debug)]
pub(crate) struct Index {
    names: Names,
    scopes: Vec<Scope>,
    root: Node,
}

impl Index {
    /// Over scopes in the order of their policies.
    pub(crate) fn new(names: Names, scopes: Vec<Scope>) -> Self {
        // `action in []` holds for no request.
        let can_hold = |scope: &Scope| !matches!(&scope.action, Act::Within(uids) if uids.is_empty());
        let numbered = (0_u32..).zip(&scopes).filter(|(_, scope)| can_hold(scope));
        let all = numbered.map(|(policy, _)| policy).collect();
        let root = Node::new(all, &scopes, 0);
        Self { names, scopes, root }
    }

    /// Numbers of the policies whose scope holds, in rising order, each once.
    pub(crate) fn find(&self, facts: &Facts) -> Vec<u32> {
        let keys = keys(facts);
        let mut found = Vec::new();
        self.root.find(&keys, &mut found);
        found.retain(|policy| self.scope(*policy).is_some_and(|scope| facts.match_scope(scope)));
        found.sort_unstable();
        found.dedup();
        found
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    pub(crate) fn scope(&self, policy: u32) -> Option<&Scope> {
        self.scopes.get(usize::try_from(policy).ok()?)
    }
}

#[derive(Debug)]
enum Node {
    List(Box<[u32]>),
    Keyed {
        by_key: HashMap<u64, Node, BuildHasherDefault<Spread>>,
        /// Policies that name nothing that was not asked for yet.
        rest: Box<[u32]>,
    },
}

impl Node {
    /// `asked` has a bit for each place that a node above asked for.
    fn new(policies: Vec<u32>, scopes: &[Scope], asked: u64) -> Self {
        let is_open = |place: &u64| asked & (1_u64 << place) == 0;
        if policies.len() <= LIST || !PLACES.iter().any(&is_open) {
            return Self::List(policies.into());
        }
        let keys_of = |policy: u32, place: u64| {
            let scope = usize::try_from(policy).ok().and_then(|at| scopes.get(at));
            scope.map(|scope| scope_keys(scope, place)).unwrap_or_default()
        };
        let mut count: HashMap<u64, u32, BuildHasherDefault<Spread>> = HashMap::default();
        for policy in &policies {
            for place in PLACES.into_iter().filter(is_open) {
                for key in keys_of(*policy, place) {
                    *count.entry(key).or_default() += 1;
                }
            }
        }
        let mut buckets: HashMap<u64, Vec<u32>, BuildHasherDefault<Spread>> = HashMap::default();
        let mut rest = Vec::new();
        for policy in policies {
            let cost = |keys: &Vec<u64>| keys.iter().filter_map(|key| count.get(key)).max().copied();
            let open = PLACES
                .into_iter()
                .filter(is_open)
                .map(|place| keys_of(policy, place));
            let rarest = open.filter(|keys| !keys.is_empty()).min_by_key(cost);
            match rarest {
                Some(keys) => {
                    for key in keys {
                        buckets.entry(key).or_default().push(policy);
                    }
                }
                None => rest.push(policy),
            }
        }
        let below = |(key, policies)| (key, Self::new(policies, scopes, asked | (1_u64 << (key >> 62))));
        Self::Keyed {
            by_key: buckets.into_iter().map(below).collect(),
            rest: rest.into(),
        }
    }

    fn find(&self, keys: &[u64], found: &mut Vec<u32>) {
        match self {
            Self::List(policies) => found.extend_from_slice(policies),
            Self::Keyed { by_key, rest } => {
                found.extend_from_slice(rest);
                for node in keys.iter().filter_map(|key| by_key.get(key)) {
                    node.find(keys, found);
                }
            }
        }
    }
}

fn key(place: u64, relation: u64, number: u32) -> u64 {
    place << 62 | relation << 32 | u64::from(number)
}

/// What the request must be for the scope to hold, at one place; empty where the scope asks for nothing.
fn scope_keys(scope: &Scope, place: u64) -> Vec<u64> {
    let party = match place {
        PRINCIPAL => scope.principal,
        RESOURCE => scope.resource,
        _ => {
            return match &scope.action {
                Act::Equal(uid) => vec![key(ACTION, EQUAL, *uid)],
                Act::Within(uids) if uids.len() <= MOST_ACTIONS => {
                    let mut keys: Vec<u64> = uids.iter().map(|uid| key(ACTION, WITHIN, *uid)).collect();
                    keys.sort_unstable();
                    keys.dedup();
                    keys
                }
                Act::Any | Act::Within(_) => Vec::new(),
            };
        }
    };
    match party {
        Party::Any => Vec::new(),
        Party::Is(kind) => vec![key(place, IS, kind)],
        Party::Equal(uid) => vec![key(place, EQUAL, uid)],
        Party::Within(uid) | Party::IsWithin(_, uid) => vec![key(place, WITHIN, uid)],
    }
}

/// Everything a request is, as keys.
fn keys(facts: &Facts) -> Vec<u64> {
    let of = |place: u64, part: &Part| -> Vec<u64> {
        let own = part.own.map(|uid| key(place, EQUAL, uid));
        let kind = part.kind.map(|kind| key(place, IS, kind));
        let within = part.within.iter().map(|uid| key(place, WITHIN, *uid));
        within.chain(own).chain(kind).collect()
    };
    [
        of(PRINCIPAL, &facts.principal),
        of(ACTION, &facts.action),
        of(RESOURCE, &facts.resource),
    ]
    .concat()
}

/// A hash for keys made of numbers that are given out in order: nobody outside chooses them.
#[derive(Debug, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        let mixed = (self.0.rotate_left(5) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}
