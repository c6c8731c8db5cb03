//! Servers in turn, and what each request cost them.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, Result};

use super::Budget;
use super::wrk::{Load, Wrk};

/// Linux counts CPU time in hundredths of a second (`USER_HZ`, fixed on the platforms we run on).
const MICROS_PER_TICK: u64 = 10_000;

/// One server under one kind of request.
#[derive(Debug)]
pub(super) struct Contender {
    /// Its name in what is printed.
    pub(super) name: String,
    /// Process whose CPU time counts.
    pub(super) pid: u32,
    /// What is asked of it.
    pub(super) load: Wrk,
}

/// What a contender's turns say, medians over all rounds.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    /// Name of the contender.
    pub(super) name: String,
    /// CPU time for one request, user and system, in microseconds.
    pub(super) cpu_us: f64,
    /// The same for each round.
    pub(super) rounds: Vec<f64>,
    /// Requests answered in a second of wall time, client and server sharing the machine.
    pub(super) per_second: f64,
    /// Half of the answers came within this many milliseconds.
    pub(super) p50_ms: f64,
    /// 99 of 100 answers came within this many milliseconds.
    pub(super) p99_ms: f64,
}

impl Measured {
    /// From the turns of one contender: CPU time for a request, and what the client saw.
    pub(super) fn of(name: &str, turns: &[(f64, Load)]) -> Self {
        let of = |pick: fn(&(f64, Load)) -> f64| median(&turns.iter().map(pick).collect::<Vec<_>>());
        Self {
            name: name.to_owned(),
            cpu_us: of(|turn| turn.0),
            rounds: turns.iter().map(|turn| turn.0).collect(),
            per_second: of(|turn| turn.1.per_second),
            p50_ms: of(|turn| turn.1.p50_ms),
            p99_ms: of(|turn| turn.1.p99_ms),
        }
    }
}

/// Lets every contender have its turn, round after round, so that whatever else the machine does meets all of them.
/// Any answer that is not a success is an error.
pub(super) fn in_turn(budget: Budget, contenders: &[Contender]) -> Result<Vec<Measured>> {
    let mut turns: Vec<Vec<(f64, Load)>> = contenders.iter().map(|_| Vec::new()).collect();
    for contender in contenders {
        contender
            .load
            .warm_up()
            .with_context(|| format!("warming up {}", contender.name))?;
    }
    for round in 1..=budget.rounds {
        let mut line = format!("round {round}:");
        for (contender, turns) in contenders.iter().zip(&mut turns) {
            let turn = turn(contender, budget.seconds).with_context(|| contender.name.clone())?;
            write!(line, "  {} {:.1} us", contender.name, turn.0)?;
            turns.push(turn);
        }
        println!("{line}  (load {})", load_average());
    }
    Ok(contenders
        .iter()
        .zip(&turns)
        .map(|(contender, turns)| Measured::of(&contender.name, turns))
        .collect())
}

fn turn(contender: &Contender, seconds: u32) -> Result<(f64, Load)> {
    let before = cpu_us(contender.pid)?;
    let load = contender.load.drive(seconds)?;
    let spent = cpu_us(contender.pid)?.saturating_sub(before);
    Ok((each(spent, load.requests), load))
}

/// A total divided among requests.
#[expect(
    clippy::cast_precision_loss,
    reason = "microseconds of a few minutes fit a double exactly"
)]
pub(super) fn each(total: u64, requests: u64) -> f64 {
    total as f64 / requests.max(1) as f64
}

/// User and system time a process has used, in microseconds: proc(5), fields 14 and 15 of `stat`, which count threads
/// that have ended too.
pub(super) fn cpu_us(pid: u32) -> Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("the server has ended")?;
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let times: Option<u64> = after_name
        .split(' ')
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().ok())
        .sum();
    let ticks = times.context("the server's CPU time cannot be read")?;
    Ok(ticks.saturating_mul(MICROS_PER_TICK))
}

/// Memory a process holds, in MiB: proc(5), `VmRSS` of `status`.
pub(super) fn resident_mib(pid: u32) -> Result<f64> {
    memory_mib(pid, "VmRSS:")
}

/// The most memory a process has held so far, in MiB: `VmHWM`.
pub(super) fn most_resident_mib(pid: u32) -> Result<f64> {
    memory_mib(pid, "VmHWM:")
}

/// Lets [`most_resident_mib`] begin anew with what a process holds now: proc(5), `clear_refs`.
pub(super) fn forget_most_resident(pid: u32) -> Result<()> {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").context("the most memory held cannot be reset")
}

fn memory_mib(pid: u32, name: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("the server has ended")?;
    let kib: Option<f64> = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    Ok(kib.context("the server's memory cannot be read")? / 1_024.0)
}

/// The machine's load average of the last minute, as text.
pub(super) fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// The middle value; between two, their mean.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    if sorted.len().is_multiple_of(2) {
        f64::midpoint(at(middle.wrapping_sub(1)), at(middle))
    } else {
        at(middle)
    }
}

#[cfg(test)]
mod tests {
    use super::{cpu_us, median, most_resident_mib, resident_mib};

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        assert!((median(&[9.0, 1.0, 5.0]) - 5.0).abs() < f64::EPSILON);
        assert!((median(&[4.0, 1.0, 2.0, 100.0]) - 3.0).abs() < f64::EPSILON);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn the_time_of_a_process_can_be_read_and_that_of_none_cannot() {
        let own = std::process::id();
        assert!(cpu_us(own).is_ok());
        let now = resident_mib(own).unwrap();
        assert!(now > 0.0 && now <= most_resident_mib(own).unwrap());
        assert!(resident_mib(u32::MAX).is_err());
        assert!(cpu_us(u32::MAX).is_err());
    }
}
