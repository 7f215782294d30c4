//! One run at a time for each stack.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{FlowError, Session};
use crate::event::Event;

/// How often a run that waits looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The right to change a stack. It ends with this value, or with the process, however that ends:
/// the system releases the lock, so nothing can be left over that would have to be cleaned up.
#[derive(Debug)]
pub struct StackLock {
    _file: File,
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
        let mut file = open(&path).map_err(failed)?;
        let began = Instant::now();
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(source)) => return Err(failed(source).into()),
                Err(TryLockError::WouldBlock) => {}
            }
            let holder = holder(&path);
            if began.elapsed() >= patience {
                return Err(FlowError::Busy {
                    holder,
                    waited: patience,
                });
            }
            if !told {
                session.observer.on(Event::Waiting { holder });
                told = true;
            }
            tokio::select! {
                () = session.stop.asked() => return Err(FlowError::Interrupted),
                () = sleep(LOOK_AGAIN) => {}
            }
        }
        let holder = format!("`{}` (process {})", session.command, process::id());
        sign(&mut file, &holder).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

/// Writes into the file who has locked it.
fn sign(file: &mut File, holder: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(holder.as_bytes())
}

fn holder(path: &Path) -> String {
    let mut text = String::new();
    let read = File::open(path).and_then(|mut file| file.read_to_string(&mut text));
    if read.is_ok() && !text.is_empty() {
        text
    } else {
        "another run".to_owned()
    }
}
