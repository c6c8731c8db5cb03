//! server

pub mod cli;
pub mod output;
