//! Where the time of a run went: per service and step, and along the path that decided how long
//! the whole took.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::millis;
use crate::event::{Event, Observer};
use crate::model::ServiceName;
use crate::plan::{Action, Plan, Step, StepId};

/// What a step is about, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// An image is fetched.
    Pull,
    /// An old container is stopped and removed, or data is.
    Remove,
    /// A network, volume, directory or container is made.
    Create,
    /// A container is started.
    Start,
    /// A service is waited for.
    Wait,
    /// A service is bootstrapped.
    Bootstrap,
}

/// When a step was under way, from the beginning of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// When it began.
    pub began: Duration,
    /// When it ended.
    pub ended: Duration,
}

/// A step that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timed {
    /// The service it was for; none for what several share.
    pub service: Option<ServiceName>,
    /// What it was about.
    pub phase: Phase,
    /// What it was, in a few words.
    pub what: String,
    /// When.
    pub span: Span,
    /// Whether the whole would have been quicker had it been quicker.
    pub critical: bool,
}

/// A plan, and when those of its steps ran that did.
pub type Walked = (Plan, BTreeMap<StepId, Span>);

/// Where the time of a run went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timings {
    /// The steps in the order in which they began.
    pub steps: Vec<Timed>,
    /// How long the whole took.
    pub total: Duration,
}

impl Phase {
    /// All, in the order in which a service goes through them.
    pub const ALL: [Self; 6] = [
        Self::Pull,
        Self::Remove,
        Self::Create,
        Self::Start,
        Self::Wait,
        Self::Bootstrap,
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Remove => "remove",
            Self::Create => "create",
            Self::Start => "start",
            Self::Wait => "wait",
            Self::Bootstrap => "bootstrap",
        }
    }

    fn of(action: &Action) -> Self {
        match action {
            Action::PullImage { .. } => Self::Pull,
            Action::StopContainer { .. }
            | Action::RemoveContainer { .. }
            | Action::RemoveNetwork { .. }
            | Action::NoteWipe
            | Action::EmptyData
            | Action::RemoveFile { .. } => Self::Remove,
            Action::CreateDirectory { .. }
            | Action::CreateNetwork { .. }
            | Action::CreateVolume { .. }
            | Action::CreateContainer => Self::Create,
            Action::UnpauseContainer { .. } | Action::StartContainer { .. } => Self::Start,
            Action::AwaitReady { .. } | Action::AwaitCompletion { .. } => Self::Wait,
            Action::Wipe { .. } | Action::Bootstrap { .. } => Self::Bootstrap,
        }
    }
}

impl Timings {
    /// The timings of plans that were carried out one after another.
    pub fn new(runs: &[Walked], total: Duration) -> Self {
        let mut steps: Vec<Timed> = runs
            .iter()
            .flat_map(|(plan, spans)| timed(plan, spans))
            .collect();
        steps.sort_by_key(|step| step.span.began);
        Self { steps, total }
    }

    /// The steps that decided how long the whole took, in order.
    pub fn critical_path(&self) -> impl Iterator<Item = &Timed> {
        self.steps.iter().filter(|step| step.critical)
    }

    /// The `timings` field of a result.
    pub fn as_json(&self) -> Value {
        let step = |step: &Timed| {
            json!({
                "service": step.service.as_ref().map(ServiceName::as_str),
                "phase": step.phase.word(),
                "step": step.what,
                "began_ms": millis(step.span.began),
                "elapsed_ms": millis(step.span.elapsed()),
                "critical": step.critical,
            })
        };
        json!({
            "total_ms": millis(self.total),
            "steps": self.steps.iter().map(step).collect::<Vec<_>>(),
        })
    }
}

impl Span {
    /// How long it took.
    pub fn elapsed(self) -> Duration {
        self.ended.saturating_sub(self.began)
    }
}

fn timed(plan: &Plan, spans: &BTreeMap<StepId, Span>) -> Vec<Timed> {
    let critical = critical_path(plan, spans);
    let of_step = |step: &Step| {
        let name = step.service.as_ref().map_or("", ServiceName::as_str);
        Some(Timed {
            service: step.service.clone(),
            phase: Phase::of(&step.action),
            what: step.action.describe(name),
            span: *spans.get(&step.id)?,
            critical: critical.contains(&step.id),
        })
    };
    plan.steps().iter().filter_map(of_step).collect()
}

/// The step that ended last, before it that of those it waited for which ended last, and so on.
///
/// A step begins when the last of those before it has ended, so no other step on the way could
/// have made the whole quicker.
fn critical_path(plan: &Plan, spans: &BTreeMap<StepId, Span>) -> Vec<StepId> {
    let ended = |id: &StepId| spans.get(id).map(|span| span.ended);
    let last_of = |ids: &[StepId]| {
        let carried_out = ids.iter().filter(|id| spans.contains_key(id));
        carried_out.max_by_key(|id| ended(id)).copied()
    };
    let all: Vec<StepId> = plan.steps().iter().map(|step| step.id).collect();
    let mut path = Vec::new();
    let mut at = last_of(&all);
    while let Some(id) = at {
        path.push(id);
        at = plan.step(id).and_then(|step| last_of(&step.after));
    }
    path.reverse();
    path
}

