//! Data directories on the host.

mod empty;
mod made;
mod recognised;

use std::fs::DirBuilder;
use std::io;
use std::path::{Path, PathBuf};

use made::note_made;

pub use empty::{Checked, EmptyError, check, check_mounts, check_names, remove_file};

/// A directory that could not be made.
#[derive(Debug, thiserror::Error)]
#[error("failed to create directory `{}`", path.display())]
pub struct DirectoryError {
    /// Which.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

/// Makes the directory and those above it, as the user who runs devinfra.
///
/// Left to the engine, a missing bind source would be made by root, and neither the user nor a
/// container that runs as the user could write to it.
///
/// # Errors
///
/// When the system refuses; a directory that exists is no error.
pub fn create_directory(path: &Path) -> Result<(), DirectoryError> {
    DirBuilder::new()
        .recursive(true)
        .create(path)
        .map_err(|source| DirectoryError {
            path: path.to_owned(),
            source,
        })?;
    // Without the note `reset --hard` may refuse the directory; that is no reason not to go on.
    note_made(path).ok();
    Ok(())
}
