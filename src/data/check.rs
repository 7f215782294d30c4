//! Whether a directory is a service's data, and nothing but that.
//!
//! Paths are resolved below the project directory without following a symlink and without entering
//! another file system, and what was resolved is held open: what is deleted is what was checked,
//! whatever becomes of the path meanwhile.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::Dir;
use rustix::io::Errno;

use super::EmptyError;
use super::beneath::{around, has, inside, reopened};
use super::identity::Identity;
use super::made::is_made;
use super::mounts::check_known_mounts;
use super::recognised::{Contents, WITNESSES, is_data};
use super::wiping::is_marked;
use crate::model::{Kind, clean_path};

/// Directories whose direct children are people's homes.
const HOMES: [&str; 2] = ["/home", "/Users"];
/// Why a directory is refused that may be anybody's.
const NOT_OURS: &str =
    "devinfra did not make it, and what is in it is not known as the service's data";

/// A data directory that may be emptied.
#[derive(Debug)]
pub struct Checked {
    pub(super) directory: OwnedFd,
    pub(super) parent: OwnedFd,
    pub(super) identity: Identity,
    /// Where it is.
    pub path: PathBuf,
    /// Whether its contents are known to be a service's data. Where they can't be read, they are
    /// yet to be looked at.
    pub is_known: bool,
}

impl Checked {
    /// Its number on its file system.
    pub fn inode(&self) -> u64 {
        self.identity.inode
    }
}

/// Looks whether a service's data directory may be emptied; `None` when there is none.
///
/// # Errors
///
/// When it is, or may be, more than that.
pub fn check(path: &Path, project: &Path, kind: &Kind) -> Result<Option<Checked>, EmptyError> {
    let (path, project) = (clean_path(path), clean_path(project));
    let refused = |reason| EmptyError::Unsafe {
        path: path.clone(),
        reason,
    };
    if let Some(reason) = is_never_data(&path, &project) {
        return Err(refused(reason));
    }
    let held = around(&path, &project).and_then(|parent| Ok((inside(&parent, &path)?, parent)));
    let (directory, parent) = match held {
        Ok(held) => held,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::XDEV) => return Err(refused("it is on another file system")),
        Err(errno) => return Err(EmptyError::of(&path, errno)),
    };
    check_known_mounts(&path)?;
    let failed = |errno| EmptyError::of(&path, errno);
    let identity = identity_of(&directory).map_err(failed)?;
    let is_ours = is_made(&path, identity) || is_marked(&parent, &path, identity);
    let is_known = match contents(&directory) {
        Ok(contents) if is_ours || is_data(kind, &contents) => true,
        Ok(_foreign) => return Err(refused(NOT_OURS)),
        Err(_unreadable) => is_ours,
    };
    Ok(Some(Checked {
        directory,
        parent,
        identity,
        path,
        is_known,
    }))
}

/// Whether what somebody else has listed says that a directory holds the service's data: the names
/// in it, and the paths that [`witnesses`] asks for.
///
/// # Errors
///
/// When it does not.
pub fn check_names(path: &Path, kind: &Kind, listed: Vec<String>) -> Result<(), EmptyError> {
    let (witnesses, names) = listed.into_iter().partition(|path| path.contains('/'));
    if is_data(kind, &Contents { names, witnesses }) {
        return Ok(());
    }
    Err(EmptyError::Unsafe {
        path: path.to_owned(),
        reason: NOT_OURS,
    })
}

/// Paths below a data directory that [`check_names`] wants to be told of, as a shell writes them.
pub fn witnesses() -> String {
    WITNESSES.map(|witness| format!("*/{witness}")).join(" ")
}

/// Why a path is never a data directory, whatever is in it.
fn is_never_data(path: &Path, project: &Path) -> Option<&'static str> {
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

pub(super) fn identity_of(directory: &OwnedFd) -> Result<Identity, Errno> {
    let found = directory
        .try_clone()
        .and_then(|held| File::from(held).metadata());
    let found = found.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
    Ok(Identity::of(&found))
}

fn contents(directory: &OwnedFd) -> Result<Contents, Errno> {
    let mut contents = Contents::default();
    for entry in Dir::read_from(&reopened(directory)?)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name == "." || name == ".." {
            continue;
        }
        let paths = WITNESSES.map(|witness| format!("{name}/{witness}"));
        let there = paths
            .into_iter()
            .filter(|path| has(directory, path.as_ref()));
        contents.witnesses.extend(there);
        contents.names.push(name);
    }
    Ok(contents)
}
