//! Carries a plan out. Takes no decision: walks the plan, calls the engine, asks the services, and
//! tells what happened.

mod deaths;
mod empty;
mod error;
mod left;
mod observe;
mod prober;
mod step;
mod stop;
mod wait;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep};

pub use error::{ApplyError, EmptyProblem, Ended, ExitReason};
pub use left::{Left, look_for_left};
pub use observe::{Question, half_wiped, observe};
pub use prober::{Prober, Probes};
pub use stop::{Stop, Stopper};

use crate::engine::Engine;
use crate::event::{Event, Observer};
use crate::kinds::Amount;
use crate::model::{ContainerId, NetworkId, Observed, PublishedPort, ServiceName, Stack};
use crate::plan::{Plan, Step, StepId};
use deaths::Deaths;
use step::Progress;

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
    /// What was wiped, by service.
    pub wiped: BTreeMap<ServiceName, Vec<Amount>>,
    /// Steps that succeeded.
    pub done: BTreeSet<StepId>,
}

impl Outcome {
    /// The containers that have ended.
    pub fn ended(&self) -> Vec<Ended> {
        let failure = self.failure.iter().map(|failure| &failure.error);
        let errors = failure.chain(self.degraded.values());
        errors.filter_map(ApplyError::ended).collect()
    }
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
/// The first failure of a required step ends the run: nothing new begins, waits and pulls end at
/// once, and engine calls under way are finished, so that what exists afterwards is known. The same
/// happens when `stop` is asked for. What was made stays: the next run goes on from there.
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

/// One walk through a plan.
struct Walk<'a> {
    run: &'a Run<'a>,
    plan: &'a Plan,
    progress: &'a Progress,
    deaths: &'a Deaths,
    stop: &'a Stop,
}

impl Walk<'_> {
    async fn all(&self, stopper: &Stopper, watched: bool) -> Outcome {
        if watched {
            self.deaths.watching().await;
        }
        let mut outcome = Outcome::default();
        let mut ahead: Vec<&Step> = self.plan.steps().iter().collect();
        let mut failed: BTreeSet<StepId> = BTreeSet::new();
        let mut running = FuturesUnordered::new();
        loop {
            ahead.retain(|step| {
                let lost = step.after.iter().any(|before| failed.contains(before));
                if lost {
                    failed.insert(step.id);
                }
                !lost
            });
            if !self.stop.is_asked() {
                ahead.retain(|step| {
                    let can_start = step
                        .after
                        .iter()
                        .all(|before| outcome.done.contains(before));
                    if can_start {
                        running.push(self.one(step));
                    }
                    !can_start
                });
            }
            let Some((step, result)) = running.next().await else {
                break;
            };
            match result {
                Ok(()) => {
                    outcome.done.insert(step.id);
                }
                Err(error) => {
                    failed.insert(step.id);
                    record(&mut outcome, self.plan, step, error);
                    if outcome.failure.is_some() {
                        stopper.stop();
                    }
                }
            }
        }
        if self.stop.is_asked() && outcome.failure.is_none() {
            outcome.failure = Some(Failure {
                service: None,
                error: ApplyError::Interrupted,
            });
        }
        outcome.ready = self.progress.ready();
        outcome.wiped = self.progress.wiped();
        outcome
            .ready
            .retain(|name, _| !outcome.degraded.contains_key(name));
        outcome
    }

    async fn one<'s>(&self, step: &'s Step) -> (&'s Step, Result<(), ApplyError>) {
        self.run.observer.on(Event::Started(step.id));
        let began = Instant::now();
        let result = self.carry_out(step).await;
        let (step_id, elapsed) = (step.id, began.elapsed());
        self.run.observer.on(match result {
            Ok(()) => Event::Finished {
                step: step_id,
                elapsed,
            },
            Err(ApplyError::Interrupted) => Event::Stopped {
                step: step_id,
                elapsed,
            },
            Err(_) => Event::Failed {
                step: step_id,
                elapsed,
            },
        });
        (step, result)
    }
}

/// Notes a failure: of the run when the step, or one that needs it, is required; else of its
/// service alone. What was merely stopped has not failed.
fn record(outcome: &mut Outcome, plan: &Plan, step: &Step, error: ApplyError) {
    if matches!(error, ApplyError::Interrupted) {
        return;
    }
    match &step.service {
        Some(service) if !is_needed(plan, step) => {
            outcome.degraded.entry(service.clone()).or_insert(error);
        }
        service => {
            if outcome.failure.is_none() {
                outcome.failure = Some(Failure {
                    service: service.clone(),
                    error,
                });
            }
        }
    }
}

/// Whether the step is required, or another that is required comes after it.
fn is_needed(plan: &Plan, step: &Step) -> bool {
    step.required
        || plan
            .steps()
            .iter()
            .any(|other| other.after.contains(&step.id) && is_needed(plan, other))
}

/// What the steps of a run have made so far.
impl Progress {
    fn new(stack: &Stack, observed: &Observed) -> Self {
        let networks: BTreeMap<String, NetworkId> = stack
            .networks
            .iter()
            .filter_map(|(key, wanted)| {
                let found = observed.network_named(&wanted.name)?;
                Some((key.clone(), found.id.clone()))
            })
            .collect();
        let containers = observed
            .containers
            .iter()
            .filter_map(|container| Some((container.service()?.clone(), container.clone())))
            .collect();
        Self::with(networks, containers)
    }
}