/// Takes the times of the steps of a run. Clones share what they took.
#[derive(Debug, Clone)]
pub struct Stopwatch {
    began: Instant,
    runs: Arc<Mutex<Vec<Walked>>>,
}

impl Stopwatch {
    /// Times count from `began`.
    pub fn new(began: Instant) -> Self {
        Self {
            began,
            runs: Arc::default(),
        }
    }

    /// What it has taken by now.
    pub fn timings(&self) -> Timings {
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        Timings::new(&runs, self.began.elapsed())
    }
}

impl Observer for Stopwatch {
    fn on(&self, event: Event) {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let (id, elapsed) = match event {
            Event::Planned(plan) => return runs.push((plan, BTreeMap::new())),
            Event::Finished { step, elapsed }
            | Event::Failed { step, elapsed }
            | Event::Stopped { step, elapsed } => (step, elapsed),
            Event::Started(_)
            | Event::Waiting { .. }
            | Event::Settling { .. }
            | Event::Pulling { .. }
            | Event::NotYet { .. }
            | Event::Ready { .. }
            | Event::Bootstrapped { .. }
            | Event::Hook { .. }
            | Event::HookWrote { .. }
            | Event::Noted(_) => return,
        };
        let ended = self.began.elapsed();
        let began = ended.saturating_sub(elapsed);
        if let Some((_, spans)) = runs.last_mut() {
            spans.insert(id, Span { began, ended });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ContainerSpec, ImageRef, Observed, Service, Stack, StackName};
    use crate::plan::{Goal, Up, reconcile};

    /// Two services that know nothing of each other, planned.
    fn plan() -> Plan {
        let service = |text: &str| {
            let name = ServiceName::new(text).unwrap();
            let image = ImageRef::parse(text).unwrap();
            (
                name.clone(),
                Service::new(name, ContainerSpec::new(text, image)),
            )
        };
        let stack = Stack {
            services: ["cache", "db"].map(service).into_iter().collect(),
            ..Stack::new(StackName::new("try").unwrap(), "/project")
        };
        reconcile(&stack, &Observed::default(), &Goal::Up(Up::all(&stack))).unwrap()
    }

    /// The steps take so long, and each begins when the last before it has ended.
    fn spans(plan: &Plan, elapsed: impl Fn(&Step) -> u64) -> BTreeMap<StepId, Span> {
        let mut spans: BTreeMap<StepId, Span> = BTreeMap::new();
        for step in plan.steps() {
            let before = step.after.iter().filter_map(|id| spans.get(id));
            let began = before.map(|span| span.ended).max().unwrap_or_default();
            let ended = began + Duration::from_millis(elapsed(step));
            spans.insert(step.id, Span { began, ended });
        }
        spans
    }

    fn path(plan: &Plan, elapsed: impl Fn(&Step) -> u64) -> Vec<String> {
        let spans = spans(plan, elapsed);
        let timings = Timings::new(&[(plan.clone(), spans)], Duration::ZERO);
        timings
            .critical_path()
            .map(|step| step.what.clone())
            .collect()
    }

    fn takes(step: &Step, service: &str, phase: Phase) -> bool {
        let named = step.service.as_ref().map(ServiceName::as_str) == Some(service);
        named && Phase::of(&step.action) == phase
    }

    #[test]
    fn the_critical_path_goes_back_from_what_ended_last() {
        let plan = plan();
        let slow_wait = |step: &Step| {
            if takes(step, "cache", Phase::Wait) {
                90
            } else {
                10
            }
        };
        let expected = [
            "pull cache:latest",
            "create cache",
            "start cache",
            "wait until cache is usable",
        ];
        assert_eq!(path(&plan, slow_wait), expected);
        let slow_pull = |step: &Step| {
            if takes(step, "db", Phase::Pull) {
                90
            } else {
                10
            }
        };
        let expected = [
            "pull db:latest",
            "create db",
            "start db",
            "wait until db is usable",
        ];
        assert_eq!(path(&plan, slow_pull), expected);
    }

    #[test]
    fn a_run_that_failed_has_the_path_to_where_it_came() {
        let plan = plan();
        let mut spans = spans(&plan, |_| 10);
        let waits = plan
            .steps()
            .iter()
            .filter(|step| Phase::of(&step.action) != Phase::Pull);
        for step in waits {
            spans.remove(&step.id);
        }
        let timings = Timings::new(&[(plan, spans)], Duration::from_millis(10));
        assert_eq!(timings.critical_path().count(), 1);
        let document = timings.as_json();
        assert_eq!(document["steps"].as_array().unwrap().len(), 2);
        assert_eq!(document["steps"][0]["phase"], "pull");
    }
}
