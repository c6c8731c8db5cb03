//! What a connection is doing, and until when it may.
//!
//! hyper times only the head of an HTTP/1.1 request whose protocol is already
//! known. Silence before that, rest between requests, and peers that stop
//! reading are judged here, alike for both protocols and under TLS.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::Version;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::Limits;

/// Time between our goodbye and the end of a resting connection that ignores it.
const GOODBYE: Duration = Duration::from_secs(1);

/// Shared by the socket wrapper, the requests and the watchdog of one connection.
#[derive(Debug)]
pub(super) struct Activity {
    limits: Arc<Limits>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    in_flight: usize,
    http2: bool,
    /// We said goodbye and wait for the peer's.
    leaving: bool,
    /// Since when the peer owes us a request, or a request shows no progress.
    since: Instant,
    phase: Phase,
    /// Since when the peer accepts no byte.
    blocked: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No complete request head yet, or one has begun to arrive.
    Head,
    /// Between requests.
    Idle,
    /// At least one request under way.
    Busy,
}

/// What to do with a connection whose time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Say goodbye in the protocol's own way.
    Retire,
    /// Close at once.
    Cut,
}

impl Activity {
    pub(super) fn new(limits: Arc<Limits>) -> Arc<Self> {
        let state = State {
            in_flight: 0,
            http2: false,
            leaving: false,
            since: Instant::now(),
            phase: Phase::Head,
            blocked: None,
        };
        Arc::new(Self {
            limits,
            state: Mutex::new(state),
        })
    }

    /// Plain counters: a panic elsewhere cannot leave them half changed.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request head is complete. The guard lives until its answer is sent or dropped.
    pub(super) fn begin(self: &Arc<Self>, version: Version) -> InFlight {
        let mut state = self.state();
        state.in_flight += 1;
        state.http2 = version == Version::HTTP_2;
        state.phase = Phase::Busy;
        state.since = Instant::now();
        drop(state);
        InFlight(Arc::clone(self))
    }

    /// The connection was told to end: what rests now has only a moment left.
    pub(super) fn leave(&self) {
        let mut state = self.state();
        state.leaving = true;
        if state.phase == Phase::Idle {
            state.since = Instant::now();
        }
    }

    fn received(&self) {
        let mut state = self.state();
        match state.phase {
            Phase::Head => {}
            // On HTTP/2 bytes between requests are mostly window updates and pings.
            Phase::Idle if state.http2 => {}
            Phase::Idle => {
                state.phase = Phase::Head;
                state.since = Instant::now();
            }
            Phase::Busy => state.since = Instant::now(),
        }
    }

    fn sent(&self, progress: bool) {
        let mut state = self.state();
        if !progress {
            state.blocked.get_or_insert_with(Instant::now);
            return;
        }
        state.blocked = None;
        if state.phase == Phase::Busy {
            state.since = Instant::now();
        }
    }

    /// When this connection's time is over unless something moves, and what follows then.
    fn deadline(&self) -> (Instant, Verdict) {
        let state = self.state();
        let (wait, verdict) = match state.phase {
            Phase::Head => (self.limits.header_read_timeout, Verdict::Cut),
            Phase::Idle if state.leaving => (GOODBYE, Verdict::Cut),
            Phase::Idle => (self.limits.keep_alive_idle, Verdict::Retire),
            Phase::Busy => (self.limits.stall_timeout, Verdict::Cut),
        };
        let base = (state.since + wait, verdict);
        match state.blocked.map(|since| since + self.limits.write_timeout) {
            Some(blocked) if blocked < base.0 => (blocked, Verdict::Cut),
            _ => base,
        }
    }
}

/// A request under way; dropping it ends it.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Activity>);

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        if state.in_flight == 0 {
            state.phase = Phase::Idle;
            state.since = Instant::now();
        }
    }
}

/// Wakes the connection's task when its deadline passes. The timer moves only
/// when the deadline comes nearer; a later one is found when it fires.
#[derive(Debug)]
pub(super) struct Watchdog {
    activity: Arc<Activity>,
    timer: Pin<Box<Sleep>>,
}

impl Watchdog {
    pub(super) fn new(activity: Arc<Activity>) -> Self {
        let (deadline, _) = activity.deadline();
        Self {
            activity,
            timer: Box::pin(tokio::time::sleep_until(deadline)),
        }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Verdict> {
        let (deadline, verdict) = self.activity.deadline();
        if deadline < self.timer.deadline() {
            self.timer.as_mut().reset(deadline);
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            if deadline <= Instant::now() {
                return Poll::Ready(verdict);
            }
            self.timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

/// A socket that reports to its connection's [`Activity`].
#[derive(Debug)]
pub(super) struct Watched<I> {
    inner: I,
    activity: Arc<Activity>,
}

impl<I> Watched<I> {
    pub(super) fn new(inner: I, activity: Arc<Activity>) -> Self {
        Self { inner, activity }
    }

    fn observe<T>(&self, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.activity.sent(outcome.is_ready());
        outcome
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Watched<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let outcome = Pin::new(&mut self.inner).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.activity.received();
        }
        outcome
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Watched<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.observe(outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.observe(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A flush with nothing to write succeeds and is no progress, so only its waiting counts.
        let outcome = Pin::new(&mut self.inner).poll_flush(cx);
        if outcome.is_pending() {
            self.observe(outcome)
        } else {
            outcome
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.inner).poll_shutdown(cx);
        if outcome.is_pending() {
            self.observe(outcome)
        } else {
            outcome
        }
    }
}
