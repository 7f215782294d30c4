//! Lines that are yet to be written, through restarts and replacements of containers.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::ops::ControlFlow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt as _;
use futures_util::future::ready;
use futures_util::stream::{BoxStream, SelectAll, once};
use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};

use super::logs::{LogsRequest, Past, Seen, Tell, Told, time};
use super::readings::{Ended, Readings, Turns};
use super::{FlowError, Session};
use crate::engine::{ContainerEvent, EngineError, Happened, LogLine, LogOptions};
use crate::model::{ContainerId, ServiceName};

/// How long a line is held back for older ones of other containers. Nobody sees it.
const HELD: Duration = Duration::from_millis(40);

/// Follows the logs of a stack.
pub(super) struct Follower<'a> {
    session: &'a Session<'a>,
    services: BTreeSet<ServiceName>,
    /// Containers that are known, and up to where their logs have been told.
    seen: BTreeMap<ContainerId, Seen>,
    unreadable: BTreeSet<ContainerId>,
    readings: Readings,
    /// When containers are looked for.
    look_at: Option<Instant>,
    /// Containers whose process has ended, and whose last lines have not been read.
    died: BTreeMap<ContainerId, Option<i64>>,
    readers: SelectAll<BoxStream<'static, Read>>,
    held: BTreeMap<(Option<Timestamp>, u64), Held>,
    arrived: u64,
    /// Containers that were there, and have not been opened to be followed.
    unopened: BTreeSet<ContainerId>,
    /// Those of them whose log broke off before anything was told of it.
    untold: BTreeSet<ContainerId>,
    tail: Option<usize>,
    since: Option<i64>,
    /// When following began.
    began: i64,
}

struct Held {
    service: ServiceName,
    line: LogLine,
    until: Instant,
}

/// What comes of a container's log: lines, and an end.
struct Read {
    id: ContainerId,
    line: Option<Result<LogLine, EngineError>>,
}

/// What happened next.
enum Next {
    Read(Read),
    Event(Option<ContainerEvent>),
    Release,
    Look,
    Stop,
}

