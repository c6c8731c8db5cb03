//! Starts a private PostgreSQL, prints a URL for each role, and keeps it until standard input ends.
#![expect(clippy::print_stdout, reason = "a command talks to the person who typed it")]

use std::io::Read as _;

use testkit::postgres::{Options, Postgres};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Postgres::start(Options::default())?;
    let schema = server.new_schema()?;
    println!("folder    {}", server.socket_dir().display());
    println!("owner     {}", schema.owner_url);
    println!("app       {}", schema.app_url);
    println!("superuser {}", server.superuser_url());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
