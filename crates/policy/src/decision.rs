//! What is decided, and by what.

use cedar_policy::{AuthorizationError, Response};
use serde::Serialize;

use crate::problem::short;
use crate::request::RequestError;

/// Allow or deny.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A permit holds and no forbid does.
    Allow,
    /// Everything else.
    Deny,
}

/// A policy that could not be evaluated, or a request that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct DecisionError {
    /// The policy; `None` when the request itself is wrong.
    pub policy: Option<String>,
    /// The part of the request that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
    /// What is wrong.
    pub reason: String,
}

/// A decision with everything that led to it.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Allow or deny.
    pub decision: Verdict,
    /// Determining policies, sorted: the permits that hold, or the forbids that do. Empty when nothing permits.
    pub policies: Vec<String>,
    /// Policies that could not be evaluated, sorted. Such a policy counts as if it were not there.
    pub errors: Vec<DecisionError>,
    /// Which set of policies decided.
    pub policy_set: String,
}

impl Decision {
    pub(crate) fn new(response: &Response, policy_set: &str) -> Self {
        let diagnostics = response.diagnostics();
        let mut policies: Vec<String> = diagnostics.reason().map(ToString::to_string).collect();
        policies.sort_unstable();
        let mut errors: Vec<DecisionError> = diagnostics.errors().map(error).collect();
        errors.sort_unstable();
        Self {
            decision: match response.decision() {
                cedar_policy::Decision::Allow => Verdict::Allow,
                cedar_policy::Decision::Deny => Verdict::Deny,
            },
            policies,
            errors,
            policy_set: policy_set.to_owned(),
        }
    }

    /// A request that is none is denied.
    pub(crate) fn refused(error: &RequestError, policy_set: &str) -> Self {
        Self {
            decision: Verdict::Deny,
            policies: Vec::new(),
            errors: vec![DecisionError {
                policy: None,
                field: Some(error.field),
                reason: error.reason.clone(),
            }],
            policy_set: policy_set.to_owned(),
        }
    }

    /// Whether it may be done.
    pub fn is_allowed(&self) -> bool {
        self.decision == Verdict::Allow
    }
}

fn error(error: &AuthorizationError) -> DecisionError {
    let AuthorizationError::PolicyEvaluationError(error) = error;
    DecisionError {
        policy: Some(error.policy_id().to_string()),
        field: None,
        reason: short(&error.inner().to_string()),
    }
}
