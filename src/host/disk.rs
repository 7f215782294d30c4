//! Directories and the disks that they are on.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::statvfs;

/// The bytes that a user may still write to the disk of the path, or of the nearest directory above
/// it that exists.
pub fn free_space(path: &Path) -> Option<u64> {
    let existing = path.ancestors().find(|path| path.exists())?;
    let disk = statvfs(existing).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Who owns the path, by number.
///
/// # Errors
///
/// When it is not there, or may not be looked at.
pub fn owner(path: &Path) -> io::Result<u32> {
    path.symlink_metadata()
        .as_ref()
        .map(Metadata::uid)
        .map_err(|error| io::Error::new(error.kind(), error.to_string()))
}
