//! A child process that cannot outlive the program which started it.
//!
//! The child runs under a small shell that reads words from a pipe held by this process. When the pipe closes,
//! because the handle was dropped or because this process died in whatever way, the shell stops the child and
//! removes its folder. Only the standard library is used here, so that developer commands can start servers
//! without building the product.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a process may take to say that it is ready.
const PATIENCE: Duration = Duration::from_mins(2);

/// How many of the newest lines of output are kept for error messages.
const LINES_KEPT: usize = 400;

/// The shell's own lines begin with this; nothing else in the output does.
const OWN: &str = "supervisor:";

const STOPPED: &str = "supervisor: stopped";

/// `$1` folder to remove at the end or empty, `$2` signal that stops the child, the rest is the command.
const SUPERVISOR: &str = r#"
trap '' PIPE
folder=$1; signal=$2; shift 2
runner=
finish() {
  if [ -n "$runner" ]; then kill -s TERM "$runner" 2>/dev/null; wait "$runner"; fi
  runner=
}
launch() {
  (
    trap - EXIT INT HUP
    "$@" </dev/null 2>&1 & child=$!
    trap "kill -s $signal $child" TERM
    echo "supervisor: started $child"
    while kill -0 "$child" 2>/dev/null; do wait "$child"; done
    echo "supervisor: ended"
  ) & runner=$!
}
trap 'finish; if [ -n "$folder" ]; then rm -rf "$folder"; fi' EXIT
trap 'exit 143' TERM INT HUP
launch "$@"
while read -r word; do
  case $word in
    start) launch "$@" ;;
    stop) finish; echo "supervisor: stopped" ;;
  esac
done
"#;

/// Why a process could not be started or did not become ready.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The process ended, or stayed silent, before it said that it was ready.
    #[error("`{program}` did not become ready; its last lines were:\n{tail}")]
    Ended {
        /// What was started.
        program: String,
        /// The newest lines of its output.
        tail: String,
    },
    /// The operating system refused.
    #[error("cannot {action}")]
    Io {
        /// What was being done.
        action: String,
        /// The refusal.
        source: io::Error,
    },
    /// A program that has to be installed is not.
    #[error("{0} is not installed: run `cargo xtask setup`")]
    Missing(&'static str),
    /// The server answered a statement with an error.
    #[error("the server refused a statement: {0}")]
    Refused(String),
}

impl LaunchError {
    pub(crate) fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Io { action, source }
    }
}

/// What to run and how to end it.
#[derive(Debug)]
pub struct Spec {
    /// Program and arguments.
    pub command: Vec<String>,
    /// Added to the environment of this process.
    pub env: Vec<(String, String)>,
    /// Folder the process runs in.
    pub folder: PathBuf,
    /// Whether `folder` is removed when the process has ended.
    pub remove_folder: bool,
    /// Signal that asks the process to stop, without the `SIG`.
    pub stop_signal: &'static str,
    /// User and group id to run as; `None` keeps the present ones.
    pub account: Option<(u32, u32)>,
    /// File that receives all output, beside the lines kept in memory.
    pub log: Option<PathBuf>,
}

/// A process under supervision; dropping it stops the process and waits until it and its folder are gone.
#[derive(Debug)]
pub struct Supervised {
    shell: Child,
    words: Option<ChildStdin>,
    output: Arc<Output>,
    program: String,
}

impl Supervised {
    /// Starts the process; it is not ready yet, see [`Supervised::wait_for`].
    pub fn start(spec: Spec) -> Result<Self, LaunchError> {
        let program = spec.command.first().cloned().unwrap_or_default();
        let mut log = match &spec.log {
            None => None,
            Some(path) => {
                Some(File::create(path).map_err(LaunchError::io(format!("create {}", path.display())))?)
            }
        };
        let removed = if spec.remove_folder {
            spec.folder.as_path()
        } else {
            Path::new("")
        };
        let mut command = Command::new("sh");
        command
            .args(["-c", SUPERVISOR, "supervisor"])
            .arg(removed)
            .arg(spec.stop_signal)
            .args(&spec.command);
        command.envs(spec.env).current_dir(&spec.folder);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        // An own process group: Ctrl-C on the terminal reaches this program, whose end then closes the pipe.
        command.process_group(0);
        if let Some((uid, gid)) = spec.account {
            command.uid(uid).gid(gid);
        }
        let mut shell = command
            .spawn()
            .map_err(LaunchError::io(format!("start {program}")))?;
        let words = shell.stdin.take();
        let output = Arc::new(Output::default());
        if let Some(stream) = shell.stdout.take() {
            let output = Arc::clone(&output);
            thread::spawn(move || output.follow(stream, log.as_mut()));
        }
        Ok(Self {
            shell,
            words,
            output,
            program,
        })
    }

    /// Waits for an output line that contains `text`, among all lines since the start.
    pub fn wait_for(&self, text: &str) -> Result<String, LaunchError> {
        self.wait_from(0, text)
    }

