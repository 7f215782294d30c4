//! What the steps of a run have made so far.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::ReadyService;
use super::words::LastWords;
use crate::kinds::Amount;
use crate::model::{ContainerId, NetworkId, Observed, ObservedContainer, ServiceName, Stack};

/// What the steps of a run have made so far.
#[derive(Debug, Default)]
pub(super) struct Progress {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) networks: BTreeMap<String, NetworkId>,
    pub(super) created: BTreeMap<ServiceName, ContainerId>,
    pub(super) containers: BTreeMap<ServiceName, ObservedContainer>,
    pub(super) words: BTreeMap<ServiceName, LastWords>,
    pub(super) ready: BTreeMap<ServiceName, ReadyService>,
    pub(super) wiped: BTreeMap<ServiceName, Vec<Amount>>,
}

impl Progress {
    /// What exists before the first step.
    pub(super) fn new(stack: &Stack, observed: &Observed) -> Self {
        let networks: BTreeMap<String, NetworkId> = stack
            .networks
            .iter()
            .filter_map(|(key, wanted)| {
                let found = observed.network_named(&wanted.name)?;
                Some((key.clone(), found.id.clone()))
            })
            .collect();
        let containers = observed
            .containers
            .iter()
            .filter_map(|container| Some((container.service()?.clone(), container.clone())))
            .collect();
        Self {
            state: Mutex::new(State {
                networks,
                containers,
                ..State::default()
            }),
        }
    }

    pub(super) fn ready(&self) -> BTreeMap<ServiceName, ReadyService> {
        self.with_state(|state| state.ready.clone())
    }

    pub(super) fn wiped(&self) -> BTreeMap<ServiceName, Vec<Amount>> {
        self.with_state(|state| state.wiped.clone())
    }

    /// The last lines of a container that was started by this run and has ended; `None` when its
    /// log has to be asked.
    pub(super) async fn last_words(&self, service: &ServiceName) -> Option<Vec<String>> {
        let words = self.with_state(|state| state.words.remove(service))?;
        words.of_ended().await
    }

    /// No step panics while it holds the lock, and the state is whole after each change.
    pub(super) fn with_state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
