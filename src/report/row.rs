//! What one service is doing, in the words of its line on a terminal. Draws nothing itself.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::{deed, doing, list, seconds};
use crate::event::PullProgress;
use crate::kinds::Deed;
use crate::model::{ByteSize, ServiceName};
use crate::plan::{Action, Plan, Step, StepId};

/// Over which time the rate of a pull is measured.
const WINDOW: Duration = Duration::from_secs(3);
/// How many cells wide a pull's bar is.
const BAR: u64 = 20;

/// One service's line.
#[derive(Debug)]
pub(super) struct Row {
    waits_for: BTreeSet<ServiceName>,
    /// The steps of the service that are not done yet.
    ahead: BTreeSet<StepId>,
    under_way: BTreeSet<StepId>,
    began: Option<Instant>,
    /// What it does now.
    doing: String,
    /// More on that.
    detail: String,
    rate: Rate,
    pulled: Option<String>,
    last: Option<Action>,
    busy: Duration,
    ready: Option<Duration>,
    deeds: Vec<String>,
    failed: Option<Duration>,
}

impl Row {
    pub(super) fn new(plan: &Plan, service: &ServiceName) -> Self {
        let own = |step: &&Step| step.service.as_ref() == Some(service);
        let before = plan.steps().iter().filter(own).flat_map(|step| &step.after);
        let others = before.filter_map(|id| plan.step(*id)?.service.clone());
        Self {
            waits_for: others.filter(|other| other != service).collect(),
            ahead: plan
                .steps()
                .iter()
                .filter(own)
                .map(|step| step.id)
                .collect(),
            under_way: BTreeSet::new(),
            began: None,
            doing: String::new(),
            detail: String::new(),
            rate: Rate::default(),
            pulled: None,
            last: None,
            busy: Duration::ZERO,
            ready: None,
            deeds: Vec::new(),
            failed: None,
        }
    }

    /// Whom it waits for, of those that are not done.
    pub(super) fn waits_for<'a>(
        &self,
        not_done: impl IntoIterator<Item = &'a ServiceName>,
    ) -> Option<String> {
        let others = not_done.into_iter();
        let others: BTreeSet<&ServiceName> = others
            .filter(|other| self.waits_for.contains(*other))
            .collect();
        let idle = self.under_way.is_empty() && !others.is_empty();
        idle.then(|| format!("waits for {}", list(others)))
    }

    /// How long it has been under way; nothing where it has not begun.
    pub(super) fn time(&self, now: Instant) -> Option<String> {
        let elapsed = now - self.began?;
        let (minutes, seconds) = (elapsed.as_secs() / 60, elapsed.as_secs() % 60);
        Some(if minutes > 0 {
            format!("{minutes}:{seconds:02} min")
        } else {
            format!("{:.1} s", elapsed.as_secs_f64())
        })
    }

    /// What is under way.
    pub(super) fn now(&self) -> String {
        if self.detail.is_empty() {
            self.doing.clone()
        } else {
            format!("{}: {}", self.doing, self.detail)
        }
    }

    pub(super) fn started(&mut self, step: &Step, now: Instant) {
        let Some(text) = doing(step) else { return };
        self.under_way.insert(step.id);
        self.began.get_or_insert(now);
        self.doing = match &step.action {
            Action::StopContainer { .. } => format!("{text} ({})", step.cause),
            _ => text,
        };
        self.detail.clear();
        self.last = Some(step.action.clone());
    }

    pub(super) fn pulling(&mut self, progress: PullProgress, now: Instant) {
        let rate = self.rate.of(progress.current, now);
        self.detail = pull_detail(progress, rate);
    }

    pub(super) fn not_yet(&mut self, reason: &str) {
        reason.clone_into(&mut self.detail);
    }

    pub(super) fn ready(&mut self, elapsed: Duration) {
        self.ready = Some(elapsed);
    }

    pub(super) fn bootstrapped(&mut self, deeds: &[Deed]) {
        self.deeds.extend(deeds.iter().map(deed));
    }

    pub(super) fn finished(&mut self, step: StepId, elapsed: Duration) {
        self.ahead.remove(&step);
        self.under_way.remove(&step);
        self.busy += elapsed;
        if let Some(Action::PullImage { image, .. }) = &self.last {
            self.pulled = Some(format!("pulled {image} in {}", seconds(elapsed)));
        }
    }

    pub(super) fn failed(&mut self, elapsed: Duration) {
        self.failed = Some(elapsed);
    }

    /// What is left to say when all is done; an error when it has failed.
    pub(super) fn end(&self) -> Option<Result<String, String>> {
        if let Some(elapsed) = self.failed {
            let doing = &self.doing;
            return Some(Err(format!("failed after {} of {doing}", seconds(elapsed))));
        }
        if !self.ahead.is_empty() {
            return None;
        }
        let busy = seconds(self.busy);
        let done = match (self.ready, self.last.as_ref()?) {
            (Some(elapsed), _) => format!("usable after {}", seconds(elapsed)),
            (None, Action::AwaitCompletion { .. }) => format!("done in {busy}"),
            (None, Action::RemoveContainer { .. }) => format!("stopped and removed in {busy}"),
            (None, Action::StopContainer { .. }) => format!("stopped in {busy}"),
            (None, Action::PullImage { .. }) => {
                return Some(Ok(self.pulled.clone().unwrap_or(busy)));
            }
            (None, _) => format!("ready in {busy}"),
        };
        let further = self.pulled.iter().chain(&self.deeds);
        Some(Ok(further.fold(done, |text, one| format!("{text}, {one}"))))
    }
}

