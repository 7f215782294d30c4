//! Which data directories devinfra has made.
//!
//! A mark inside would be in the way: PostgreSQL initialises empty directories only. So the names
//! stand in a file beside them, which stays readable when a container takes a directory over.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// The file beside the directories.
const LIST: &str = ".devinfra-made";

/// Notes that the directory was made here.
pub(super) fn note_made(path: &Path) -> io::Result<()> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(());
    };
    if is_made(path) {
        return Ok(());
    }
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(parent.join(LIST))?;
    writeln!(file, "{}", name.to_string_lossy())
}

/// Whether the directory was made here.
pub(super) fn is_made(path: &Path) -> bool {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return false;
    };
    let list = fs::read_to_string(parent.join(LIST)).unwrap_or_default();
    list.lines().any(|line| name == line)
}
