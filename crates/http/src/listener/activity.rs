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
use super::frames::{Heads, Inbound};

/// Time between our goodbye and the end of a resting connection that ignores it.
pub(super) const GOODBYE: Duration = Duration::from_secs(1);

/// Time from there for bodies that are still arriving, and without a byte for answers that are not taken: a server that
/// stops waits for its own work, not for theirs.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Requests that were sent ahead and are answered in one turn of their connection; then others have theirs.
const IN_A_TURN: u32 = 4;
/// Streams that one HTTP/2 connection may have open beside each other before it counts as one that asks for much.
const AT_ONCE: usize = 4;

/// Shared by the socket wrapper, the requests and the watchdog of one connection.
#[derive(Debug)]
pub(super) struct Activity {
    limits: Arc<Limits>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    in_flight: usize,
    /// Requests begun since the connection last had a turn.
    begun: u32,
    /// Bytes came since the last request began.
    fresh: bool,
    /// Those whose body is not there yet.
    arriving: usize,
    /// Those whose handler has not answered.
    at_work: usize,
    /// Since when only answers are under way, of which the peer has to take the bytes.
    answered: Instant,
    /// Bytes of HTTP/2 answers that wait for the peer to open its window.
    unsent: usize,
    inbound: Inbound,
    outbound: Heads,
    flooded: bool,
    /// Since when we wait for the peer to end.
    leaving: Option<Instant>,
    /// Since when the peer owes us a request, or a request shows no progress.
    since: Instant,
    phase: Phase,
    /// When the last byte was sent.
    sent: Instant,
    /// Since when there is something the peer does not accept, or not all of.
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
        let now = Instant::now();
        let state = State {
            in_flight: 0,
            begun: 0,
            fresh: false,
            arriving: 0,
            at_work: 0,
            answered: now,
            unsent: 0,
            inbound: Inbound::new(limits.h2_max_control_frames, now),
            outbound: Heads::default(),
            flooded: false,
            leaving: None,
            since: now,
            phase: Phase::Head,
            sent: now,
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
        state.begun = state.begun.saturating_add(1);
        // Streams of HTTP/2 have a task and so a turn each.
        let greedy = version != Version::HTTP_2 && state.begun > IN_A_TURN;
        let fresh = std::mem::take(&mut state.fresh);
        let crowds = if version == Version::HTTP_2 {
            state.in_flight > AT_ONCE
        } else {
            !fresh
        };
        state.at_work += 1;
        state.phase = Phase::Busy;
        state.since = Instant::now();
        drop(state);
        InFlight {
            activity: Arc::clone(self),
            at_work: true,
            greedy,
            crowds,
            // On HTTP/1.1 what waits for the peer is seen by the socket.
            windowed: version == Version::HTTP_2,
        }
    }

    /// The connection is looked at anew.
    pub(super) fn has_a_turn(&self) {
        self.state().begun = 0;
    }

    /// Whether the peer sent more frames than anybody needs.
    pub(super) fn flooded(&self) -> bool {
        self.state().flooded
    }

    /// The connection is to end: what rests, or has not asked for anything yet, has only a moment left.
    pub(super) fn leave(&self) {
        let now = Instant::now();
        let mut state = self.state();
        state.leaving = Some(now);
        if state.phase == Phase::Idle {
            state.since = now;
        }
    }

    /// Whether this is an HTTP/2 connection on which at least one request has begun.
    pub(super) fn has_asked_over_http2(&self) -> bool {
        let state = self.state();
        state.phase != Phase::Head && state.inbound.is_http2()
    }

    /// Bytes came; an error if they are a flood.
    fn received(&self, bytes: &[u8]) -> io::Result<()> {
        let now = Instant::now();
        let mut state = self.state();
        let seen = state.inbound.read(bytes, now);
        if seen.reset {
            // What waited for that stream is thrown away; how much that was is not known here.
            state.unsent = 0;
        }
        state.fresh = true;
        if seen.flood {
            state.flooded = true;
            return Err(io::Error::other("more HTTP/2 frames than anybody needs"));
        }
        match state.phase {
            Phase::Head => {}
            // On HTTP/2 bytes between requests are mostly window updates and pings.
            Phase::Idle if state.inbound.is_http2() => {}
            Phase::Idle => {
                state.phase = Phase::Head;
                state.since = now;
            }
            Phase::Busy => state.since = now,
        }
        Ok(())
    }