    /// Stops the process and returns when it has ended. Its folder stays.
    pub fn stop(&mut self) -> Result<(), LaunchError> {
        let from = self.output.lock().next;
        self.say("stop")?;
        self.wait_from(from, STOPPED).map(drop)
    }

    /// Starts the process again after [`Supervised::stop`] or after it ended, and waits for `ready` in its output.
    pub fn start_again(&mut self, ready: &str) -> Result<(), LaunchError> {
        let from = {
            let mut lines = self.output.lock();
            lines.ended = false;
            lines.next
        };
        self.say("start")?;
        self.wait_from(from, ready).map(drop)
    }

    /// Sends a signal (name without `SIG`) to the process itself, for instance `STOP`, `CONT` or `KILL`.
    pub fn signal(&self, name: &str) -> Result<(), LaunchError> {
        let pid = self.output.lock().pid.clone().unwrap_or_default();
        let status = Command::new("kill")
            .args(["-s", name, &pid])
            .stderr(Stdio::null())
            .status();
        let status = status.map_err(LaunchError::io("run kill"))?;
        if status.success() {
            Ok(())
        } else {
            Err(self.ended())
        }
    }

    /// Process id of the program itself, once it was started.
    pub fn pid(&self) -> Option<u32> {
        self.output.lock().pid.as_ref()?.parse().ok()
    }

    /// The newest lines of output, oldest first.
    pub fn tail(&self) -> String {
        let lines = self.output.lock();
        lines
            .kept
            .iter()
            .map(|(_, line)| line.as_str())
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Whether the process has ended by itself or by [`Supervised::stop`].
    pub fn has_ended(&self) -> bool {
        let lines = self.output.lock();
        lines.ended || lines.closed
    }

    fn say(&mut self, word: &str) -> Result<(), LaunchError> {
        let Some(words) = self.words.as_mut() else {
            return Err(self.ended());
        };
        writeln!(words, "{word}").map_err(LaunchError::io(format!("{word} {}", self.program)))
    }

    fn wait_from(&self, from: u64, text: &str) -> Result<String, LaunchError> {
        let hit = |lines: &Lines| {
            lines
                .kept
                .iter()
                .find(|(number, line)| *number >= from && line.contains(text))
                .map(|(_, line)| line.clone())
        };
        // The end of the process is what a stop waits for, and the end of the hope for anything else.
        let given_up = |lines: &Lines| lines.closed || (lines.ended && text != STOPPED);
        let lines = self.output.lock();
        let waited = self
            .output
            .changed
            .wait_timeout_while(lines, PATIENCE, |lines| !given_up(lines) && hit(lines).is_none());
        let (lines, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let found = hit(&lines);
        drop(lines);
        found.ok_or_else(|| self.ended())
    }

    fn ended(&self) -> LaunchError {
        LaunchError::Ended {
            program: self.program.clone(),
            tail: self.tail(),
        }
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.words = None;
        // Nothing can be done here about a shell that cannot be waited for.
        drop(self.shell.wait());
    }
}

#[derive(Debug, Default)]
struct Output {
    lines: Mutex<Lines>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Lines {
    kept: VecDeque<(u64, String)>,
    next: u64,
    pid: Option<String>,
    ended: bool,
    closed: bool,
}

impl Output {
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn follow(&self, stream: impl Read, mut log: Option<&mut File>) {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            if let Some(log) = log.as_deref_mut() {
                // A full disk must not stop the process from being read.
                drop(writeln!(log, "{line}"));
            }
            self.keep(line);
        }
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn keep(&self, line: String) {
        let mut lines = self.lock();
        if let Some(own) = line.strip_prefix(OWN) {
            match own.trim().split_once(' ') {
                Some(("started", pid)) => lines.pid = Some(pid.to_owned()),
                _ if own.trim() == "ended" => lines.ended = true,
                _ => {}
            }
        }
        let number = lines.next;
        lines.next += 1;
        if lines.kept.len() == LINES_KEPT {
            lines.kept.pop_front();
        }
        lines.kept.push_back((number, line));
        drop(lines);
        self.changed.notify_all();
    }
}

/// Lower-case hexadecimal text of `bytes` random bytes, for names and throw-away passwords of test servers.
pub(crate) fn random_hex(bytes: usize) -> Result<String, LaunchError> {
    let mut buffer = vec![0_u8; bytes];
    let mut source = File::open("/dev/urandom").map_err(LaunchError::io("open /dev/urandom"))?;
    source
        .read_exact(&mut buffer)
        .map_err(LaunchError::io("read /dev/urandom"))?;
    Ok(buffer
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect())
}

/// A TCP port on 127.0.0.1 that was free a moment ago.
pub fn free_port() -> Result<u16, LaunchError> {
    let listener =
        std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(LaunchError::io("bind a loopback port"))?;
    let address = listener
        .local_addr()
        .map_err(LaunchError::io("read a loopback port"))?;
    Ok(address.port())
}
