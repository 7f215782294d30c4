//! What a container sees of the host's file system and of volumes.

use std::fmt;
use std::path::PathBuf;

use super::ByteSize;

/// A mount inside a container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mount {
    /// The absolute path inside the container.
    pub target: String,
    /// What is mounted there.
    pub source: MountSource,
    /// Whether the container may not write to it.
    pub read_only: bool,
}

/// What a [`Mount`] shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum MountSource {
    /// A file or directory of the host.
    Bind(Bind),
    /// A volume of the engine's, by its key in the stack file.
    Volume {
        /// The key under the stack file's `volumes`.
        name: String,
    },
    /// A volume without a name, which is removed together with the container.
    AnonymousVolume,
    /// Memory.
    Tmpfs(Tmpfs),
}

/// A bind mount.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bind {
    /// Where on the host.
    pub source: HostPath,
    /// What happens when nothing is there: the directory is created, or `up` fails.
    pub create: bool,
    /// Whether the container sees what is mounted inside it, too.
    pub submounts: Submounts,
}

/// Whether what is mounted inside a directory is seen where that is mounted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Submounts {
    /// It is.
    #[default]
    Seen,
    /// The directory it is mounted on is seen in its place.
    Hidden,
}

/// An absolute path on the host that runs the engine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPath(pub PathBuf);

/// A mount in memory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Tmpfs {
    /// The most it may hold; the kernel's default when absent.
    pub size: Option<ByteSize>,
    /// The permission bits of its root, such as 0o1777.
    pub mode: Option<u32>,
}

impl Mount {
    /// The host path of a bind mount.
    pub fn host_path(&self) -> Option<&HostPath> {
        match &self.source {
            MountSource::Bind(bind) => Some(&bind.source),
            MountSource::Volume { .. } | MountSource::AnonymousVolume | MountSource::Tmpfs(_) => {
                None
            }
        }
    }
}

impl fmt::Display for HostPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}
