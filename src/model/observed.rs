//! What an engine said exists, taken once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use super::{ImageRef, NetworkSpec, Obstacle, PortMapping, Protocol, ServiceName, TakenPort};

/// One snapshot of the engine, as far as it concerns a stack.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    /// Containers that are the stack's, or that have a name the stack needs.
    pub containers: Vec<ObservedContainer>,
    /// Networks that are the stack's, or that have a name the stack needs.
    pub networks: Vec<Network>,
    /// Names of volumes that are the stack's, or that have a name the stack needs.
    pub volumes: BTreeSet<String>,
    /// The engine's ids of the images that were asked about; `None` where it does not have one.
    pub images: BTreeMap<ImageRef, Option<String>>,
    /// Host directories that bind mounts need and that do not exist yet.
    pub missing_directories: BTreeSet<PathBuf>,
    /// What keeps services from directories that they mount, by service and path.
    pub obstacles: BTreeMap<(ServiceName, PathBuf), Obstacle>,
    /// Project directories of other stacks that exist no more.
    pub gone_directories: BTreeSet<PathBuf>,
    /// Files of services' data that exist.
    pub data_files: BTreeSet<PathBuf>,
    /// Services whose data a run has begun to delete, which was killed before it came to the end.
    pub half_wiped: BTreeSet<ServiceName>,
    /// Host ports that services are to publish and that somebody else holds.
    pub taken_ports: Vec<TakenPort>,
}

/// An engine's id of a container: 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerId(pub String);

/// An engine's id of a network.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkId(pub String);

/// A container as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedContainer {
    /// Its id.
    pub id: ContainerId,
    /// Its name, without the engine's leading slash.
    pub name: String,
    /// Whose it is.
    pub owner: Owner,
    /// The image it was created from, as it was named then.
    pub image: String,
    /// The engine's id of that image.
    pub image_id: String,
    /// The fingerprint it was created with.
    pub fingerprint: Option<String>,
    /// What it is doing.
    pub state: ContainerState,
    /// The engine's words on that: `Up 3 minutes`.
    pub status: String,
    /// What the engine's own health check says.
    pub health: Option<Health>,
    /// When it was last started, in RFC 3339; known after a closer look only.
    pub started_at: Option<String>,
    /// The ports it publishes now.
    pub ports: Vec<PublishedPort>,
    /// The networks it is attached to.
    pub networks: Vec<NetworkId>,
    /// Its own addresses on them, while it runs.
    pub addresses: Vec<IpAddr>,
    /// The volumes without a name that go with it.
    pub anonymous_volumes: Vec<String>,
}

/// What becomes of the volumes without a name of a container that is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnonymousVolumes {
    /// They go with it.
    Removed,
    /// They stay, and nothing uses them any more.
    Kept,
}

/// Whose an object is, by its labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// This stack's, for the service of this name.
    Ours(ServiceName),
    /// Another stack's, or that of a stack of the same name in another project directory.
    Elsewhere(OtherStack),
    /// Somebody else's.
    Foreign,
}

impl Owner {
    /// Whether it is a stack of this name that the object belongs to, in whatever directory.
    pub fn is_of_this_name(&self) -> bool {
        match self {
            Self::Ours(_) => true,
            Self::Elsewhere(other) => other.name.is_none(),
            Self::Foreign => false,
        }
    }
}

/// What a container is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerState {
    /// Made, and not yet started; or its start failed.
    Created,
    /// Running.
    Running,
    /// Frozen.
    Paused,
    /// Between two attempts of its restart policy.
    Restarting,
    /// Ended.
    Exited {
        /// What its process returned, where that is known.
        code: Option<i64>,
        /// Whether the kernel killed it for want of memory.
        oom_killed: bool,
    },
    /// On its way out.
    Removing,
    /// Half removed.
    Dead,
}

/// What the engine's own health check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Not decided yet.
    Starting,
    /// Good.
    Healthy,
    /// Bad.
    Unhealthy,
}

/// A container port and where it can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublishedPort {
    /// The port inside the container.
    pub target: u16,
    /// The port on the host.
    pub published: u16,
    /// The host's address it is bound to.
    pub host_ip: IpAddr,
    /// TCP or UDP.
    pub protocol: Protocol,
}

/// A network as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Its id.
    pub id: NetworkId,
    /// Its name.
    pub name: String,
    /// Who made it.
    pub maker: Maker,
}

