//! `rsp completions`: what a shell needs to complete this command line, and manual pages.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_complete::aot::{Shell, generate, generate_to};

use crate::cli::{Cli, CompletionTarget, CompletionsArgs};
use crate::output::{ExitCode, Failure, emit};

/// Writes the script to standard output, or files into the directory.
pub fn run(args: &CompletionsArgs) -> Result<ExitCode, Failure> {
    match (shell(args.target), &args.dir) {
        (Some(shell), None) => {
            let mut script = Vec::new();
            generate(shell, &mut Cli::command(), "rsp", &mut script);
            let script = String::from_utf8(script).context("the script is not UTF-8")?;
            emit(&script).context("cannot write the script")?;
        }
        (Some(shell), Some(dir)) => {
            make(dir)?;
            generate_to(shell, &mut Cli::command(), "rsp", dir).context("cannot write the script")?;
        }
        (None, Some(dir)) => {
            make(dir)?;
            clap_mangen::generate_to(Cli::command(), dir).context("cannot write the manual pages")?;
        }
        (None, None) => {
            return Err(Failure::usage(
                "manual pages are several files: name a directory with --dir",
            ));
        }
    }
    Ok(ExitCode::Done)
}

fn shell(target: CompletionTarget) -> Option<Shell> {
    match target {
        CompletionTarget::Bash => Some(Shell::Bash),
        CompletionTarget::Elvish => Some(Shell::Elvish),
        CompletionTarget::Fish => Some(Shell::Fish),
        CompletionTarget::Man => None,
        CompletionTarget::Powershell => Some(Shell::PowerShell),
        CompletionTarget::Zsh => Some(Shell::Zsh),
    }
}

fn make(dir: &Path) -> Result<(), Failure> {
    fs::create_dir_all(dir)
        .with_context(|| format!("cannot make {}", dir.display()))
        .map_err(Failure::from)
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::cli::{CompletionTarget, CompletionsArgs};

    #[test]
    fn every_shell_gets_a_script_that_knows_the_commands() {
        let shells = [
            CompletionTarget::Bash,
            CompletionTarget::Elvish,
            CompletionTarget::Fish,
            CompletionTarget::Powershell,
            CompletionTarget::Zsh,
        ];
        for target in shells {
            let dir = tempfile::tempdir().unwrap();
            run(&CompletionsArgs {
                target,
                dir: Some(dir.path().to_owned()),
            })
            .unwrap();
            let file = std::fs::read_dir(dir.path())
                .unwrap()
                .next()
                .unwrap()
                .unwrap()
                .path();
            assert!(
                std::fs::read_to_string(file).unwrap().contains("migrate"),
                "{target:?}"
            );
        }
    }

    #[test]
    fn manual_pages_cover_the_tree() {
        let dir = tempfile::tempdir().unwrap();
        run(&CompletionsArgs {
            target: CompletionTarget::Man,
            dir: Some(dir.path().to_owned()),
        })
        .unwrap();
        for page in ["rsp.1", "rsp-demo.1", "rsp-client-create.1"] {
            assert!(dir.path().join(page).exists(), "{page}");
        }
    }
}
