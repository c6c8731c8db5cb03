//! Driving the load generator `wrk`.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use super::folder;
use crate::{command, plain_http};

/// Connections open at once, all of them busy.
pub(super) const CONNECTIONS: u32 = 16;

/// Seconds that nobody measures: a just-in-time compiler needs some.
const WARM_UP: u32 = 3;

/// Requests of one kind, asked again and again over a few connections.
#[derive(Clone, Debug)]
pub(super) struct Wrk {
    port: u16,
    path: String,
    script: Option<PathBuf>,
    probe: Probe,
}

/// The first request, made once by hand to see that the answer is the right one.
#[derive(Clone, Debug)]
struct Probe {
    headers: Vec<(String, String)>,
    body: Option<String>,
    expect: &'static str,
}

/// What the client saw in one turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// Requests answered.
    pub(super) requests: u64,
    /// Requests answered in a second of wall time.
    pub(super) per_second: f64,
    /// Half of the answers came within this many milliseconds.
    pub(super) p50_ms: f64,
    /// 99 of 100 answers came within this many milliseconds.
    pub(super) p99_ms: f64,
}

impl Wrk {
    /// GET requests; the answer has to contain `expect`.
    pub(super) fn get(port: u16, path: &str, expect: &'static str) -> Self {
        Self {
            port,
            path: path.to_owned(),
            script: None,
            probe: Probe {
                headers: Vec::new(),
                body: None,
                expect,
            },
        }
    }

    /// POST requests with the forms of `bodies` in turn; the answer has to contain `expect`. `name` is unique within
    /// the run: it names a file.
    pub(super) fn post(
        port: u16,
        path: &str,
        name: &str,
        (headers, bodies): (&[(&str, &str)], &[String]),
        expect: &'static str,
    ) -> Result<Self> {
        let script = folder().join(format!("{name}.lua"));
        fs::write(&script, script_for(headers, bodies)?).context("cannot write a script for wrk")?;
        Ok(Self {
            port,
            path: path.to_owned(),
            script: Some(script),
            probe: Probe {
                headers: headers
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
                body: bodies.first().cloned(),
                expect,
            },
        })
    }

    /// One request by hand, whose answer has to be right, and a short turn that nobody measures.
    pub(super) fn warm_up(&self) -> Result<()> {
        let headers: Vec<(&str, &str)> = self
            .probe
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let answer = match &self.probe.body {
            None => plain_http::get(self.port, &self.path)?,
            Some(body) => plain_http::post(self.port, &self.path, &headers, body)?,
        };
        if !(200..300).contains(&answer.status) || !answer.body.contains(self.probe.expect) {
            bail!("{} answers {}: {}", self.path, answer.status, answer.body);
        }
        self.drive(WARM_UP).map(drop)
    }

    /// Asks for `seconds`; anything but a success, or a lost connection, is an error.
    pub(super) fn drive(&self, seconds: u32) -> Result<Load> {
        let url = format!("http://localhost:{}{}", self.port, self.path);
        let (duration, connections) = (format!("-d{seconds}s"), format!("-c{CONNECTIONS}"));
        let mut arguments = vec!["-t1", &connections, &duration, "--latency"];
        let script = self.script.as_ref().map(|path| path.display().to_string());
        if let Some(script) = &script {
            arguments.extend(["-s", script]);
        }
        arguments.push(&url);
        let said = command::output_of("wrk", &arguments)?;
        read(&said)
    }
}

