//! Which stack file is meant.

use std::path::{Path, PathBuf};

/// The names that a stack file has when it is not named.
const NAMES: [&str; 2] = ["devinfra.yaml", "devinfra.yml"];

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
pub(super) fn nearest(directory: &Path) -> Option<PathBuf> {
    directory.ancestors().find_map(|directory| {
        NAMES
            .iter()
            .map(|name| directory.join(name))
            .find(|path| path.is_file())
    })
}
