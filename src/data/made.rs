//! Which data directories devinfra has made.
//!
//! A mark inside would be in the way: PostgreSQL initialises empty directories only. So they stand in
//! a file beside them, which stays readable when a container takes a directory over. A line is a
//! directory's identity and its name. Lines of a name alone were written by earlier versions: they
//! count for nothing, since what is there now may be somebody else's.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

use super::identity::Identity;

/// The file beside the directories.
const LIST: &str = ".devinfra-made";

/// Notes that the directory was made here.
pub(super) fn note_made(path: &Path) -> io::Result<()> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(());
    };
    let identity = Identity::of(&fs::symlink_metadata(path)?);
    let mut line = format!("{identity} ").into_bytes();
    line.extend_from_slice(name.as_bytes());
    line.push(b'\n');
    // One write: two runs that note something at once must not mix their lines.
    let mut file = mark_file()
        .create(true)
        .append(true)
        .open(parent.join(LIST))?;
    file.write_all(&line)
}

/// Whether the directory of this path and identity was made here.
pub(super) fn is_made(path: &Path, identity: Identity) -> bool {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return false;
    };
    let mut list = Vec::new();
    if let Ok(mut file) = mark_file().read(true).open(parent.join(LIST)) {
        file.read_to_end(&mut list).ok(); // what can't be read says nothing
    }
    list.split(|&byte| byte == b'\n').any(|line| {
        let noted = line.strip_suffix(name.as_bytes());
        let noted = noted.and_then(|before| before.strip_suffix(b" "));
        let noted = noted.and_then(|before| str::from_utf8(before).ok());
        noted.and_then(|text| text.parse().ok()) == Some(identity)
    })
}

/// A symlink there would lead elsewhere, and a pipe would be waited on.
fn mark_file() -> OpenOptions {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut options = OpenOptions::new();
    options.custom_flags(flags.bits().cast_signed());
    options
}
