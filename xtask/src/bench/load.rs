//! Driving our own load generator, `bench/src/bin/load.rs`: what `wrk` cannot ask.

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::program;
use super::wrk::Load;
use crate::command;

/// What became of the requests of one order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answered {
    /// What the client saw of the requests that were answered as hoped.
    pub(super) load: Load,
    /// Requests that were neither answered as hoped nor refused in good order.
    pub(super) failed: u64,
    /// Requests refused in good order.
    pub(super) refused: u64,
    /// 99 of 100 of those were told so within this many milliseconds.
    pub(super) refused_p99_ms: f64,
}

/// Forms to post again and again, or a GET where there are none.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    /// Port of the server.
    pub(super) port: u16,
    /// What is asked for.
    pub(super) path: String,
    /// Header fields of each request.
    pub(super) headers: Vec<(String, String)>,
    /// Forms to post in turn.
    pub(super) bodies: Vec<String>,
}

impl Asking {
    fn json(&self) -> Value {
        json!({ "port": self.port, "path": self.path, "headers": self.headers, "bodies": self.bodies })
    }

    /// As fast as answers come. A refusal is an error.
    pub(super) fn closed(&self, connections: u32, seconds: u32) -> Result<Answered> {
        answered(&json!({
            "do": "closed", "asking": self.json(), "connections": connections, "seconds": f64::from(seconds),
        }))
    }

    /// So many in a second, whatever becomes of them.
    pub(super) fn open(&self, rate: f64, connections: u32, seconds: u32) -> Result<Answered> {
        answered(&json!({
            "do": "open", "asking": self.json(), "connections": connections, "seconds": f64::from(seconds),
            "rate": rate,
        }))
    }
}

/// Gives an order and reads the summary of what became of it.
pub(super) fn answered(order: &Value) -> Result<Answered> {
    let summary = give(order)?;
    read(&serde_json::from_str(&summary).context("the load generator said something else than expected")?)
}

/// Gives an order.
pub(super) fn give(order: &Value) -> Result<String> {
    let generator = program("bench-load").display().to_string();
    command::output_of(&generator, &[&order.to_string()])
}

fn read(summary: &Value) -> Result<Answered> {
    let count = |name| summary.get(name).and_then(Value::as_u64);
    let number = |name| summary.get(name).and_then(Value::as_f64);
    match (
        (count("done"), count("failed"), count("refused")),
        (number("done_per_second"), number("p50_ms"), number("p99_ms")),
    ) {
        ((Some(requests), Some(failed), Some(refused)), (Some(per_second), Some(p50_ms), Some(p99_ms)))
            if requests > 0 =>
        {
            Ok(Answered {
                load: Load {
                    requests,
                    per_second,
                    p50_ms,
                    p99_ms,
                },
                failed,
                refused,
                refused_p99_ms: number("refused_p99_ms").unwrap_or(f64::NAN),
            })
        }
        _ => bail!("nothing was answered: {summary}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read;

    #[test]
    fn a_summary_is_understood_and_one_without_answers_is_an_error() {
        let mut summary = json!({
            "done": 5, "failed": 1, "refused": 2, "done_per_second": 2.5, "p50_ms": 1.0, "p99_ms": 9.5,
        });
        let answered = read(&summary).unwrap();
        assert_eq!(
            (answered.load.requests, answered.failed, answered.refused),
            (5, 1, 2)
        );
        assert!((answered.load.p99_ms - 9.5).abs() < f64::EPSILON);
        summary["done"] = json!(0);
        assert!(read(&summary).is_err());
    }
}
