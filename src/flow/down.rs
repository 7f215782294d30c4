//! `down`: services are gone, and their data is kept.

use std::time::Duration;

use super::carry::{carried_out, failed};
use super::hooks::run_hooks;
use super::{FlowError, Session, StackLock, check_names};
use crate::apply::{Failure, Outcome, Question, look_for_left, observe};
use crate::model::{AnonymousVolumes, Moment, Observed, ServiceName, StopPolicy};
use crate::plan::{Action, Adopt, Down, Goal, Plan, reconcile};

/// What is asked of `down`.
#[derive(Debug, Clone)]
pub struct DownRequest {
    /// Which services; the whole stack with its networks when none is named.
    pub services: Vec<ServiceName>,
    /// How long containers may take to stop; each its own grace period when absent.
    pub timeout: Option<Duration>,
    /// Whether containers that devinfra did not make are taken down too.
    pub adopt: Adopt,
    /// How long another run may take to end.
    pub wait_timeout: Duration,
}

/// What `down` removed.
#[derive(Debug, Default)]
pub struct Brought {
    /// How many containers.
    pub containers: usize,
    /// How many networks.
    pub networks: usize,
    /// How many volumes without a name.
    pub volumes: usize,
}

/// How often things that appear while a stack is taken down are taken down as well.
const ROUNDS: usize = 3;

impl DownRequest {
    /// Observes and decides; changes nothing.
    ///
    /// # Errors
    ///
    /// When the engine does not answer, or a name is no service.
    pub async fn plan(&self, session: &Session<'_>) -> Result<(Plan, Observed), FlowError> {
        check_names(session.stack, &self.services)?;
        let observed = observe(session.engine, session.stack, Question::Everything).await?;
        let goal = Goal::Down(Down {
            services: self.services.iter().cloned().collect(),
            stop: self.timeout.map_or(StopPolicy::Own, StopPolicy::Within),
            adopt: self.adopt,
        });
        let plan = reconcile(session.stack, &observed, &goal).map_err(FlowError::Refused)?;
        Ok((plan, observed))
    }
}

/// Stops and removes services, and looks whether anything is left.
///
/// What appeared meanwhile, such as a container that the engine was still making for a run that was
/// killed, is taken down in another round.
///
/// # Errors
///
/// See [`FlowError`]; [`FlowError::Left`] when something is still there.
pub async fn down(session: &Session<'_>, request: &DownRequest) -> Result<Brought, FlowError> {
    check_names(session.stack, &request.services)?;
    if request.services.is_empty() {
        match run_hooks(session, Moment::BeforeDown, &[]).await {
            // They are for a stack that is up; one that is not must come down all the same.
            Ok(_) | Err(FlowError::NotUp(_) | FlowError::Keys { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let _lock = StackLock::take(session, request.wait_timeout).await?;
    let mut brought = Brought::default();
    let (mut before, mut tried) = (Observed::default(), Vec::new());
    for round in 1.. {
        let (plan, observed) = request.plan(session).await?;
        let failure = one_round(session, request, &plan, &observed, &mut brought).await?;
        before.containers.extend(observed.containers);
        tried.extend(plan.changes().map(|step| step.action.clone()));
        // What counts is what is there, not what the steps say: a failed removal of something that
        // is gone is no failure, and a successful one of something that is back is no success.
        let services = request.services.iter().cloned().collect();
        let left = look_for_left(session.engine, session.stack, &services, &before).await?;
        if left.is_empty() {
            break;
        }
        let (next, _) = request.plan(session).await?;
        let is_new = next.changes().any(|step| !tried.contains(&step.action));
        if !is_new || round == ROUNDS {
            return Err(FlowError::Left { left, failure });
        }
    }
    Ok(brought)
}

/// One round; gives what went wrong in it, unless somebody asked to stop.
async fn one_round(
    session: &Session<'_>,
    request: &DownRequest,
    plan: &Plan,
    observed: &Observed,
    brought: &mut Brought,
) -> Result<Option<Box<Failure>>, FlowError> {
    let mut outcome = carried_out(session, plan, observed, request.wait_timeout).await;
    brought.add(plan, observed, &outcome);
    match outcome.failure.take() {
        Some(failure) if failure.is_interruption() => Err(failed(failure, outcome)),
        failure => Ok(failure.map(Box::new)),
    }
}

impl Brought {
    /// Whether nothing was there to remove.
    pub fn is_nothing(&self) -> bool {
        self.containers == 0 && self.networks == 0
    }

    fn add(&mut self, plan: &Plan, observed: &Observed, outcome: &Outcome) {
        let done = plan.steps().iter();
        for step in done.filter(|step| outcome.done.contains(&step.id)) {
            match &step.action {
                Action::RemoveContainer { container, volumes } => {
                    self.containers += 1;
                    let gone = observed.containers.iter();
                    self.volumes += gone
                        .filter(|one| one.id == container.id)
                        .filter(|_| *volumes == AnonymousVolumes::Removed)
                        .map(|one| one.anonymous_volumes.len())
                        .sum::<usize>();
                }
                Action::RemoveNetwork { .. } => self.networks += 1,
                Action::CreateDirectory { .. }
                | Action::PullImage { .. }
                | Action::CreateNetwork { .. }
                | Action::CreateVolume { .. }
                | Action::UnpauseContainer { .. }
                | Action::StopContainer { .. }
                | Action::CreateContainer
                | Action::StartContainer { .. }
                | Action::AwaitReady { .. }
                | Action::Wipe { .. }
                | Action::NoteWipe
                | Action::EmptyData
                | Action::RemoveFile { .. }
                | Action::Bootstrap { .. }
                | Action::AwaitCompletion { .. } => {}
            }
        }
    }
}
