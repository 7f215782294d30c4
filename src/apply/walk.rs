//! The walk through a plan: what can begin, and when it is over.

use std::collections::BTreeSet;
use std::mem;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

use super::deaths::Deaths;
use super::error::ApplyError;
use super::progress::Progress;
use super::{Failure, Outcome, Run, Stop, Stopper};
use crate::event::Event;
use crate::plan::{Action, Plan, Step, StepId};

/// How long a run that has failed looks on, so that what fails for the same reason is told with it: a
/// death is told within a tenth of a second all the same.
const AFTERMATH: Duration = Duration::from_millis(50);

/// One walk through a plan.
pub(super) struct Walk<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) plan: &'a Plan,
    pub(super) progress: &'a Progress,
    pub(super) deaths: &'a Deaths,
    pub(super) stop: &'a Stop,
}

impl Walk<'_> {
    /// Walks until nothing is under way and nothing can begin.
    pub(super) async fn all(&self, stopper: &Stopper, watched: bool) -> Outcome {
        if watched {
            self.deaths.watching().await;
        }
        let mut course = Course::of(self.plan);
        let mut running = FuturesUnordered::new();
        let mut looks_since = Instant::now();
        loop {
            if !self.stop.is_asked() {
                let startable = course.startable();
                if !startable.is_empty() {
                    looks_since = Instant::now();
                }
                running.extend(startable.into_iter().map(|step| self.one(step)));
            }
            let only_looks = course.only_looks() && !self.stop.is_asked();
            tokio::select! {
                biased;
                ended = running.next() => {
                    let Some((step, result)) = ended else { break };
                    let had_failed = course.has_failed();
                    course.end(step, result);
                    if course.has_failed() && !had_failed {
                        looks_since = Instant::now();
                    }
                }
                () = sleep_until(looks_since + AFTERMATH), if only_looks => stopper.stop(),
            }
        }
        self.outcome(course.outcome)
    }

    /// What has come of the walk, with all that is known of it.
    fn outcome(&self, mut outcome: Outcome) -> Outcome {
        if self.stop.is_asked() && outcome.failure.is_none() {
            outcome.failure = Some(Failure::interrupted());
        }
        outcome.ready = self.progress.ready();
        outcome.wiped = self.progress.wiped();
        outcome
            .ready
            .retain(|name, _| !outcome.degraded.contains_key(name));
        outcome.ended = self.deaths.all();
        let failures = outcome.failure.iter().chain(&outcome.further);
        let errors = failures.map(|failure| &failure.error);
        let errors = errors.chain(outcome.degraded.values());
        let seen = errors.filter_map(ApplyError::ended);
        outcome
            .ended
            .extend(seen.map(|(id, reason)| (id.clone(), reason)));
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

/// How far a walk is.
struct Course<'a> {
    plan: &'a Plan,
    /// Steps that have not begun.
    ahead: Vec<&'a Step>,
    under_way: BTreeSet<StepId>,
    /// Steps that failed, and those that can't begin for that reason.
    lost: BTreeSet<StepId>,
    outcome: Outcome,
}

impl<'a> Course<'a> {
    fn of(plan: &'a Plan) -> Self {
        Self {
            plan,
            ahead: plan.steps().iter().collect(),
            under_way: BTreeSet::new(),
            lost: BTreeSet::new(),
            outcome: Outcome::default(),
        }
    }

    fn has_failed(&self) -> bool {
        self.outcome.failure.is_some()
    }

    /// The steps that begin now. After a failure only those do that look at what is there already.
    fn startable(&mut self) -> Vec<&'a Step> {
        let has_failed = self.has_failed();
        let mut startable = Vec::new();
        for step in mem::take(&mut self.ahead) {
            let is_done = |before: &StepId| self.outcome.done.contains(before);
            if step.after.iter().any(|before| self.lost.contains(before)) {
                self.lost.insert(step.id);
            } else if step.after.iter().all(is_done) && (!has_failed || is_look(&step.action)) {
                self.under_way.insert(step.id);
                startable.push(step);
            } else {
                self.ahead.push(step);
            }
        }
        startable
    }

    /// Whether the walk has failed, and nothing is under way any more but what ends when it is asked
    /// to. What has to be finished leaves time to look.
    fn only_looks(&self) -> bool {
        let mut under_way = self.under_way.iter().filter_map(|id| self.plan.step(*id));
        self.has_failed() && under_way.all(|step| ends_when_asked(&step.action))
    }

    fn end(&mut self, step: &Step, result: Result<(), ApplyError>) {
        self.under_way.remove(&step.id);
        match result {
            Ok(()) => {
                self.outcome.done.insert(step.id);
            }
            Err(error) => {
                self.lost.insert(step.id);
                self.record(step, error);
            }
        }
    }

    /// Notes a failure: of the run when the step, or one that needs it, is required; else of its
    /// service alone. What was merely stopped has not failed.
    fn record(&mut self, step: &Step, error: ApplyError) {
        if matches!(error, ApplyError::Interrupted) {
            return;
        }
        let outcome = &mut self.outcome;
        if let Some(service) = &step.service
            && !is_needed(self.plan, step)
        {
            outcome.degraded.entry(service.clone()).or_insert(error);
            return;
        }
        let failure = Failure {
            service: step.service.clone(),
            error,
        };
        if outcome.failure.is_none() {
            outcome.failure = Some(failure);
        } else {
            outcome.further.push(failure);
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

/// Whether the action only watches what others do.
fn is_look(action: &Action) -> bool {
    matches!(
        action,
        Action::AwaitReady { .. } | Action::AwaitCompletion { .. }
    )
}

/// Whether the action ends as soon as it is asked to, and can be begun again.
fn ends_when_asked(action: &Action) -> bool {
    match action {
        Action::PullImage { .. }
        | Action::AwaitReady { .. }
        | Action::AwaitCompletion { .. }
        | Action::Bootstrap { .. }
        | Action::Wipe { .. } => true,
        Action::CreateDirectory { .. }
        | Action::CreateNetwork { .. }
        | Action::CreateVolume { .. }
        | Action::UnpauseContainer { .. }
        | Action::StopContainer { .. }
        | Action::RemoveContainer { .. }
        | Action::CreateContainer
        | Action::StartContainer { .. }
        | Action::NoteWipe
        | Action::EmptyData
        | Action::RemoveFile { .. }
        | Action::RemoveNetwork { .. } => false,
    }
}
