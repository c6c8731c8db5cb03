//! Named places at which a test makes the program fail. Exists only with the feature `failpoints`, which no build of
//! the product has: `cargo xtask rules` holds that nothing but such a build asks for it.
//!
//! `RSP_FAILPOINTS` names a folder. A file in it is called like a point and says what shall happen there, and how often:
//! `panic 1`, `abort 1`, `error 2`, `delay:200 1`. Reaching the point counts down; the last time removes the file, so
//! whoever armed a point sees that it was reached, also when the process ended there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::StoreError;

/// Variable that names the folder of armed points.
pub const FOLDER: &str = "RSP_FAILPOINTS";

/// A named place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// A request was admitted and goes to its handler.
    Handler,
    /// A transaction is complete and about to be committed.
    BeforeCommit,
    /// A batch of events has gathered and is about to be written.
    BeforeBatch,
    /// SQLite only: the writer is about to commit for a group of transactions.
    BeforeGroup,
    /// SQLite only: the group is durable, and nobody was told.
    AfterGroup,
    /// A batch of events is durable, and nobody was told.
    AfterBatch,
    /// A transaction is durable.
    AfterCommit,
    /// The answer is ready and about to leave.
    Reply,
    /// Upkeep begins a round.
    Upkeep,
}

impl Point {
    /// The point's name, and that of its file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Handler => "handler",
            Self::BeforeCommit => "before-commit",
            Self::BeforeBatch => "before-batch",
            Self::BeforeGroup => "before-group",
            Self::AfterGroup => "after-group",
            Self::AfterBatch => "after-batch",
            Self::AfterCommit => "after-commit",
            Self::Reply => "reply",
            Self::Upkeep => "upkeep",
        }
    }

    /// Whether everything is durable when the point is reached.
    const fn is_after(self) -> bool {
        matches!(
            self,
            Self::AfterGroup | Self::AfterBatch | Self::AfterCommit | Self::Reply
        )
    }
}

/// What happens at an armed point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Abort,
    Delay(Duration),
    Error,
    Panic,
}

impl Action {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "abort" => Some(Self::Abort),
            "error" => Some(Self::Error),
            "panic" => Some(Self::Panic),
            _ => {
                let millis = word.strip_prefix("delay:")?.parse().ok()?;
                Some(Self::Delay(Duration::from_millis(millis)))
            }
        }
    }
}

/// Fails here if somebody armed the point.
#[expect(clippy::panic, reason = "a panic is what was asked for")]
pub async fn reach(point: Point) -> Result<(), StoreError> {
    let Some(action) = folder().and_then(|folder| take(folder, point)) else {
        return Ok(());
    };
    match action {
        Action::Abort => std::process::abort(),
        Action::Panic => panic!("failpoint {}", point.name()),
        Action::Error if point.is_after() => Err(StoreError::UnknownOutcome),
        Action::Error => Err(StoreError::Unavailable(format!("failpoint {}", point.name()))),
        Action::Delay(span) => {
            tokio::time::sleep(span).await;
            Ok(())
        }
    }
}

fn folder() -> Option<&'static Path> {
    static ARMED: OnceLock<Option<PathBuf>> = OnceLock::new();
    // Set by the drill itself, not configuration of the product.
    let armed = ARMED.get_or_init(|| std::env::var_os(FOLDER).map(PathBuf::from));
    armed.as_deref()
}

/// What the point's file says, counted down.
fn take(folder: &Path, point: Point) -> Option<Action> {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let file = folder.join(point.name());
    let text = fs::read_to_string(&file).ok()?;
    let (word, count) = text.trim().split_once(' ')?;
    let action = Action::parse(word)?;
    match count.parse::<u32>().ok()? {
        0 => return None,
        1 => fs::remove_file(&file).ok()?,
        more => fs::write(&file, format!("{word} {}", more - 1)).ok()?,
    }
    Some(action)
}

#[cfg(test)]
mod tests {
    use super::{Action, Duration, Point, fs, take};

    #[test]
    fn a_point_acts_as_often_as_it_says() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(take(folder.path(), Point::Reply), None, "not armed");
        fs::write(folder.path().join("reply"), "delay:20 2\n").unwrap();
        let delay = Some(Action::Delay(Duration::from_millis(20)));
        assert_eq!(take(folder.path(), Point::Handler), None, "another point");
        assert_eq!(take(folder.path(), Point::Reply), delay);
        assert_eq!(take(folder.path(), Point::Reply), delay);
        assert_eq!(take(folder.path(), Point::Reply), None);
        assert!(!folder.path().join("reply").exists());
    }

    #[test]
    fn what_is_not_understood_does_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "panic", "panic 0", "explode 1", "delay 1", "error many"] {
            fs::write(folder.path().join("handler"), text).unwrap();
            assert_eq!(take(folder.path(), Point::Handler), None, "{text}");
        }
    }
}
