//! Why: which parts of which policies held.
//!
//! A policy is taken apart into the three parts of its scope and the conjuncts of its conditions, and each is evaluated for
//! itself by the engine. For an allow these are the permits that hold; for a deny the forbids that hold, else the permits
//! that miss least.

use cedar_policy::{
    ActionConstraint, Effect, Entities, Policy, PolicyId, PolicySet, PrincipalConstraint, Request,
    ResourceConstraint,
};
use serde::Serialize;
use serde_json::Value;

use crate::conditions::{alone, conjuncts, text};
use crate::decision::{Decision, Verdict};
use crate::deep;
use crate::request::{Input, Query};
use crate::scope::Facts;
use crate::snapshot::Snapshot;

/// Permits that are told when nothing permits.
const NEAREST: usize = 3;
/// Permits whose conditions are looked at to find those.
const LOOKED_AT: usize = 50;
/// Conjuncts of one policy that are told.
const MOST_CHECKS: usize = 100;

/// How a part of a policy came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// It is true.
    Held,
    /// It is false: this was missing.
    Missing,
    /// It could not be evaluated.
    Error,
    /// A part before it was false, and alone it cannot be evaluated: as `x has a && x.a` without `a`.
    NotReached,
}

/// One part of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// `principal`, `action`, `resource`, `when` or `unless`.
    pub part: &'static str,
    /// The part in Cedar's words; of an `unless` it is negated.
    pub text: String,
    /// How it came out.
    pub result: Held,
    /// Why it could not be evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A policy taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// Its id.
    pub policy: String,
    /// `permit` or `forbid`.
    pub effect: &'static str,
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Whether all of it held.
    pub satisfied: bool,
    /// Its parts in order.
    pub checks: Vec<Check>,
}

/// A decision and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The decision.
    #[serde(flatten)]
    pub decision: Decision,
    /// In one sentence.
    pub summary: String,
    /// Policies that decided; those that came nearest when none did.
    pub explained: Vec<Explained>,
    /// How many policies that decided are not among them.
    pub more: usize,
}

impl Snapshot {
    /// Decides and says why.
    pub fn explain(&self, input: &Input) -> Explanation {
        match self.query(input) {
            Ok(query) => self.explain_query(&query),
            Err(error) => nothing(Decision::refused(&error, self.policy_set())),
        }
    }

    /// Decides a request that was read before, and says why.
    pub fn explain_query(&self, query: &Query) -> Explanation {
        let decision = self.decide_query(query);
        deep::on(|| self.explain_decision(query, decision.clone())).unwrap_or_else(|| nothing(decision))
    }

    fn explain_decision(&self, query: &Query, decision: Decision) -> Explanation {
        let explained = self.over(query, |entities| {
            let facts = self.index.names().facts(&query.request, entities);
            let look = Look {
                snapshot: self,
                request: &query.request,
                entities,
                facts: &facts,
            };
            if decision.policies.is_empty() {
                return (look.nearest(), 0);
            }
            let ids = decision.policies.iter().take(self.bounds.explained);
            let found: Vec<Explained> = ids
                .filter_map(|id| self.set.policy(&PolicyId::new(id)))
                .map(|policy| look.apart(policy))
                .collect();
            let more = decision.policies.len() - found.len();
            (found, more)
        });
        let Ok((explained, more)) = explained else {
            return nothing(decision);
        };
        Explanation {
            summary: summary(&decision, &explained),
            decision,
            explained,
            more,
        }
    }
}

fn nothing(decision: Decision) -> Explanation {
    let summary = match decision.errors.iter().find(|error| error.policy.is_none()) {
        Some(error) => format!("Denied: the request cannot be read: {}", error.reason),
        None => summary(&decision, &[]),
    };
    Explanation {
        summary,
        decision,
        explained: Vec::new(),
        more: 0,
    }
}

fn summary(decision: &Decision, explained: &[Explained]) -> String {
    let named = decision.policies.join(", ");
    match decision.decision {
        Verdict::Allow => format!("Allowed by {named}."),
        Verdict::Deny if !decision.policies.is_empty() => format!("Denied by {named}."),
        Verdict::Deny => match explained.first() {
            Some(nearest) => {
                let missing: Vec<&str> = nearest
                    .checks
                    .iter()
                    .filter(|check| check.result != Held::Held)
                    .map(|check| check.text.as_str())
                    .collect();
                let missing = missing.join("; ");
                format!(
                    "Denied: no policy permits it. Nearest is {}; missing: {missing}.",
                    nearest.policy
                )
            }
            None => "Denied: there is no policy that permits anything.".to_owned(),
        },
    }
}

/// What one request is explained with.
struct Look<'a> {
    snapshot: &'a Snapshot,
    request: &'a Request,
    entities: &'a Entities,
    facts: &'a Facts,
}

