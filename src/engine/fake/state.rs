//! What the engine has.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::{EngineError, EngineSaid, LogLine, labels};
use crate::model::{
    ContainerId, ContainerSpec, FoundStack, Network, ObservedContainer, Owner, PublishedPort,
};

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) containers: Vec<FakeContainer>,
    pub(super) networks: Vec<(Network, BTreeMap<String, String>)>,
    pub(super) volumes: BTreeSet<String>,
    pub(super) images: BTreeSet<String>,
    pub(super) taken_ports: BTreeSet<u16>,
    pub(super) dying: BTreeMap<String, i64>,
    pub(super) logs: BTreeMap<ContainerId, Vec<LogLine>>,
    pub(super) calls: Vec<String>,
    pub(super) log: Option<Vec<String>>,
    pub(super) made: usize,
}

#[derive(Debug, Clone)]
pub(super) struct FakeContainer {
    pub(super) found: ObservedContainer,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) spec: ContainerSpec,
}

impl State {
    pub(super) fn last_words(&self) -> Vec<String> {
        let log = self.log.clone();
        log.unwrap_or_else(|| vec!["last words".to_owned()])
    }

    /// All stacks that something is of.
    pub(super) fn stacks(&self) -> Vec<FoundStack> {
        let mut stacks = BTreeMap::new();
        for one in &self.containers {
            if let Some(service) = labels::service_of(&one.labels)
                && let Some(stack) = labels::stack_among(&mut stacks, &one.labels)
            {
                stack.containers.push(ObservedContainer {
                    owner: Owner::Ours(service),
                    ..one.found.clone()
                });
            }
        }
        for (network, labels) in &self.networks {
            if let Some(stack) = labels::stack_among(&mut stacks, labels) {
                stack.networks.push(network.name.clone());
            }
        }
        stacks.into_values().collect()
    }

    pub(super) fn new_id(&mut self) -> String {
        self.made += 1;
        format!("{:064x}", self.made)
    }

    pub(super) fn find(&mut self, id: &ContainerId) -> Option<&mut FakeContainer> {
        self.containers.iter_mut().find(|one| one.found.id == *id)
    }

    pub(super) fn port_conflict(&self, id: &ContainerId) -> Option<u16> {
        let ports = |one: &FakeContainer| -> Vec<u16> {
            one.spec
                .ports
                .iter()
                .filter_map(|port| port.published)
                .collect()
        };
        let wanted = ports(self.containers.iter().find(|one| one.found.id == *id)?);
        let held: BTreeSet<u16> = self
            .containers
            .iter()
            .filter(|one| one.found.id != *id && one.found.is_running())
            .flat_map(ports)
            .chain(self.taken_ports.iter().copied())
            .collect();
        wanted.into_iter().find(|port| held.contains(port))
    }
}

impl FakeContainer {
    pub(super) fn new(id: String, spec: ContainerSpec, labels: BTreeMap<String, String>) -> Self {
        let found = ObservedContainer {
            image: spec.image.to_string(),
            image_id: image_id(spec.image.as_str()),
            fingerprint: labels.get(labels::FINGERPRINT).cloned(),
            ..ObservedContainer::new(ContainerId(id), spec.name.clone(), Owner::Foreign)
        };
        Self {
            found,
            labels,
            spec,
        }
    }

    pub(super) fn publish(&mut self) {
        self.found.ports = self
            .spec
            .ports
            .iter()
            .map(|port| PublishedPort {
                target: port.target,
                published: port.published.unwrap_or(32768),
                host_ip: port.host_ip,
                protocol: port.protocol,
            })
            .collect();
    }
}

pub(super) fn image_id(image: &str) -> String {
    format!("sha256:{image}")
}

pub(super) fn refused(operation: &str, status: u16, message: &str) -> EngineError {
    let source = EngineSaid {
        status,
        message: message.to_owned(),
    };
    match status {
        404 => EngineError::NotFound {
            operation: operation.to_owned(),
            source,
        },
        _ => EngineError::Refused {
            operation: operation.to_owned(),
            source,
        },
    }
}
