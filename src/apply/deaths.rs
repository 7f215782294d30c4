//! Which containers have died since the run began.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use super::Run;
use super::error::ExitReason;
use crate::engine::{ContainerEvent, Engine, Happened};
use crate::model::{ContainerId, ContainerState, ObservedContainer};

/// How often a container is looked at that no event tells of, while events come.
const SELDOM: Duration = Duration::from_secs(1);
/// How often it is looked at when there are no events.
const OFTEN: Duration = Duration::from_millis(100);

/// The exit status of a process that was killed.
const KILLED: i64 = 128 + 9;

/// Whether the engine tells us of deaths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subscription {
    /// It has not been asked to yet.
    Ahead,
    /// It does.
    InForce,
    /// It refused, or has stopped to.
    Lost,
}

/// What the engine's events told. They are a hint that may be missing; [`Deaths::of`] looks itself
/// now and then as well.
#[derive(Debug)]
pub(super) struct Deaths {
    told: Mutex<BTreeMap<ContainerId, Told>>,
    changed: Notify,
    subscription: watch::Sender<Subscription>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Told {
    died: bool,
    exit_code: Option<i64>,
    out_of_memory: bool,
    /// Deaths to come that we have asked for.
    expected: u32,
}

impl Told {
    /// The event tells all there is to know. Whether the kernel killed it for want of memory may be
    /// known a moment later only, and whoever removes it by force kills it first.
    fn is_conclusive(self) -> bool {
        self.died && (self.out_of_memory || self.exit_code.is_some_and(|code| code != KILLED))
    }

    fn as_reason(self) -> ExitReason {
        ExitReason::Exited {
            code: self.exit_code,
            oom_killed: self.out_of_memory,
        }
    }
}

impl Default for Deaths {
    fn default() -> Self {
        Self {
            told: Mutex::default(),
            changed: Notify::new(),
            subscription: watch::Sender::new(Subscription::Ahead),
        }
    }
}

impl Deaths {
    /// Listens to the engine until it is dropped. A stream that ends is taken up again.
    pub(super) async fn watch(&self, run: &Run<'_>) {
        loop {
            if let Ok(mut events) = run.engine.events(run.stack).await {
                self.subscription.send_replace(Subscription::InForce);
                while let Some(event) = events.next().await {
                    self.take(&event);
                }
            }
            self.subscription.send_replace(Subscription::Lost);
            sleep(OFTEN).await;
        }
    }

    /// Waits until the first subscription has been tried.
    pub(super) async fn watching(&self) {
        // The sender lives as long as this value.
        self.subscription
            .subscribe()
            .wait_for(|subscription| *subscription != Subscription::Ahead)
            .await
            .ok();
    }

    fn take(&self, event: &ContainerEvent) {
        if let Ok(mut told) = self.told.lock() {
            let entry = told.entry(event.id.clone()).or_default();
            match event.what {
                Happened::Died { .. } if entry.expected > 0 => entry.expected -= 1,
                Happened::Died { exit_code } => {
                    entry.died = true;
                    entry.exit_code = exit_code;
                }
                Happened::OutOfMemory => entry.out_of_memory = true,
                Happened::Started | Happened::HealthChanged => {}
            }
        }
        self.changed.notify_waiters();
    }

    /// The next death of the container is one that we ask for: it may be started again.
    pub(super) fn expect(&self, id: &ContainerId) {
        if let Ok(mut told) = self.told.lock() {
            told.entry(id.clone()).or_default().expected += 1;
        }
    }

    /// The containers that have died, as far as events told.
    pub(super) fn all(&self) -> BTreeMap<ContainerId, ExitReason> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let died = told.iter().filter(|(_, told)| told.died);
        died.map(|(id, told)| (id.clone(), told.as_reason()))
            .collect()
    }

    fn told_of(&self, id: &ContainerId) -> Told {
        self.told
            .lock()
            .ok()
            .and_then(|told| told.get(id).copied())
            .unwrap_or_default()
    }

    /// Waits until an event tells how the container has ended, if one ever does.
    pub(super) async fn told(&self, id: &ContainerId) -> ExitReason {
        loop {
            let changed = self.changed.notified();
            let told = self.told_of(id);
            if told.is_conclusive() {
                return told.as_reason();
            }
            changed.await;
        }
    }

    /// Waits until the container has ended, and says how.
    ///
    /// A container that has died and was started again by its restart policy has ended too. One
    /// that had ended when it was observed has no event to come.
    pub(super) async fn of(
        &self,
        engine: &dyn Engine,
        container: &ObservedContainer,
    ) -> ExitReason {
        let id = &container.id;
        if let Some(reason) = ended(&container.state, self.told_of(id)) {
            return reason;
        }
        let mut subscription = self.subscription.subscribe();
        loop {
            let changed = self.changed.notified();
            let told = self.told_of(id);
            if told.is_conclusive() {
                return told.as_reason();
            }
            if told.died {
                return confirmed(engine, id, told).await;
            }
            let interval = match *subscription.borrow_and_update() {
                Subscription::Ahead | Subscription::InForce => SELDOM,
                Subscription::Lost => OFTEN,
            };
            let may_have_missed_one = tokio::select! {
                () = changed => false,
                _ = subscription.changed() => true,
                () = sleep(interval) => true,
            };
            if may_have_missed_one
                && let Ok(found) = engine.inspect_container(id).await
                && let Some(reason) = found.map_or(Some(ExitReason::Removed), |container| {
                    ended(&container.state, self.told_of(id))
                })
            {
                return reason;
            }
        }
    }
}

/// How a container in this state has ended, if it has.
fn ended(state: &ContainerState, told: Told) -> Option<ExitReason> {
    match state {
        ContainerState::Running | ContainerState::Created | ContainerState::Paused => None,
        ContainerState::Exited { code, oom_killed } => Some(ExitReason::Exited {
            code: code.or(told.exit_code),
            oom_killed: *oom_killed || told.out_of_memory,
        }),
        ContainerState::Restarting | ContainerState::Dead => Some(told.as_reason()),
        ContainerState::Removing => Some(ExitReason::Removed),
    }
}

/// What a closer look adds to an event. Whatever it shows, the container has died.
async fn confirmed(engine: &dyn Engine, id: &ContainerId, told: Told) -> ExitReason {
    match engine.inspect_container(id).await {
        Ok(None) => ExitReason::Removed,
        Ok(Some(container)) => ended(&container.state, told).unwrap_or(told.as_reason()),
        Err(_) => told.as_reason(),
    }
}
