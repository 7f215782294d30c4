//! Opening directories beneath others: through no symlink, and into no other file system.
//!
//! Linux does that in one call since 5.6. Elsewhere, and where the call is not to be had, the way is
//! walked step by step, and each step is held open: what is opened is what was looked at, whatever
//! becomes of the path meanwhile. The walk knows another file system by its device number, so it does
//! not see one that is mounted a second time inside itself.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, openat, statat};
#[cfg(target_os = "linux")]
use rustix::fs::{ResolveFlags, openat2};
use rustix::io::Errno;

/// Opens a directory without the right to read it, where the system knows how to.
#[cfg(target_os = "linux")]
const HELD: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const HELD: OFlags = READ;
const READ: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// Whether the way may lead into another file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Crossing {
    Allowed,
    Refused,
}

/// Opens the directory around a path. Both paths are without `.` and `..`.
///
/// Below the project directory all of the way is on its file system; elsewhere it is where it is.
pub(super) fn around(path: &Path, project: &Path) -> Result<OwnedFd, Errno> {
    let parent = path.parent().unwrap_or(path);
    // How the project directory is reached is the user's business.
    if let Ok(below) = parent.strip_prefix(project) {
        let project = File::open(project).map_err(errno)?;
        return open(&project, below, HELD, Crossing::Refused);
    }
    let root = File::open("/").map_err(errno)?;
    let parent = parent.strip_prefix("/").unwrap_or(parent);
    open(&root, parent, HELD, Crossing::Allowed)
}

/// Opens the directory of this path in the one around it, which is on the same file system.
pub(super) fn inside(around: &impl AsFd, path: &Path) -> Result<OwnedFd, Errno> {
    let name = Path::new(path.file_name().unwrap_or_default());
    open(around, name, HELD, Crossing::Refused)
}

/// Opens a directory in another, with the right to read it.
pub(super) fn below(directory: &impl AsFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    open(directory, Path::new(name), READ, Crossing::Refused)
}

/// The same directory, with the right to read it.
pub(super) fn reopened(directory: &impl AsFd) -> Result<OwnedFd, Errno> {
    below(directory, OsStr::new("."))
}

/// Whether there is something of this name some way below the directory.
pub(super) fn has(directory: &impl AsFd, way: &Path) -> bool {
    let (parent, name) = (way.parent().unwrap_or(way), way.file_name());
    let parent = open(directory, parent, HELD, Crossing::Refused);
    let found = parent.map(|parent| {
        let name = name.unwrap_or_default();
        statat(parent, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    });
    found.unwrap_or(false)
}

fn open(base: &impl AsFd, way: &Path, flags: OFlags, crossing: Crossing) -> Result<OwnedFd, Errno> {
    #[cfg(target_os = "linux")]
    match at_once(base, way, flags, crossing) {
        Err(Errno::NOSYS) => {}
        opened => return opened,
    }
    walked(base, way, flags, crossing)
}

#[cfg(target_os = "linux")]
fn at_once(
    base: &impl AsFd,
    way: &Path,
    flags: OFlags,
    crossing: Crossing,
) -> Result<OwnedFd, Errno> {
    let mut resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    if crossing == Crossing::Refused {
        resolve |= ResolveFlags::NO_XDEV;
    }
    // The system takes no empty path.
    let is_empty = way.as_os_str().is_empty();
    let way = if is_empty { Path::new(".") } else { way };
    openat2(base, way, flags, Mode::empty(), resolve)
}

fn walked(
    base: &impl AsFd,
    way: &Path,
    flags: OFlags,
    crossing: Crossing,
) -> Result<OwnedFd, Errno> {
    let mut here = openat(base, ".", flags, Mode::empty())?;
    let device = fstat(&here)?.st_dev;
    for part in way.components() {
        let name = match part {
            Component::CurDir => continue,
            Component::Normal(name) => name,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(Errno::XDEV);
            }
        };
        here = match openat(&here, name, flags | OFlags::NOFOLLOW, Mode::empty()) {
            // A symlink is no directory either, and systems differ in what they say of it.
            Err(Errno::NOTDIR) if is_symlink(&here, name) => return Err(Errno::LOOP),
            opened => opened?,
        };
        if crossing == Crossing::Refused && fstat(&here)?.st_dev != device {
            return Err(Errno::XDEV);
        }
    }
    Ok(here)
}

fn is_symlink(directory: &impl AsFd, name: &OsStr) -> bool {
    let found = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW);
    found.is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::Symlink)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn errno(error: io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::IO)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use tempfile::tempdir;

    use super::*;

    /// The walk must decide as the system does.
    #[test]
    fn walking_is_as_careful_as_the_system() {
        let root = tempdir().unwrap();
        fs::create_dir_all(root.path().join("a/b")).unwrap();
        fs::write(root.path().join("a/file"), "x").unwrap();
        symlink("b", root.path().join("a/link")).unwrap();
        symlink("/dev", root.path().join("a/away")).unwrap();
        let (inside, slash) = (File::open(root.path()).unwrap(), File::open("/").unwrap());
        for (base, way, wanted) in [
            (&inside, "", Ok(())),
            (&inside, ".", Ok(())),
            (&inside, "a/b", Ok(())),
            (&inside, "a/none", Err(Errno::NOENT)),
            (&inside, "a/file", Err(Errno::NOTDIR)),
            (&inside, "a/link", Err(Errno::LOOP)),
            (&inside, "a/away/shm", Err(Errno::LOOP)),
            (&inside, "a/../..", Err(Errno::XDEV)),
            (&slash, "proc/self", Err(Errno::XDEV)),
        ] {
            for flags in [HELD, READ] {
                let walk = walked(base, Path::new(way), flags, Crossing::Refused).map(drop);
                assert_eq!(walk, wanted, "{way}");
                let opened = open(base, Path::new(way), flags, Crossing::Refused).map(drop);
                assert_eq!(opened, wanted, "{way}");
            }
        }
        assert!(walked(&slash, Path::new("proc"), HELD, Crossing::Allowed).is_ok());
    }
}