impl<'a> Follower<'a> {
    pub(super) fn new(
        session: &'a Session<'a>,
        services: BTreeSet<ServiceName>,
        request: &LogsRequest,
        past: Past,
    ) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_secs();
        Self {
            session,
            services,
            unopened: past.seen.keys().cloned().collect(),
            untold: past.broken,
            seen: past.seen,
            unreadable: past.unreadable,
            readings: Readings::default(),
            look_at: None,
            died: BTreeMap::new(),
            readers: SelectAll::new(),
            held: BTreeMap::new(),
            arrived: 0,
            began: i64::try_from(now).unwrap_or_default(),
            tail: request.tail,
            since: request.since,
        }
    }

    pub(super) async fn run(
        mut self,
        mut events: BoxStream<'static, ContainerEvent>,
        tell: Tell<'_>,
    ) -> Result<(), FlowError> {
        let is_unwanted = self.look(tell).await?.is_break();
        if is_unwanted || tell(Told::Following(self.readings.count())).is_break() {
            return Ok(());
        }
        let mut subscription = Some(Instant::now());
        let mut turns = Turns::default();
        loop {
            let flow = match self.next(&mut events, subscription.is_some()).await {
                Next::Stop => {
                    self.release(None, tell).is_break();
                    return Err(FlowError::Interrupted);
                }
                Next::Release => self.release(Some(Instant::now()), tell),
                Next::Read(read) => self.take(read, tell),
                Next::Event(None) => {
                    if let Some(since) = subscription.take() {
                        self.look_by(turns.end(since, false));
                    }
                    ControlFlow::Continue(())
                }
                Next::Event(Some(event)) => self.happened(event, tell),
                Next::Look => {
                    self.look_at = None;
                    if subscription.is_none() {
                        events = self.session.engine.events(self.session.stack).await?;
                        subscription = Some(Instant::now());
                    }
                    self.look(tell).await?
                }
            };
            if flow.is_break() {
                return Ok(());
            }
        }
    }

    /// Looks for containers by then.
    fn look_by(&mut self, by: Instant) {
        self.look_at = Some(self.look_at.map_or(by, |at| at.min(by)));
    }

    async fn next(
        &mut self,
        events: &mut BoxStream<'static, ContainerEvent>,
        subscribed: bool,
    ) -> Next {
        let look_at = self.look_at;
        let release_at = self.held.values().map(|held| held.until).min();
        let never = Instant::now() + Duration::from_hours(1);
        tokio::select! {
            biased;
            () = self.session.stop.asked() => Next::Stop,
            // Before the readers: a service that writes without a pause would keep all back.
            () = sleep_until(release_at.unwrap_or(never)), if release_at.is_some() => Next::Release,
            event = events.next(), if subscribed => Next::Event(event),
            Some(read) = self.readers.next() => Next::Read(read),
            () = sleep_until(look_at.unwrap_or(never)), if look_at.is_some() => Next::Look,
        }
    }

    /// Opens the logs of the containers that run and are not read yet.
    async fn look(&mut self, tell: Tell<'_>) -> Result<ControlFlow<()>, FlowError> {
        let found = self.session.engine.containers(self.session.stack).await?;
        for container in found {
            let Some(service) = container.service() else {
                continue;
            };
            let wanted = self.services.is_empty() || self.services.contains(service);
            let id = &container.id;
            let read = self.readings.service(id).is_some() || self.unreadable.contains(id);
            if !wanted || read || !container.is_running() {
                continue;
            }
            if let Some(until) = self.readings.rests_until(id) {
                self.look_by(until);
                continue;
            }
            match self.open(id, service).await {
                Ok(()) => {}
                Err(error) if error.is_not_found() => {}
                Err(error) => {
                    if self.give_up(id, service.clone(), error, tell).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn give_up(
        &mut self,
        id: &ContainerId,
        service: ServiceName,
        error: EngineError,
        tell: Tell<'_>,
    ) -> ControlFlow<()> {
        self.unreadable.insert(id.clone());
        tell(Told::Unreadable { service, error })
    }

    /// From where on a container's log is read: behind the last line that was told of it. Of one
    /// of which nothing was told only what was asked for; a new one from its beginning.
    fn options(&mut self, id: &ContainerId) -> LogOptions {
        let known = self.seen.contains_key(id);
        let since = self.seen.entry(id.clone()).or_default().again();
        let nothing = self.tail == Some(0);
        let first = self.unopened.remove(id);
        let untold = self.untold.remove(id);
        LogOptions {
            tail: self
                .tail
                .filter(|_| (nothing || untold) && first && since.is_none()),
            since: since.or_else(|| {
                let asked = self.since.or((nothing && !first).then_some(self.began));
                asked.filter(|_| known)
            }),
            follow: true,
        }
    }

    async fn open(&mut self, id: &ContainerId, service: &ServiceName) -> Result<(), EngineError> {
        let options = self.options(id);
        let lines = self.session.engine.logs(id, &options).await?;
        let (of_line, of_end) = (id.clone(), id.clone());
        let lines = lines.map(move |line| Read {
            id: of_line.clone(),
            line: Some(line),
        });
        let end = once(ready(Read {
            id: of_end,
            line: None,
        }));
        self.readers.push(lines.chain(end).boxed());
        self.readings.begin(id.clone(), service.clone());
        Ok(())
    }

    /// Holds a line back for a moment, or puts a log away that has ended.
    fn take(&mut self, read: Read, tell: Tell<'_>) -> ControlFlow<()> {
        match read.line {
            Some(Ok(line)) => {
                let Some(service) = self.readings.service(&read.id).cloned() else {
                    return ControlFlow::Continue(());
                };
                let seen = self.seen.entry(read.id.clone()).or_default();
                if !seen.is_new(&line) {
                    return ControlFlow::Continue(());
                }
                self.readings.told(&read.id);
                self.arrived += 1;
                let held = Held {
                    service,
                    until: Instant::now() + HELD,
                    line,
                };
                self.held.insert((time(&held.line), self.arrived), held);
                ControlFlow::Continue(())
            }
            Some(Err(error)) => {
                self.readings.broke(&read.id, error);
                ControlFlow::Continue(())
            }
            None => {
                self.release(None, tell)?;
                self.end(&read.id, tell)
            }
        }
    }

    /// A log has ended, with its container or without.
    fn end(&mut self, id: &ContainerId, tell: Tell<'_>) -> ControlFlow<()> {
        let Some(Ended { service, again }) = self.readings.end(id) else {
            return ControlFlow::Continue(());
        };
        if let Some(exit_code) = self.died.remove(id) {
            self.readings.started(id);
            return tell(Told::Died { service, exit_code });
        }
        match again {
            // A look fails when the engine is gone, and finds the container when it still runs.
            Ok(at) => {
                self.look_by(at);
                ControlFlow::Continue(())
            }
            Err(error) => self.give_up(id, service, error, tell),
        }
    }

    /// Tells the lines that were held back long enough by `now`, and all that are older than those;
    /// all lines without it.
    fn release(&mut self, now: Option<Instant>, tell: Tell<'_>) -> ControlFlow<()> {
        let is_due = |held: &Held| now.is_none_or(|now| held.until <= now);
        let due = self.held.iter().rev().find(|(_, held)| is_due(held));
        let Some(mut last) = due.map(|(key, _)| *key) else {
            return ControlFlow::Continue(());
        };
        last.1 += 1;
        let later = self.held.split_off(&last);
        for held in mem::replace(&mut self.held, later).into_values() {
            let (service, line) = (held.service, held.line);
            tell(Told::Line { service, line })?;
        }
        ControlFlow::Continue(())
    }

    fn happened(&mut self, event: ContainerEvent, tell: Tell<'_>) -> ControlFlow<()> {
        let Some(service) = event.service else {
            return ControlFlow::Continue(());
        };
        if !self.services.is_empty() && !self.services.contains(&service) {
            return ControlFlow::Continue(());
        }
        match event.what {
            Happened::Started => {
                self.readings.started(&event.id);
                self.look_by(Instant::now());
                tell(Told::Started { service })
            }
            // Its last lines may be on their way still; they are told before its end is.
            Happened::Died { exit_code } if self.readings.service(&event.id).is_some() => {
                self.died.insert(event.id, exit_code);
                ControlFlow::Continue(())
            }
            Happened::Died { exit_code } => tell(Told::Died { service, exit_code }),
            Happened::OutOfMemory | Happened::HealthChanged => ControlFlow::Continue(()),
        }
    }
}
