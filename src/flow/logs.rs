//! `logs`: what services write, of all of them in one order.
//!
//! Every container's log is a stream in order of time. What was written already is merged by time
//! stamps; what is written from now on arrives as it is written, and is held back for a moment, so
//! that two containers' lines come out in the order in which they were written.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::pin::Pin;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream::{BoxStream, Peekable};
use jiff::Timestamp;

use super::follow::Follower;
use super::readings::may_pass;
use super::{FlowError, Session, check_names};
use crate::apply::{Question, observe};
use crate::engine::{Engine, EngineError, LogLine, LogOptions};
use crate::model::{ContainerId, ServiceName};

/// What is asked of `logs`.
#[derive(Debug, Clone, Default)]
pub struct LogsRequest {
    /// Which services; all when none is named.
    pub services: Vec<ServiceName>,
    /// The last so many lines of each container; all when absent.
    pub tail: Option<usize>,
    /// From this second of the Unix time on.
    pub since: Option<i64>,
    /// Whether lines to come are waited for, until somebody asks to stop.
    pub follow: bool,
}

/// What is told of the logs.
#[derive(Debug)]
pub enum Told {
    /// A service wrote a line.
    Line {
        /// The service.
        service: ServiceName,
        /// The line.
        line: LogLine,
    },
    /// A service's process ended.
    Died {
        /// The service.
        service: ServiceName,
        /// Its exit status, where the engine says it.
        exit_code: Option<i64>,
    },
    /// A service was started, for the first time or again.
    Started {
        /// The service.
        service: ServiceName,
    },
    /// A service's log can't be read; the others still are.
    Unreadable {
        /// The service.
        service: ServiceName,
        /// Why.
        error: EngineError,
    },
    /// There is no container to read, and none is waited for.
    NoContainer,
    /// Everything there was has been told, and this many containers are followed from now on.
    Following(usize),
}

/// Whoever is told. Whether more is wanted is the answer.
pub(super) type Tell<'a> = &'a mut (dyn FnMut(Told) -> ControlFlow<()> + Send);

/// Up to where a container's log has been told.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// The time of the last line.
    at: Option<Timestamp>,
    /// How many lines were told of that time.
    count: usize,
    /// How many of that time are still to be skipped, after the log was opened again.
    skip: usize,
}

/// Tells the lines of the stack's logs, and with `follow` those that are written until `tell` wants
/// no more or somebody asks to stop.
///
/// A container that is restarted is read on from where it was, and one that is made anew is read
/// from its beginning. Containers that devinfra did not make are left alone.
///
/// # Errors
///
/// When a name is no service, or the engine does not answer.
pub async fn logs(
    session: &Session<'_>,
    request: &LogsRequest,
    tell: &mut (dyn FnMut(Told) -> ControlFlow<()> + Send),
) -> Result<(), FlowError> {
    check_names(session.stack, &request.services)?;
    let services: BTreeSet<ServiceName> = request.services.iter().cloned().collect();
    // Subscribed to before anything is looked at, so that no start falls between the two.
    let events = if request.follow {
        Some(session.engine.events(session.stack).await?)
    } else {
        None
    };
    let observed = observe(session.engine, session.stack, Question::Containers).await?;
    let containers = observed.containers.iter().filter_map(|container| {
        let service = container.service()?;
        let wanted = services.is_empty() || services.contains(service);
        wanted.then(|| (container.id.clone(), service.clone()))
    });
    let containers: Vec<_> = containers.collect();
    if containers.is_empty() && !request.follow {
        // Whether more is wanted does not matter: there is no more.
        let (ControlFlow::Continue(()) | ControlFlow::Break(())) = tell(Told::NoContainer);
        return Ok(());
    }
    let mut past = Past {
        follows: request.follow,
        ..Past::default()
    };
    let told = tokio::select! {
        told = past.tell(session.engine, containers, request, tell) => told,
        () = session.stop.asked() => return Err(FlowError::Interrupted),
    };
    let (ControlFlow::Continue(()), Some(events)) = (told, events) else {
        return Ok(());
    };
    let follower = Follower::new(session, services, request, past);
    follower.run(events, tell).await
}

/// What has been told of what was written before.
#[derive(Default)]
pub(super) struct Past {
    /// Up to where each container's log was told.
    pub(super) seen: BTreeMap<ContainerId, Seen>,
    /// Containers whose logs can't be read.
    pub(super) unreadable: BTreeSet<ContainerId>,
    /// Containers whose logs broke off before anything was told of them.
    pub(super) broken: BTreeSet<ContainerId>,
    /// Whether the logs are followed, which takes up again those that break off.
    follows: bool,
}

/// One container's log, with the next line to be looked at.
struct Log {
    id: ContainerId,
    service: ServiceName,
    lines: Peekable<BoxStream<'static, Result<LogLine, EngineError>>>,
}

