//! Carries a plan out. Takes no decision: walks the plan, calls the engine, asks the services, and
//! tells what happened.

mod deaths;
mod empty;
mod error;
mod left;
mod observe;
mod prober;
mod progress;
mod step;
mod stop;
mod wait;
mod walk;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, sleep};

pub use error::{ApplyError, EmptyProblem, ExitReason};
pub use left::{Left, look_for_left};
pub use observe::{Question, half_wiped, observe};
pub use prober::{Prober, Probes};
pub use stop::{Stop, Stopper};

use crate::engine::Engine;
use crate::event::Observer;
use crate::kinds::Amount;
use crate::model::{ContainerId, Observed, PublishedPort, ServiceName, Stack};
use crate::plan::{Plan, StepId};
use deaths::Deaths;
use progress::Progress;
use walk::Walk;

/// How long services that ran before may take to answer before anything is made of it.
const UNSUSPICIOUS: Duration = Duration::from_millis(300);

/// What a run works with.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// The engine.
    pub engine: &'a dyn Engine,
    /// The stack.
    pub stack: &'a Stack,
    /// How services are asked whether they are usable.
    pub prober: &'a dyn Prober,
    /// Who is told what happens.
    pub observer: &'a dyn Observer,
    /// How long a service may take to become usable, once it is started.
    pub wait_timeout: Duration,
    /// When the run began.
    pub began: Instant,
}

/// What has become of a plan.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The services that are usable.
    pub ready: BTreeMap<ServiceName, ReadyService>,
    /// Services that are not usable, and that the stack can do without.
    pub degraded: BTreeMap<ServiceName, ApplyError>,
    /// What ended the run before its end.
    pub failure: Option<Failure>,
    /// What else failed before the run had ended, in the order in which it did.
    pub further: Vec<Failure>,
    /// What was wiped, by service.
    pub wiped: BTreeMap<ServiceName, Vec<Amount>>,
    /// Steps that succeeded.
    pub done: BTreeSet<StepId>,
    /// The containers of the stack that have ended during the run, and not because it stopped them.
    pub ended: BTreeMap<ContainerId, ExitReason>,
}

/// A service that is usable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyService {
    /// Since the run began.
    pub elapsed: Duration,
    /// Its container.
    pub container: ContainerId,
    /// Where it can be reached.
    pub ports: Vec<PublishedPort>,
}

/// A step that failed, and why.
#[derive(Debug)]
pub struct Failure {
    /// The service it was for.
    pub service: Option<ServiceName>,
    /// What went wrong.
    pub error: ApplyError,
}

impl Failure {
    /// The end of a run that somebody asked for.
    pub fn interrupted() -> Self {
        Self {
            service: None,
            error: ApplyError::Interrupted,
        }
    }

    /// Whether somebody asked for it.
    pub fn is_interruption(&self) -> bool {
        matches!(self.error, ApplyError::Interrupted)
    }
}

impl fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

/// Carries out `plan`, everything that is independent at the same time.
///
/// The first failure of a required step ends the run: nothing new begins, waits and pulls end as soon
/// as what fails at the same time has been seen, and engine calls under way are finished, so that what
/// exists afterwards is known. When `stop` is asked for, waits and pulls end at once. What was made
/// stays: the next run goes on from there.
pub async fn apply(run: &Run<'_>, plan: &Plan, observed: &Observed, stop: &Stop) -> Outcome {
    let (stopper, local_stop) = stop.nested();
    let deaths = Deaths::default();
    let watching = async {
        // Without changes nothing is started, and what is usable says so at once. Only a service
        // that keeps its answer back is worth a subscription.
        if plan.is_empty() {
            sleep(UNSUSPICIOUS).await;
        }
        deaths.watch(run).await;
    };
    let progress = Progress::new(run.stack, observed);
    let walk = Walk {
        run,
        plan,
        progress: &progress,
        deaths: &deaths,
        stop: &local_stop,
    };
    tokio::select! {
        biased;
        outcome = walk.all(&stopper, !plan.is_empty()) => outcome,
        () = watching => Outcome::default(),
    }
}
