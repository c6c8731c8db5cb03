//! Classes of requests. Each has a bound on the requests in progress and a short line in front of it, so that one class
//! cannot take the machine from another, and what cannot be answered soon is refused at once (goal 27, RFC 9110
//! section 15.6.4).
//!
//! The line is controlled by its delay, not only by its length (the idea of `CoDel`, RFC 8289): as long as it is empty now and
//! then, a burst may wait for `wait`; when it has been standing for `interval`, nobody waits longer than `target`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::management::Metrics;
use crate::management::metrics::{Occupancy, Shed};

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Health, discovery, key sets, assets: from memory, and refused only when they are the load themselves.
    Metadata,
    /// Programs: tokens, introspection, userinfo, revocation.
    Machine,
    /// People and their browsers, and whatever has no route.
    Pages,
    /// The admin API.
    Admin,
}

impl Class {
    pub(crate) const ALL: [Self; 4] = [Self::Metadata, Self::Machine, Self::Pages, Self::Admin];

    /// Its place in [`Self::ALL`].
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Metadata => 0,
            Self::Machine => 1,
            Self::Pages => 2,
            Self::Admin => 3,
        }
    }

    /// By the path a client sent, for which no route was looked up.
    pub(crate) fn of_path(path: &str) -> Self {
        let below = path
            .strip_prefix("/t/")
            .and_then(|rest| rest.get(rest.find('/')?..));
        Self::of(below.unwrap_or(path))
    }

    /// By the template of the route; tenants and paths of the RFC 8414 form make no difference.
    #[must_use]
    pub fn of(route: &str) -> Self {
        const MACHINE: [&str; 4] = [
            "/oauth/token",
            "/oauth/introspect",
            "/oauth/revoke",
            "/oauth/userinfo",
        ];
        let path = route.strip_prefix("/t/{tenant}").unwrap_or(route);
        if path == "/health"
            || path == "/oauth/jwks"
            || path.starts_with("/.well-known/")
            || path.starts_with("/assets/")
        {
            Self::Metadata
        } else if MACHINE.contains(&path) {
            Self::Machine
        } else if path.starts_with("/admin/") {
            Self::Admin
        } else {
            Self::Pages
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Machine => "machine",
            Self::Pages => "pages",
            Self::Admin => "admin",
        }
    }
}

/// Bounds of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Requests handled at once.
    pub in_progress: usize,
    /// Requests that may wait for their turn.
    pub queue: usize,
}

/// Bounds of all classes, and how long their requests may wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadSettings {
    /// Programs. For each core 16 at once, 64 waiting.
    pub machine: Bounds,
    /// People. For each core 64 at once, 64 waiting: a sign-in is in progress while it waits for its hash.
    pub pages: Bounds,
    /// The admin API. For each core 8 at once, 64 waiting.
    pub admin: Bounds,
    /// Longest wait while the line is standing. 10 ms.
    pub target: Duration,
    /// Longest wait of a burst. 250 ms.
    pub wait: Duration,
    /// A line that was not empty for this long is standing. 250 ms.
    pub interval: Duration,
    /// Bytes of bodies that are still arriving, all together. 64 MiB.
    pub body_bytes: usize,
}

impl Default for LoadSettings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let per_core = |in_progress: usize, queue: usize| Bounds {
            in_progress: cores.saturating_mul(in_progress),
            queue: cores.saturating_mul(queue),
        };
        Self {
            machine: per_core(16, 64),
            pages: per_core(64, 64),
            admin: per_core(8, 64),
            target: Duration::from_millis(10),
            wait: Duration::from_millis(250),
            interval: Duration::from_millis(250),
            body_bytes: 64 * 1024 * 1024,
        }
    }
}

/// The lines of all classes.
#[derive(Debug)]
pub(super) struct Load {
    machine: Arc<Line>,
    pages: Arc<Line>,
    admin: Arc<Line>,
}

impl Load {
    pub(super) fn new(settings: &LoadSettings, metrics: &Metrics) -> Self {
        let line = |class: Class, bounds: Bounds| {
            let waits = Waits {
                target: settings.target,
                wait: settings.wait,
                interval: settings.interval,
            };
            Arc::new(Line::new(bounds, waits, metrics.occupancy(class.name())))
        };
        Self {
            machine: line(Class::Machine, settings.machine),
            pages: line(Class::Pages, settings.pages),
            admin: line(Class::Admin, settings.admin),
        }
    }

    fn line(&self, class: Class) -> Option<&Arc<Line>> {
        match class {
            Class::Metadata => None,
            Class::Machine => Some(&self.machine),
            Class::Pages => Some(&self.pages),
            Class::Admin => Some(&self.admin),
        }
    }

    /// Whether a request of this class would be refused now; asked before anything is spent on it.
    pub(super) fn refuses(&self, class: Class) -> Option<Shed> {
        self.line(class)?.refuses(Instant::now())
    }