impl Look<'_> {
    /// The permits that miss least. Scopes of all are compared; conditions of those whose scopes miss least.
    fn nearest(&self) -> Vec<Explained> {
        let mut by_scope: Vec<(u8, u32)> = (0..)
            .zip(&self.snapshot.policies)
            .filter(|(_, policy)| policy.effect() == Effect::Permit)
            .map(|(number, _)| (self.missed(number), number))
            .collect();
        if by_scope.len() > LOOKED_AT {
            by_scope.select_nth_unstable(LOOKED_AT);
            by_scope.truncate(LOOKED_AT);
        }
        by_scope.sort_unstable();
        let policies = by_scope
            .into_iter()
            .filter_map(|(_, number)| self.snapshot.policy(number));
        let mut found: Vec<Explained> = policies
            .filter_map(|policy| self.snapshot.set.policy(policy.id()))
            .map(|policy| self.apart(policy))
            .collect();
        found.sort_by_key(|policy| {
            let missing = policy.checks.iter().filter(|check| check.result != Held::Held);
            // Another action is further away than another condition.
            missing
                .map(|check| if check.part == "action" { 10 } else { 1 })
                .sum::<usize>()
        });
        found.truncate(NEAREST);
        found
    }

    fn missed(&self, number: u32) -> u8 {
        let Some(scope) = self.snapshot.index.scope(number) else {
            return u8::MAX;
        };
        let facts = self.facts;
        let action = u8::from(!facts.action.matches_act(&scope.action));
        let principal = u8::from(!facts.principal.matches(scope.principal));
        let resource = u8::from(!facts.resource.matches(scope.resource));
        10 * action + principal + resource
    }

    fn apart(&self, policy: &Policy) -> Explained {
        let mut checks = vec![
            self.check("principal", principal(policy)),
            self.check("action", action(policy)),
            self.check("resource", resource(policy)),
        ];
        let mut is_reached = checks.iter().all(|check| check.result == Held::Held);
        let conditions = policy.to_json().map(|json| conjuncts(&json)).unwrap_or_default();
        for (part, body) in conditions.into_iter().take(MOST_CHECKS) {
            let mut check = self.condition(part, &body);
            if check.result == Held::Error && !is_reached {
                check.result = Held::NotReached;
            }
            is_reached &= check.result == Held::Held;
            checks.push(check);
        }
        let id: &str = policy.id().as_ref();
        let place = self.snapshot.place(id);
        Explained {
            policy: id.to_owned(),
            effect: match policy.effect() {
                Effect::Permit => "permit",
                Effect::Forbid => "forbid",
            },
            file: place.map(|(file, _)| file.to_owned()),
            line: place.map(|(_, line)| line),
            satisfied: checks.iter().all(|check| check.result == Held::Held),
            checks,
        }
    }

    /// A part of the scope, written as a condition.
    fn check(&self, part: &'static str, text: String) -> Check {
        let policy = format!("permit(principal, action, resource) when {{ {text} }};");
        let (result, reason) = match Policy::parse(None, policy) {
            Ok(policy) => self.outcome(policy),
            Err(error) => (Held::Error, Some(error.to_string())),
        };
        Check {
            part,
            text,
            result,
            reason,
        }
    }

    /// A conjunct, by itself.
    fn condition(&self, part: &'static str, body: &Value) -> Check {
        let (result, reason) = match alone(body) {
            Ok(policy) => self.outcome(policy),
            Err(error) => (Held::Error, Some(error.to_string())),
        };
        Check {
            part,
            text: text(body),
            result,
            reason,
        }
    }

    fn outcome(&self, policy: Policy) -> (Held, Option<String>) {
        let mut alone = PolicySet::new();
        if let Err(error) = alone.add(policy) {
            return (Held::Error, Some(error.to_string()));
        }
        let decision = Decision::new(&self.snapshot.ask(self.request, &alone, self.entities), "");
        match decision.errors.into_iter().next() {
            Some(error) => (Held::Error, Some(error.reason)),
            None if decision.decision == Verdict::Allow => (Held::Held, None),
            None => (Held::Missing, None),
        }
    }
}

fn principal(policy: &Policy) -> String {
    match policy.principal_constraint() {
        PrincipalConstraint::Any => "true".to_owned(),
        PrincipalConstraint::Eq(uid) => format!("principal == {uid}"),
        PrincipalConstraint::In(uid) => format!("principal in {uid}"),
        PrincipalConstraint::Is(kind) => format!("principal is {kind}"),
        PrincipalConstraint::IsIn(kind, uid) => format!("principal is {kind} in {uid}"),
    }
}

fn action(policy: &Policy) -> String {
    match policy.action_constraint() {
        ActionConstraint::Any => "true".to_owned(),
        ActionConstraint::Eq(uid) => format!("action == {uid}"),
        ActionConstraint::In(uids) => {
            let uids: Vec<String> = uids.iter().map(ToString::to_string).collect();
            format!("action in [{}]", uids.join(", "))
        }
    }
}

fn resource(policy: &Policy) -> String {
    match policy.resource_constraint() {
        ResourceConstraint::Any => "true".to_owned(),
        ResourceConstraint::Eq(uid) => format!("resource == {uid}"),
        ResourceConstraint::In(uid) => format!("resource in {uid}"),
        ResourceConstraint::Is(kind) => format!("resource is {kind}"),
        ResourceConstraint::IsIn(kind, uid) => format!("resource is {kind} in {uid}"),
    }
}
