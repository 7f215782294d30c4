//! `reset`: services are usable, and their data is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;

use super::carry::carry_out;
use super::emptied::check_emptied;
use super::hooks::run_hooks;
use super::{FlowError, Session, StackLock, check_names, need_local};
use crate::apply::{Outcome, Question, observe};
use crate::kinds::{Amount, Target, count};
use crate::model::{Moment, MountSource, Observed, Service, ServiceName, Wiping};
use crate::plan::{Adopt, Depth, Goal, Plan, Recreate, Reset, Up, reconcile};

/// How long a service has to say what it has.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is asked of `reset`.
#[derive(Debug, Clone)]
pub struct ResetRequest {
    /// Whose data goes, with what only makes sense together with it; all when none is named.
    pub services: Vec<ServiceName>,
    /// How it is wiped.
    pub depth: Depth,
    /// How long a service may take to become usable, and another run to end.
    pub wait_timeout: Duration,
    /// What is counted before anything is wiped.
    pub counting: Counting,
}

/// What is counted before anything is wiped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// Everything: somebody is shown it.
    All,
    /// What is not counted while it is wiped.
    Rest,
}

/// What a service will lose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The service.
    pub service: ServiceName,
    /// What it says it has; `None` when it can't be asked.
    pub amounts: Option<Vec<Amount>>,
    /// Its data directories and volumes.
    pub places: Vec<String>,
    /// Files that go too.
    pub files: Vec<PathBuf>,
}

/// A reset that is ready to be carried out, and holds the stack until then.
#[derive(Debug)]
pub struct PreparedReset {
    /// What will be done.
    pub plan: Plan,
    /// What will be lost.
    pub losses: Vec<Loss>,
    observed: Observed,
    services: Vec<ServiceName>,
    lock: StackLock,
}

/// What `reset` did.
#[derive(Debug, Default)]
pub struct ResetDone {
    /// What came of the plan.
    pub outcome: Outcome,
    /// What was wiped, as far as it was counted.
    pub wiped: BTreeMap<ServiceName, Vec<Amount>>,
}

impl ResetRequest {
    /// Looks and decides; changes nothing, and keeps others from changing the stack meanwhile.
    ///
    /// # Errors
    ///
    /// When the engine does not answer, something stands in the way, or a directory that is to be
    /// emptied holds more than a service's data.
    pub async fn prepare(&self, session: &Session<'_>) -> Result<PreparedReset, FlowError> {
        let stack = session.stack;
        check_names(stack, &self.services)?;
        need_local(session)?;
        let lock = StackLock::take(session, self.wait_timeout).await?;
        let services = stack.reset_closure(&self.services);
        let named: Vec<ServiceName> = services.iter().cloned().collect();
        let up = stack.closure(&named);
        let question = Question::UpThoroughly(&up);
        let observed = observe(session.engine, stack, question).await?;
        let goal = Goal::Reset(Reset {
            services: services.clone(),
            up: Up {
                services: up.clone(),
                recreate: Recreate::Changed,
                pull: None,
                adopt: Adopt::No,
            },
            depth: self.depth,
        });
        let plan = reconcile(stack, &observed, &goal).map_err(FlowError::Refused)?;
        check_emptied(session, &plan).await?;
        let wiped = services.iter().filter_map(|name| stack.services.get(name));
        let wiped = wiped.filter(|service| is_wiped(service, self.depth));
        let losses = wiped.map(|service| self.loss(session, service, &observed));
        Ok(PreparedReset {
            losses: join_all(losses).await,
            plan,
            observed,
            services: named,
            lock,
        })
    }

    /// What the service says it has. One that does not answer is wiped all the same.
    async fn loss(&self, session: &Session<'_>, service: &Service, observed: &Observed) -> Loss {
        let container = observed.container_of(&service.name);
        let is_counted = self.counting == Counting::All || !self.counts_itself(service);
        let running = container.filter(|container| container.is_running() && is_counted);
        let amounts = match running {
            Some(container) => {
                let target = Target {
                    ports: &container.ports,
                    container: &container.id,
                    engine: session.engine,
                };
                let counted = timeout(PATIENCE, count(&service.kind, &target)).await;
                counted.ok().flatten()
            }
            None => None,
        };
        let files = service.data_files.iter();
        let files = files.filter(|file| observed.data_files.contains(*file));
        let places = service.data_mounts();
        let places = places.filter_map(|mount| place(&mount.source));
        Loss {
            service: service.name.clone(),
            amounts,
            places: places.collect(),
            files: files.cloned().collect(),
        }
    }

    /// Whether the service is counted while it is wiped.
    fn counts_itself(&self, service: &Service) -> bool {
        self.depth == Depth::InPlace && service.kind.wiping() == Wiping::Live
    }
}

impl PreparedReset {
    /// Wipes, and brings everything back into use.
    ///
    /// # Errors
    ///
    /// [`FlowError::Incomplete`] when a part of the data may still be there: running it again goes
    /// on from there.
    pub async fn carry_out(
        self,
        session: &Session<'_>,
        request: &ResetRequest,
    ) -> Result<ResetDone, FlowError> {
        let carried = carry_out(session, &self.plan, &self.observed, request.wait_timeout).await;
        let (mut outcome, failure) = match carried {
            Ok(outcome) => (outcome, None),
            Err(FlowError::Failed { failure, outcome }) => (*outcome, Some(failure)),
            Err(other) => return Err(other),
        };
        let (wiped, left) = told_apart(&self.plan, &outcome);
        if let Some(failure) = failure {
            return Err(FlowError::Incomplete {
                wiped,
                left,
                failure,
                further: take(&mut outcome.further),
            });
        }
        let losses = self.losses.into_iter();
        let counted = losses.map(|loss| (loss.service, loss.amounts.unwrap_or_default()));
        let mut amounts: BTreeMap<ServiceName, Vec<Amount>> = counted.collect();
        amounts.extend(outcome.wiped.clone());
        drop(self.lock);
        run_hooks(session, Moment::AfterReset, &self.services).await?;
        Ok(ResetDone {
            outcome,
            wiped: amounts,
        })
    }
}

fn is_wiped(service: &Service, depth: Depth) -> bool {
    match depth {
        Depth::InPlace => service.kind.wiping() != Wiping::Unknown,
        Depth::Hard => true,
    }
}

fn place(source: &MountSource) -> Option<String> {
    match source {
        MountSource::Bind(bind) => Some(bind.source.to_string()),
        MountSource::Volume { name } => Some(format!("volume {name}")),
        MountSource::AnonymousVolume | MountSource::Tmpfs(_) => None,
    }
}

/// The services whose data is gone, and those whose data may still be there.
fn told_apart(plan: &Plan, outcome: &Outcome) -> (Vec<ServiceName>, Vec<ServiceName>) {
    let wipes = plan.steps().iter().filter(|step| step.action.is_wipe());
    let (mut all, mut left) = (BTreeSet::new(), BTreeSet::new());
    for step in wipes {
        let Some(service) = &step.service else {
            continue;
        };
        all.insert(service.clone());
        if !outcome.done.contains(&step.id) {
            left.insert(service.clone());
        }
    }
    let wiped = all.difference(&left).cloned().collect();
    (wiped, left.into_iter().collect())
}
