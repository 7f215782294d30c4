//! Taking the contents out of a data directory, and out of nothing else.
//!
//! Paths are resolved below the project directory without following a symlink and without entering
//! another file system, and what was resolved is held open: what is deleted is what was checked,
//! whatever becomes of the path meanwhile.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, fstat, openat2, statat, unlinkat,
};
use rustix::io::Errno;

use super::made::is_made;
use super::recognised::is_data;
use crate::model::Kind;

/// Directories whose direct children are people's homes.
const HOMES: [&str; 2] = ["/home", "/Users"];

/// A data directory that may be emptied.
#[derive(Debug)]
pub struct Checked {
    directory: OwnedFd,
    /// Where it is.
    pub path: PathBuf,
    /// Its number on its file system.
    pub inode: u64,
    /// Whether its contents are known to be a service's data. Where they can't be read, they are
    /// yet to be looked at.
    pub is_known: bool,
}

/// Why a directory is not emptied.
#[derive(Debug, thiserror::Error)]
pub enum EmptyError {
    /// It holds more than a service's data, or may do so.
    #[error("`{}` is not emptied: {reason}", path.display())]
    Unsafe {
        /// The directory.
        path: PathBuf,
        /// Why not.
        reason: &'static str,
    },
    /// Somebody else owns some of it.
    #[error("`{}` can't be emptied by you", path.display())]
    NotPermitted {
        /// The directory.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("failed to empty `{}`", path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Looks whether a service's data directory may be emptied; `None` when there is none.
///
/// # Errors
///
/// When it is, or may be, more than that.
pub fn check(path: &Path, project: &Path, kind: &Kind) -> Result<Option<Checked>, EmptyError> {
    let path = clean(path);
    let refused = |reason| EmptyError::Unsafe {
        path: path.clone(),
        reason,
    };
    if let Some(reason) = is_never_data(&path, project) {
        return Err(refused(reason));
    }
    let directory = match open(&path, project) {
        Ok(directory) => directory,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP) => return Err(refused("a symlink is on the way to it")),
        Err(Errno::XDEV) => return Err(refused("it is on another file system")),
        Err(Errno::NOTDIR) => return Err(refused("it is no directory")),
        Err(errno) => return Err(io_error(&path, errno)),
    };
    let inode = fstat(&directory)
        .map_err(|errno| io_error(&path, errno))?
        .st_ino;
    let is_known = match names(&directory) {
        Ok(names) if is_data(kind, &names) || is_made(&path) => true,
        Ok(_) => {
            return Err(refused(
                "devinfra did not make it, and what is in it is not known as the service's data",
            ));
        }
        Err(_unreadable) => is_made(&path),
    };
    Ok(Some(Checked {
        directory,
        path,
        inode,
        is_known,
    }))
}

/// Whether names that somebody else has read say that a directory holds the service's data.
///
/// # Errors
///
/// When they do not.
pub fn check_names(path: &Path, kind: &Kind, names: &[String]) -> Result<(), EmptyError> {
    if is_data(kind, names) {
        return Ok(());
    }
    Err(EmptyError::Unsafe {
        path: path.to_owned(),
        reason: "devinfra did not make it, and what is in it is not known as the service's data",
    })
}

/// Whether nothing is mounted inside the directory: a container would see it too.
///
/// # Errors
///
/// When something is.
pub fn check_mounts(path: &Path) -> Result<(), EmptyError> {
    let failed = |source| EmptyError::Io {
        path: path.to_owned(),
        source,
    };
    // Mounts are listed by the places they really are at, whatever symlinks lead there.
    let real = fs::canonicalize(path).map_err(failed)?;
    let mounts = fs::read("/proc/self/mountinfo").map_err(failed)?;
    if mounted_inside(&mounts, &real) {
        return Err(EmptyError::Unsafe {
            path: path.to_owned(),
            reason: "another file system is mounted inside it",
        });
    }
    Ok(())
}

/// Whether one of the mounts of `/proc/self/mountinfo` is below the directory.
fn mounted_inside(mounts: &[u8], directory: &Path) -> bool {
    let lines = mounts.split(|&byte| byte == b'\n');
    let places = lines.filter_map(|line| line.split(|&byte| byte == b' ').nth(4));
    places.map(unescaped).any(|place| {
        let place = Path::new(OsStr::from_bytes(&place));
        place.starts_with(directory) && place != directory
    })
}

/// The kernel writes blanks, backslashes and the like as a backslash and three octal digits.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let digits = after
            .get(..3)
            .and_then(|digits| str::from_utf8(digits).ok());
        let code = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        if let (b'\\', Some(code)) = (first, code) {
            plain.push(code);
            rest = after.get(3..).unwrap_or_default();
        } else {
            plain.push(*first);
            rest = after;
        }
    }
    plain
}

