//! What an engine refuses, classified once.

use std::error::Error;
use std::io;
use std::time::Duration;

use super::{Choice, Context};
use crate::model::{ContainerId, ImageRef};

/// A question or change that the engine did not carry out.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// There is nobody at the address.
    #[error("no container engine answers at `{address}`")]
    Unreachable {
        /// The address that was tried.
        address: String,
        /// Who has chosen it.
        chosen_by: Choice,
        /// In what way it can't be reached.
        reason: UnreachableReason,
        /// What the system said.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The address is none that can be used.
    #[error(
        "engine address `{address}`{} can't be used: {problem}",
        whose(chosen_by)
    )]
    Address {
        /// The address.
        address: String,
        /// Who has chosen it.
        chosen_by: Choice,
        /// What is wrong with it.
        problem: String,
    },
    /// A docker context gives no address.
    #[error("{context} can't be used: {problem}")]
    Context {
        /// Which.
        context: Context,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// An image can't be had.
    #[error("image `{image}` can't be had: {problem}")]
    Image {
        /// The image.
        image: ImageRef,
        /// Why.
        problem: ImageProblem,
        /// The engine's own words.
        #[source]
        source: EngineSaid,
    },
    /// A container of this name exists.
    #[error("container name `{name}` is taken")]
    NameTaken {
        /// The name.
        name: String,
        /// The container that has it, where the engine says so.
        holder: Option<ContainerId>,
        /// The engine's own words.
        #[source]
        source: EngineSaid,
    },
    /// A host port is in use.
    #[error("host port {} is taken", port.map_or_else(|| "(unknown)".to_owned(), |port| port.to_string()))]
    PortTaken {
        /// The port, where the engine says so.
        port: Option<u16>,
        /// The engine's own words.
        #[source]
        source: EngineSaid,
    },
    /// A bind mount's source is not there.
    #[error("bind source `{path}` does not exist")]
    BindSourceMissing {
        /// The path on the engine's host.
        path: String,
        /// The engine's own words.
        #[source]
        source: EngineSaid,
    },
    /// A bind mount's source is a file and its target a directory, or the other way round.
    #[error("`{path}` can't be mounted at `{target}`: one is a file, and the other a directory")]
    MountMismatch {
        /// The path on the engine's host.
        path: String,
        /// The path in the container.
        target: String,
        /// The engine's own words.
        #[source]
        source: EngineSaid,
    },
    /// The container's command can't be run.
    #[error("the container's command can't be run")]
    BadCommand {
        /// The engine's own words.
        #[source]
        source: EngineSaid,
    },
    /// The engine has no addresses left for another network.
    #[error("the engine has no address range left for another network")]
    AddressPoolExhausted {
        /// Networks that no running container uses, where the engine says so.
        idle: Vec<String>,
        /// The engine's own words.
        #[source]
        source: EngineSaid,
    },
    /// The disk of the engine is full.
    #[error("failed to {operation}: no space is left on the engine's disk")]
    NoSpace {
        /// What was attempted.
        operation: String,
        /// The engine's own words.
        #[source]
        source: EngineSaid,
    },
    /// The thing is not there.
    #[error("failed to {operation}: there is no such thing")]
    NotFound {
        /// What was attempted.
        operation: String,
        /// The engine's own words.
        #[source]
        source: EngineSaid,
    },
    /// The thing was there a moment ago, and somebody else has removed it.
    #[error("failed to {operation}: it has been removed meanwhile")]
    Vanished {
        /// What was attempted.
        operation: String,
    },
    /// The engine refused for another reason.
    #[error("failed to {operation}")]
    Refused {
        /// What was attempted.
        operation: String,
        /// The engine's own words.
        #[source]
        source: EngineSaid,
    },
    /// No answer came in time.
    #[error("failed to {operation}: the engine did not answer within {} s", waited.as_secs_f64())]
    NoAnswer {
        /// What was attempted.
        operation: String,
        /// The deadline.
        waited: Duration,
    },
    /// The engine speaks older versions of its API only.
    #[error(
        "the engine at `{address}` speaks version {version} of its API, and devinfra needs {oldest}"
    )]
    TooOld {
        /// The engine's address.
        address: String,
        /// The newest version that it knows.
        version: String,
        /// The oldest that will do.
        oldest: String,
    },
    /// The engine speaks newer versions of its API only.
    #[error("the engine no longer speaks the version of its API that this devinfra does")]
    TooNew {
        /// The engine's own words.
        #[source]
        source: EngineSaid,
    },
    /// The connection broke, or the answer was none that could be read.
    #[error("failed to {operation}")]
    Broken {
        /// What was attempted.
        operation: String,
        /// What went wrong.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

fn whose(choice: &Choice) -> String {
    match choice {
        Choice::Option => ", which `--host` names,".to_owned(),
        Choice::Variable => ", which the variable `DOCKER_HOST` names,".to_owned(),
        Choice::Context(context) => format!(" of {context}"),
        Choice::WellKnown(_) => String::new(),
    }
}

/// What an engine answered, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EngineSaid {
    /// The HTTP status of the answer; 0 for an error inside a stream.
    pub status: u16,
    /// The message, as the engine gave it.
    pub message: String,
}

/// In what way an engine can't be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnreachableReason {
    /// No socket is there.
    NoSocket,
    /// A socket is there, and nobody listens.
    Refused,
    /// The socket may not be opened.
    PermissionDenied,
    /// It accepts, and says nothing.
    Silent,
    /// Anything else.
    Other,
}

impl UnreachableReason {
    /// Classifies what the system said.
    pub fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NoSocket,
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::PermissionDenied => Self::PermissionDenied,
            io::ErrorKind::TimedOut => Self::Silent,
            _ => Self::Other,
        }
    }
}

/// Why an image can't be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImageProblem {
    /// It is not on the engine, and `pull_policy: never` forbids to fetch it.
    #[error("the engine does not have it, and its pull policy is `never`")]
    NotLocal,
    /// The registry does not have it, or hides that it has.
    #[error("the registry does not have it, or wants a login for it")]
    Gone,
    /// The registry wants a login.
    #[error("the registry wants a login for it")]
    LoginRequired,
    /// The registry has had enough of us.
    #[error("the registry's pull rate limit is reached")]
    RateLimited,
    /// The registry can't be reached.
    #[error("its registry can't be reached")]
    RegistryUnreachable,
    /// There is none for this machine's platform.
    #[error("there is none for this platform")]
    WrongPlatform,
    /// The disk of the engine is full.
    #[error("no space is left on the engine's disk")]
    NoSpace,
    /// Anything else.
    #[error("the pull failed")]
    Other,
}

impl EngineError {
    /// Whether the thing acted on was simply not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}
