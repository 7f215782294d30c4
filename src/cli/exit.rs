//! Exit statuses. Scripts rely on them; the README lists them.

use std::process::ExitCode;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[repr(u8)]
pub enum Exit {
    /// Done, and proven.
    Done = 0,
    /// Failed for a reason without a status of its own.
    #[default]
    Failed = 1,
    /// Wrong usage.
    Usage = 2,
    /// A stack file or env file is invalid.
    StackFile = 3,
    /// The engine is unreachable or unsuitable.
    Engine = 4,
    /// A service died or was not usable in time.
    Service = 5,
    /// A cache check failed.
    Cache = 6,
    /// A port is taken, an object is not ours, or the stack is busy past its deadline.
    Conflict = 7,
    /// An image is not available.
    Image = 8,
    /// Something is left after `down`, or a wipe was incomplete.
    Left = 9,
    /// Interrupted by Ctrl-C.
    Interrupted = 130,
    /// Interrupted by SIGTERM.
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
