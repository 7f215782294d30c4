//! Which containers have died since the run began.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use super::Run;
use super::error::ExitReason;
use crate::engine::{ContainerEvent, Engine, Happened};
use crate::model::{ContainerId, ContainerState};

/// How often a container is looked at that no event tells of, while events come.
const SELDOM: Duration = Duration::from_secs(1);
/// How often it is looked at when there are no events.
const OFTEN: Duration = Duration::from_millis(100);

/// What the engine's events told. They are a hint that may be missing; [`Deaths::of`] looks itself
/// now and then as well.
#[derive(Debug)]
pub(super) struct Deaths {
    told: Mutex<BTreeMap<ContainerId, Told>>,
    changed: Notify,
    subscribed: watch::Sender<bool>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Told {
    died: bool,
    exit_code: Option<i64>,
    out_of_memory: bool,
}

impl Default for Deaths {
    fn default() -> Self {
        Self {
            told: Mutex::default(),
            changed: Notify::new(),
            subscribed: watch::Sender::new(false),
        }
    }
}

impl Deaths {
    /// Listens to the engine until it is dropped. A stream that ends is taken up again.
    pub(super) async fn watch(&self, run: &Run<'_>) {
        loop {
            if let Ok(mut events) = run.engine.events(run.stack).await {
                self.subscribed.send_replace(true);
                while let Some(event) = events.next().await {
                    self.take(&event);
                }
            }
            self.subscribed.send_replace(true);
            sleep(OFTEN).await;
        }
    }

    /// Waits until the first subscription has been tried.
    pub(super) async fn watching(&self) {
        // The sender lives as long as this value.
        self.subscribed
            .subscribe()
            .wait_for(|subscribed| *subscribed)
            .await
            .ok();
    }

    fn take(&self, event: &ContainerEvent) {
        if let Ok(mut told) = self.told.lock() {
            let entry = told.entry(event.id.clone()).or_default();
            match event.what {
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

    fn told_of(&self, id: &ContainerId) -> Told {
        self.told
            .lock()
            .ok()
            .and_then(|told| told.get(id).copied())
            .unwrap_or_default()
    }

    /// Waits until the container has ended, and says how.
    ///
    /// A container that has died and was started again by its restart policy has ended too.
    pub(super) async fn of(&self, engine: &dyn Engine, id: &ContainerId) -> ExitReason {
        let interval = if *self.subscribed.borrow() {
            SELDOM
        } else {
            OFTEN
        };
        loop {
            let changed = self.changed.notified();
            let told = self.told_of(id);
            if told.died {
                return self.confirmed(engine, id, told).await;
            }
            let woken = timeout(interval, changed).await.is_ok();
            if !woken && let Ok(found) = engine.inspect_container(id).await {
                match found.map(|container| container.state) {
                    Some(
                        ContainerState::Running | ContainerState::Created | ContainerState::Paused,
                    ) => {}
                    Some(ContainerState::Exited { code, oom_killed }) => {
                        return ExitReason::Exited { code, oom_killed };
                    }
                    Some(ContainerState::Restarting | ContainerState::Dead) => {
                        return ExitReason::Exited {
                            code: told.exit_code,
                            oom_killed: false,
                        };
                    }
                    Some(ContainerState::Removing) | None => return ExitReason::Removed,
                }
            }
        }
    }

    async fn confirmed(&self, engine: &dyn Engine, id: &ContainerId, told: Told) -> ExitReason {
        match engine.inspect_container(id).await {
            Ok(None) => ExitReason::Removed,
            Ok(Some(container)) => match container.state {
                ContainerState::Exited { code, oom_killed } => ExitReason::Exited {
                    code: code.or(told.exit_code),
                    oom_killed: oom_killed || told.out_of_memory,
                },
                _ => ExitReason::Exited {
                    code: told.exit_code,
                    oom_killed: told.out_of_memory,
                },
            },
            Err(_) => ExitReason::Exited {
                code: told.exit_code,
                oom_killed: told.out_of_memory,
            },
        }
    }
}
