//! Why a directory is not emptied.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

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

impl EmptyError {
    /// What the system said on the way to a directory, or in it.
    pub(super) fn of(path: &Path, errno: Errno) -> Self {
        let path = path.to_owned();
        let refused = |reason| Self::Unsafe {
            path: path.clone(),
            reason,
        };
        match errno {
            Errno::LOOP => refused("a symlink is on the way to it"),
            Errno::NOTDIR => refused("it is no directory"),
            Errno::XDEV => refused("another file system is mounted inside it"),
            Errno::ACCESS | Errno::PERM => Self::NotPermitted { path },
            _ => Self::Io {
                path,
                source: errno.into(),
            },
        }
    }
}
