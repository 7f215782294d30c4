//! Why a command did not do what was asked.

use std::fmt;
use std::time::Duration;

use super::{HookProblem, LockError};
use crate::apply::{Failure, Left, Outcome};
use crate::cache::Refused;
use crate::data::EmptyError;
use crate::engine::EngineError;
use crate::kinds::{BootstrapError, CredentialsError, ExportError};
use crate::model::{ContainerState, Moment, ServiceName};
use crate::plan::Refusal;

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The engine did not answer a question.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Something stands in the way, and nothing was done.
    #[error("{}", Refusals(.0))]
    Refused(Vec<Refusal>),
    /// A step failed.
    #[error("{}", .failure.error)]
    Failed {
        /// The step's failure.
        failure: Box<Failure>,
        /// What has come of the other steps.
        outcome: Box<Outcome>,
    },
    /// Something is still there that should be gone.
    #[error("the stack is not gone: {}", Leftovers(.left))]
    Left {
        /// What.
        left: Left,
        /// What went wrong first, where something did.
        failure: Option<Box<Failure>>,
    },
    /// Another run holds the stack.
    #[error("the stack is busy: {holder} did not end within {} s", waited.as_secs())]
    Busy {
        /// Who holds it, as it said of itself.
        holder: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The stack can't be locked.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A name that is no service of the stack.
    #[error("`{name}` is no service of the stack")]
    UnknownService {
        /// The name.
        name: ServiceName,
        /// The services there are.
        known: Vec<ServiceName>,
    },
    /// A service is left out that another needs.
    #[error("`{service}` depends on `{without}`, which is left out")]
    Needed {
        /// Who needs it.
        service: ServiceName,
        /// What is left out.
        without: ServiceName,
    },
    /// A service is named and left out at once.
    #[error("`{service}` is to be brought up and left out at once")]
    LeftOut {
        /// The service.
        service: ServiceName,
    },
    /// Every service is left out.
    #[error("every service is left out, so there is nothing to bring up")]
    AllLeftOut,
    /// No cache, or more than one, is meant.
    #[error("{}", which_cache(.named.as_ref(), .known))]
    WhichCache {
        /// The name that is no cache.
        named: Option<ServiceName>,
        /// The caches there are.
        known: Vec<ServiceName>,
    },
    /// The cache's container does not run.
    #[error("`{service}` is not up: {}", .state.map_or("it has no container".to_owned(), |state| format!("its container is {state}")))]
    CacheDown {
        /// The service.
        service: ServiceName,
        /// What its container is doing, where there is one.
        state: Option<&'static str>,
    },
    /// The cache's server does not answer, or refuses.
    #[error("`{service}` does not answer: {refused}")]
    CacheRefused {
        /// The service.
        service: ServiceName,
        /// What it said.
        refused: Refused,
    },
    /// The stack file does not say which keys are the application's.
    #[error("the stack file names no `keys` of `{service}`")]
    NoCacheKeys {
        /// The service.
        service: ServiceName,
    },
    /// What the application needs in a service could not be done.
    #[error("`{service}` could not be bootstrapped")]
    Bootstrap {
        /// The service.
        service: ServiceName,
        /// Why not.
        #[source]
        source: BootstrapError,
    },
    /// Services that the application needs do not run.
    #[error("the stack is not up: {}", NotRunning(.0))]
    NotUp(Vec<(ServiceName, Option<ContainerState>)>),
    /// A hook failed.
    #[error("`{moment}` hook `{command}` failed")]
    Hook {
        /// When it ran.
        moment: Moment,
        /// Its words.
        command: String,
        /// What was wrong.
        #[source]
        problem: HookProblem,
    },
    /// A directory that is to be emptied is not a service's data alone.
    #[error("the data of `{service}` is not deleted")]
    Unsafe {
        /// The service.
        service: ServiceName,
        /// Why not.
        #[source]
        source: EmptyError,
    },
    /// A reset ended before its end.
    #[error("the reset is incomplete: {}", Halves(.wiped, .left))]
    Incomplete {
        /// Services whose data is gone.
        wiped: Vec<ServiceName>,
        /// Services whose data may still be there.
        left: Vec<ServiceName>,
        /// What went wrong.
        failure: Box<Failure>,
        /// What else did, at the same time.
        further: Vec<Failure>,
    },
    /// A variable can't be made.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A service's keys are not where they should be.
    #[error("the keys of `{service}` are not known")]
    Keys {
        /// The service.
        service: ServiceName,
        /// Why not.
        #[source]
        source: CredentialsError,
    },
    /// The engine is on another machine, and so are the ports that it publishes.
    #[error(
        "the engine at `{address}` is on another machine, and what it publishes can't be reached from here"
    )]
    Remote {
        /// The engine's address.
        address: String,
    },
    /// Somebody asked to stop before anything was begun.
    #[error("interrupted")]
    Interrupted,
}

fn which_cache(named: Option<&ServiceName>, known: &[ServiceName]) -> String {
    match (named, known) {
        (Some(name), _) => format!("`{name}` is no service of kind `valkey`"),
        (None, []) => "the stack has no service of kind `valkey`".to_owned(),
        (None, _) => "the stack has more than one service of kind `valkey`".to_owned(),
    }
}

struct Refusals<'a>(&'a [Refusal]);

impl fmt::Display for Refusals<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, refusal) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{refusal}")?;
        }
        Ok(())
    }
}

struct Halves<'a>(&'a [ServiceName], &'a [ServiceName]);

impl fmt::Display for Halves<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |names: &[ServiceName]| {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            names.join(", ")
        };
        let Self(wiped, left) = self;
        match (wiped.is_empty(), left.is_empty()) {
            (true, true) => f.write_str("nothing was to be wiped"),
            (true, false) => write!(f, "nothing is wiped for certain, of {}", list(left)),
            (false, true) => write!(f, "{} wiped, and not usable yet", list(wiped)),
            (false, false) => write!(f, "{} wiped, {} not", list(wiped), list(left)),
        }
    }
}

struct NotRunning<'a>(&'a [(ServiceName, Option<ContainerState>)]);

impl fmt::Display for NotRunning<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (service, state)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            let state = state.as_ref().map_or("missing", ContainerState::word);
            write!(f, "{separator}`{service}` ({state})")?;
        }
        Ok(())
    }
}

struct Leftovers<'a>(&'a Left);

impl fmt::Display for Leftovers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |kind: &str, names: &[String]| -> Vec<String> {
            names
                .iter()
                .map(|name| format!("{kind} `{name}`"))
                .collect()
        };
        let mut all = of("container", &self.0.containers);
        all.extend(of("network", &self.0.networks));
        all.extend(of("volume", &self.0.volumes));
        write!(f, "{} left", all.join(", "))
    }
}
