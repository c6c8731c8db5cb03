//! Signing in as a state machine: a flow moves by the pure function [`next::next`], and everything a person proves goes
//! through [`crate::App::proved`].

mod ended;
mod factor;
pub(crate) mod foreign;
mod fresh;
mod lost;
mod manage;
pub(crate) mod next;
mod proved;
mod removed;
mod replace;
mod totp;

pub(crate) use ended::{Proof, end, ended};
pub use factor::{FactorCode, FactorRefused, FactorsLeft};
pub use foreign::Added;
pub use fresh::Back;
pub use lost::Lost;
pub use manage::{ManageError, TotpSetup};
pub use next::Enrolled;
pub(crate) use proved::Progress;
pub use proved::Proved;
pub use removed::FactorsRemoved;
pub use replace::NotReplaced;
