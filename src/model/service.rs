//! One service of a stack.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::{ContainerSpec, Exports, Kind, Mount, PullPolicy, ServiceName};

/// A service: what its container is made of, and what devinfra does about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Its key in the stack file.
    pub name: ServiceName,
    /// What its container is made of.
    pub container: ContainerSpec,
    /// Variables of the stack file that host ports come from, by port.
    pub port_variables: BTreeMap<u16, String>,
    /// When its image is pulled.
    pub pull_policy: PullPolicy,
    /// What must have happened to other services before it starts.
    pub depends_on: BTreeMap<ServiceName, Dependency>,
    /// How it is probed, bootstrapped, checked and reset.
    pub kind: Kind,
    /// What the application is told of it.
    pub exports: Exports,
    /// Mount targets that are this service's data.
    pub data: Vec<String>,
    /// Files on the host that go when this service's data is wiped.
    pub data_files: Vec<PathBuf>,
    /// Services whose data only makes sense together with this one's.
    pub reset_with: Vec<ServiceName>,
    /// Whether `up` fails when it does not become usable.
    pub required: bool,
}

/// A dependency on another service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dependency {
    /// What must have happened to it.
    pub condition: Condition,
    /// Whether its absence or failure is an error.
    pub required: bool,
}

/// Compose's `depends_on` conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// Its container was started.
    Started,
    /// It is usable: its kind's probe succeeded.
    Healthy,
    /// It ran and exited with 0.
    CompletedSuccessfully,
}

/// Where it is said which host port is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PortSetting<'a> {
    /// In a variable that the stack file uses.
    Variable(&'a str),
    /// In the stack file itself, under `ports` of this service.
    Ports(&'a ServiceName),
}

/// How a container is asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopPolicy {
    /// With its own signal and grace period.
    Own,
    /// With its own signal and this grace period.
    Within(Duration),
}

impl Service {
    /// A service of this name and container that nothing is known of.
    pub fn new(name: ServiceName, container: ContainerSpec) -> Self {
        Self {
            name,
            container,
            port_variables: BTreeMap::new(),
            pull_policy: PullPolicy::default(),
            depends_on: BTreeMap::new(),
            kind: Kind::Process,
            exports: Exports::default(),
            data: Vec::new(),
            data_files: Vec::new(),
            reset_with: Vec::new(),
            required: true,
        }
    }

    /// Where it is said that this host port is published.
    pub fn port_setting(&self, port: u16) -> PortSetting<'_> {
        match self.port_variables.get(&port) {
            Some(variable) => PortSetting::Variable(variable),
            None => PortSetting::Ports(&self.name),
        }
    }

    /// The mounts that are its data.
    pub fn data_mounts(&self) -> impl Iterator<Item = &Mount> {
        let mounts = self.container.mounts.iter();
        mounts.filter(|mount| self.data.contains(&mount.target))
    }
}

impl fmt::Display for PortSetting<'_> {
    /// What is done there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "set `{name}` in the environment or an env file"),
            Self::Ports(service) => write!(f, "change `ports` of `{service}` in the stack file"),
        }
    }
}

impl Condition {
    /// The word that Compose has for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Started => "service_started",
            Self::Healthy => "service_healthy",
            Self::CompletedSuccessfully => "service_completed_successfully",
        }
    }
}
