//! The threads that hash, what they hash in, and who waits for them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use argon2::Block;
use domain::{Secret, TenantId};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::lines::{Lines, Pushed};
use super::phc::HashParams;
use super::recipe::Recipe;
use super::{PasswordEvent, PasswordLoad, PasswordPolicy, PasswordRefusal};
use crate::Fault;

/// One hash to compute.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) recipe: Recipe,
    pub(super) salt: Vec<u8>,
    pub(super) password: Secret<String>,
    pub(super) length: usize,
}

/// How much politer than other threads those that hash are: with all cores busy each has a third of another's share.
const NICE: i32 = 5;

/// When nobody signed in for so long, memory goes back: first of one hash, then of the next. Then the threads end, one
/// after the other, because the allocator gives pages back to the system when a thread ends that freed some a second ago.
pub(super) const REST: Duration = Duration::from_secs(5);

/// After other work, one core is left free of hashing for so long.
const WAY: Duration = Duration::from_millis(250);

/// A bounded number of threads, each with one hash at a time. They end when nobody signs in, or the pool is dropped.
#[derive(Debug)]
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    policy: PasswordPolicy,
    state: Mutex<State>,
    work: Condvar,
    /// Held while a hash is computed that asks for more memory than the policy: one at a time.
    oversize: Mutex<()>,
    allocate: Allocate,
    rest: Duration,
    cores: usize,
    /// Since when `other_work` counts.
    began: Instant,
    /// Microseconds after `began` at which something else was to be done; nought if nothing ever was.
    other_work: AtomicU64,
    observer: OnceLock<Observer>,
}

type Observer = Box<dyn Fn(PasswordEvent) + Send + Sync>;

/// Memory for one hash, or none if there is none.
type Allocate = fn(blocks: usize) -> Option<Vec<Block>>;

#[derive(Debug, Default)]
struct State {
    lines: Lines<Job>,
    /// Kept memory that nobody uses now; the last one back is the first one out, so a quiet server touches only one.
    arenas: Vec<Vec<Block>>,
    threads: usize,
    running: usize,
    computed: u64,
    /// How long a hash takes, of late.
    typical: Duration,
    closed: bool,
}

/// What a thread did so far.
#[derive(Debug, Default)]
struct Life {
    worked: bool,
    /// Times in a row that there was nothing to do and no memory to give back.
    rests: u32,
}

impl Life {
    const fn is_over(&self) -> bool {
        self.rests >= 2 || (self.rests >= 1 && !self.worked)
    }
}

#[derive(Debug)]
struct Job {
    order: Order,
    since: Instant,
    reply: oneshot::Sender<Result<Vec<u8>, Fault>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.work.notify_all();
    }
}

impl Pool {
    pub(super) fn new(policy: PasswordPolicy) -> Result<Self, Fault> {
        Self::with(policy, allocate, REST)
    }

    pub(super) fn with(policy: PasswordPolicy, allocate: Allocate, rest: Duration) -> Result<Self, Fault> {
        let policy = PasswordPolicy {
            concurrent: policy.concurrent.max(1),
            ..policy
        };
        let mut state = State {
            typical: HashParams::from(policy).guess(),
            ..State::default()
        };
        if policy.allocate_at_start {
            let blocks = HashParams::from(policy).blocks()?;
            for _ in 0..policy.concurrent {
                let arena = allocate(blocks).ok_or(Fault::Busy("memory for password hashing"))?;
                state.arenas.push(arena);
            }
        }
        Ok(Self(Arc::new(Shared {
            policy,
            state: Mutex::new(state),
            work: Condvar::new(),
            oversize: Mutex::new(()),
            allocate,
            rest,
            cores: thread::available_parallelism().map_or(1, std::num::NonZero::get),
            began: Instant::now(),
            other_work: AtomicU64::new(0),
            observer: OnceLock::new(),
        })))
    }

    pub(super) fn observe(&self, observer: impl Fn(PasswordEvent) + Send + Sync + 'static) {
        self.0.observer.get_or_init(|| Box::new(observer));
    }

    /// Hashes that may be computed at once now.
    #[cfg(test)]
    pub(super) fn lanes(&self) -> usize {
        self.0.lanes()
    }

    /// Threads there are now.
    #[cfg(test)]
    pub(super) fn threads(&self) -> usize {
        self.0.lock().threads
    }

    pub(super) fn load(&self) -> PasswordLoad {
        let state = self.0.lock();
        PasswordLoad {
            waiting: state.lines.waiting(),
            running: state.running,
            computed: state.computed,
            kept: state.arenas.len(),
        }
    }

