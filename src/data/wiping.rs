//! Which data directories are being emptied.
//!
//! A run that is killed meanwhile leaves a directory that no server starts on. So a file beside it
//! says so from before the first deletion until after the last, and the next run finishes the work.
//! It says which directory is meant: one that was put in its place since is left alone.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags, openat, unlinkat};
use rustix::io::Errno;

use super::beneath::{around, inside};
use super::check::{Checked, identity_of};
use super::identity::Identity;
use crate::model::clean_path;

/// Begins the name of the file beside a directory; the directory's own name ends it.
const MARK: &str = ".devinfra-wiping-";

impl Checked {
    /// Notes that the directory is being emptied, until [`note_wiped`] is told.
    ///
    /// Where the directory around it is somebody else's, nothing can be noted. That is no reason not
    /// to empty it: whoever resets it again completes that.
    pub fn note_wiping(&self) {
        if !is_marked(&self.parent, &self.path, self.identity) {
            mark(&self.parent, &self.path, self.identity).ok();
        }
    }
}

/// Whether a run has begun to empty the directory, and did not come to the end.
pub fn is_wiping(path: &Path, project: &Path) -> bool {
    let (path, project) = (clean_path(path), clean_path(project));
    let held = around(&path, &project).and_then(|parent| Ok((inside(&parent, &path)?, parent)));
    let Ok((directory, parent)) = held else {
        return false;
    };
    identity_of(&directory).is_ok_and(|identity| is_marked(&parent, &path, identity))
}

/// Notes that the directory is empty now, or gone.
pub fn note_wiped(path: &Path, project: &Path) {
    let (path, project) = (clean_path(path), clean_path(project));
    if let Ok(parent) = around(&path, &project) {
        unlinkat(parent, mark_of(&path), AtFlags::empty()).ok(); // there may be none
    }
}

pub(super) fn is_marked(parent: &OwnedFd, path: &Path, identity: Identity) -> bool {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let Ok(mark) = openat(parent, mark_of(path), flags, Mode::empty()) else {
        return false;
    };
    let mut text = String::new();
    let read = File::from(mark).read_to_string(&mut text);
    read.is_ok() && text.trim_end().parse().ok() == Some(identity)
}

fn mark(parent: &OwnedFd, path: &Path, identity: Identity) -> Result<(), Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW;
    let flags = flags | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
    let mut file = File::from(openat(parent, mark_of(path), flags, mode)?);
    let written = writeln!(file, "{identity}").and_then(|()| file.sync_all());
    written.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

fn mark_of(path: &Path) -> OsString {
    let mut name = OsString::from(MARK);
    name.push(path.file_name().unwrap_or_default());
    name
}
