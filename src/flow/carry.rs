//! Carrying a plan out, and telling of it.

use std::time::Duration;

use super::{FlowError, Session};
use crate::apply::{Failure, Outcome, Probes, Run, apply};
use crate::event::Event;
use crate::model::Observed;
use crate::plan::Plan;

/// Carries the plan out; a run that fails is an error.
pub(super) async fn carry_out(
    session: &Session<'_>,
    plan: &Plan,
    observed: &Observed,
    wait_timeout: Duration,
) -> Result<Outcome, FlowError> {
    let mut outcome = carried_out(session, plan, observed, wait_timeout).await;
    match outcome.failure.take() {
        None => Ok(outcome),
        Some(failure) => Err(failed(failure, outcome)),
    }
}

/// Carries the plan out; what has failed is in the outcome.
pub(super) async fn carried_out(
    session: &Session<'_>,
    plan: &Plan,
    observed: &Observed,
    wait_timeout: Duration,
) -> Outcome {
    session.observer.on(Event::Planned(plan.clone()));
    for note in plan.notes() {
        session.observer.on(Event::Noted(note.clone()));
    }
    let run = Run {
        engine: session.engine,
        stack: session.stack,
        prober: &Probes {
            engine: session.engine,
        },
        observer: session.observer,
        wait_timeout,
        began: session.began,
    };
    apply(&run, plan, observed, session.stop).await
}

/// The error that a failure is, with what has come of the run.
pub(super) fn failed(failure: Failure, outcome: Outcome) -> FlowError {
    FlowError::Failed {
        failure: Box::new(failure),
        outcome: Box::new(outcome),
    }
}
