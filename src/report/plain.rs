//! Lines with the time elapsed, for pipes and CI.

use std::io::Write;
use std::sync::Mutex;

use tokio::time::Instant;

use super::{Current, deed, doing, note, seconds, settling};
use crate::event::{Event, Observer};
use crate::plan::Action;

/// Writes a line for each event that a person would want to find in a log.
#[derive(Debug)]
pub struct Plain<W: Write> {
    began: Instant,
    state: Mutex<(Current, W)>,
}

impl<W: Write + Send> Plain<W> {
    /// Writes to `output`; times count from `began`.
    pub fn new(began: Instant, output: W) -> Self {
        Self {
            began,
            state: Mutex::new((Current::default(), output)),
        }
    }

    fn line(&self, output: &mut W, text: &str) {
        let elapsed = self.began.elapsed().as_secs_f64();
        writeln!(output, "[{elapsed:6.2}s] {text}").ok(); // a closed log stops nobody
    }
}

impl<W: Write + Send> Observer for Plain<W> {
    fn on(&self, event: Event) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        let (current, output) = &mut *state;
        let text = match event {
            Event::Planned(plan) => {
                current.0 = plan;
                return;
            }
            Event::Waiting { holder } => format!("waiting for {holder} to end"),
            Event::Settling { holder } => settling(&holder),
            Event::Started(id) => {
                let Some(step) = current.step(id) else { return };
                let worth_a_line = matches!(
                    step.action,
                    Action::PullImage { .. }
                        | Action::StopContainer { .. }
                        | Action::StartContainer { .. }
                );
                let (true, Some(doing)) = (worth_a_line, doing(step)) else {
                    return;
                };
                match (&step.service, &step.action) {
                    (
                        Some(service),
                        Action::StartContainer { .. } | Action::StopContainer { .. },
                    ) => {
                        format!("{service}: {doing} ({})", step.cause)
                    }
                    _ => doing,
                }
            }
            Event::Finished { step, elapsed } => {
                let Some(step) = current.step(step) else {
                    return;
                };
                match &step.action {
                    Action::PullImage { image, .. } => {
                        format!("pulled {image} in {}", seconds(elapsed))
                    }
                    Action::RemoveContainer { .. } => {
                        let service = step.service.as_ref().map_or("", |name| name.as_str());
                        format!("{service}: stopped and removed")
                    }
                    _ => return,
                }
            }
            Event::NotYet { step, reason } => {
                let Some(service) = current.step(step).and_then(|step| step.service.as_ref())
                else {
                    return;
                };
                format!("{service}: not yet usable: {reason}")
            }
            Event::Ready {
                service, elapsed, ..
            } => {
                format!("{service}: usable after {}", seconds(elapsed))
            }
            Event::Bootstrapped { service, deeds } => {
                let deeds: Vec<String> = deeds.iter().map(deed).collect();
                format!("{service}: {}", deeds.join(", "))
            }
            Event::Hook { moment, command } => format!("{moment}: {command}"),
            Event::HookWrote { line } => format!("  {line}"),
            Event::Noted(noted) => format!("note: {}", note(&noted)),
            Event::Pulling { .. } | Event::Failed { .. } => return,
        };
        self.line(output, &text);
    }
}