/// `12 MiB of 80 MiB, 8.1 MiB/s ████████░░░░░░░░░░░░`: what matters most comes first, because a
/// narrow terminal cuts the end off.
fn pull_detail(progress: PullProgress, rate: Option<u64>) -> String {
    let PullProgress { current, total } = progress;
    let mut text = ByteSize(current).to_string();
    if total > 0 {
        text = format!("{text} of {}", ByteSize(total));
    }
    if let Some(rate) = rate {
        text = format!("{text}, {}/s", ByteSize(rate));
    }
    if total > 0 {
        let full = (current.min(total) * BAR).checked_div(total).unwrap_or(BAR);
        let cells = (0..BAR).map(|cell| if cell < full { '█' } else { '░' });
        text.push(' ');
        text.extend(cells);
    }
    text
}

/// How fast bytes arrive, over the last few seconds.
#[derive(Debug, Default)]
struct Rate {
    seen: VecDeque<(Instant, u64)>,
}

impl Rate {
    fn of(&mut self, bytes: u64, now: Instant) -> Option<u64> {
        self.seen.push_back((now, bytes));
        while self.seen.len() > 2 && self.seen.front().is_some_and(|(at, _)| now - *at > WINDOW) {
            self.seen.pop_front();
        }
        let (since, before) = self.seen.front()?;
        let millis = u64::try_from((now - *since).as_millis()).ok()?;
        if millis < 200 {
            return None;
        }
        bytes
            .saturating_sub(*before)
            .checked_mul(1000)?
            .checked_div(millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pull_shows_bytes_rate_and_a_bar() {
        let mut rate = Rate::default();
        let began = Instant::now();
        let mib = |count: u64| count << 20;
        assert_eq!(rate.of(0, began), None);
        let at = rate.of(mib(20), began + Duration::from_secs(2));
        let progress = PullProgress {
            current: mib(20),
            total: mib(80),
        };
        let expected = "20 MiB of 80 MiB, 10 MiB/s █████░░░░░░░░░░░░░░░";
        assert_eq!(pull_detail(progress, at), expected);
        // What came long ago no longer counts.
        let later = began + Duration::from_secs(4);
        assert_eq!(rate.of(mib(22), later), Some(mib(1)));
    }
}