/// A script that asks with each body in turn. The requests are laid out once, so that asking costs the client little.
fn script_for(headers: &[(&str, &str)], bodies: &[String]) -> Result<String> {
    if bodies.is_empty() {
        bail!("there is nothing to ask");
    }
    let mut text = String::from("wrk.method = \"POST\"\n");
    for (name, value) in headers {
        writeln!(text, "wrk.headers[{name:?}] = {value:?}")?;
    }
    text.push_str(
        "wrk.headers[\"Content-Type\"] = \"application/x-www-form-urlencoded\"\nlocal bodies = {\n",
    );
    for body in bodies {
        writeln!(text, "  {body:?},")?;
    }
    text.push_str(
        "}\nlocal requests, turn = {}, 0\n\
         function init()\n  for i, body in ipairs(bodies) do requests[i] = wrk.format(nil, nil, nil, body) end\nend\n\
         function request()\n  turn = turn % #requests + 1\n  return requests[turn]\nend\n",
    );
    Ok(text)
}

/// Reads what `wrk --latency` prints.
fn read(said: &str) -> Result<Load> {
    if let Some(line) = said
        .lines()
        .find(|line| line.contains("Non-2xx") || line.contains("Socket errors"))
    {
        bail!("not every answer was a success: {}", line.trim());
    }
    let number = |marker: &str| {
        let line = said.lines().find(|line| line.contains(marker))?;
        line.split_whitespace().find_map(|word| word.parse::<f64>().ok())
    };
    let requests = said
        .lines()
        .find(|line| line.contains(" requests in "))
        .and_then(|line| line.split_whitespace().next()?.parse().ok());
    let percentile = |name: &str| {
        let line = said.lines().find_map(|line| line.trim().strip_prefix(name))?;
        milliseconds(line.trim())
    };
    match (
        requests,
        number("Requests/sec:"),
        percentile("50%"),
        percentile("99%"),
    ) {
        (Some(requests), Some(per_second), Some(p50_ms), Some(p99_ms)) if requests > 0 => Ok(Load {
            requests,
            per_second,
            p50_ms,
            p99_ms,
        }),
        _ => bail!("wrk said something else than expected: {said}"),
    }
}

/// `1.23ms`, `456.00us` or `1.02s` in milliseconds.
fn milliseconds(text: &str) -> Option<f64> {
    let units = [("us", 0.001), ("ms", 1.0), ("s", 1_000.0), ("m", 60_000.0)];
    units.iter().find_map(|(unit, factor)| {
        let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
        Some(number * factor)
    })
}

#[cfg(test)]
mod tests {
    use super::{milliseconds, read, script_for};

    const SAID: &str = "Running 3s test @ http://localhost:1/\n  1 threads and 16 connections\n  Latency Distribution\n     \
         50%    1.25ms\n     75%    2.00ms\n     99%   45.10ms\n  30000 requests in 3.00s, 10.00MB read\n\
         Requests/sec:  10000.50\nTransfer/sec:      3.33MB\n";

    #[test]
    fn what_the_generator_prints_is_understood() {
        let load = read(SAID).unwrap();
        assert_eq!(load.requests, 30_000);
        assert!((load.per_second - 10_000.5).abs() < 0.001);
        assert!((load.p50_ms - 1.25).abs() < 0.001);
        assert!((load.p99_ms - 45.1).abs() < 0.001);
        assert!((milliseconds("450.00us").unwrap() - 0.45).abs() < 1e-9);
        assert!((milliseconds("1.5s").unwrap() - 1_500.0).abs() < 1e-9);
    }

    #[test]
    fn failures_are_never_counted_as_requests() {
        let refused = format!("{SAID}  Non-2xx or 3xx responses: 3\n");
        assert!(read(&refused).unwrap_err().to_string().contains("Non-2xx"));
        let lost = format!("{SAID}  Socket errors: connect 0, read 1, write 0, timeout 0\n");
        assert!(read(&lost).is_err());
        assert!(read("").is_err());
    }

    #[test]
    fn bodies_and_headers_are_quoted() {
        let script = script_for(&[("Authorization", "Basic a\"b")], &["x=1".to_owned()]).unwrap();
        assert!(script.contains(r#"wrk.headers["Authorization"] = "Basic a\"b""#));
        assert!(script.contains(r#"  "x=1","#));
        assert!(script_for(&[], &[]).is_err());
    }
}
