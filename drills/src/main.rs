//! Fault drills: a real server process, a client that keeps the history of what was acknowledged, an injected fault,
//! and a look at the database afterwards. `docs/drills.md` says what each drill promises.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a drill tells the person who runs it what it found"
)]

mod bad_input;
mod beside;
mod client;
mod clock_set;
mod crowd;
mod database_away;
mod enumeration;
mod failing;
mod floods;
mod journal;
mod kill;
mod load;
mod meter;
mod one_request;
mod plan;
mod report;
mod single_use;
mod site;
mod slow;
mod stop;
mod tls;
mod verify;
mod volume_full;
mod wire;
mod workload;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use domain::World;

use crate::plan::{Engine, Plan};
use crate::report::Report;

/// Head of the table, as `docs/drills.md` has it.
const TABLE: &str = "| drill | engine | verdict | seconds | number |\n|---|---|---|---|---|\n";

const HELP: &str = "\
drill NAME|all [--engine sqlite|postgres] [--reduced] [--seed NUMBER] [--rsp PROGRAM] [--failing PROGRAM] [--output FOLDER]

  --engine   only on this engine; both when absent
  --reduced  the counts of the suite
  --seed     repeat a schedule; printed by every run
  --rsp      the program under the drill; target/debug/rsp when absent
  --failing  the same with failpoints; target/failpoints/rsp when absent
  --output   journals and logs; target/drills when absent

Drills:";

type Run = for<'a> fn(&'a Plan) -> Pin<Box<dyn Future<Output = Result<Report>> + 'a>>;

struct Drill {
    name: &'static str,
    what: &'static str,
    /// Where the fault exists.
    engines: &'static [Engine],
    run: Run,
}

