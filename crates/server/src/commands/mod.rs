//! Bodies of the commands.

pub mod completions;
pub mod config;
