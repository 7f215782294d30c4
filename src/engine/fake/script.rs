//! The engine, and what a test can make it be like.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, broadcast};

use super::state::{FakeContainer, State};
use crate::engine::{Address, Choice, ContainerEvent, LogLine, LogStream};
use crate::model::{
    ContainerId, ContainerSpec, ContainerState, ImageRef, Maker, Network, NetworkId,
};

/// An engine in memory. Clones share their state.
#[derive(Debug, Clone)]
pub struct FakeEngine {
    pub(super) address: Address,
    pub(super) state: Arc<Mutex<State>>,
    /// Wakes those who follow a log.
    pub(super) changed: Arc<Notify>,
    pub(super) events: broadcast::Sender<ContainerEvent>,
}

impl Default for FakeEngine {
    fn default() -> Self {
        let address = Address {
            url: "unix:///fake.sock".to_owned(),
            chosen_by: Choice::Option,
        };
        Self {
            address,
            state: Arc::default(),
            changed: Arc::default(),
            events: broadcast::Sender::new(64),
        }
    }
}

impl FakeEngine {
    /// The same engine, as it would be told of on another machine.
    #[must_use]
    pub fn elsewhere(self) -> Self {
        let url = "tcp://192.0.2.1:2375".to_owned();
        let address = Address {
            url,
            ..self.address
        };
        Self { address, ..self }
    }

    pub(super) fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn call(&self, call: impl Into<String>) {
        let call = call.into();
        self.with(|state| state.calls.push(call));
    }

    /// The engine has this image from now on.
    pub fn add_image(&self, image: &ImageRef) {
        self.with(|state| state.images.insert(image.to_string()));
    }

    /// Another process holds this host port from now on.
    pub fn take_port(&self, port: u16) {
        self.with(|state| state.taken_ports.insert(port));
    }

    /// The container of this name ends with this status as soon as it is started.
    pub fn die_at_start(&self, container: &str, exit_code: i64) {
        self.with(|state| state.dying.insert(container.to_owned(), exit_code));
    }

    /// A running container that devinfra did not make.
    pub fn add_foreign_container(&self, name: &str, image: &ImageRef) {
        let spec = ContainerSpec::new(name, image.clone());
        self.with(|state| {
            let id = state.new_id();
            let mut container = FakeContainer::new(id, spec, BTreeMap::new());
            container.found.state = ContainerState::Running;
            state.containers.push(container);
        });
    }

    /// A network that devinfra did not make.
    pub fn add_foreign_network(&self, name: &str) {
        self.with(|state| {
            let id = NetworkId(state.new_id());
            let network = Network {
                id,
                name: name.to_owned(),
                maker: Maker::Foreign,
            };
            state.networks.push((network, BTreeMap::new()));
        });
    }

    /// What every container has written.
    pub fn set_log(&self, lines: &[&str]) {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        self.with(|state| state.log = Some(lines));
    }

    /// Lets a container get into a state by itself.
    pub fn set_state(&self, container: &str, wanted: &ContainerState) {
        self.with(|state| {
            for one in &mut state.containers {
                if one.found.name == container {
                    one.found.state = wanted.clone();
                }
            }
        });
        self.changed.notify_waiters();
    }

    /// The container of this name writes a line to its standard output.
    pub fn write_log(&self, container: &str, timestamp: &str, text: &str) {
        let line = LogLine {
            stream: LogStream::Stdout,
            timestamp: Some(timestamp.to_owned()),
            text: text.to_owned(),
        };
        self.with(|state| {
            let named = state.containers.iter();
            let ids: Vec<ContainerId> = named
                .filter(|one| one.found.name == container)
                .map(|one| one.found.id.clone())
                .collect();
            for id in ids {
                state.logs.entry(id).or_default().push(line.clone());
            }
        });
        self.changed.notify_waiters();
    }

    /// The calls made since the last time this was asked: `create kohakuhub-dev-postgres`.
    pub fn take_calls(&self) -> Vec<String> {
        self.with(|state| mem::take(&mut state.calls))
    }

    /// The names of the containers that run.
    pub fn running(&self) -> Vec<String> {
        self.with(|state| {
            let running = state.containers.iter().filter(|one| one.found.is_running());
            running.map(|one| one.found.name.clone()).collect()
        })
    }
}
