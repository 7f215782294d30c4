//! What can go wrong while a plan is carried out.

use std::fmt;
use std::time::Duration;

use crate::data::DirectoryError;
use crate::engine::EngineError;
use crate::kinds::{BootstrapError, Never};
use crate::model::ServiceName;

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
    format!("{} s", (duration.as_secs_f64() * 10.0).round() / 10.0)
}
