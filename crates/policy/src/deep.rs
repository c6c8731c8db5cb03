//! A stack that is deep enough for what the bounds allow.
//!
//! The engine's parser and printer recurse into expressions without asking how much stack is left, and the thread of a
//! caller may have little. Its evaluator does ask, and fails a policy instead.

use std::panic::resume_unwind;
use std::thread;

/// Address space, not memory: only what is touched counts.
const STACK: usize = 256 << 20;

/// Runs `work` on a thread of its own. Without one there is no answer.
pub(crate) fn on<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    thread::scope(|scope| {
        let worker = thread::Builder::new()
            .name("policy".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, work);
        match worker.ok()?.join() {
            Ok(done) => Some(done),
            Err(panic) => resume_unwind(panic),
        }
    })
}
