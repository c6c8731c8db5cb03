//! What the kernel says about a node.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::site::Node;

/// The kernel counts processor time in hundredths of a second (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

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
