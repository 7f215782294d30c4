//! What is to be done: decided here, and nowhere else.
//!
//! Planning is a function of two values, what is wanted and what was observed. It does no I/O, reads
//! no clock and asks nobody. A plan's text form is what `--dry-run` prints and what tests compare.

mod action;
mod cause;
mod down;
mod elsewhere;
mod fate;
mod goal;
mod needs;
mod note;
mod planner;
mod ports;
mod refusal;
mod reset;
mod up;
mod ways;
mod wipes;

use std::collections::BTreeSet;
use std::fmt;

pub use action::{Action, ContainerRef};
pub use cause::Cause;
pub use elsewhere::Elsewhere;
pub use goal::{Adopt, Depth, Down, Goal, Recreate, Reset, Up};
pub use note::Note;
pub use refusal::Refusal;

use crate::model::{Observed, ServiceName, Stack};

/// The place of a step in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub usize);

/// One action, why it is taken, and what must be done before.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its place in the plan.
    pub id: StepId,
    /// The service it is for; none for what several share.
    pub service: Option<ServiceName>,
    /// What is done.
    pub action: Action,
    /// Why.
    pub cause: Cause,
    /// Steps that must have succeeded before this one starts. All others may run beside it.
    pub after: Vec<StepId>,
    /// Whether its failure ends the run, or only costs this service.
    pub required: bool,
}

/// Steps that lead from what exists to what is wanted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    steps: Vec<Step>,
    notes: Vec<Note>,
}

/// Decides what to do about `goal`.
///
/// # Errors
///
/// Everything that stands in the way, when something does; then nothing should be done.
pub fn reconcile(stack: &Stack, observed: &Observed, goal: &Goal) -> Result<Plan, Vec<Refusal>> {
    match goal {
        Goal::Up(wanted) => up::reconcile(stack, observed, wanted),
        Goal::Reset(wanted) => reset::reconcile(stack, observed, wanted),
        Goal::Down(wanted) => Ok(down::reconcile(stack, observed, wanted)),
    }
}

impl Plan {
    /// The steps; each comes after those it waits for.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The step with this id.
    pub fn step(&self, id: StepId) -> Option<&Step> {
        self.steps.get(id.0)
    }

    /// What a person should know, though nothing is done about it.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The steps that change something. Waiting and probing do not.
    pub fn changes(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.action.is_change())
    }

    /// Whether there is nothing to change.
    pub fn is_empty(&self) -> bool {
        self.changes().next().is_none()
    }

    /// Fetches the image of each of the services, whether the engine has it or not.
    pub fn pulling(stack: &Stack, services: &BTreeSet<ServiceName>) -> Self {
        let mut plan = Self::default();
        let mut seen = BTreeSet::new();
        for service in services.iter().filter_map(|name| stack.services.get(name)) {
            let image = &service.container.image;
            if seen.insert(image) {
                let platform = service.container.platform.clone();
                let action = Action::PullImage {
                    image: image.clone(),
                    platform,
                };
                plan.push(Some(&service.name), action, Cause::PullAsked, []);
            }
        }
        plan
    }

    fn push(
        &mut self,
        service: Option<&ServiceName>,
        action: Action,
        cause: Cause,
        after: impl IntoIterator<Item = StepId>,
    ) -> StepId {
        let id = StepId(self.steps.len());
        let mut after: Vec<StepId> = after.into_iter().collect();
        after.sort_unstable();
        after.dedup();
        let service = service.cloned();
        self.steps.push(Step {
            id,
            service,
            action,
            cause,
            after,
            required: true,
        });
        id
    }
}

impl fmt::Display for Plan {
    /// One line per change: `create postgres (no container)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in self.changes() {
            writeln!(f, "{step}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let service = self.service.as_ref().map(ServiceName::as_str);
        write!(
            f,
            "{} ({})",
            self.action.describe(service.unwrap_or_default()),
            self.cause
        )
    }
}
