//! Which directory it is, however it is called.

use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

/// What tells a directory from another one that is at its place later.
///
/// Numbers of deleted directories are given to new ones, so the moment of its birth counts as well.
/// File systems differ in whether they know it, and some have another device number after each
/// start of the machine: the device counts where the birth is not known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identity {
    device: u64,
    pub(super) inode: u64,
    born: Option<Duration>,
}

impl Identity {
    pub(super) fn of(found: &Metadata) -> Self {
        let born = found.created().ok();
        Self {
            device: found.dev(),
            inode: found.ino(),
            born: born.and_then(|born| born.duration_since(UNIX_EPOCH).ok()),
        }
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        let is_same = match (self.born, other.born) {
            (Some(one), Some(another)) => one == another,
            _ => self.device == other.device,
        };
        self.inode == other.inode && is_same
    }
}

impl fmt::Display for Identity {
    /// `device=65024 inode=246947 born=1795460273.047000001`, or `born=unknown`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "device={} inode={} born=", self.device, self.inode)?;
        match self.born {
            Some(born) => write!(f, "{}.{:09}", born.as_secs(), born.subsec_nanos()),
            None => f.write_str("unknown"),
        }
    }
}

/// A text that is no [`Identity`].
#[derive(Debug)]
pub(super) struct NoIdentity;

impl FromStr for Identity {
    type Err = NoIdentity;

    fn from_str(text: &str) -> Result<Self, NoIdentity> {
        let mut parts = text.split(' ');
        let mut part = |key: &str| parts.next()?.strip_prefix(key)?.strip_prefix('=');
        let read = (|| {
            let device = part("device")?.parse().ok()?;
            let inode = part("inode")?.parse().ok()?;
            let born = match part("born")? {
                "unknown" => None,
                born => {
                    let (seconds, nanoseconds) = born.split_once('.')?;
                    let seconds = Duration::from_secs(seconds.parse().ok()?);
                    Some(seconds + Duration::from_nanos(nanoseconds.parse().ok()?))
                }
            };
            Some(Self {
                device,
                inode,
                born,
            })
        })();
        let read = read.filter(|_| parts.next().is_none());
        read.ok_or(NoIdentity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(text: &str) -> Identity {
        text.parse().unwrap()
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        for text in [
            "device=1 inode=2 born=3.000000004",
            "device=1 inode=2 born=unknown",
        ] {
            assert_eq!(identity(text).to_string(), text);
        }
        for text in [
            "",
            "data",
            "device=1 inode=2",
            "device=1 inode=2 born=soon",
            "device=1 inode=2 born=unknown data",
        ] {
            assert!(text.parse::<Identity>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_birth_says_more_than_a_device() {
        let known = identity("device=1 inode=2 born=3.000000004");
        let unknown = identity("device=1 inode=2 born=unknown");
        assert_eq!(known, identity("device=9 inode=2 born=3.000000004"));
        assert_ne!(known, identity("device=1 inode=2 born=3.000000005"));
        assert_ne!(known, identity("device=1 inode=9 born=3.000000004"));
        assert_eq!(known, unknown);
        assert_ne!(unknown, identity("device=9 inode=2 born=unknown"));
    }
}
