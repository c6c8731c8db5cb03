//! The `rsp` binary: reads the command line and runs one command.

use clap::Parser as _;
use server::cli::Cli;
use server::{commands, telemetry};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    let done = commands::run(&cli).unwrap_or_else(|failure| failure.report());
    telemetry::flush();
    done.into()
}