const DRILLS: &[Drill] = &[
    Drill {
        name: "R1",
        what: "kill -9 during writes",
        engines: &Engine::ALL,
        run: |plan| Box::pin(kill::run(plan)),
    },
    Drill {
        name: "R3",
        what: "failing before and after a commit and before the answer",
        engines: &Engine::ALL,
        run: |plan| Box::pin(failing::run(plan)),
    },
    Drill {
        name: "R7",
        what: "PostgreSQL away under load",
        engines: &[Engine::Postgres],
        run: |plan| Box::pin(database_away::away(plan)),
    },
    Drill {
        name: "R9",
        what: "the volume of the database is full",
        engines: &Engine::ALL,
        run: |plan| Box::pin(volume_full::run(plan)),
    },
    Drill {
        name: "R10",
        what: "PostgreSQL switched off under load",
        engines: &[Engine::Postgres],
        run: |plan| Box::pin(database_away::switched_off(plan)),
    },
    Drill {
        name: "R12",
        what: "the clock is set while the server runs",
        engines: &Engine::ALL,
        run: |plan| Box::pin(clock_set::run(plan)),
    },
    Drill {
        name: "R14",
        what: "one code and one refresh token, a hundred times at once",
        engines: &Engine::ALL,
        run: |plan| Box::pin(single_use::run(plan)),
    },
    Drill {
        name: "R19",
        what: "SIGTERM under load",
        engines: &Engine::ALL,
        run: |plan| Box::pin(stop::run(plan)),
    },
    Drill {
        name: "R26",
        what: "silent and slow connections",
        engines: &Engine::ALL,
        run: |plan| Box::pin(slow::run(plan)),
    },
    Drill {
        name: "R28",
        what: "HTTP/2 floods",
        engines: &Engine::ALL,
        run: |plan| Box::pin(floods::run(plan)),
    },
    Drill {
        name: "R29",
        what: "a crowd at the sign-in form",
        engines: &Engine::ALL,
        run: |plan| Box::pin(crowd::run(plan)),
    },
    Drill {
        name: "R35",
        what: "one request goes wrong",
        engines: &Engine::ALL,
        run: |plan| Box::pin(one_request::run(plan)),
    },
    Drill {
        name: "bad-input",
        what: "oversized, malformed and pipelined requests",
        engines: &Engine::ALL,
        run: |plan| Box::pin(bad_input::run(plan)),
    },
    Drill {
        name: "enumeration",
        what: "known and unknown people told apart by time",
        engines: &Engine::ALL,
        run: |plan| Box::pin(enumeration::run(plan)),
    },
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let wanted = match Wanted::parse(&words) {
        Ok(wanted) => wanted,
        Err(error) => {
            eprintln!("drill: {error:#}\n\n{HELP}");
            for drill in DRILLS {
                eprintln!("  {:<4} {}", drill.name, drill.what);
            }
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime
        .context("cannot start")
        .and_then(|runtime| runtime.block_on(run_all(&wanted)))
    {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("drill: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What the command line asks for.
struct Wanted {
    drills: Vec<&'static Drill>,
    engines: Vec<Engine>,
    reduced: bool,
    seed: Option<u64>,
    rsp: PathBuf,
    failing: PathBuf,
    output: PathBuf,
}

impl Wanted {
    fn parse(words: &[String]) -> Result<Self> {
        let mut wanted = Self {
            drills: Vec::new(),
            engines: Engine::ALL.to_vec(),
            reduced: false,
            seed: None,
            rsp: PathBuf::from("target/debug/rsp"),
            failing: PathBuf::from("target/failpoints/rsp"),
            output: PathBuf::from("target/drills"),
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} needs a value"));
            match word.as_str() {
                "--engine" => {
                    let name = value()?;
                    wanted.engines = vec![Engine::parse(name).with_context(|| format!("no engine {name}"))?];
                }
                "--reduced" => wanted.reduced = true,
                "--seed" => wanted.seed = Some(value()?.parse().context("--seed is a number")?),
                "--rsp" => wanted.rsp = value()?.into(),
                "--failing" => wanted.failing = value()?.into(),
                "--output" => wanted.output = value()?.into(),
                "all" => wanted.drills = DRILLS.iter().collect(),
                name => {
                    let found = DRILLS.iter().find(|drill| drill.name.eq_ignore_ascii_case(name));
                    wanted
                        .drills
                        .push(found.with_context(|| format!("no drill {name}"))?);
                }
            }
        }
        if wanted.drills.is_empty() {
            bail!("name a drill");
        }
        for program in [&mut wanted.rsp, &mut wanted.failing] {
            *program =
                fs::canonicalize(&*program).with_context(|| format!("{} is not built", program.display()))?;
        }
        Ok(wanted)
    }
}

/// Runs the drills one after the other and prints one table; whether everything held.
async fn run_all(wanted: &Wanted) -> Result<bool> {
    let seed = wanted.seed.unwrap_or_else(|| {
        let [a, b, c, d] = World::system().random::<4>();
        u64::from(u32::from_be_bytes([a, b, c, d]))
    });
    let mut table = String::from(TABLE);
    let mut all_held = true;
    for drill in &wanted.drills {
        let engines = drill
            .engines
            .iter()
            .filter(|engine| wanted.engines.contains(engine));
        for engine in engines {
            let output = wanted.output.join(format!("{}-{}", drill.name, engine.name()));
            fs::create_dir_all(&output).with_context(|| format!("cannot make {}", output.display()))?;
            let plan = Plan {
                engine: *engine,
                reduced: wanted.reduced,
                seed,
                rsp: wanted.rsp.clone(),
                failing: wanted.failing.clone(),
                output: std::path::absolute(output)?,
            };
            println!("\n=== {} {} on {} ===", drill.name, drill.what, engine.name());
            let started = tokio::time::Instant::now();
            let mut number = String::new();
            let verdict = match (drill.run)(&plan).await {
                Ok(report) => {
                    println!("  seed {seed}; schedule: {}", report.schedule);
                    report.lines().for_each(|line| println!("{line}"));
                    number = report.headline();
                    if report.held() { "held" } else { "MISSED" }
                }
                Err(error) => {
                    println!("  seed {seed}; the drill could not be carried out: {error:#}");
                    "FAILED"
                }
            };
            all_held &= verdict == "held";
            writeln!(
                table,
                "| {} | {} | {verdict} | {:.1} | {number} |",
                drill.name,
                engine.name_in_prose(),
                started.elapsed().as_secs_f64()
            )?;
            // Anew after each one: a run of hours may be cut short.
            let file = wanted.output.join("table.md");
            fs::write(&file, &table).with_context(|| format!("cannot write {}", file.display()))?;
        }
    }
    println!("\n{table}");
    Ok(all_held)
}
