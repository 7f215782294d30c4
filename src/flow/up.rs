//! `up`: services run and are usable.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::cache::judge;
use super::carry::carry_out;
use super::emptied::check_emptied;
use super::hooks::run_hooks;
use super::{Cache, FlowError, Look, Session, StackLock, check_cache, check_names, need_local};
use crate::apply::{Outcome, Question, observe};
use crate::cache::Finding;
use crate::event::Event;
use crate::model::{
    ContainerId, Moment, Observed, ObservedContainer, PullPolicy, Service, ServiceName, Stack,
};
use crate::plan::{Adopt, Goal, Note, Plan, Recreate, Up, reconcile};

/// What is asked of `up`.
#[derive(Debug, Clone)]
pub struct UpRequest {
    /// Which services, with all that they depend on; all when none is named.
    pub services: Vec<ServiceName>,
    /// Services to leave out.
    pub without: Vec<ServiceName>,
    /// Whether containers are replaced that need not be.
    pub recreate: Recreate,
    /// Overrides the pull policies.
    pub pull: Option<PullPolicy>,
    /// Whether containers that devinfra did not make are taken over.
    pub adopt: Adopt,
    /// How long a service may take to become usable, and another run to end.
    pub wait_timeout: Duration,
    /// Whether caches are checked once everything is usable.
    pub checks: Checks,
}

/// Whether caches are checked once everything is usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checks {
    /// They are.
    Run,
    /// They are not.
    Skip,
}

/// What `up` did.
#[derive(Debug)]
pub struct UpDone {
    /// Which services were to be up, with all that they depend on.
    pub services: BTreeSet<ServiceName>,
    /// What was planned.
    pub plan: Plan,
    /// What came of it.
    pub outcome: Outcome,
    /// What the checks of each cache that is usable found.
    pub checks: BTreeMap<ServiceName, Vec<Finding>>,
    /// How many hooks ran.
    pub hooks: usize,
    /// The stack's containers as they were found, where nothing was done that could change them.
    pub unchanged: Option<Vec<ObservedContainer>>,
}

impl UpRequest {
    /// The services to bring up.
    ///
    /// # Errors
    ///
    /// When a name is no service, a service is left out that is named or that another needs, or none
    /// remains.
    pub fn selection(&self, stack: &Stack) -> Result<BTreeSet<ServiceName>, FlowError> {
        check_names(stack, self.services.iter().chain(&self.without))?;
        let both = |named: &&ServiceName| self.without.contains(named);
        if let Some(service) = self.services.iter().find(both) {
            return Err(FlowError::LeftOut {
                service: service.clone(),
            });
        }
        let mut services = stack.closure(&self.services);
        for without in &self.without {
            services.remove(without);
        }
        for service in services.iter().filter_map(|name| stack.services.get(name)) {
            let needs = |without: &&ServiceName| {
                service
                    .depends_on
                    .get(*without)
                    .is_some_and(|how| how.required)
            };
            if let Some(without) = self.without.iter().find(needs) {
                return Err(FlowError::Needed {
                    service: service.name.clone(),
                    without: without.clone(),
                });
            }
        }
        if services.is_empty() && !self.without.is_empty() {
            return Err(FlowError::AllLeftOut);
        }
        Ok(services)
    }

    fn always_pulled(
        &self,
        stack: &Stack,
        services: &BTreeSet<ServiceName>,
    ) -> BTreeSet<ServiceName> {
        let policy = |service: &Service| self.pull.unwrap_or(service.pull_policy);
        let named = services.iter().filter_map(|name| stack.services.get(name));
        named
            .filter(|service| policy(service) == PullPolicy::Always)
            .map(|service| service.name.clone())
            .collect()
    }

    /// The services that were to be left out and run.
    fn still_running(&self, observed: &Observed) -> Vec<ServiceName> {
        let runs = |name: &&ServiceName| {
            let container = observed.container_of(name);
            container.is_some_and(ObservedContainer::is_running)
        };
        self.without.iter().filter(runs).cloned().collect()
    }

