//! Policies in Cedar: compiled, decided by, explained and tested. No database, no HTTP, no clock.
//!
//! [`Snapshot::compile`] makes schema, policies and entities into something to decide by, or says what is wrong and where.
//! [`Snapshot::decide`] answers requests through an index over the scopes of policies, equal to the engine alone in
//! decision, reasons and errors. [`Snapshot::explain`] says which conditions held and which did not, [`Snapshot::test`]
//! runs cases that are kept with the policies.

mod bounds;
mod cases;
mod conditions;
mod decision;
mod deep;
mod digest;
mod entities;
mod explain;
mod index;
mod layer;
mod policies;
mod problem;
mod request;
mod scan;
mod schema;
mod scope;
mod snapshot;
mod store;

pub use bounds::Bounds;
pub use cases::{CaseReport, Expected, Suite, SuiteReport, TestCase};
pub use decision::{Decision, DecisionError, Verdict};
pub use explain::{Check, Explained, Explanation, Held};
pub use problem::{Problem, ProblemKind, Problems, Source};
pub use request::{Input, Query, RequestError};
pub use snapshot::{Snapshot, Sources};
pub use store::PolicyStore;
