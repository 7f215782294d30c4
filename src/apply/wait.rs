//! The one readiness loop.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::pending;
use tokio::time::{Instant, sleep, sleep_until};

use super::deaths::Deaths;
use super::error::{ApplyError, ExitReason};
use super::progress::Progress;
use super::words::LOG_LINES;
use super::{Run, Stop};
use crate::event::Event;
use crate::kinds::Readiness;
use crate::model::{ContainerId, ContainerState, Kind, ObservedContainer, Service};
use crate::plan::StepId;

/// How many characters of a line it quotes.
const LINE_LENGTH: usize = 1000;

/// How long a process runs that is not about to fail at its start.
const SETTLED: Duration = Duration::from_millis(500);

/// A wait for one service.
pub(super) struct Wait<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) deaths: &'a Deaths,
    pub(super) progress: &'a Progress,
    pub(super) stop: &'a Stop,
    pub(super) step: StepId,
    pub(super) service: &'a Service,
    pub(super) container: &'a ObservedContainer,
}

/// How long one attempt may take. Short at first, because an attempt that was begun too early hangs
/// where the next would be answered; longer later, so that a slow server gets to answer.
fn attempt_timeout(waited: Duration) -> Duration {
    (waited / 2).clamp(Duration::from_millis(150), Duration::from_secs(5))
}

/// How long to rest between two attempts: 10 ms at first, a twentieth of the time waited later, so
/// that readiness is noticed within five percent, and at most a tenth of a second.
fn pause(waited: Duration) -> Duration {
    (waited / 20).clamp(Duration::from_millis(10), Duration::from_millis(100))
}

fn may_answer(state: &ContainerState) -> bool {
    match state {
        ContainerState::Running | ContainerState::Paused | ContainerState::Created => true,
        ContainerState::Restarting
        | ContainerState::Exited { .. }
        | ContainerState::Removing
        | ContainerState::Dead => false,
    }
}

impl Wait<'_> {
    /// Waits until the service is usable: its death, a request to stop, a hopeless answer and the
    /// deadline end the wait as well.
    pub(super) async fn until_ready(&self) -> Result<(), ApplyError> {
        let began = Instant::now();
        let mut last_reason = "it has not been asked yet".to_owned();
        let probing = async {
            // One that had ended before it was looked at publishes nothing any more: its end is what
            // there is to tell.
            if !may_answer(&self.container.state) {
                pending::<()>().await;
            }
            loop {
                let timeout = attempt_timeout(began.elapsed());
                match self
                    .run
                    .prober
                    .probe(self.service, self.container, timeout)
                    .await
                {
                    Readiness::Ready => {
                        self.settle(began).await;
                        return Ok(());
                    }
                    Readiness::Never(never) => return Err(never),
                    Readiness::NotYet(reason) => {
                        if reason != last_reason {
                            let step = self.step;
                            self.run.observer.on(Event::NotYet {
                                step,
                                reason: reason.clone(),
                            });
                            last_reason = reason;
                        }
                    }
                }
                sleep(pause(began.elapsed())).await;
            }
        };
        let mut probing = Box::pin(probing);
        let ended = pin!(self.deaths.of(self.run.engine, self.container));
        let answer = tokio::select! {
            biased;
            () = self.stop.asked() => return Err(ApplyError::Interrupted),
            // Before the answer: one that was given before the end says nothing any more.
            reason = ended => return self.judge_end(reason).await,
            answer = &mut probing => answer,
            () = sleep(self.run.wait_timeout) => {
                drop(probing);
                return Err(self.too_late(began.elapsed(), last_reason).await);
            }
        };
        match answer {
            Ok(()) => Ok(()),
            Err(never) => Err(ApplyError::Never {
                service: self.service.name.clone(),
                never,
                log: self.log().await,
            }),
        }
    }

    /// A process that can't be asked is one that runs, and it says so also in the moment before its
    /// end: one that was just started has to go on for a while.
    async fn settle(&self, began: Instant) {
        let was_started = self.container.started_at.is_some();
        if was_started && self.service.kind == Kind::Process {
            sleep_until(began + SETTLED).await;
        }
    }

    /// Waits until the service has run to its end, which must be a good one.
    pub(super) async fn until_completed(&self) -> Result<(), ApplyError> {
        let began = Instant::now();
        tokio::select! {
            biased;
            () = self.stop.asked() => Err(ApplyError::Interrupted),
            reason = self.deaths.of(self.run.engine, self.container) => match reason {
                ExitReason::GOOD => Ok(()),
                other => Err(self.exited(other).await),
            },
            () = sleep(self.run.wait_timeout) => {
                Err(self.too_late(began.elapsed(), "it is still running".to_owned()).await)
            }
        }
    }

    /// A process that nothing can be asked of may end well; anything else must not end.
    async fn judge_end(&self, reason: ExitReason) -> Result<(), ApplyError> {
        match (&self.service.kind, reason) {
            (Kind::Process, ExitReason::GOOD) => Ok(()),
            _ => Err(self.exited(reason).await),
        }
    }

    async fn exited(&self, reason: ExitReason) -> ApplyError {
        exited(
            self.run,
            self.progress,
            self.service,
            &self.container.id,
            reason,
        )
        .await
    }

    async fn too_late(&self, waited: Duration, reason: String) -> ApplyError {
        ApplyError::NotReady {
            service: self.service.name.clone(),
            waited,
            reason,
            log: self.log().await,
        }
    }

    async fn log(&self) -> Vec<String> {
        log(self.run, &self.container.id).await
    }
}

/// The failure of a service whose container has ended.
pub(super) async fn exited(
    run: &Run<'_>,
    progress: &Progress,
    service: &Service,
    id: &ContainerId,
    reason: ExitReason,
) -> ApplyError {
    let log = match progress.last_words(&service.name).await {
        Some(words) => words.into_iter().map(shortened).collect(),
        None => log(run, id).await,
    };
    ApplyError::Exited {
        service: service.name.clone(),
        container: id.clone(),
        reason,
        log,
    }
}

/// A line that a message can quote.
fn shortened(mut line: String) -> String {
    if let Some((end, _)) = line.char_indices().nth(LINE_LENGTH) {
        line.truncate(end);
        line.push('…');
    }
    line
}

/// The last lines of the log; none when the engine does not give them, since the failure that they
/// belong to matters more.
async fn log(run: &Run<'_>, id: &ContainerId) -> Vec<String> {
    let lines = run.engine.log_tail(id, LOG_LINES).await;
    let lines = lines.unwrap_or_default().into_iter();
    lines.map(shortened).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_quoted_is_of_a_length_to_read() {
        assert_eq!(shortened("é".repeat(LINE_LENGTH)), "é".repeat(LINE_LENGTH));
        let long = shortened("é".repeat(LINE_LENGTH + 1));
        assert_eq!(long, "é".repeat(LINE_LENGTH) + "…");
    }

    #[test]
    fn attempts_come_every_10_to_25_milliseconds_in_the_first_half_second() {
        assert_eq!(pause(Duration::ZERO), Duration::from_millis(10));
        assert_eq!(pause(Duration::from_millis(500)), Duration::from_millis(25));
        assert_eq!(pause(Duration::from_mins(1)), Duration::from_millis(100));
    }
}
