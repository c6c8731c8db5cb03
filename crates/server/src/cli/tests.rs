use std::path::Path;

use clap::{CommandFactory, Parser};

use super::{Cli, Command, ConfigCommand};
use crate::output::Format;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split_whitespace())
}

#[test]
fn the_tree_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_leaf_shows_examples() {
    fn walk(command: &clap::Command, path: &str, missing: &mut Vec<String>) {
        let path = format!("{path} {}", command.get_name());
        if command.get_subcommands().next().is_none() {
            let help = command
                .get_after_long_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            if !help.contains("Examples:") {
                missing.push(path.clone());
            }
        }
        for sub in command.get_subcommands() {
            walk(sub, &path, missing);
        }
    }
    let mut missing = Vec::new();
    walk(&Cli::command(), "", &mut missing);
    assert!(missing.is_empty(), "no examples: {missing:?}");
}

#[test]
fn every_example_parses() {
    fn collect(command: &clap::Command, lines: &mut Vec<String>) {
        if let Some(help) = command.get_after_long_help() {
            lines.extend(
                help.to_string()
                    .lines()
                    .map(str::trim)
                    .filter(|l| l.starts_with("rsp "))
                    .map(str::to_owned),
            );
        }
        command.get_subcommands().for_each(|sub| collect(sub, lines));
    }
    let mut lines = Vec::new();
    collect(&Cli::command(), &mut lines);
    assert!(lines.len() > 20, "{}", lines.len());
    for line in lines {
        // Words after a redirection or an aligned remark are not arguments; quotes are the shell's.
        let line = line
            .split(" > ")
            .next()
            .unwrap_or_default()
            .split("   ")
            .next()
            .unwrap_or_default();
        let line = line
            .replace("'Acme Ltd'", "Acme")
            .replace("'Alice Example'", "Alice");
        if let Err(error) = parse(&line) {
            panic!("`{line}` does not parse: {error}");
        }
    }
}

#[test]
fn the_demo_takes_what_the_contract_promises() {
    let cli = parse(
        "rsp demo --listen 127.0.0.1:9000 --data d --credentials c.json --redirect-uri http://localhost:1/a \
         --redirect-uri http://localhost:2/b --tls --seed 7",
    )
    .unwrap();
    assert_eq!(cli.global.data.as_deref(), Some(Path::new("d")));
    let Command::Demo(demo) = cli.command else {
        panic!("not demo")
    };
    assert_eq!(demo.listen.port(), 9000);
    assert_eq!(demo.credentials.as_deref(), Some(Path::new("c.json")));
    assert_eq!(demo.redirect_uris.len(), 2);
    assert!(demo.tls);
    assert_eq!(demo.seed, 7);
}

#[test]
fn the_demo_refuses_an_address_others_can_reach() {
    for bad in ["0.0.0.0:8080", "192.0.2.1:80", "[::]:8080", "localhost", "8080"] {
        let error = parse(&format!("rsp demo --listen {bad}")).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{bad}");
    }
    for good in ["127.0.0.1:0", "127.0.0.2:8080", "[::1]:8080"] {
        assert!(parse(&format!("rsp demo --listen {good}")).is_ok(), "{good}");
    }
}

#[test]
fn global_options_stand_before_or_after_the_command() {
    for line in [
        "rsp -o json --config f config print",
        "rsp config print --output json --config f",
    ] {
        let cli = parse(line).unwrap();
        assert_eq!(cli.global.output, Format::Json, "{line}");
        assert_eq!(cli.global.config.as_deref(), Some(Path::new("f")), "{line}");
        assert!(matches!(cli.command, Command::Config(ConfigCommand::Print)));
    }
}

#[test]
fn wrong_usage_has_exit_code_two() {
    for line in [
        "rsp",
        "rsp nothing",
        "rsp config",
        "rsp serve --nope",
        "rsp config print -o xml",
        "rsp completions man",
    ] {
        assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
    }
    assert_eq!(parse("rsp --help").unwrap_err().exit_code(), 0);
}
