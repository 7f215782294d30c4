//! Lines with the time elapsed, for pipes and CI.

use std::io::Write;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::time::Instant;

use super::doubts::Doubts;
use super::{Current, deed, doing, note, seconds, settling};
use crate::event::{Event, Observer};
use crate::plan::{Action, Step};

/// How often it is looked whether a wait has become long.
const TICK: Duration = Duration::from_millis(100);

/// Writes a line for each event that a person would want to find in a log.
#[derive(Debug)]
pub struct Plain<W: Write + Send + 'static> {
    log: Arc<Mutex<Log<W>>>,
    /// Dropped, it ends the thread.
    tick: Option<mpsc::Sender<()>>,
    ticker: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Log<W> {
    began: Instant,
    current: Current,
    doubts: Doubts,
    output: W,
}

impl<W: Write + Send + 'static> Plain<W> {
    /// Writes to `output`; times count from `began`.
    pub fn new(began: Instant, output: W) -> Self {
        let log = Arc::new(Mutex::new(Log {
            began,
            current: Current::default(),
            doubts: Doubts::default(),
            output,
        }));
        // A wait that becomes long is no event: nobody would come by to tell of it.
        let (tick, ticks) = mpsc::channel();
        let watched = Arc::clone(&log);
        let ticker = thread::spawn(move || {
            while ticks.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                lock(&watched).tell_doubts();
            }
        });
        Self {
            log,
            tick: Some(tick),
            ticker: Some(ticker),
        }
    }

    /// Writes a line as it is.
    pub(super) fn raw(&self, line: &str) {
        writeln!(lock(&self.log).output, "{line}").ok(); // a closed log stops nobody
    }
}

fn lock<W>(log: &Mutex<Log<W>>) -> MutexGuard<'_, Log<W>> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<W: Write + Send + 'static> Observer for Plain<W> {
    fn on(&self, event: Event) {
        let mut log = lock(&self.log);
        let line = log.line(event);
        log.tell_doubts();
        if let Some(line) = line {
            log.write(&line);
        }
    }
}

impl<W: Write + Send + 'static> Drop for Plain<W> {
    fn drop(&mut self) {
        self.tick = None;
        if let Some(ticker) = self.ticker.take() {
            ticker.join().ok(); // one that panicked tells no more
        }
    }
}

impl<W: Write> Log<W> {
    fn write(&mut self, text: &str) {
        let elapsed = self.began.elapsed().as_secs_f64();
        writeln!(self.output, "[{elapsed:6.2}s] {text}").ok();
    }

    fn tell_doubts(&mut self) {
        for line in self.doubts.due(Instant::now()) {
            self.write(&line);
        }
    }

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
                if let Some(service) = &step.service {
                    self.doubts.over(service);
                }
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
                self.doubts.answered(service, reason, Instant::now());
                None
            }
            Event::Ready {
                service, elapsed, ..
            } => {
                self.doubts.over(&service);
                Some(format!("{service}: usable after {}", seconds(elapsed)))
            }
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