/// Who made a network, by its labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Maker {
    /// This stack.
    Ours,
    /// Another stack, or this one in another project directory.
    Other(OtherStack),
    /// Somebody who does not use devinfra.
    Foreign,
}

/// Another stack, or this one in another project directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherStack {
    /// Its name, where that is another.
    pub name: Option<String>,
    /// Its project directory.
    pub directory: PathBuf,
}

impl Network {
    /// Whether this stack made it.
    pub fn is_ours(&self) -> bool {
        self.maker == Maker::Ours
    }

    /// Whether a container that is attached to `id` is attached to this network. Podman gives its
    /// name there.
    pub fn goes_by(&self, id: &NetworkId) -> bool {
        self.id == *id || self.name == id.0
    }
}

impl Observed {
    /// The container of this service.
    pub fn container_of(&self, service: &ServiceName) -> Option<&ObservedContainer> {
        self.containers
            .iter()
            .find(|container| container.is_of(service))
    }

    /// The container of this name, whoever owns it.
    pub fn container_named(&self, name: &str) -> Option<&ObservedContainer> {
        self.containers
            .iter()
            .find(|container| container.name == name)
    }

    /// Who keeps the mapping's host port from being published, where somebody does.
    pub fn taken_port(&self, mapping: &PortMapping) -> Option<&TakenPort> {
        self.taken_ports.iter().find(|taken| {
            Some(taken.port) == mapping.published && taken.protocol == mapping.protocol
        })
    }

    /// The stack's own network of this name that it did not make, where there is no other and
    /// none of the stack's containers is on it already.
    pub fn stranger_network(&self, wanted: &NetworkSpec) -> Option<&Network> {
        let mut named = self.networks.iter().filter(|one| one.name == wanted.name);
        let network = named.next().filter(|_| named.next().is_none())?;
        let is_ours = |one: &&ObservedContainer| matches!(one.owner, Owner::Ours(_));
        let mut ours = self.containers.iter().filter(is_ours);
        let is_stranger = !wanted.external
            && !network.is_ours()
            && !ours.any(|container| container.networks.iter().any(|id| network.goes_by(id)));
        is_stranger.then_some(network)
    }

    /// The network of this name: this stack's own where several share it.
    pub fn network_named(&self, name: &str) -> Option<&Network> {
        let mut named = self.networks.iter().filter(|network| network.name == name);
        let first = named.next();
        named
            .find(|network| network.is_ours())
            .filter(|_| !first.is_some_and(Network::is_ours))
            .or(first)
    }
}

impl ObservedContainer {
    /// A container that was made and never started, and of which no more is known.
    pub fn new(id: ContainerId, name: impl Into<String>, owner: Owner) -> Self {
        Self {
            id,
            name: name.into(),
            owner,
            image: String::new(),
            image_id: String::new(),
            fingerprint: None,
            state: ContainerState::Created,
            status: String::new(),
            health: None,
            started_at: None,
            ports: Vec::new(),
            networks: Vec::new(),
            addresses: Vec::new(),
            anonymous_volumes: Vec::new(),
        }
    }

    /// Whether it is this stack's container for the service.
    pub fn is_of(&self, service: &ServiceName) -> bool {
        matches!(&self.owner, Owner::Ours(name) if name == service)
    }

    /// The service it is this stack's container for.
    pub fn service(&self) -> Option<&ServiceName> {
        match &self.owner {
            Owner::Ours(service) => Some(service),
            Owner::Elsewhere(_) | Owner::Foreign => None,
        }
    }

    /// Whether its process is there.
    pub fn is_running(&self) -> bool {
        self.state == ContainerState::Running
    }
}

impl ContainerState {
    /// What its process returned, where it has ended and that is known.
    pub fn exit_code(&self) -> Option<i64> {
        match self {
            Self::Exited { code, .. } => *code,
            _ => None,
        }
    }

    /// The word that `status --json` has for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Exited { .. } => "exited",
            Self::Removing => "removing",
            Self::Dead => "dead",
        }
    }
}

impl fmt::Display for ContainerId {
    /// The first twelve digits, which is what people see elsewhere.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.get(..12).unwrap_or(&self.0))
    }
}

impl fmt::Display for NetworkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.get(..12).unwrap_or(&self.0))
    }
}