    /// A place among the requests of this class, or why there is none.
    pub(super) async fn enter(&self, class: Class) -> Result<Option<Place>, Shed> {
        match self.line(class) {
            None => Ok(None),
            Some(line) => line.enter().await.map(Some),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Waits {
    target: Duration,
    wait: Duration,
    interval: Duration,
}

/// One class: who is in progress, and who waits.
#[derive(Debug)]
struct Line {
    bounds: Bounds,
    waits: Waits,
    occupancy: Occupancy,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    in_progress: usize,
    waiting: VecDeque<Waiting>,
    /// When nobody waited, as far as was noticed.
    empty_at: Instant,
}

#[derive(Debug)]
struct Waiting {
    since: Instant,
    turn: oneshot::Sender<Place>,
}

/// What a newcomer gets.
#[derive(Debug)]
enum Turn {
    Now(Place),
    Later(oneshot::Receiver<Place>, Duration),
}

impl Line {
    fn new(bounds: Bounds, waits: Waits, occupancy: Occupancy) -> Self {
        Self {
            bounds,
            waits,
            occupancy,
            state: Mutex::new(State {
                in_progress: 0,
                waiting: VecDeque::new(),
                empty_at: Instant::now(),
            }),
        }
    }

    /// Plain counters and a queue: a panic elsewhere cannot leave them half changed.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long anybody may wait at this moment.
    fn patience(&self, state: &State, now: Instant) -> Duration {
        if now.duration_since(state.empty_at) > self.waits.interval {
            self.waits.target
        } else {
            self.waits.wait
        }
    }

    fn refuses(&self, now: Instant) -> Option<Shed> {
        let mut state = self.state();
        self.look(&mut state, now)
    }

    /// Removes those in front who gave up, and says whether a newcomer has no chance.
    fn look(&self, state: &mut State, now: Instant) -> Option<Shed> {
        while state.waiting.front().is_some_and(|first| first.turn.is_closed()) {
            state.waiting.pop_front();
        }
        self.occupancy.waiting(state.waiting.len());
        let Some(first) = state.waiting.front() else {
            state.empty_at = now;
            // Without a line to stand in, a class that is full takes nobody.
            let full = self.bounds.queue == 0 && state.in_progress >= self.bounds.in_progress;
            return full.then_some(Shed::QueueFull);
        };
        if state.waiting.len() >= self.bounds.queue {
            return Some(Shed::QueueFull);
        }
        let waited = now.duration_since(first.since);
        (waited > self.patience(state, now)).then_some(Shed::Delay)
    }

    async fn enter(self: &Arc<Self>) -> Result<Place, Shed> {
        match self.ask(Instant::now())? {
            Turn::Now(place) => Ok(place),
            Turn::Later(turn, patience) => match tokio::time::timeout(patience, turn).await {
                Ok(Ok(place)) => Ok(place),
                // Too old when its turn came, or never came to its turn.
                Ok(Err(_)) | Err(_) => Err(Shed::Delay),
            },
        }
    }

    fn ask(self: &Arc<Self>, now: Instant) -> Result<Turn, Shed> {
        let mut state = self.state();
        if let Some(shed) = self.look(&mut state, now) {
            return Err(shed);
        }
        if state.waiting.is_empty() && state.in_progress < self.bounds.in_progress {
            state.in_progress += 1;
            self.occupancy.in_progress(state.in_progress);
            return Ok(Turn::Now(Place(Some(Arc::clone(self)))));
        }
        let patience = self.patience(&state, now);
        let (turn, receiver) = oneshot::channel();
        state.waiting.push_back(Waiting { since: now, turn });
        self.occupancy.waiting(state.waiting.len());
        Ok(Turn::Later(receiver, patience))
    }

    /// A place is free: whoever waits longest gets it, unless that was too long.
    fn leave(self: &Arc<Self>, now: Instant) {
        let mut state = self.state();
        state.in_progress = state.in_progress.saturating_sub(1);
        while state.in_progress < self.bounds.in_progress {
            let patience = self.patience(&state, now);
            let Some(first) = state.waiting.pop_front() else {
                break;
            };
            if now.duration_since(first.since) > patience {
                continue;
            }
            match first.turn.send(Place(Some(Arc::clone(self)))) {
                Ok(()) => state.in_progress += 1,
                // Nobody took it; as nothing, it is not given back a second time.
                Err(mut place) => drop(place.0.take()),
            }
        }
        if state.waiting.is_empty() {
            state.empty_at = now;
        }
        self.occupancy.in_progress(state.in_progress);
        self.occupancy.waiting(state.waiting.len());
    }
}

/// A place among the requests in progress, until it is dropped.
#[derive(Debug)]
pub(super) struct Place(Option<Arc<Line>>);

impl Place {
    fn give_back(&mut self, now: Instant) {
        if let Some(line) = self.0.take() {
            line.leave(now);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.give_back(Instant::now());
    }
}

#[cfg(test)]
mod tests;