    /// Observes and decides; changes nothing.
    ///
    /// # Errors
    ///
    /// When the engine does not answer, or something stands in the way: also of finishing a reset
    /// that was killed.
    pub async fn plan(&self, session: &Session<'_>) -> Result<(Plan, Observed), FlowError> {
        let services = self.selection(session.stack)?;
        let thorough = self.recreate == Recreate::All
            || !self.always_pulled(session.stack, &services).is_empty();
        let question = if thorough {
            Question::UpThoroughly(&services)
        } else {
            Question::Up(&services)
        };
        let observed = observe(session.engine, session.stack, question).await?;
        let goal = Goal::Up(Up {
            services: services.clone(),
            recreate: self.recreate,
            pull: self.pull,
            adopt: self.adopt,
        });
        let plan = reconcile(session.stack, &observed, &goal).map_err(FlowError::Refused)?;
        // What a reset that was killed has left half done.
        check_emptied(session, &plan).await?;
        Ok((plan, observed))
    }
}

/// Brings services up and waits until they are usable.
///
/// # Errors
///
/// See [`FlowError`]. What was made before a failure stays, and the next run goes on from there.
pub async fn up(session: &Session<'_>, request: &UpRequest) -> Result<UpDone, FlowError> {
    let mut done = bring_up(session, request).await?;
    // What a part of the stack is good for, its hooks do not know.
    if request.services.is_empty() {
        done.hooks = run_hooks(session, Moment::AfterUp, &[]).await?;
    }
    if done.hooks > 0 {
        done.unchanged = None;
    }
    Ok(done)
}

async fn bring_up(session: &Session<'_>, request: &UpRequest) -> Result<UpDone, FlowError> {
    let services = request.selection(session.stack)?;
    need_local(session)?;
    let mut lock = StackLock::take(session, request.wait_timeout).await?;
    pull(session, request).await?;
    let (plan, observed) = request.plan(session).await?;
    for service in request.still_running(&observed) {
        session
            .observer
            .on(Event::Noted(Note::StillRuns { service }));
    }
    let carried = carry_out(session, &plan, &observed, request.wait_timeout).await;
    lock.have_ended(ended(&carried));
    let outcome = carried?;
    let checks = match request.checks {
        Checks::Run => check_caches(session, &plan, &observed, &outcome).await?,
        Checks::Skip => BTreeMap::new(),
    };
    let is_unchanged = plan.is_empty() && outcome.degraded.is_empty();
    Ok(UpDone {
        services,
        plan,
        outcome,
        checks,
        hooks: 0,
        unchanged: is_unchanged.then_some(observed.containers),
    })
}

/// Checks the caches that are usable. A run that had nothing to do is to cost next to nothing: it
/// looks from outside only, and asks the engine nothing more.
async fn check_caches(
    session: &Session<'_>,
    plan: &Plan,
    observed: &Observed,
    outcome: &Outcome,
) -> Result<BTreeMap<ServiceName, Vec<Finding>>, FlowError> {
    let mut checks = BTreeMap::new();
    let usable = |cache: &Cache<'_>| outcome.ready.contains_key(&cache.service.name);
    for cache in Cache::all(session.stack).filter(usable) {
        let name = &cache.service.name;
        let findings = if plan.is_empty() {
            let container = observed.container_of(name);
            judge(session, cache, container, Look::Outside).await.0
        } else {
            check_cache(session, cache, Look::Inside).await?
        };
        checks.insert(name.clone(), findings);
    }
    Ok(checks)
}

/// Fetches the images anew that are always to be pulled, before anything is decided: which
/// containers are to be replaced depends on what came.
async fn pull(session: &Session<'_>, request: &UpRequest) -> Result<(), FlowError> {
    let services = request.always_pulled(session.stack, &request.selection(session.stack)?);
    if !services.is_empty() {
        let plan = Plan::pulling(session.stack, &services);
        carry_out(session, &plan, &Observed::default(), request.wait_timeout).await?;
    }
    Ok(())
}

/// The containers that ended while they were waited for.
fn ended(carried: &Result<Outcome, FlowError>) -> Vec<ContainerId> {
    match carried {
        Ok(outcome) => outcome.ended.keys().cloned().collect(),
        Err(FlowError::Failed { outcome, .. }) => outcome.ended.keys().cloned().collect(),
        Err(_) => Vec::new(),
    }
}