impl Checked {
    /// Deletes everything in the directory. The directory itself stays, and so do what symlinks
    /// point to, and other file systems.
    ///
    /// # Errors
    ///
    /// When somebody else owns some of it, or the system refuses.
    pub fn empty(&self) -> Result<(), EmptyError> {
        reopened(&self.directory)
            .and_then(|directory| empty(&directory))
            .map_err(|errno| io_error(&self.path, errno))
    }
}

fn io_error(path: &Path, errno: Errno) -> EmptyError {
    let path = path.to_owned();
    match errno {
        Errno::ACCESS | Errno::PERM => EmptyError::NotPermitted { path },
        Errno::XDEV => EmptyError::Unsafe {
            path,
            reason: "another file system is mounted inside it",
        },
        _ => EmptyError::Io {
            path,
            source: errno.into(),
        },
    }
}

/// The path without `.`, `..` and slashes at its end, decided by its words alone.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            Component::RootDir | Component::Prefix(_) | Component::Normal(_) => clean.push(part),
        }
    }
    clean
}

/// Why a path is never a data directory, whatever is in it.
fn is_never_data(path: &Path, project: &Path) -> Option<&'static str> {
    let project = clean(project);
    if path.components().count() < 2 {
        Some("it is the root of the file system")
    } else if path == project {
        Some("it is the project directory")
    } else if project.starts_with(path) {
        Some("the project directory is in it")
    } else if is_home(path) {
        Some("it is a home directory")
    } else if path.components().count() == 2 {
        Some("it is a directory of the system")
    } else {
        None
    }
}

fn is_home(path: &Path) -> bool {
    let parent = path.parent();
    path == Path::new("/root") || HOMES.iter().any(|home| parent == Some(Path::new(home)))
}

/// Opens the directory, without the right to read it.
fn open(path: &Path, project: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let strict = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
    // How the project directory is reached is the user's business.
    let (base, below) = match path.strip_prefix(clean(project)) {
        Ok(below) => (File::open(project).map_err(errno)?, below.to_owned()),
        Err(_outside) => {
            let root = File::open("/").map_err(errno)?;
            let parent = path.parent().unwrap_or(Path::new("/"));
            let parent = itself_if_empty(parent.strip_prefix("/").unwrap_or(parent));
            let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
            let parent = openat2(&root, parent, flags, Mode::empty(), resolve)?;
            let name = path.file_name().unwrap_or_default();
            return openat2(&parent, name, flags, Mode::empty(), strict);
        }
    };
    openat2(&base, itself_if_empty(&below), flags, Mode::empty(), strict)
}

/// The system takes no empty path.
fn itself_if_empty(path: &Path) -> &Path {
    if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn errno(error: io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::IO)
}

/// The same directory, with the right to read it.
fn reopened(directory: &OwnedFd) -> Result<OwnedFd, Errno> {
    below(directory, OsStr::new("."))
}