    /// Somebody asks for something that takes much less time than a hash: leave a core for it. With all of them
    /// hashing, each turn of such a request waits until the system takes a core away from a hash.
    pub(super) fn make_way(&self) {
        let now = u64::try_from(self.0.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.0.other_work.store(now.max(1), Ordering::Relaxed);
    }

    /// Whether a hash for this tenant would be taken on now. Asked before other work is done for a request that would
    /// be refused in the end.
    pub(super) fn admits(&self, tenant: TenantId) -> Result<(), Fault> {
        let lanes = self.0.lanes();
        let refused = self.0.lock().refuses(&self.0.policy, lanes, tenant);
        refused.map_or(Ok(()), |reason| Err(self.0.refuse(reason)))
    }

    /// The hash, when it is its turn.
    pub(super) async fn compute(&self, tenant: TenantId, order: Order) -> Result<Vec<u8>, Fault> {
        let since = Instant::now();
        let (reply, mut answer) = oneshot::channel();
        let job = Job { order, since, reply };
        let mut place = Place {
            shared: &self.0,
            tenant,
            number: self.0.enqueue(tenant, job)?,
            left: false,
        };
        let waited = timeout_at(since + self.0.policy.wait, &mut answer).await;
        let answered = match waited {
            Ok(answered) => answered,
            Err(_) if place.leave() => return Err(self.0.give_up(PasswordRefusal::Deadline)),
            // Its turn came in time: it is being computed.
            Err(_) => answer.await,
        };
        place.left = true;
        answered.map_err(|_| Fault::Internal("the password pool is gone"))?
    }
}

/// A place in the line; given up when nobody waits for the answer any more.
struct Place<'a> {
    shared: &'a Shared,
    tenant: TenantId,
    number: u64,
    left: bool,
}

impl Place<'_> {
    fn leave(&mut self) -> bool {
        self.left = true;
        let job = self.shared.lock().lines.withdraw(self.tenant, self.number);
        job.is_some()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.left && self.leave() {
            self.shared.give_up(PasswordRefusal::Cancelled);
        }
    }
}

impl State {
    /// Places for those who wait, counting those whose turn comes at once.
    fn room(&self, policy: &PasswordPolicy) -> usize {
        policy.queue + policy.concurrent.saturating_sub(self.running)
    }

