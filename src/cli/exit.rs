//! Exit statuses. Scripts rely on them; the README lists them.

use std::process::ExitCode;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Exit {
    /// Done, and proven.
    Done,
    /// Failed for a reason without a status of its own.
    #[default]
    Failed,
    /// Wrong usage.
    Usage,
    /// A stack file or env file is invalid.
    StackFile,
    /// The engine is unreachable or unsuitable.
    Engine,
    /// A service died or was not usable in time.
    Service,
    /// A cache check failed.
    Cache,
    /// A port is taken, an object is not ours, or the stack is busy past its deadline.
    Conflict,
    /// An image is not available.
    Image,
    /// Something is left after `down`, or a wipe was incomplete.
    Left,
    /// Interrupted by Ctrl-C.
    Interrupted,
    /// Interrupted by SIGTERM.
    Terminated,
    /// Interrupted because the terminal was closed: SIGHUP.
    HungUp,
    /// The status of the command that `exec` or `run` ran, or could not run.
    Command(u8),
}

impl Exit {
    /// The number that scripts see.
    pub fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::StackFile => 3,
            Self::Engine => 4,
            Self::Service => 5,
            Self::Cache => 6,
            Self::Conflict => 7,
            Self::Image => 8,
            Self::Left => 9,
            Self::Interrupted => 130,
            Self::Terminated => 143,
            Self::HungUp => 129,
            Self::Command(status) => status,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.status())
    }
}
