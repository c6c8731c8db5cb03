use std::sync::{Arc, LazyLock};
use std::time::Duration;

use domain::Timestamp;
use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, RedisResult, Script, TlsCertificates, Value};

use super::circuit::Circuit;
use super::{Away, Limit, SharedOptions, SharedRefused, Taken};

/// Before every key of ours, so that others may use the same server.
const PREFIX: &str = "rsp:";
/// Pause between two probes of a server that was away.
const PROBE_EVERY: Duration = Duration::from_millis(250);

/// Counts moments in a list, the newest first and never more than the limit. Reading and writing are one step on the
/// server. Moments are written as whole numbers: Lua's own form of large ones is rounded.
static WINDOW: LazyLock<Script> = LazyLock::new(|| Script::new(WINDOW_TEXT));

const WINDOW_TEXT: &str = r"
local now, window, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if now < 0 then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local newest = redis.call('LINDEX', KEYS[1], 0)
if newest and tonumber(newest) > now then now = tonumber(newest) end
local oldest = redis.call('LINDEX', KEYS[1], -1)
while oldest and tonumber(oldest) <= now - window do
  redis.call('RPOP', KEYS[1])
  oldest = redis.call('LINDEX', KEYS[1], -1)
end
local count, allowed = redis.call('LLEN', KEYS[1]), 0
if count < most then
  allowed = 1
  if ARGV[4] == 'take' then
    redis.call('LPUSH', KEYS[1], string.format('%.0f', now))
    redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000) + 1000)
    count = count + 1
    if not oldest then oldest = now end
  end
end
local reset = 0
if oldest then reset = tonumber(oldest) + window - now end
return {allowed, count, string.format('%.0f', reset)}
";

/// Redis, seen through a connection that finds its way back.
#[derive(Debug)]
pub(super) struct Remote {
    line: Arc<Line>,
    server_clock: bool,
}

struct Line {
    manager: ConnectionManager,
    circuit: Circuit,
    timeout: Duration,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line")
            .field("circuit", &self.circuit)
            .finish_non_exhaustive()
    }
}

impl Remote {
    pub(super) fn new(options: &SharedOptions) -> Result<Self, SharedRefused> {
        let url = options.url.expose().as_str();
        let client = match &options.ca_file {
            None => Client::open(url),
            Some(path) => {
                let root_cert = std::fs::read(path).map_err(SharedRefused::Certificates)?;
                let trusted = TlsCertificates {
                    client_tls: None,
                    root_cert: Some(root_cert),
                };
                Client::build_with_tls(url, trusted)
            }
        };
        let client = client.map_err(|_| SharedRefused::Url)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(options.timeout.saturating_mul(5)))
            .set_response_timeout(Some(options.timeout))
            .set_number_of_retries(0)
            .set_max_delay(PROBE_EVERY);
        let manager =
            ConnectionManager::new_lazy_with_config(client, config).map_err(|_| SharedRefused::Url)?;
        Ok(Self {
            line: Arc::new(Line {
                manager,
                circuit: Circuit::default(),
                timeout: options.timeout,
            }),
            server_clock: options.server_clock,
        })
    }

    pub(super) fn is_here(&self) -> bool {
        self.line.circuit.is_closed()
    }

    pub(super) async fn window(
        &self,
        key: &str,
        limit: Limit,
        now: Timestamp,
        take: bool,
    ) -> Result<Taken, Away> {
        let now = if self.server_clock { -1 } else { now.micros() };
        let window = i64::try_from(limit.window.as_micros()).unwrap_or(i64::MAX);
        let mut call = WINDOW.key(format!("{PREFIX}{key}"));
        call.arg(now)
            .arg(window)
            .arg(limit.most)
            .arg(if take { "take" } else { "look" });
        let (allowed, count, reset): (u8, u32, u64) = self
            .line
            .ask(|mut manager| async move { call.invoke_async(&mut manager).await })
            .await?;
        Ok(Taken {
            allowed: allowed == 1,
            left: limit.most.saturating_sub(count),
            reset: Duration::from_micros(reset),
        })
    }

    /// A command about a key, whose answer does not matter.
    pub(super) async fn command(&self, name: &'static str, key: &str) -> Result<(), Away> {
        let mut command = Cmd::new();
        command.arg(name).arg(format!("{PREFIX}{key}"));
        self.line
            .ask(|mut manager| async move { manager.req_packed_command(&command).await })
            .await
            .map(|_: Value| ())
    }
}

impl Line {
    /// One question. The bound is over everything: connecting, sending, the answer.
    async fn ask<T, F>(self: &Arc<Self>, question: impl FnOnce(ConnectionManager) -> F) -> Result<T, Away>
    where
        F: Future<Output = RedisResult<T>>,
    {
        if !self.circuit.is_closed() {
            return Err(Away);
        }
        match tokio::time::timeout(self.timeout, question(self.manager.clone())).await {
            Ok(Ok(answer)) => {
                self.circuit.went_well();
                Ok(answer)
            }
            failed => {
                if let Ok(Err(cause)) = failed {
                    // The kind only: what a server says may repeat what was sent.
                    tracing::debug!(kind = ?cause.kind(), "the shared state refused");
                }
                if self.circuit.failed() {
                    tokio::spawn(probe(Arc::downgrade(self)));
                }
                Err(Away)
            }
        }
    }
}

/// Asks until there is an answer in time, so that nobody else has to wait to find out.
async fn probe(line: std::sync::Weak<Line>) {
    loop {
        tokio::time::sleep(PROBE_EVERY).await;
        let Some(line) = line.upgrade() else { return };
        let mut manager = line.manager.clone();
        let mut ping = Cmd::new();
        ping.arg("PING");
        // Connecting anew takes longer than an answer.
        let patience = line.timeout.saturating_mul(5);
        let asked = tokio::time::Instant::now();
        let answer = tokio::time::timeout(patience, manager.req_packed_command(&ping)).await;
        if matches!(answer, Ok(Ok(_))) && asked.elapsed() < line.timeout {
            line.circuit.went_well();
            return;
        }
    }
}
