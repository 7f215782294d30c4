//! The metadata directory: one process at a time, each save all or nothing.
//!
//! LakeFS keeps a Badger database here. The double keeps one JSON file, and fails in Badger's words.

use std::fs::{File, TryLockError, read, rename, write};
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use crate::go::{create_directories, error_words};

const STATE_FILE: &str = "lakefs-double.json";
const LOCK_FILE: &str = "lakefs-double.lock";
/// Every Badger database has one.
const BADGER_FILE: &str = "MANIFEST";

/// A locked metadata directory. Dropping it frees the lock.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Creates the directory where it is missing, and locks it.
    ///
    /// # Errors
    ///
    /// Says what stood in the way.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        create_directories(path)
            .map_err(|cause| format!("Error Creating Dir: \"{}\" err: {cause}", path.display()))?;
        let lock_path = path.join(LOCK_FILE);
        let lock = File::create(&lock_path)
            .map_err(|error| format!("open {}: {}", lock_path.display(), error_words(&error)))?;
        lock.try_lock().map_err(|error| {
            let words = match error {
                TryLockError::WouldBlock => "resource temporarily unavailable".to_owned(),
                TryLockError::Error(error) => error_words(&error),
            };
            format!(
                "Cannot acquire directory lock on \"{}\".  \
                 Another process is using this Badger database. err: {words}",
                path.display()
            )
        })?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// What was saved last, or `None` in a fresh directory.
    ///
    /// # Errors
    ///
    /// Says what can't be read. A directory of a real LakeFS is never taken for a fresh one.
    pub(crate) fn load(&self) -> Result<Option<Vec<u8>>, String> {
        match read(self.path.join(STATE_FILE)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error_words(&error)),
            Err(_missing) if self.path.join(BADGER_FILE).exists() => Err(format!(
                "\"{}\" holds the database of a real LakeFS, which this double can't read",
                self.path.display()
            )),
            Err(_missing) => Ok(None),
        }
    }

    /// Replaces what was saved, so that a killed process leaves the old or the new, never a mixture.
    ///
    /// # Errors
    ///
    /// Fails where the file can't be written; the old one is then still there.
    pub(crate) fn save(&self, bytes: &[u8]) -> Result<(), Error> {
        let fresh = self.path.join(format!("{STATE_FILE}.new"));
        write(&fresh, bytes)?;
        rename(&fresh, self.path.join(STATE_FILE))
    }
}
