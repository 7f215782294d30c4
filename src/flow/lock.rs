//! One run at a time for each stack.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process;
use std::time::Duration;

use rustix::fs::OFlags;
use tokio::time::{Instant, sleep};

use super::{FlowError, Session};
use crate::event::Event;
use crate::model::ContainerId;

/// How often a run that waits looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// How long a run waits before it says so: a wait that nobody notices is not worth a line, and who
/// has just taken the lock is about to sign.
const UNNOTICED: Duration = Duration::from_millis(100);
/// How long a holder that has not signed is waited for before the wait is told without a name.
const UNSIGNED: Duration = Duration::from_secs(1);
/// How long the engine is given after a run was killed: it carries the calls under way to their
/// ends, and what they make appears only then.
const SETTLE: Duration = Duration::from_secs(1);

/// What stands before the names of containers that have ended.
const ENDED: &str = "ended: ";

/// The right to change a stack. It ends with this value, or with the process, however that ends:
/// the system releases the lock, so nothing can be left over that would have to be cleaned up.
///
/// Whoever holds it has signed the file, and wipes the signature out in the end. A signature in a
/// file that is not locked is that of a run that was killed. A run that heard of the end of
/// containers leaves their names instead.
#[derive(Debug)]
pub struct StackLock {
    file: File,
    ended: Vec<ContainerId>,
}

impl Drop for StackLock {
    fn drop(&mut self) {
        let ended: Vec<&str> = self.ended.iter().map(|id| id.0.as_str()).collect();
        let left = if ended.is_empty() {
            String::new()
        } else {
            format!("{ENDED}{}", ended.join(" "))
        };
        sign(&mut self.file, &left).ok(); // at worst the next run waits a second for nothing
    }
}

/// A lock file that can't be used.
#[derive(Debug, thiserror::Error)]
#[error("failed to lock the stack with `{}`", path.display())]
pub struct LockError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

impl StackLock {
    /// Takes the lock, waiting up to `patience` for another run to end.
    ///
    /// The file is never deleted: two runs that lock two files of one name would both go on.
    ///
    /// # Errors
    ///
    /// When the file can't be made or locked, the other run does not end in time, or a stop is asked.
    pub async fn take(session: &Session<'_>, patience: Duration) -> Result<Self, FlowError> {
        let path = session
            .lock_directory
            .join(format!("{}.lock", session.stack.name));
        let failed = |source| LockError {
            path: path.clone(),
            source,
        };
        let file = open(&path).map_err(failed)?;
        let began = Instant::now();
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(source)) => return Err(failed(source).into()),
                Err(TryLockError::WouldBlock) => {}
            }
            let signed = signature(&path);
            let tell_after = if signed.is_some() {
                UNNOTICED
            } else {
                UNSIGNED
            };
            let holder = signed.unwrap_or_else(|| "another run".to_owned());
            let waited = began.elapsed();
            if waited >= patience {
                return Err(FlowError::Busy {
                    holder,
                    waited: patience,
                });
            }
            if !told && waited >= tell_after {
                session.observer.on(Event::Waiting { holder });
                told = true;
            }
            rest(session, LOOK_AGAIN).await?;
        }
        let killed = signature(&path);
        let ended = ended(&path);
        let mut lock = Self {
            file,
            ended: Vec::new(),
        };
        let holder = format!("`{}` (process {})", session.command, process::id());
        sign(&mut lock.file, &holder).map_err(failed)?;
        if let Some(holder) = killed {
            session.observer.on(Event::Settling { holder });
            rest(session, SETTLE).await?;
        }
        // The engine answers when it has cleared up after them; until then it lists them as running.
        for id in ended {
            session.engine.inspect_container(&id).await.ok();
        }
        Ok(lock)
    }

    /// These containers have ended, as the engine's events told: it may not list them so yet.
    pub(super) fn have_ended(&mut self, containers: Vec<ContainerId>) {
        self.ended = containers;
    }
}

async fn rest(session: &Session<'_>, duration: Duration) -> Result<(), FlowError> {
    tokio::select! {
        () = session.stop.asked() => Err(FlowError::Interrupted),
        () = sleep(duration) => Ok(()),
    }
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    // A symlink or a pipe there is somebody's trap: one would be written through, the other waited on.
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is no regular file"))
    }
}

/// Writes into the file who has locked it.
fn sign(file: &mut File, holder: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(holder.as_bytes())
}

/// Who has signed the file.
fn signature(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    (!text.is_empty() && !text.starts_with(ENDED)).then_some(text)
}

/// The containers whose end the last run heard of.
fn ended(path: &Path) -> Vec<ContainerId> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let names = text.strip_prefix(ENDED).unwrap_or_default();
    let names = names.split_whitespace().map(str::to_owned);
    names.map(ContainerId).collect()
}