    /// `lanes` hashes are computed at once at the moment.
    fn refuses(&self, policy: &PasswordPolicy, lanes: usize, tenant: TenantId) -> Option<PasswordRefusal> {
        if !self.lines.admits(tenant, self.room(policy)) {
            return Some(PasswordRefusal::Full);
        }
        // So many have to be done before it is this one's turn. Who would probably wait for nothing is told so at once;
        // twice the usual time is allowed for, because hashes get slower when many come.
        let before = (self.lines.ahead(tenant) + self.running + 1).saturating_sub(lanes);
        let turns = u32::try_from(before.div_ceil(lanes)).unwrap_or(u32::MAX);
        (self.typical.saturating_mul(2).saturating_mul(turns) > policy.wait).then_some(PasswordRefusal::Late)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hashes that may be computed at once now: all cores', or while there is other work one less, but never none.
    fn lanes(&self) -> usize {
        let told = self.other_work.load(Ordering::Relaxed);
        let since = self.began.elapsed().saturating_sub(Duration::from_micros(told));
        if told == 0 || since > WAY {
            return self.policy.concurrent;
        }
        self.policy.concurrent.min(self.cores.saturating_sub(1)).max(1)
    }

    fn tell(&self, event: PasswordEvent) {
        if let Some(observer) = self.observer.get() {
            observer(event);
        }
    }

    fn refuse(&self, reason: PasswordRefusal) -> Fault {
        self.tell(PasswordEvent::Refused(reason));
        Fault::Busy("password hashing")
    }

    /// Refuses somebody who waited.
    fn give_up(&self, reason: PasswordRefusal) -> Fault {
        self.tell(PasswordEvent::Left);
        self.refuse(reason)
    }

    fn enqueue(self: &Arc<Self>, tenant: TenantId, job: Job) -> Result<u64, Fault> {
        let lanes = self.lanes();
        let mut state = self.lock();
        if let Some(reason) = state.refuses(&self.policy, lanes, tenant) {
            drop(state);
            return Err(self.refuse(reason));
        }
        let room = state.room(&self.policy);
        let (number, displaced) = match state.lines.push(tenant, job, room) {
            Pushed::Waits(number) => (number, None),
            Pushed::Instead(number, displaced) => (number, Some(displaced)),
            Pushed::Full => {
                drop(state);
                return Err(self.refuse(PasswordRefusal::Full));
            }
        };
        let idle = state.threads - state.running;
        if idle < state.lines.waiting() && state.threads < self.policy.concurrent {
            match self.spawn() {
                Ok(()) => state.threads += 1,
                Err(_) if state.threads > 0 => {}
                Err(_) => {
                    state.lines.withdraw(tenant, number);
                    drop(state);
                    return Err(self.refuse(PasswordRefusal::Memory));
                }
            }
        }
        drop(state);
        self.work.notify_one();
        self.tell(PasswordEvent::Queued);
        if let Some(displaced) = displaced {
            let fault = self.give_up(PasswordRefusal::Displaced);
            displaced.reply.send(Err(fault)).ok();
        }
        Ok(number)
    }

    fn spawn(self: &Arc<Self>) -> std::io::Result<()> {
        let shared = Arc::clone(self);
        let thread = thread::Builder::new().name("passwords".to_owned());
        let work = move || {
            // A hash may wait for a token, and a hundred tokens should not wait for a hash. Where the system does not
            // let us, all are alike.
            rustix::process::nice(NICE).ok();
            shared.work();
        };
        thread.spawn(work).map(drop)
    }

    /// What a thread does all its life.
    fn work(self: &Arc<Self>) {
        let mut life = Life::default();
        while let Some(job) = self.next(&mut life) {
            life = Life {
                worked: true,
                rests: 0,
            };
            let waited = job.since.elapsed();
            // Whoever waited too long has been told, or is being told now; whoever hung up hears nothing any more.
            if waited > self.policy.wait || job.reply.is_closed() {
                self.finished(None);
                let reason = if job.reply.is_closed() {
                    PasswordRefusal::Cancelled
                } else {
                    PasswordRefusal::Deadline
                };
                job.reply.send(Err(self.give_up(reason))).ok();
                continue;
            }
            let began = Instant::now();
            self.tell(PasswordEvent::Started { waited });
            // A panic ends one request, not the thread.
            let done = catch_unwind(AssertUnwindSafe(|| self.hash(&job.order)))
                .unwrap_or(Err(Fault::Internal("password hashing panicked")));
            let took = began.elapsed();
            self.finished(done.is_ok().then_some(took));
            self.tell(PasswordEvent::Finished {
                computed: done.is_ok(),
            });
            job.reply.send(done).ok();
        }
    }

    fn next(self: &Arc<Self>, life: &mut Life) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            let free = state.running < self.lanes();
            if free && let Some(job) = state.lines.pop() {
                state.running += 1;
                return Some(job);
            }
            // Somebody waits, but not for this thread; it may be its turn in a moment.
            let waits = state.lines.waiting() > 0;
            let pause = if waits { WAY.min(self.rest) } else { self.rest };
            let (back, waited) = self
                .work
                .wait_timeout(state, pause)
                .unwrap_or_else(PoisonError::into_inner);
            state = back;
            // Memory that was promised at the start stays.
            if !waited.timed_out() || waits || self.policy.allocate_at_start {
                continue;
            }
            if let Some(unused) = state.arenas.pop() {
                drop(state);
                drop(unused);
                state = self.lock();
                continue;
            }
            life.rests += 1;
            if life.is_over() && state.lines.waiting() == 0 {
                self.end(&mut state, life);
                return None;
            }
        }
    }

    /// A thread ends. The last one that hashed leaves one that did not: what was freed when it ends is given back when
    /// that one ends, after a rest.
    fn end(self: &Arc<Self>, state: &mut State, life: &Life) {
        state.threads -= 1;
        if life.worked && state.threads == 0 && self.spawn().is_ok() {
            state.threads += 1;
        }
    }

    fn finished(&self, took: Option<Duration>) {
        let mut state = self.lock();
        state.running -= 1;
        if let Some(took) = took {
            state.typical = if state.computed == 0 {
                took
            } else {
                (state.typical * 7 + took) / 8
            };
            state.computed += 1;
        }
    }

    fn hash(&self, order: &Order) -> Result<Vec<u8>, Fault> {
        if let Recipe::Bcrypt { .. } | Recipe::Pbkdf2 { .. } = order.recipe {
            return order.compute(&mut []);
        }
        if matches!(order.recipe, Recipe::Argon2(..)) && order.recipe.memory_kib() <= self.policy.memory_kib {
            let kept = self.lock().arenas.pop();
            let mut arena = match kept {
                Some(arena) => arena,
                None => self.allocated(HashParams::from(self.policy).blocks()?)?,
            };
            let done = order.compute(&mut arena);
            self.lock().arenas.push(arena);
            return done;
        }
        // A hash from a time with a larger setting, or one that brings its own memory. It is made anew at this sign-in,
        // so this is rare.
        let _one_at_a_time = self.oversize.lock().unwrap_or_else(PoisonError::into_inner);
        let mut arena = self.allocated(order.recipe.blocks()?)?;
        order.compute(&mut arena)
    }

    fn allocated(&self, blocks: usize) -> Result<Vec<Block>, Fault> {
        (self.allocate)(blocks).ok_or_else(|| self.refuse(PasswordRefusal::Memory))
    }
}

impl Order {
    fn compute(&self, arena: &mut [Block]) -> Result<Vec<u8>, Fault> {
        self.recipe
            .compute(&self.password, &self.salt, self.length, arena)
    }
}

impl HashParams {
    /// How long a hash takes until one was measured: some 120 ms for 64 MiB and 3 passes on a quiet core.
    fn guess(self) -> Duration {
        let kib = u64::from(self.memory_kib).saturating_mul(self.iterations.into());
        Duration::from_nanos(kib.saturating_mul(600))
    }

    fn blocks(self) -> Result<usize, Fault> {
        Ok(self.argon2()?.params().block_count())
    }
}

/// Reserved before it is filled: where there is no memory one request is refused, and the process goes on.
fn allocate(blocks: usize) -> Option<Vec<Block>> {
    let mut arena = Vec::new();
    arena.try_reserve_exact(blocks).ok()?;
    arena.resize(blocks, Block::default());
    Some(arena)
}
