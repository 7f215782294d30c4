//! Data directories on the host.

mod beneath;
mod check;
mod empty;
mod error;
mod identity;
mod made;
mod mounts;
mod recognised;
mod wiping;

use std::fs::DirBuilder;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use made::note_made;

pub use check::{Checked, check, check_names, witnesses};
pub use empty::remove_file;
pub use error::EmptyError;
pub use mounts::check_mounts;
pub use wiping::{is_wiping, note_wiped};

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
    match made(path) {
        // Without the note `reset --hard` may refuse the directory; that is no reason not to go on.
        Ok(()) => note_made(path).ok(),
        // Somebody has made it meanwhile: it is not ours.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => None,
        Err(source) => {
            let path = path.to_owned();
            return Err(DirectoryError { path, source });
        }
    };
    Ok(())
}

fn made(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        DirBuilder::new().recursive(true).create(parent)?;
    }
    DirBuilder::new().create(path)
}
