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

use super::logs::{LogsRequest, Seen, Tell, Told, time};
use super::{FlowError, Session};
use crate::engine::{ContainerEvent, EngineError, Happened, LogLine, LogOptions};
use crate::model::{ContainerId, ServiceName};

/// How long a line is held back for older ones of other containers. Nobody sees it.
const HELD: Duration = Duration::from_millis(40);
/// How soon a container is looked for again whose log has ended, and events that have.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Follows the logs of a stack.
pub(super) struct Follower<'a> {
    session: &'a Session<'a>,
    services: BTreeSet<ServiceName>,
    /// Containers that are known, and up to where their logs have been told.
    seen: BTreeMap<ContainerId, Seen>,
    unreadable: BTreeSet<ContainerId>,
    /// Containers whose logs are being read, and whose they are.
    open: BTreeMap<ContainerId, ServiceName>,
    /// Containers whose process has ended, and whose last lines have not been read.
    died: BTreeMap<ContainerId, Option<i64>>,
    readers: SelectAll<BoxStream<'static, Read>>,
    held: BTreeMap<(Option<Timestamp>, u64), Held>,
    arrived: u64,
    /// Containers that were there, and have not been opened to be followed.
    unopened: BTreeSet<ContainerId>,
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
        seen: BTreeMap<ContainerId, Seen>,
        unreadable: BTreeSet<ContainerId>,
    ) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_secs();
        Self {
            session,
            services,
            unopened: seen.keys().cloned().collect(),
            seen,
            unreadable,
            open: BTreeMap::new(),
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
        if self.look(tell).await?.is_break() || tell(Told::Following(self.open.len())).is_break() {
            return Ok(());
        }
        let mut look_at = None;
        let mut subscribed = true;
        loop {
            let flow = match self.next(&mut events, subscribed, look_at).await {
                Next::Stop => {
                    self.release(None, tell).is_break();
                    return Err(FlowError::Interrupted);
                }
                Next::Release => self.release(Some(Instant::now()), tell),
                Next::Read(read) => {
                    if read.line.is_none() {
                        look_at.get_or_insert_with(|| Instant::now() + LOOK_AGAIN);
                    }
                    self.take(read, tell)
                }
                Next::Event(None) => {
                    subscribed = false;
                    look_at.get_or_insert_with(|| Instant::now() + LOOK_AGAIN);
                    ControlFlow::Continue(())
                }
                Next::Event(Some(event)) => {
                    if event.what == Happened::Started {
                        look_at = Some(Instant::now());
                    }
                    self.happened(event, tell)
                }
                Next::Look => {
                    look_at = None;
                    if !subscribed {
                        events = self.session.engine.events(self.session.stack).await?;
                        subscribed = true;
                    }
                    self.look(tell).await?
                }
            };
            if flow.is_break() {
                return Ok(());
            }
        }
    }

    async fn next(
        &mut self,
        events: &mut BoxStream<'static, ContainerEvent>,
        subscribed: bool,
        look_at: Option<Instant>,
    ) -> Next {
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
            let read = self.open.contains_key(id) || self.unreadable.contains(id);
            if !wanted || read || !container.is_running() {
                continue;
            }
            match self.open(id, service).await {
                Ok(()) => {}
                Err(error) if error.is_not_found() => {}
                Err(error) => {
                    self.unreadable.insert(id.clone());
                    let service = service.clone();
                    if tell(Told::Unreadable { service, error }).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// From where on a container's log is read: behind the last line that was told of it. Of one
    /// of which nothing was told only what was asked for; a new one from its beginning.
    fn options(&mut self, id: &ContainerId) -> LogOptions {
        let known = self.seen.contains_key(id);
        let since = self.seen.entry(id.clone()).or_default().again();
        let nothing = self.tail == Some(0);
        let first = self.unopened.remove(id);
        LogOptions {
            tail: self.tail.filter(|_| nothing && first && since.is_none()),
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
        self.open.insert(id.clone(), service.clone());
        Ok(())
    }

    /// Holds a line back for a moment, or puts a log away that has ended.
    fn take(&mut self, read: Read, tell: Tell<'_>) -> ControlFlow<()> {
        match read.line {
            Some(Ok(line)) => {
                let Some(service) = self.open.get(&read.id) else {
                    return ControlFlow::Continue(());
                };
                if !self.seen.entry(read.id).or_default().is_new(&line) {
                    return ControlFlow::Continue(());
                }
                self.arrived += 1;
                let held = Held {
                    service: service.clone(),
                    until: Instant::now() + HELD,
                    line,
                };
                self.held.insert((time(&held.line), self.arrived), held);
                ControlFlow::Continue(())
            }
            // A connection that breaks is taken up again with the next look, which fails when the
            // engine is gone.
            Some(Err(_broken)) => ControlFlow::Continue(()),
            None => {
                self.release(None, tell)?;
                match (self.open.remove(&read.id), self.died.remove(&read.id)) {
                    (Some(service), Some(exit_code)) => tell(Told::Died { service, exit_code }),
                    _ => ControlFlow::Continue(()),
                }
            }
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
            Happened::Started => tell(Told::Started { service }),
            // Its last lines may be on their way still; they are told before its end is.
            Happened::Died { exit_code } if self.open.contains_key(&event.id) => {
                self.died.insert(event.id, exit_code);
                ControlFlow::Continue(())
            }
            Happened::Died { exit_code } => tell(Told::Died { service, exit_code }),
            Happened::OutOfMemory | Happened::HealthChanged => ControlFlow::Continue(()),
        }
    }
}
