//! What can go wrong while a plan is carried out.

use std::fmt;
use std::time::Duration;

use crate::data::{DirectoryError, EmptyError};
use crate::engine::EngineError;
use crate::kinds::{BootstrapError, Never, WipeError};
use crate::model::{ContainerId, ServiceName};

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The service's container ended before it was usable.
    #[error("`{service}` {reason} before it was usable")]
    Exited {
        /// The service.
        service: ServiceName,
        /// Its container.
        container: ContainerId,
        /// How it ended.
        reason: ExitReason,
        /// The last lines of its log.
        log: Vec<String>,
    },
    /// The service was not usable in time.
    #[error("`{service}` was not usable within {}", seconds(*.waited))]
    NotReady {
        /// The service.
        service: ServiceName,
        /// How long it was waited for.
        waited: Duration,
        /// What it answered last.
        reason: String,
        /// The last lines of its log.
        log: Vec<String>,
    },
    /// The service answers, and will never be usable as it is.
    #[error("`{service}` is not usable")]
    Never {
        /// The service.
        service: ServiceName,
        /// Why not.
        #[source]
        never: Never,
        /// The last lines of its log.
        log: Vec<String>,
    },
    /// The service is usable, and what the application needs in it could not be done.
    #[error("`{service}` could not be bootstrapped")]
    Bootstrap {
        /// The service.
        service: ServiceName,
        /// Why not.
        #[source]
        source: BootstrapError,
    },
    /// The service's data could not be wiped.
    #[error("the data of `{service}` could not be wiped")]
    Wipe {
        /// The service.
        service: ServiceName,
        /// Why not.
        #[source]
        source: WipeError,
    },
    /// The service's data could not be deleted.
    #[error("the data of `{service}` could not be deleted")]
    Empty {
        /// The service.
        service: ServiceName,
        /// Why not.
        #[source]
        source: EmptyProblem,
    },
    /// A data directory could not be made.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The plan speaks of something that it did not make before. A defect of the planner.
    #[error("the plan uses {what} before it exists")]
    Disordered {
        /// What.
        what: String,
    },
    /// Somebody asked to stop, or another step failed.
    #[error("interrupted")]
    Interrupted,
}

impl ApplyError {
    /// The container that has ended, and how, if that is what happened.
    pub(super) fn ended(&self) -> Option<(&ContainerId, ExitReason)> {
        match self {
            Self::Exited {
                container, reason, ..
            } => Some((container, *reason)),
            _ => None,
        }
    }
}

/// Why a service's data could not be deleted.
#[derive(Debug, thiserror::Error)]
pub enum EmptyProblem {
    /// The directory, or the system, is against it.
    #[error(transparent)]
    Directory(#[from] EmptyError),
    /// The engine refused a container that would do it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// No image of the stack has a shell to do it with.
    #[error("no image of the stack has a shell to do it with")]
    NoImage,
    /// The engine showed another directory than the one that was looked at.
    #[error("the engine sees another directory at its path")]
    Another,
    /// A container tried, and failed.
    #[error("a container that should do it said: {0}")]
    Said(String),
    /// A thread came to no end. A defect.
    #[error("the thread that should do it is gone")]
    Disordered,
}

/// How a container ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitReason {
    /// Its process ended.
    Exited {
        /// With this status, where it is known.
        code: Option<i64>,
        /// Whether the kernel killed it for want of memory.
        oom_killed: bool,
    },
    /// Somebody removed it.
    Removed,
}

impl ExitReason {
    /// The end of a process that has done its work.
    pub(super) const GOOD: Self = Self::Exited {
        code: Some(0),
        oom_killed: false,
    };
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited {
                oom_killed: true, ..
            } => f.write_str("ran out of memory and was killed"),
            Self::Exited {
                code: Some(code), ..
            } => write!(f, "exited with status {code}"),
            Self::Exited { code: None, .. } => f.write_str("exited"),
            Self::Removed => f.write_str("was removed"),
        }
    }
}

fn seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        return format!("{} ms", duration.as_millis());
    }
    format!("{} s", (duration.as_secs_f64() * 10.0).round() / 10.0)
}
