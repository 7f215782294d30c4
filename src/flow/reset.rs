//! `reset`: services are usable, and their data is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;

use super::hooks::run_hooks;
use super::up::carry_out;
use super::{FlowError, Session, StackLock, check_names, need_local};
use crate::apply::{Outcome, Question, observe};
use crate::data::{self, EmptyError};
use crate::kinds::{Amount, Target, count};
use crate::model::{
    HostPath, Moment, Mount, MountSource, Observed, Service, ServiceName, Stack, Wiping,
};
use crate::plan::{Action, Adopt, Depth, Goal, Plan, Recreate, Reset, Up, reconcile};

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

/// The services whose directories and volumes the plan empties, with the mounts that are emptied.
fn emptied<'a>(stack: &'a Stack, plan: &'a Plan) -> impl Iterator<Item = (&'a Service, &'a Mount)> {
    let steps = plan.steps().iter();
    let emptied = steps.filter(|step| step.action == Action::EmptyData);
    let services = emptied.filter_map(|step| stack.services.get(step.service.as_ref()?));
    services.flat_map(|service| service.data_mounts().map(move |mount| (service, mount)))
}

fn unsafe_to_empty(service: &Service, path: PathBuf, reason: &'static str) -> FlowError {
    FlowError::Unsafe {
        service: service.name.clone(),
        source: EmptyError::Unsafe { path, reason },
    }
}

/// Refuses before anything is deleted when what the plan empties is not this stack's data alone.
pub(super) async fn check_emptied(session: &Session<'_>, plan: &Plan) -> Result<(), FlowError> {
    check_directories(session.stack, plan)?;
    check_volumes(session, plan).await
}

/// Refuses before anything is wiped when a directory is not what it should be, another service
/// that is not wiped has something in it or around it, or another directory to empty has.
fn check_directories(stack: &Stack, plan: &Plan) -> Result<(), FlowError> {
    let wiped: BTreeSet<&ServiceName> = emptied(stack, plan).map(|(one, _)| &one.name).collect();
    let others = stack.services.values();
    let others = others.filter(|other| !wiped.contains(&other.name));
    let kept: Vec<&HostPath> = others
        .flat_map(|other| other.container.mounts.iter().filter_map(Mount::host_path))
        .collect();
    for (service, mount) in emptied(stack, plan) {
        let Some(path) = mount.host_path() else {
            continue;
        };
        let overlaps =
            |kept: &&HostPath| kept.0.starts_with(&path.0) || path.0.starts_with(&kept.0);
        if kept.iter().any(overlaps) {
            let reason = "a service that is not reset has mounted it, something in it, or something around it";
            return Err(unsafe_to_empty(service, path.0.clone(), reason));
        }
        let emptied_too = emptied(stack, plan).filter_map(|(_, mount)| mount.host_path());
        if emptied_too
            .filter(|other| other.0 != path.0)
            .any(|other| overlaps(&other))
        {
            let reason = "another data directory of the stack is in it or around it";
            return Err(unsafe_to_empty(service, path.0.clone(), reason));
        }
        data::check(&path.0, &stack.directory, &service.kind).map_err(|source| {
            FlowError::Unsafe {
                service: service.name.clone(),
                source,
            }
        })?;
    }
    Ok(())
}

/// Refuses before anything is wiped when a volume is somebody else's.
async fn check_volumes(session: &Session<'_>, plan: &Plan) -> Result<(), FlowError> {
    let volumes = emptied(session.stack, plan).filter_map(|(service, mount)| match &mount.source {
        MountSource::Volume { name } => Some((service, session.stack.volumes.get(name)?)),
        _ => None,
    });
    let volumes: Vec<_> = volumes.collect();
    if volumes.is_empty() {
        return Ok(());
    }
    let foreign = session.engine.foreign_volumes(session.stack).await?;
    for (service, volume) in volumes {
        if volume.external || foreign.contains(&volume.name) {
            let reason = "it is a volume that devinfra did not make for this stack";
            return Err(unsafe_to_empty(service, volume.name.clone().into(), reason));
        }
    }
    Ok(())
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
