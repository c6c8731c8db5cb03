//! Where finished lines go: gathered in memory and written together, because a system call for each request would cost
//! more than some requests do.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a line may wait for others.
const GATHER: Duration = Duration::from_millis(20);
/// Bytes that are written without waiting longer.
const PLENTY: usize = 64 * 1024;
/// Bytes kept while the reader of the log is slow; lines beyond are dropped and counted.
const MOST: usize = 4 * 1024 * 1024;

/// A way to the log; clones lead to the same one.
#[derive(Clone)]
pub(super) struct Sink(Arc<Shared>);

struct Shared {
    gathered: Mutex<Gathered>,
    news: Condvar,
    out: Mutex<Out>,
}

struct Out {
    to: Box<dyn Write + Send>,
    /// The buffer that is filled next time: two of them change places, so that nothing is allocated for a line.
    spare: Vec<u8>,
}

#[derive(Default)]
struct Gathered {
    bytes: Vec<u8>,
    dropped: u64,
    /// The writer waits for a first line.
    resting: bool,
}

impl Sink {
    /// Lines to `to`, written by a thread that runs as long as the process.
    pub(super) fn start(to: impl Write + Send + 'static) -> std::io::Result<Self> {
        let sink = Self(Arc::new(Shared {
            gathered: Mutex::default(),
            news: Condvar::new(),
            out: Mutex::new(Out {
                to: Box::new(to),
                spare: Vec::new(),
            }),
        }));
        let shared = Arc::clone(&sink.0);
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || shared.write_on())?;
        Ok(sink)
    }

    /// Adds a line, which ends in a line feed. An urgent one is written, with all before it, before this returns.
    pub(super) fn put(&self, line: &[u8], urgent: bool) {
        let mut gathered = self.0.gathered();
        if gathered.bytes.len() + line.len() > MOST {
            gathered.dropped += 1;
        } else {
            gathered.bytes.extend_from_slice(line);
        }
        let wake = gathered.resting || gathered.bytes.len() >= PLENTY;
        gathered.resting = false;
        drop(gathered);
        if urgent {
            self.flush();
        } else if wake {
            self.0.news.notify_one();
        }
    }

    /// Writes what was gathered.
    pub(super) fn flush(&self) {
        self.0.write_out();
    }
}

impl Shared {
    /// A panic while holding this lock leaves whole lines or none.
    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_on(&self) -> ! {
        loop {
            let mut gathered = self.gathered();
            while gathered.bytes.is_empty() {
                gathered.resting = true;
                gathered = self.news.wait(gathered).unwrap_or_else(PoisonError::into_inner);
            }
            // Others may join, but not for long.
            let few = |gathered: &mut Gathered| gathered.bytes.len() < PLENTY;
            drop(self.news.wait_timeout_while(gathered, GATHER, few));
            self.write_out();
        }
    }

    /// One at a time, so that lines keep their order.
    fn write_out(&self) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines = std::mem::take(&mut out.spare);
        let mut gathered = self.gathered();
        std::mem::swap(&mut gathered.bytes, &mut lines);
        let dropped = std::mem::take(&mut gathered.dropped);
        drop(gathered);
        // A log nobody can read is no reason to stop serving; there is nowhere to tell of it.
        out.to.write_all(&lines).ok();
        if dropped > 0 {
            writeln!(
                out.to,
                "{{\"level\":\"WARN\",\"message\":\"log lines dropped\",\"count\":{dropped}}}"
            )
            .ok();
        }
        out.to.flush().ok();
        lines.clear();
        out.spare = lines;
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Arc, Mutex};

    use super::{MOST, Sink};

    /// Tells of each write, and waits as long as its lock is held.
    struct Told(Sender<String>, Arc<Mutex<()>>);

    impl Write for Told {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _turn = self.1.lock();
            self.0.send(String::from_utf8_lossy(bytes).into_owned()).ok();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn sink() -> (Sink, Receiver<String>, Arc<Mutex<()>>) {
        let (told, heard) = channel();
        let gate = Arc::new(Mutex::new(()));
        let sink = Sink::start(Told(told, Arc::clone(&gate))).unwrap();
        (sink, heard, gate)
    }

    #[test]
    fn lines_arrive_together_and_in_order_without_being_asked_for() {
        let (sink, heard, _) = sink();
        sink.put(b"one\n", false);
        sink.put(b"two\n", false);
        let mut text = String::new();
        while text.len() < 8 {
            text.push_str(&heard.recv().unwrap());
        }
        assert_eq!(text, "one\ntwo\n");
    }

    #[test]
    fn an_urgent_line_is_written_at_once_after_those_before_it() {
        let (sink, heard, _) = sink();
        sink.put(b"quiet\n", false);
        sink.put(b"loud\n", true);
        let text: String = heard.try_iter().collect();
        assert!(text.ends_with("quiet\nloud\n"), "{text:?}");
    }

    #[test]
    fn a_reader_that_stands_still_costs_lines_and_is_told_so() {
        let (sink, heard, gate) = sink();
        let closed = gate.lock().unwrap();
        let line = [b'x'; 1_024];
        for _ in 0..=2 * MOST / line.len() {
            sink.put(&line, false);
        }
        drop(closed);
        sink.flush();
        assert!(heard.try_iter().any(|text| text.contains("log lines dropped")));
    }
}
