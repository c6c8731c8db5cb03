//! server

pub mod cli;
pub mod commands;
pub mod config;
pub mod demo;
pub mod output;
pub mod telemetry;
