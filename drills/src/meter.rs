//! What the kernel says about a node.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::report::Report;
use crate::site::Node;

/// The kernel counts processor time in hundredths of a second (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// Memory of what wakes up under an attack whatever its size: threads and their stacks, caches, pages that the allocator
/// keeps back.
const OVERHEAD_KIB: u64 = 32 * 1_024;
/// Memory of one connection: 32 KiB of a head (`max_header_bytes`), as much of answers that wait, and as much for its task
/// and its timers.
const CONNECTION_KIB: u64 = 96;

/// Processor time the node has used so far.
pub(crate) fn processor(node: &Node) -> Result<Duration> {
    let pid = node.process.pid().context("the node has no process")?;
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).context("the node is gone")?;
    // Fields 14 and 15 of proc(5); the name in field 2 may hold anything, so count from its end.
    let (_, rest) = text.rsplit_once(')').context("an unknown form of /proc")?;
    let ticks: u32 = rest
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u32>().ok())
        .sum();
    Ok(TICK * ticks)
}

/// `VmHWM` of proc(5): the kernel's own account of the most memory the process held.
pub(crate) fn most_memory_kib(node: &Node) -> Result<u64> {
    let pid = node.process.pid().context("the node has no process")?;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("the node has ended")?;
    let kib: Option<u64> = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    kib.context("its memory cannot be read")
}

/// What so many connections at once may have added to what the node held when it was quiet.
pub(crate) fn judge_memory(
    node: &Node,
    place: &str,
    quiet_kib: u64,
    connections: u32,
    report: &mut Report,
) -> Result<()> {
    let most = most_memory_kib(node)?;
    let bound = quiet_kib + OVERHEAD_KIB + u64::from(connections) * CONNECTION_KIB;
    let mib = |kib: u64| kib / 1_024;
    report.check(
        format!(
            "{place}at most {} MiB resident: {} when quiet, {} for all, {CONNECTION_KIB} KiB for each of {connections}",
            mib(bound),
            mib(quiet_kib),
            mib(OVERHEAD_KIB)
        ),
        format!("{} MiB", mib(most)),
        most <= bound,
    );
    Ok(())
}
