//! Which stack file is meant.

use std::fs;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::error::LoadError;

/// The names that a stack file has when it is not named.
pub const NAMES: [&str; 2] = ["devinfra.yaml", "devinfra.yml"];

/// Where a stack file is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileSource {
    /// A file.
    Path(PathBuf),
    /// A template inside the program.
    Template(String),
}

impl FileSource {
    /// What `--file` was given: a path, or `template:NAME`.
    pub fn parse(text: &str) -> Self {
        match text.strip_prefix("template:") {
            Some(name) => Self::Template(name.to_owned()),
            None => Self::Path(PathBuf::from(text)),
        }
    }
}

/// The stack file of this directory, or of the nearest one above it.
///
/// # Errors
///
/// When what has its name is no regular file: passing it over would mean another stack.
pub(super) fn nearest(directory: &Path) -> Result<Option<PathBuf>, LoadError> {
    for directory in directory.ancestors() {
        for name in NAMES {
            let path = directory.join(name);
            if exists(&path) {
                return regular(path).map(Some);
            }
        }
    }
    Ok(None)
}

/// Whether the directory has something of this name, also a link that leads nowhere.
pub(super) fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn regular(path: PathBuf) -> Result<PathBuf, LoadError> {
    let what = match fs::metadata(&path) {
        Ok(found) if found.is_file() => return Ok(path),
        Ok(found) if found.is_dir() => "a directory",
        Ok(found) if found.file_type().is_fifo() => "a pipe",
        Ok(_special) => "a device or a socket",
        Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
            "a symbolic link that leads to itself"
        }
        Err(_dangling) => "a symbolic link to what can't be reached",
    };
    Err(LoadError::NoFile { path, what })
}

/// # Errors
///
/// When the project directory that was named is none: another stack would be found above it.
pub(super) fn check_directory(path: &Path) -> Result<(), LoadError> {
    let problem = match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_other) => "it is not a directory".to_owned(),
        Err(error) => error.to_string(),
    };
    let path = path.to_owned();
    Err(LoadError::NoDirectory { path, problem })
}
