//! A live line per service on a terminal, which collapses into one line when it is done.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{Current, deed, doing, note, seconds, settling};
use crate::event::{Event, Observer};
use crate::model::ByteSize;
use crate::plan::{Action, Step};

const TICK: Duration = Duration::from_millis(100);

/// Draws on the terminal behind standard error.
#[derive(Debug)]
pub struct Tty {
    lines: MultiProgress,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    current: Current,
    bars: BTreeMap<String, ProgressBar>,
    width: usize,
}

impl Default for Tty {
    fn default() -> Self {
        Self {
            lines: MultiProgress::new(),
            state: Mutex::default(),
        }
    }
}

impl Tty {
    fn bar<'a>(&self, state: &'a mut State, name: &str) -> &'a ProgressBar {
        let width = state.width;
        state.bars.entry(name.to_owned()).or_insert_with(|| {
            let bar = self.lines.add(ProgressBar::new_spinner());
            let style =
                ProgressStyle::with_template("{spinner:.cyan} {prefix} {wide_msg} {elapsed:.dim}")
                    .unwrap_or_else(|_| ProgressStyle::default_spinner());
            bar.set_style(style.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
            bar.set_prefix(format!("{name:width$}"));
            bar.enable_steady_tick(TICK);
            bar
        })
    }

    fn done(&self, state: &mut State, name: &str, text: &str) {
        let width = state.width;
        if let Some(bar) = state.bars.remove(name) {
            bar.finish_and_clear();
        }
        self.say(&format!("\u{1b}[32m✔\u{1b}[0m {name:width$} {text}"));
    }

    fn say(&self, line: &str) {
        self.lines.println(line).ok(); // a terminal that is gone stops nobody
    }

    fn started(&self, state: &mut State, step: &Step) {
        let Some(text) = doing(step) else { return };
        let text = match &step.action {
            Action::StopContainer { .. } => format!("{text} ({})", step.cause),
            _ => text,
        };
        if let Some(service) = &step.service {
            self.bar(state, service.as_str()).set_message(text);
        }
    }

    fn finished(&self, state: &mut State, step: &Step, elapsed: Duration) {
        let Some(service) = &step.service else { return };
        let last = !state
            .current
            .0
            .steps()
            .iter()
            .any(|other| other.after.contains(&step.id) && other.service == step.service);
        if last && matches!(step.action, Action::RemoveContainer { .. }) {
            let total = state
                .bars
                .get(service.as_str())
                .map_or(elapsed, ProgressBar::elapsed);
            let text = format!("stopped and removed in {}", seconds(total));
            self.done(state, service.as_str(), &text);
        }
    }
}

impl Observer for Tty {
    fn on(&self, event: Event) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        let state = &mut *state;
        match event {
            Event::Planned(plan) => {
                let names = plan.steps().iter().filter_map(|step| step.service.as_ref());
                state.width = names
                    .map(|name| name.as_str().len())
                    .max()
                    .unwrap_or_default();
                state.current = Current(plan);
            }
            Event::Waiting { holder } => self.say(&format!("waiting for {holder} to end")),
            Event::Settling { holder } => self.say(&settling(&holder)),
            Event::Started(id) => {
                if let Some(step) = state.current.step(id).cloned() {
                    self.started(state, &step);
                }
            }
            Event::Pulling { step, progress } => {
                let Some(step) = state.current.step(step).cloned() else {
                    return;
                };
                let (Some(service), Some(text)) = (&step.service, doing(&step)) else {
                    return;
                };
                let bytes = format!(
                    "{} of {}",
                    ByteSize(progress.current),
                    ByteSize(progress.total)
                );
                self.bar(state, service.as_str())
                    .set_message(format!("{text}: {bytes}"));
            }
            Event::NotYet { step, reason } => {
                let Some(step) = state.current.step(step).cloned() else {
                    return;
                };
                if let Some(service) = &step.service {
                    self.bar(state, service.as_str())
                        .set_message(format!("not yet: {reason}"));
                }
            }
            Event::Finished { step, elapsed } => {
                if let Some(step) = state.current.step(step).cloned() {
                    self.finished(state, &step, elapsed);
                }
            }
            Event::Failed { step, .. } => {
                let service = state
                    .current
                    .step(step)
                    .and_then(|step| step.service.clone());
                if let Some(bar) = service.and_then(|name| state.bars.remove(name.as_str())) {
                    bar.finish_and_clear();
                }
            }
            Event::Ready {
                service, elapsed, ..
            } => {
                let text = format!("usable after {}", seconds(elapsed));
                self.done(state, service.as_str(), &text);
            }
            Event::Bootstrapped { service, deeds } => {
                let deeds: Vec<String> = deeds.iter().map(deed).collect();
                self.done(state, service.as_str(), &deeds.join(", "));
            }
            Event::Hook { moment, command } => self.say(&format!("{moment}: {command}")),
            Event::HookWrote { line } => self.say(&format!("  {line}")),
            Event::Noted(noted) => self.say(&format!("note: {}", note(&noted))),
        }
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        if let Ok(state) = self.state.lock() {
            for bar in state.bars.values() {
                bar.finish_and_clear();
            }
        }
    }
}
