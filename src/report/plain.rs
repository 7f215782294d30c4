//! Lines with the time elapsed, for pipes and CI.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use super::{Current, deed, doing, note, seconds, settling};
use crate::event::{Event, Observer};
use crate::model::ServiceName;
use crate::plan::{Action, Step};

/// How often it is told at most why a service is not usable yet.
const REASONS: Duration = Duration::from_secs(2);

/// Writes a line for each event that a person would want to find in a log.
#[derive(Debug)]
pub struct Plain<W: Write> {
    began: Instant,
    state: Mutex<State<W>>,
}

#[derive(Debug)]
struct State<W> {
    current: Current,
    /// What was told of why services are not usable yet, and when.
    reasons: BTreeMap<ServiceName, (String, Instant)>,
    output: W,
}

impl<W: Write + Send> Plain<W> {
    /// Writes to `output`; times count from `began`.
    pub fn new(began: Instant, output: W) -> Self {
        Self {
            began,
            state: Mutex::new(State {
                current: Current::default(),
                reasons: BTreeMap::new(),
                output,
            }),
        }
    }

    /// Writes a line as it is.
    pub(super) fn raw(&self, line: &str) {
        if let Ok(mut state) = self.state.lock() {
            writeln!(state.output, "{line}").ok(); // a closed log stops nobody
        }
    }
}

impl<W: Write + Send> Observer for Plain<W> {
    fn on(&self, event: Event) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        if let Some(text) = state.line(event) {
            let elapsed = self.began.elapsed().as_secs_f64();
            writeln!(state.output, "[{elapsed:6.2}s] {text}").ok();
        }
    }
}

impl<W> State<W> {
    fn line(&mut self, event: Event) -> Option<String> {
        match event {
            Event::Planned(plan) => {
                self.current.0 = plan;
                None
            }
            Event::Waiting { holder } => Some(format!("waiting for {holder} to end")),
            Event::Settling { holder } => Some(settling(&holder)),
            Event::Started(id) => started(self.current.step(id)?),
            Event::Finished { step, elapsed } => finished(self.current.step(step)?, elapsed),
            Event::Failed { step, elapsed } => {
                let step = self.current.step(step)?;
                let who = step.service.as_ref().map(|name| format!("{name}: "));
                let who = who.unwrap_or_default();
                Some(format!(
                    "{who}failed after {} of {}",
                    seconds(elapsed),
                    doing(step)?
                ))
            }
            Event::NotYet { step, reason } => {
                let service = self.current.step(step)?.service.clone()?;
                self.not_yet(service, reason)
            }
            Event::Ready {
                service, elapsed, ..
            } => Some(format!("{service}: usable after {}", seconds(elapsed))),
            Event::Bootstrapped { service, deeds } => {
                let deeds: Vec<String> = deeds.iter().map(deed).collect();
                Some(format!("{service}: {}", deeds.join(", ")))
            }
            Event::Hook { moment, command } => Some(format!("{moment}: {command}")),
            Event::HookWrote { line } => Some(format!("  {line}")),
            Event::Noted(noted) => Some(format!("note: {}", note(&noted))),
            Event::Pulling { .. } | Event::Stopped { .. } => None,
        }
    }

    /// The first reason, and later ones that are new now and then: a server that starts changes
    /// its mind many times a second.
    fn not_yet(&mut self, service: ServiceName, reason: String) -> Option<String> {
        let now = Instant::now();
        if let Some((told, at)) = self.reasons.get(&service)
            && (*told == reason || now - *at < REASONS)
        {
            return None;
        }
        let text = format!("{service}: not yet usable: {reason}");
        self.reasons.insert(service, (reason, now));
        Some(text)
    }
}

fn started(step: &Step) -> Option<String> {
    let doing = doing(step)?;
    let service = step.service.as_ref();
    match (&step.action, service) {
        (Action::StartContainer { .. } | Action::StopContainer { .. }, Some(service)) => {
            Some(format!("{service}: {doing} ({})", step.cause))
        }
        (
            Action::PullImage { .. } | Action::StartContainer { .. } | Action::StopContainer { .. },
            _,
        ) => Some(doing),
        _ => None,
    }
}

fn finished(step: &Step, elapsed: Duration) -> Option<String> {
    match &step.action {
        Action::PullImage { image, .. } => Some(format!("pulled {image} in {}", seconds(elapsed))),
        Action::RemoveContainer { .. } => {
            let service = step.service.as_ref()?;
            Some(format!("{service}: stopped and removed"))
        }
        Action::Wipe { .. } | Action::EmptyData => {
            let service = step.service.as_ref()?;
            Some(format!("{service}: wiped in {}", seconds(elapsed)))
        }
        Action::AwaitCompletion { .. } => {
            let service = step.service.as_ref()?;
            Some(format!("{service}: done in {}", seconds(elapsed)))
        }
        _ => None,
    }
}
