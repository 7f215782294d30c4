//! Taking the contents out of a data directory, and out of nothing else.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, statat, unlinkat};
use rustix::io::Errno;

use super::EmptyError;
use super::beneath::{around, below, reopened};
use super::check::Checked;
use crate::model::clean_path;

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
            .map_err(|errno| EmptyError::of(&self.path, errno))
    }
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
    let (path, project) = (clean_path(path), clean_path(project));
    let refused = |reason| EmptyError::Unsafe {
        path: path.clone(),
        reason,
    };
    if !path.starts_with(&project) {
        return Err(refused("it is not in the project directory"));
    }
    let Some(name) = path.file_name() else {
        return Err(refused("it is no file"));
    };
    let removed =
        around(&path, &project).and_then(|directory| unlinkat(&directory, name, AtFlags::empty()));
    match removed {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(Errno::ISDIR) => Err(refused("it is no file")),
        Err(Errno::XDEV) => Err(refused("it is on another file system")),
        Err(errno) => Err(EmptyError::of(&path, errno)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    use tempfile::{TempDir, tempdir};

    use super::*;
    use crate::data::{check, create_directory, is_wiping, note_wiped};
    use crate::model::{Kind, Valkey};

    fn valkey() -> Kind {
        Kind::Valkey(Valkey::at(6379))
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
        symlink(&precious, data.join("dump-link.rdb")).unwrap();
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

    /// A directory that was taken away and made again at the same place is somebody's.
    #[test]
    fn a_mark_is_the_directorys_and_not_the_names() {
        let (root, project) = world();
        let made = project.join("made");
        create_directory(&made).unwrap();
        // Moved, so that the new one can't get its number.
        fs::rename(&made, root.path().join("elsewhere")).unwrap();
        fs::create_dir(&made).unwrap();
        fs::write(made.join("main.rs"), "x").unwrap();
        assert!(refusal(&made, &project).starts_with("devinfra did not make it"));
        fs::rename(&made, root.path().join("another")).unwrap();
        fs::rename(root.path().join("elsewhere"), &made).unwrap();
        fs::write(made.join("anything"), "x").unwrap();
        assert!(check(&made, &project, &valkey()).unwrap().is_some());
    }

    #[test]
    fn a_mark_of_a_name_alone_counts_for_nothing() {
        let (_root, project) = world();
        let noted = project.join("noted");
        fs::create_dir(&noted).unwrap();
        fs::write(project.join(".devinfra-made"), "noted\n").unwrap();
        fs::write(noted.join("main.rs"), "x").unwrap();
        assert!(refusal(&noted, &project).starts_with("devinfra did not make it"));
        fs::rename(noted.join("main.rs"), noted.join("dump.rdb")).unwrap();
        assert!(
            check(&noted, &project, &valkey())
                .unwrap()
                .unwrap()
                .is_known
        );
    }

    #[test]
    fn a_directory_that_exists_is_not_noted_as_made() {
        let (_root, project) = world();
        let sources = project.join("sources");
        fs::create_dir(&sources).unwrap();
        fs::write(sources.join("main.rs"), "x").unwrap();
        create_directory(&sources).unwrap();
        assert!(refusal(&sources, &project).starts_with("devinfra did not make it"));
    }

    #[test]
    fn a_wipe_that_was_begun_is_known_until_it_is_done() {
        let (root, project) = world();
        let data = project.join("data/cache");
        assert!(!is_wiping(&data, &project));
        let checked = check(&data, &project, &valkey()).unwrap().unwrap();
        checked.note_wiping();
        checked.note_wiping();
        assert!(is_wiping(&project.join("data/./cache/"), &project));
        // What is left of it would not be known as data any more.
        fs::write(data.join("half"), "x").unwrap();
        let again = check(&data, &project, &valkey()).unwrap().unwrap();
        assert!(again.is_known);
        again.empty().unwrap();
        note_wiped(&data, &project);
        assert!(!is_wiping(&data, &project));
        let left: Vec<_> = fs::read_dir(project.join("data")).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
        // Another directory at its place is not the one that was meant.
        checked.note_wiping();
        fs::rename(&data, root.path().join("elsewhere")).unwrap();
        fs::create_dir(&data).unwrap();
        assert!(!is_wiping(&data, &project));
        fs::write(data.join("half"), "x").unwrap();
        assert!(refusal(&data, &project).starts_with("devinfra did not make it"));
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
