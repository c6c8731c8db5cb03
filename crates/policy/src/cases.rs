//! Policy tests: given these entities, when this is asked, then that is decided.
//!
//! The file is TOML, or JSON of the same shape:
//!
//! ```toml
//! [[test]]
//! name = "an owner reads what is theirs"
//! when = { principal = 'User::"alice"', action = 'Action::"read"', resource = 'Document::"plan"' }
//! then = { decision = "allow", policies = ["owners-read"] }
//! ```

use cedar_policy::PolicyId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bounds::Bounds;
use crate::decision::{Decision, Verdict};
use crate::policies::{bounded, shallow_json};
use crate::problem::{Collected, Problem, ProblemKind, Problems, Source};
use crate::request::Input;
use crate::snapshot::Snapshot;

/// Cases of one file.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The file.
    pub file: String,
    /// In the order of the file.
    pub cases: Vec<TestCase>,
}

/// One case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestCase {
    /// What it shows.
    pub name: String,
    /// Entities laid over those of the store.
    #[serde(default)]
    given: Vec<Value>,
    when: When,
    /// What is to come out.
    pub then: Expected,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct When {
    principal: String,
    action: String,
    resource: String,
    #[serde(default)]
    context: Option<Value>,
}

/// What a case expects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Allow or deny.
    pub decision: Verdict,
    /// Exactly these determining policies; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<String>>,
    /// Exactly these policies cannot be evaluated; none when absent.
    #[serde(default)]
    pub errors: Vec<String>,
}

/// How a case came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseReport {
    /// The case.
    pub name: String,
    /// Whether everything was as expected.
    pub passed: bool,
    /// What was not, in words.
    pub differences: Vec<String>,
    /// What was expected.
    pub expected: Expected,
    /// What was decided.
    #[serde(flatten)]
    pub decision: Decision,
}

/// How all cases of one file came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SuiteReport {
    /// The file.
    pub file: String,
    /// How many were as expected.
    pub passed: usize,
    /// How many were not.
    pub failed: usize,
    /// Each case.
    pub cases: Vec<CaseReport>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    test: Vec<TestCase>,
}

impl Suite {
    /// Reads a file of cases.
    pub fn parse(source: &Source, bounds: &Bounds) -> Result<Self, Problems> {
        bounded(source, bounds)?;
        let file: File = if source.is_json() {
            shallow_json(source, bounds)?;
            serde_json::from_str(&source.text).map_err(|error| Problem::json(source, &error))?
        } else {
            toml::from_str(&source.text).map_err(|error| {
                let byte = error.span().map_or(0, |span| span.start);
                Problem::at(source, byte, ProblemKind::Syntax, error.message())
            })?
        };
        let refused = |kind, reason: String| Problem::whole(source, kind, reason);
        if file.test.is_empty() {
            return Err(refused(ProblemKind::Syntax, "there is no test in it".to_owned()).into());
        }
        if file.test.len() > bounds.cases {
            let reason = format!("there are more than {} tests", bounds.cases);
            return Err(refused(ProblemKind::TooLarge, reason).into());
        }
        let mut problems = Collected::new(bounds.problems);
        let mut names = std::collections::HashSet::new();
        for case in &file.test {
            if !names.insert(&case.name) {
                let reason = format!("two tests are called `{}`", case.name);
                problems.push(refused(ProblemKind::Duplicate, reason));
            }
        }
        problems.check()?;
        Ok(Self {
            file: source.name.clone(),
            cases: file.test,
        })
    }
}

impl TestCase {
    /// The request it asks.
    pub fn input(&self) -> Input {
        let given = (!self.given.is_empty()).then(|| Value::from(self.given.clone()).to_string());
        Input {
            principal: self.when.principal.clone(),
            action: self.when.action.clone(),
            resource: self.when.resource.clone(),
            context: self.when.context.as_ref().map(Value::to_string),
            entities: given,
        }
    }
}

impl Snapshot {
    /// Runs all cases of a file.
    pub fn test(&self, suite: &Suite) -> SuiteReport {
        let cases: Vec<CaseReport> = suite.cases.iter().map(|case| self.test_case(case)).collect();
        let passed = cases.iter().filter(|case| case.passed).count();
        SuiteReport {
            file: suite.file.clone(),
            passed,
            failed: cases.len() - passed,
            cases,
        }
    }

    fn test_case(&self, case: &TestCase) -> CaseReport {
        let decision = self.decide(&case.input());
        let then = &case.then;
        let mut differences = Vec::new();
        if decision.decision != then.decision {
            differences.push(format!(
                "expected {}, got {}",
                word(then.decision),
                word(decision.decision)
            ));
        }
        if let Some(expected) = &then.policies {
            let expected = sorted(expected);
            if expected != decision.policies {
                differences.push(format!(
                    "expected to be decided by {}, got {}",
                    listed(&expected),
                    listed(&decision.policies)
                ));
            }
            // A name that is no policy is a slip of the pen, also where nothing decided.
            for unknown in expected
                .iter()
                .filter(|id| self.set.policy(&PolicyId::new(id)).is_none())
            {
                differences.push(format!("there is no policy `{unknown}`"));
            }
        }
        let errors: Vec<String> = decision
            .errors
            .iter()
            .map(|error| error.policy.clone().unwrap_or_default())
            .collect();
        if sorted(&then.errors) != sorted(&errors) {
            for error in &decision.errors {
                let what = error.policy.as_deref().or(error.field).unwrap_or_default();
                differences.push(format!("{what}: {}", error.reason));
            }
            if errors.is_empty() {
                differences.push(format!("expected errors in {}, got none", listed(&then.errors)));
            }
        }
        CaseReport {
            name: case.name.clone(),
            passed: differences.is_empty(),
            differences,
            expected: then.clone(),
            decision,
        }
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "allow",
        Verdict::Deny => "deny",
    }
}

fn sorted(ids: &[String]) -> Vec<String> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn listed(ids: &[String]) -> String {
    if ids.is_empty() {
        "nothing".to_owned()
    } else {
        ids.join(", ")
    }
}
