//! What the binary `rsp` is made of: command line, configuration, commands, the demo, and the wiring of a server.

pub mod cli;
pub mod commands;
pub mod config;
pub mod demo;
pub mod output;
pub mod telemetry;
pub mod wiring;