impl Past {
    /// Merges the logs: of the lines that come next, the oldest is told first.
    async fn tell(
        &mut self,
        engine: &dyn Engine,
        containers: Vec<(ContainerId, ServiceName)>,
        request: &LogsRequest,
        tell: Tell<'_>,
    ) -> ControlFlow<()> {
        let options = LogOptions {
            tail: request.tail,
            since: request.since,
            follow: false,
        };
        let opened = containers
            .into_iter()
            .map(|(id, service)| async { (engine.logs(&id, &options).await, id, service) });
        let mut logs = Vec::new();
        for (opened, id, service) in join_all(opened).await {
            self.seen.insert(id.clone(), Seen::default());
            match opened {
                Ok(lines) => logs.push(Log {
                    id,
                    service,
                    lines: lines.peekable(),
                }),
                Err(error) => self.unreadable(id, service, error, tell)?,
            }
        }
        while let Some(oldest) = oldest(&mut logs).await {
            let Some(log) = logs.get_mut(oldest) else {
                break;
            };
            match log.lines.next().await {
                Some(Ok(line)) => {
                    if let Some(seen) = self.seen.get_mut(&log.id) {
                        seen.note(&line);
                    }
                    let service = log.service.clone();
                    tell(Told::Line { service, line })?;
                }
                Some(Err(error)) => {
                    let log = logs.swap_remove(oldest);
                    self.unreadable(log.id, log.service, error, tell)?;
                }
                None => drop(logs.swap_remove(oldest)),
            }
        }
        ControlFlow::Continue(())
    }

    fn unreadable(
        &mut self,
        id: ContainerId,
        service: ServiceName,
        error: EngineError,
        tell: Tell<'_>,
    ) -> ControlFlow<()> {
        if error.is_not_found() {
            return ControlFlow::Continue(()); // removed meanwhile
        }
        if self.follows && may_pass(&error) {
            if self.seen.get(&id).is_none_or(Seen::is_empty) {
                self.broken.insert(id);
            }
            return ControlFlow::Continue(());
        }
        self.unreadable.insert(id);
        tell(Told::Unreadable { service, error })
    }
}

/// The log whose next line is the oldest; one that has ended or broken comes first, to be put away.
async fn oldest(logs: &mut [Log]) -> Option<usize> {
    let mut found: Option<(usize, Option<Timestamp>)> = None;
    for (index, log) in logs.iter_mut().enumerate() {
        let next = match Pin::new(&mut log.lines).peek().await {
            Some(Ok(line)) => time(line),
            Some(Err(_)) | None => return Some(index),
        };
        if found.is_none_or(|(_, oldest)| next < oldest) {
            found = Some((index, next));
        }
    }
    found.map(|(index, _)| index)
}

/// When a line was written.
pub(super) fn time(line: &LogLine) -> Option<Timestamp> {
    line.timestamp.as_deref()?.parse().ok()
}

impl Seen {
    /// Whether the line is new, which is noted. A log that is opened again starts at a whole
    /// second, so lines come again: all before the last one told, and as many of its own time as
    /// were told.
    pub(super) fn is_new(&mut self, line: &LogLine) -> bool {
        let at = time(line);
        if at.is_some() && at < self.at {
            return false;
        }
        if at.is_some() && at == self.at && self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.note(line);
        true
    }

    fn note(&mut self, line: &LogLine) {
        let at = time(line);
        if at.is_none() {
            // It says nothing of where the log is, which must not be told again from its beginning.
        } else if at == self.at {
            self.count += 1;
        } else {
            (self.at, self.count, self.skip) = (at, 1, 0);
        }
    }

    /// Whether nothing was told.
    fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The log is opened again: from which second on.
    pub(super) fn again(&mut self) -> Option<i64> {
        self.skip = self.count;
        self.at.map(Timestamp::as_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::LogStream;

    fn line(seconds: u32) -> LogLine {
        LogLine {
            stream: LogStream::Stdout,
            timestamp: Some(format!("2026-11-23T20:00:{seconds:02}.5Z")),
            text: String::new(),
        }
    }

    #[test]
    fn a_log_that_is_opened_again_tells_no_line_twice() {
        let mut seen = Seen::default();
        let told = [1, 2, 2].map(|seconds| seen.is_new(&line(seconds)));
        assert_eq!(told, [true; 3]);
        let from = seen.again().unwrap();
        assert_eq!(from, time(&line(2)).unwrap().as_second());
        let told = [1, 2, 2, 2, 3].map(|seconds| seen.is_new(&line(seconds)));
        assert_eq!(told, [false, false, false, true, true]);
    }

    #[test]
    fn a_line_without_a_time_is_told_and_forgets_nothing() {
        let mut seen = Seen::default();
        let untimed = LogLine {
            timestamp: None,
            ..line(1)
        };
        let told = [line(1), untimed, line(1)].map(|line| seen.is_new(&line));
        assert_eq!(told, [true; 3]);
        seen.again().unwrap();
        let told = [1, 1, 2].map(|seconds| seen.is_new(&line(seconds)));
        assert_eq!(told, [false, false, true]);
    }
}
