//! Logs that are being followed, and how long one that breaks off is taken up again.
//!
//! | a reading | then |
//! |---|---|
//! | told a line, or went on for a while | it is taken up again a moment later |
//! | ended or broke off sooner | the same, a little later each time; after some in a row, it is given up |
//! | was refused, or not answered in time | it is given up |

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::EngineError;
use crate::model::{ContainerId, ServiceName};

/// How soon a stream that has ended is taken up again, for the first time.
const AGAIN: Duration = Duration::from_millis(250);
/// How often that time is doubled at the most.
const DOUBLED: u32 = 3;
/// How long a stream must go on, to be none that has ended at once.
const A_WHILE: Duration = Duration::from_secs(5);
/// How many readings of a log in a row may come to nothing.
const TURNS: u32 = 5;

/// How often in a row a stream has come to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Turns(u32);

/// The logs that are being read, and those that were.
#[derive(Debug, Default)]
pub(super) struct Readings {
    open: BTreeMap<ContainerId, Reading>,
    resting: BTreeMap<ContainerId, Rest>,
}

/// A log that is being read.
#[derive(Debug)]
struct Reading {
    service: ServiceName,
    since: Instant,
    has_told: bool,
    broke: Option<EngineError>,
}

/// A log that was read before, and may be again from `until` on.
#[derive(Debug)]
struct Rest {
    turns: Turns,
    until: Instant,
}

/// A reading that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) service: ServiceName,
    /// When the log is taken up again, or why it is given up.
    pub(super) again: Result<Instant, EngineError>,
}

impl Turns {
    /// Counts a stream that has ended: when the next is due.
    pub(super) fn end(&mut self, since: Instant, has_told: bool) -> Instant {
        let came_to_nothing = !has_told && since.elapsed() < A_WHILE;
        self.0 = if came_to_nothing { self.0 + 1 } else { 0 };
        let doubled = self.0.saturating_sub(1).min(DOUBLED);
        Instant::now() + AGAIN * 2_u32.pow(doubled)
    }
}

impl Readings {
    pub(super) fn count(&self) -> usize {
        self.open.len()
    }

    /// Whose log is being read.
    pub(super) fn service(&self, id: &ContainerId) -> Option<&ServiceName> {
        self.open.get(id).map(|reading| &reading.service)
    }

    /// From when on the log may be read, where that is still to come.
    pub(super) fn rests_until(&self, id: &ContainerId) -> Option<Instant> {
        let until = self.resting.get(id).map(|rest| rest.until);
        until.filter(|until| *until > Instant::now())
    }

    pub(super) fn begin(&mut self, id: ContainerId, service: ServiceName) {
        let reading = Reading {
            service,
            since: Instant::now(),
            has_told: false,
            broke: None,
        };
        self.open.insert(id, reading);
    }

    /// A line was told.
    pub(super) fn told(&mut self, id: &ContainerId) {
        if let Some(reading) = self.open.get_mut(id) {
            reading.has_told = true;
        }
    }

    /// It has broken off, and will end.
    pub(super) fn broke(&mut self, id: &ContainerId, error: EngineError) {
        if let Some(reading) = self.open.get_mut(id) {
            reading.broke = Some(error);
        }
    }

    /// It has ended. `None` for a log that was not being read.
    pub(super) fn end(&mut self, id: &ContainerId) -> Option<Ended> {
        let reading = self.open.remove(id)?;
        let mut turns = self
            .resting
            .get(id)
            .map(|rest| rest.turns)
            .unwrap_or_default();
        let until = turns.end(reading.since, reading.has_told);
        self.resting.insert(id.clone(), Rest { turns, until });
        let again = match reading.broke {
            Some(error) if !may_pass(&error) || turns.0 == TURNS => Err(error),
            None if turns.0 == TURNS => Err(EngineError::Broken {
                operation: format!("read the log of container `{id}`"),
                source: "the engine ends it at once, again and again".into(),
            }),
            Some(_) | None => Ok(until),
        };
        let service = reading.service;
        Some(Ended { service, again })
    }

    /// The container was started: what its log came to before does not count.
    pub(super) fn started(&mut self, id: &ContainerId) {
        self.resting.remove(id);
    }
}

/// Whether the log may be read in spite of it. What is gone is not looked for any more.
pub(super) fn may_pass(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::Broken { .. } | EngineError::Unreachable { .. } | EngineError::NotFound { .. }
    )
}