    fn sent<'a>(&self, parts: impl Iterator<Item = &'a [u8]>, count: usize) {
        let now = Instant::now();
        let mut state = self.state();
        state.sent = now;
        if state.phase == Phase::Busy {
            state.since = now;
        }
        if !state.inbound.is_http2() {
            return;
        }
        let mut left = count;
        let state = &mut *state;
        for part in parts {
            let written = part.get(..left.min(part.len())).unwrap_or_default();
            left -= written.len();
            let unsent = &mut state.unsent;
            state.outbound.read(written, |head| {
                *unsent = unsent.saturating_sub(head.data().unwrap_or_default());
                if head.resets() {
                    *unsent = 0;
                }
            });
        }
    }

    /// The peer accepts nothing at the moment.
    fn stuck(&self) {
        self.state().blocked.get_or_insert_with(Instant::now);
    }

    /// Everything that was to be sent is on its way.
    fn drained(&self) {
        self.state().blocked = None;
    }

    /// When this connection's time is over unless something moves, and what follows then.
    fn deadline(&self) -> (Instant, Verdict) {
        let state = self.state();
        let limits = &self.limits;
        // An answer is taken steadily, and within some time altogether.
        let taken = |since: Instant| {
            let moved = since.max(state.sent);
            let end = (moved + limits.write_timeout).min(since + limits.stall_timeout);
            let last = state.leaving.map(|leaving| moved.max(leaving) + LAST_WORDS);
            (last.map_or(end, |last| last.min(end)), Verdict::Cut)
        };
        let base = match state.phase {
            Phase::Head => {
                let head = state.since + limits.header_read_timeout;
                let goodbye = state.leaving.map(|since| since + GOODBYE);
                (goodbye.map_or(head, |end| end.min(head)), Verdict::Cut)
            }
            Phase::Idle if state.leaving.is_some() => (state.since + GOODBYE, Verdict::Cut),
            Phase::Idle if state.unsent > 0 => taken(state.since),
            Phase::Idle => (state.since + limits.keep_alive_idle, Verdict::Retire),
            Phase::Busy if state.at_work == 0 => taken(state.answered),
            Phase::Busy => {
                let end = state.since + limits.stall_timeout;
                // Whoever has sent everything is waited for, by the drain time.
                let leaving = state.leaving.filter(|_| state.arriving >= state.in_flight);
                let last = leaving.map(|leaving| leaving + LAST_WORDS);
                (last.map_or(end, |last| last.min(end)), Verdict::Cut)
            }
        };
        match state.blocked.map(taken) {
            Some(blocked) if blocked.0 < base.0 => blocked,
            _ => base,
        }
    }
}

/// A request under way; dropping it ends it.
#[derive(Debug)]
pub(super) struct InFlight {
    activity: Arc<Activity>,
    at_work: bool,
    greedy: bool,
    crowds: bool,
    windowed: bool,
}

impl InFlight {
    /// Whether its connection had more than its share of this turn.
    pub(super) const fn is_greedy(&self) -> bool {
        self.greedy
    }

    /// Whether its connection asks for much at once: it was sent ahead of answers, or beside many others.
    pub(super) const fn crowds(&self) -> bool {
        self.crowds
    }

    /// Its body is on the way, until what is returned is dropped.
    pub(super) fn arriving(&self) -> Arriving {
        self.activity.state().arriving += 1;
        Arriving(Arc::clone(&self.activity))
    }

    /// The handler is done; the rest is for the peer to take.
    pub(super) fn answered(&mut self) {
        if std::mem::take(&mut self.at_work) {
            self.activity.state().stop_work();
        }
    }

    /// Bytes of the answer were handed over to be sent.
    pub(super) fn produced(&self, bytes: usize) {
        if self.windowed && bytes > 0 {
            let mut state = self.activity.state();
            state.unsent = state.unsent.saturating_add(bytes);
        }
    }
}

/// A body that is not there yet.
#[derive(Debug)]
pub(super) struct Arriving(Arc<Activity>);

impl Drop for Arriving {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.arriving = state.arriving.saturating_sub(1);
    }
}

impl State {
    fn stop_work(&mut self) {
        self.at_work = self.at_work.saturating_sub(1);
        if self.at_work == 0 {
            self.answered = Instant::now();
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        if self.at_work {
            state.stop_work();
        }
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

    /// Notes what became of a write of these parts.
    fn wrote<'a>(
        &self,
        outcome: Poll<io::Result<usize>>,
        parts: impl Iterator<Item = &'a [u8]>,
    ) -> Poll<io::Result<usize>> {
        match &outcome {
            Poll::Ready(Ok(count)) => self.activity.sent(parts, *count),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.activity.stuck(),
        }
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
        let came = buf.filled().get(before..).unwrap_or_default();
        if !came.is_empty() {
            self.activity.received(came)?;
        }
        outcome
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Watched<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.wrote(outcome, std::iter::once(buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.wrote(outcome, bufs.iter().map(|part| &**part))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.inner).poll_flush(cx);
        match &outcome {
            Poll::Ready(_) => self.activity.drained(),
            Poll::Pending => self.activity.stuck(),
        }
        outcome
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.inner).poll_shutdown(cx);
        if outcome.is_pending() {
            self.activity.stuck();
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::http::Version;

    use super::{AT_ONCE, Activity, IN_A_TURN};
    use crate::listener::Limits;

    #[test]
    fn a_connection_has_so_many_requests_answered_in_a_turn() {
        let activity = Activity::new(Arc::new(Limits::default()));
        for _ in 0..3 {
            activity.has_a_turn();
            for _ in 0..IN_A_TURN {
                assert!(!activity.begin(Version::HTTP_11).is_greedy());
            }
            assert!(activity.begin(Version::HTTP_11).is_greedy());
        }
        assert!(!activity.begin(Version::HTTP_2).is_greedy());
    }

    #[test]
    fn what_is_sent_ahead_or_beside_many_others_crowds() {
        let activity = Activity::new(Arc::new(Limits::default()));
        for _ in 0..3 {
            // One read brings two heads.
            activity
                .received(b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n")
                .unwrap();
            assert!(!activity.begin(Version::HTTP_11).crowds());
            assert!(activity.begin(Version::HTTP_11).crowds());
        }
        let activity = Activity::new(Arc::new(Limits::default()));
        let open: Vec<_> = (0..AT_ONCE).map(|_| activity.begin(Version::HTTP_2)).collect();
        assert!(open.iter().all(|one| !one.crowds()));
        assert!(activity.begin(Version::HTTP_2).crowds());
        drop(open);
        assert!(!activity.begin(Version::HTTP_2).crowds());
    }
}
