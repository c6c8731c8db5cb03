//! Scopes of policies as numbers, and what a request is to them.

use std::collections::HashMap;

use cedar_policy::{
    ActionConstraint, Entities, EntityTypeName, EntityUid, Policy, PrincipalConstraint, Request,
    ResourceConstraint,
};

/// What a policy's scope says of principal or resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Party {
    Any,
    Is(u32),
    Equal(u32),
    Within(u32),
    IsWithin(u32, u32),
}

/// What a policy's scope says of the action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Any,
    Equal(u32),
    /// One of these, or below one of these. None at all means never.
    Within(Box<[u32]>),
}

/// The three parts of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) principal: Party,
    pub(crate) action: Act,
    pub(crate) resource: Party,
}

/// Numbers for the entities and types that scopes name.
#[derive(Debug, Default)]
pub(crate) struct Names {
    entities: HashMap<EntityUid, u32>,
    types: HashMap<EntityTypeName, u32>,
}

impl Names {
    /// The scope of a policy; links of templates have their slots filled.
    pub(crate) fn scope(&mut self, policy: &Policy) -> Scope {
        let principal = match policy.principal_constraint() {
            PrincipalConstraint::Any => Party::Any,
            PrincipalConstraint::Is(kind) => Party::Is(self.kind(kind)),
            PrincipalConstraint::Eq(uid) => Party::Equal(self.entity(uid)),
            PrincipalConstraint::In(uid) => Party::Within(self.entity(uid)),
            PrincipalConstraint::IsIn(kind, uid) => Party::IsWithin(self.kind(kind), self.entity(uid)),
        };
        let action = match policy.action_constraint() {
            ActionConstraint::Any => Act::Any,
            ActionConstraint::Eq(uid) => Act::Equal(self.entity(uid)),
            ActionConstraint::In(uids) => Act::Within(uids.into_iter().map(|uid| self.entity(uid)).collect()),
        };
        let resource = match policy.resource_constraint() {
            ResourceConstraint::Any => Party::Any,
            ResourceConstraint::Is(kind) => Party::Is(self.kind(kind)),
            ResourceConstraint::Eq(uid) => Party::Equal(self.entity(uid)),
            ResourceConstraint::In(uid) => Party::Within(self.entity(uid)),
            ResourceConstraint::IsIn(kind, uid) => Party::IsWithin(self.kind(kind), self.entity(uid)),
        };
        Scope {
            principal,
            action,
            resource,
        }
    }

    /// What scopes can say of a request that is true.
    pub(crate) fn facts(&self, request: &Request, entities: &Entities) -> Facts {
        let part = |uid: Option<&EntityUid>| uid.map(|uid| self.part(uid, entities)).unwrap_or_default();
        Facts {
            principal: part(request.principal()),
            action: part(request.action()),
            resource: part(request.resource()),
        }
    }

    fn part(&self, uid: &EntityUid, entities: &Entities) -> Part {
        let own = self.entities.get(uid).copied();
        // `in` holds for the entity itself and for its ancestors; what the store does not know is in itself alone.
        let above = entities.ancestors(uid).into_iter().flatten();
        let within = above.filter_map(|ancestor| self.entities.get(ancestor).copied());
        Part {
            own,
            kind: self.types.get(uid.type_name()).copied(),
            within: within.chain(own).collect(),
        }
    }

    fn entity(&mut self, uid: EntityUid) -> u32 {
        let next = number(self.entities.len());
        *self.entities.entry(uid).or_insert(next)
    }

    fn kind(&mut self, name: EntityTypeName) -> u32 {
        let next = number(self.types.len());
        *self.types.entry(name).or_insert(next)
    }
}

/// Names are fewer than three for each policy and one for each listed action, so the bound on bytes holds them below.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Principal, action or resource of a request, as far as scopes name it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Part {
    pub(crate) own: Option<u32>,
    pub(crate) kind: Option<u32>,
    /// Itself and what it is in.
    pub(crate) within: Vec<u32>,
}

impl Part {
    pub(crate) fn matches(&self, party: Party) -> bool {
        let is_kind = |kind| self.kind == Some(kind);
        let is_within = |uid| self.within.contains(&uid);
        match party {
            Party::Any => true,
            Party::Is(kind) => is_kind(kind),
            Party::Equal(uid) => self.own == Some(uid),
            Party::Within(uid) => is_within(uid),
            Party::IsWithin(kind, uid) => is_kind(kind) && is_within(uid),
        }
    }

    pub(crate) fn matches_act(&self, act: &Act) -> bool {
        match act {
            Act::Any => true,
            Act::Equal(uid) => self.own == Some(*uid),
            Act::Within(uids) => uids.iter().any(|uid| self.within.contains(uid)),
        }
    }
}

/// A request, as far as scopes can tell.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) principal: Part,
    pub(crate) action: Part,
    pub(crate) resource: Part,
}

impl Facts {
    /// Whether all three parts hold.
    pub(crate) fn match_scope(&self, scope: &Scope) -> bool {
        self.action.matches_act(&scope.action)
            && self.principal.matches(scope.principal)
            && self.resource.matches(scope.resource)
    }
}