/// A directory in another: not behind a symlink, and not on another file system.
fn below(directory: &OwnedFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
    openat2(directory, name, flags, Mode::empty(), resolve)
}

fn names(directory: &OwnedFd) -> Result<Vec<String>, Errno> {
    let entries = Dir::read_from(&reopened(directory)?)?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name != "." && name != ".." {
            names.push(name);
        }
    }
    Ok(names)
}

fn empty(directory: &OwnedFd) -> Result<(), Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        names.push(entry?.file_name().to_owned());
    }
    for name in names {
        let bytes = name.to_bytes();
        if bytes == b"." || bytes == b".." {
            continue;
        }
        let found = statat(directory, &name, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(found.st_mode) == FileType::Directory {
            empty(&below(directory, OsStr::from_bytes(bytes))?)?;
            unlinkat(directory, &name, AtFlags::REMOVEDIR)?;
        } else {
            unlinkat(directory, &name, AtFlags::empty())?;
        }
    }
    Ok(())
}

/// Deletes a file that belongs to a service's data. One that is not there is deleted.
///
/// # Errors
///
/// When it is outside of the project directory or behind a symlink, is no file, or the system
/// refuses.
pub fn remove_file(path: &Path, project: &Path) -> Result<(), EmptyError> {
    let path = clean(path);
    let refused = |reason| EmptyError::Unsafe {
        path: path.clone(),
        reason,
    };
    if !path.starts_with(clean(project)) {
        return Err(refused("it is not in the project directory"));
    }
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(refused("it is no file"));
    };
    let directory = match open(parent, project) {
        Ok(directory) => directory,
        Err(Errno::NOENT) => return Ok(()),
        Err(Errno::LOOP) => return Err(refused("a symlink is on the way to it")),
        Err(errno) => return Err(io_error(&path, errno)),
    };
    match unlinkat(&directory, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(Errno::ISDIR) => Err(refused("it is no file")),
        Err(errno) => Err(io_error(&path, errno)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::{TempDir, tempdir};

    use super::*;
    use crate::data::create_directory;
    use crate::model::Valkey;

    fn valkey() -> Kind {
        Kind::Valkey(Valkey {
            port: 6379,
            password: None,
            username: None,
            database: 0,
            keys: None,
            declared: [].into(),
        })
    }

    /// A project with a cache's data in `data/cache`, and a precious directory beside it.
    fn world() -> (TempDir, PathBuf) {
        let root = tempdir().unwrap();
        let project = root.path().join("one/two/project");
        fs::create_dir_all(project.join("data/cache")).unwrap();
        fs::write(project.join("data/cache/dump.rdb"), "x").unwrap();
        fs::create_dir_all(root.path().join("precious/inside")).unwrap();
        fs::write(root.path().join("precious/inside/file"), "x").unwrap();
        (root, project)
    }

    #[track_caller]
    fn refusal(path: &Path, project: &Path) -> &'static str {
        match check(path, project, &valkey()) {
            Err(EmptyError::Unsafe { reason, .. }) => reason,
            other => panic!("{} is not refused: {other:?}", path.display()),
        }
    }

    #[test]
    fn mounts_are_found_by_their_real_names() {
        let listed: &[u8] = b"1 0 8:1 / / rw - ext4\n2 1 8:2 / /r\\1342/a\\040b/in rw - ext4\n\
            3 1 8:3 / /not-\xff-text rw - ext4\n";
        let inside = |path: &str| mounted_inside(listed, Path::new(path));
        assert!(inside(r"/r\2/a b"));
        assert!(inside(r"/r\2"));
        assert!(!inside(r"/r\2/a b/in"));
        assert!(!inside(r"/r\2/a b/i"));
    }

    #[test]
    fn data_is_emptied_and_its_directory_stays() {
        let (_root, project) = world();
        let data = project.join("data/cache");
        fs::create_dir_all(data.join("appendonlydir/deep")).unwrap();
        fs::write(data.join("appendonlydir/deep/.hidden"), "x").unwrap();
        check(&data, &project, &valkey())
            .unwrap()
            .unwrap()
            .empty()
            .unwrap();
        assert_eq!(fs::read_dir(&data).unwrap().count(), 0);
        assert!(
            check(&project.join("data/none"), &project, &valkey())
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn a_symlink_inside_is_deleted_and_what_it_points_to_stays() {
        let (root, project) = world();
        let data = project.join("data/cache");
        let precious = root.path().join("precious");
        symlink(&precious, data.join("appendonly-link")).unwrap();
        fs::create_dir(data.join("appendonlydir")).unwrap();
        symlink(&precious, data.join("appendonlydir/link")).unwrap();
        check(&data, &project, &valkey())
            .unwrap()
            .unwrap()
            .empty()
            .unwrap();
        assert_eq!(fs::read_dir(&data).unwrap().count(), 0);
        assert!(precious.join("inside/file").exists());
    }

    #[test]
    fn a_symlink_on_the_way_is_refused_with_and_without_a_slash_at_the_end() {
        let (root, project) = world();
        symlink(root.path().join("precious"), project.join("data/link")).unwrap();
        for path in [
            "data/link",
            "data/link/",
            "data/link/inside",
            "data/cache/../link/",
        ] {
            let reason = refusal(&project.join(path), &project);
            assert_eq!(reason, "a symlink is on the way to it", "{path}");
        }
    }

    #[test]
    fn what_is_never_data_is_refused_however_it_is_written() {
        let (_root, project) = world();
        for (path, reason) in [
            (project.clone(), "it is the project directory"),
            (project.join("data/.."), "it is the project directory"),
            (project.join(".."), "the project directory is in it"),
            (project.join("../../.."), "the project directory is in it"),
            (PathBuf::from("/"), "it is the root of the file system"),
            (
                project.join("../../../../../../../.."),
                "it is the root of the file system",
            ),
            (PathBuf::from("/root/"), "it is a home directory"),
            (PathBuf::from("/home/somebody/."), "it is a home directory"),
            (PathBuf::from("/Users/somebody"), "it is a home directory"),
            (PathBuf::from("/etc"), "it is a directory of the system"),
        ] {
            assert_eq!(refusal(&path, &project), reason, "{}", path.display());
        }
    }

    #[test]
    fn another_file_system_is_refused() {
        let (_root, project) = world();
        assert_eq!(
            refusal(Path::new("/dev/shm"), &project),
            "it is on another file system"
        );
    }

    #[test]
    fn a_directory_with_something_else_in_it_is_refused_unless_it_was_made_here() {
        let (_root, project) = world();
        let sources = project.join("sources");
        fs::create_dir(&sources).unwrap();
        fs::write(sources.join("main.rs"), "x").unwrap();
        fs::write(sources.join("dump.rdb"), "x").unwrap();
        assert!(refusal(&sources, &project).starts_with("devinfra did not make it"));
        let made = project.join("made");
        create_directory(&made).unwrap();
        fs::write(made.join("anything"), "x").unwrap();
        assert!(check(&made, &project, &valkey()).unwrap().unwrap().is_known);
    }

    #[test]
    fn files_are_removed_inside_the_project_only() {
        let (root, project) = world();
        symlink(root.path().join("precious"), project.join("link")).unwrap();
        assert!(remove_file(&root.path().join("precious/inside/file"), &project).is_err());
        assert!(remove_file(&project.join("link/inside/file"), &project).is_err());
        assert!(remove_file(&project.join("data"), &project).is_err());
        assert!(root.path().join("precious/inside/file").exists());
        remove_file(&project.join("data/cache/dump.rdb"), &project).unwrap();
        remove_file(&project.join("data/cache/dump.rdb"), &project).unwrap();
        assert!(!project.join("data/cache/dump.rdb").exists());
    }
}
