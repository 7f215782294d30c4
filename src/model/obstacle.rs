//! What keeps a path of the host from being the directory that it should be.

use std::fmt;
use std::path::PathBuf;

use super::ByteSize;

/// What is wrong, at the path itself or on the way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// Where.
    pub at: PathBuf,
    /// What is there.
    pub problem: PathProblem,
}

/// What is in the place of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathProblem {
    /// A file of this size.
    File(ByteSize),
    /// Something else that is no directory, such as a socket or a device.
    Special,
    /// A symlink to something that does not exist.
    Nowhere {
        /// What the symlink says.
        target: PathBuf,
    },
    /// A symlink that leads back to itself.
    Circle,
    /// A directory in which the user may not do what is needed.
    Denied {
        /// What.
        right: Right,
        /// The number of the user who runs devinfra.
        user: u32,
        /// The number of the directory's owner.
        owner: u32,
        /// Its permission bits.
        mode: u32,
    },
}

/// What has to be allowed in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// To look at what is in it.
    Enter,
    /// To make a directory in it.
    Make,
}

impl Obstacle {
    /// What to do about it.
    pub fn way_out(&self) -> String {
        let at = self.at.display();
        let another = "or mount another directory: `volumes` in the stack file";
        match self.problem {
            PathProblem::File(_) | PathProblem::Special => format!("move `{at}` away, {another}"),
            PathProblem::Nowhere { .. } => {
                format!("make what `{at}` leads to, or remove that symlink")
            }
            PathProblem::Circle => format!("remove the symlink `{at}`"),
            PathProblem::Denied { .. } => format!("have its owner let you in, {another}"),
        }
    }
}

impl fmt::Display for PathProblem {
    /// The end of a sentence that the path begins.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(size) => write!(f, "is a file of {size}, and has to be a directory"),
            Self::Special => f.write_str("is no directory, and has to be one"),
            Self::Nowhere { target } => write!(
                f,
                "is a symlink to `{}`, which does not exist",
                target.display()
            ),
            Self::Circle => f.write_str("is a symlink that leads back to itself"),
            Self::Denied {
                right,
                user,
                owner,
                mode,
            } => {
                let may_not = match right {
                    Right::Enter => "enter it",
                    Right::Make => "make anything in it",
                };
                write!(
                    f,
                    "belongs to user {owner} with mode {mode:03o}, and you (user {user}) may not {may_not}"
                )
            }
        }
    }
}
