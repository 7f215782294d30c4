//! A whole stack: services, networks, volumes and where they belong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::slice::from_ref;
use std::time::Duration;

use super::{Condition, Kind, MountSource, Service, ServiceName, StackName};

/// Everything that a stack file asks for, after merging, interpolation and profiles.
#[derive(Debug, Clone, PartialEq)]
pub struct Stack {
    /// Who it is.
    pub name: StackName,
    /// The project directory: absolute; relative paths of the stack file start here.
    pub directory: PathBuf,
    /// Where it was read from: absolute paths, or `template:NAME`.
    pub files: Vec<String>,
    /// Its services, by name.
    pub services: BTreeMap<ServiceName, Service>,
    /// Services of the stack file that are off, since none of their profiles is active.
    pub off: BTreeMap<ServiceName, BTreeSet<String>>,
    /// Its networks, by their key in the stack file.
    pub networks: BTreeMap<String, NetworkSpec>,
    /// Its named volumes, by their key in the stack file.
    pub volumes: BTreeMap<String, VolumeSpec>,
    /// Commands that run on the host at certain moments.
    pub hooks: Hooks,
}

impl Stack {
    /// Whether another service waits for the end of this one.
    pub fn is_awaited(&self, name: &ServiceName) -> bool {
        let mut dependencies = self
            .services
            .values()
            .filter_map(|service| service.depends_on.get(name));
        dependencies.any(|how| how.condition == Condition::CompletedSuccessfully)
    }

    /// Whether a good end of the service's process is no failure.
    pub fn may_end(&self, service: &Service) -> bool {
        service.kind == Kind::Process || self.is_awaited(&service.name)
    }
}

/// A network of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkSpec {
    /// Its name on the engine.
    pub name: String,
    /// Whether it is somebody else's: used, never created or removed.
    pub external: bool,
    /// The driver; the engine's default (`bridge`) when absent.
    pub driver: Option<String>,
    /// Whether containers on it can't reach the outside.
    pub internal: bool,
    /// The stack file's own labels.
    pub labels: BTreeMap<String, String>,
}

/// A named volume of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeSpec {
    /// Its name on the engine.
    pub name: String,
    /// Whether it is somebody else's: used, never created, wiped or removed.
    pub external: bool,
    /// The stack file's own labels.
    pub labels: BTreeMap<String, String>,
}

/// Commands that run on the host in the project directory, with the stack's variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hooks {
    /// When everything is usable.
    pub after_up: Vec<Vec<String>>,
    /// When everything is wiped and usable again.
    pub after_reset: Vec<Vec<String>>,
    /// Before anything is stopped.
    pub before_down: Vec<Vec<String>>,
    /// How long each of them may take.
    pub timeout: Duration,
}

/// When hooks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// When everything is usable.
    AfterUp,
    /// When everything is wiped and usable again.
    AfterReset,
    /// Before anything is stopped.
    BeforeDown,
}

impl Default for Hooks {
    /// None, and ten minutes for each.
    fn default() -> Self {
        Self {
            after_up: Vec::new(),
            after_reset: Vec::new(),
            before_down: Vec::new(),
            timeout: Duration::from_mins(10),
        }
    }
}

impl Hooks {
    /// The commands of this moment.
    pub fn at(&self, moment: Moment) -> &[Vec<String>] {
        match moment {
            Moment::AfterUp => &self.after_up,
            Moment::AfterReset => &self.after_reset,
            Moment::BeforeDown => &self.before_down,
        }
    }
}

impl fmt::Display for Moment {
    /// The stack file's word for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AfterUp => "after_up",
            Self::AfterReset => "after_reset",
            Self::BeforeDown => "before_down",
        })
    }
}

/// What keeps a stack from being one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StackError {
    /// A dependency that is no service of the stack.
    #[error("service `{service}` depends on `{dependency}`, which is not a service of the stack")]
    UnknownDependency {
        /// Who depends.
        service: ServiceName,
        /// On what.
        dependency: ServiceName,
    },
    /// Services that wait for each other.
    #[error("services depend on each other in a circle: {}", circle(.0))]
    Cycle(Vec<ServiceName>),
    /// A network that the stack does not define.
    #[error("service `{service}` joins network `{network}`, which the stack does not define")]
    UnknownNetwork {
        /// Who joins.
        service: ServiceName,
        /// The key used.
        network: String,
    },
    /// A volume that the stack does not define.
    #[error("service `{service}` mounts volume `{volume}`, which the stack does not define")]
    UnknownVolume {
        /// Who mounts.
        service: ServiceName,
        /// The key used.
        volume: String,
    },
    /// Two containers that can't have the same name.
    #[error("services `{first}` and `{second}` have the same container name `{container}`")]
    SameContainerName {
        /// One of them.
        first: ServiceName,
        /// The other.
        second: ServiceName,
        /// The name.
        container: String,
    },
    /// Two ports that can't both be had.
    #[error("{} host port {port}", publishers(.first, .second))]
    SamePort {
        /// One of them.
        first: ServiceName,
        /// The other.
        second: ServiceName,
        /// The port.
        port: u16,
    },
}

fn circle(names: &[ServiceName]) -> String {
    let mut text: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    text.extend(text.first().cloned());
    text.join(" -> ")
}

fn publishers(first: &ServiceName, second: &ServiceName) -> String {
    if first == second {
        format!("service `{first}` twice publishes")
    } else {
        format!("services `{first}` and `{second}` both publish")
    }
}

/// Whether a port of one address can't be had beside the same one of the other.
fn overlap(one: IpAddr, other: IpAddr) -> bool {
    let either_is_all = one.is_unspecified() || other.is_unspecified();
    one == other || (either_is_all && one.is_ipv4() == other.is_ipv4())
}

impl Stack {
    /// A stack of this name and project directory with nothing in it.
    pub fn new(name: StackName, directory: impl Into<PathBuf>) -> Self {
        Self {
            name,
            directory: directory.into(),
            files: Vec::new(),
            services: BTreeMap::new(),
            off: BTreeMap::new(),
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
            hooks: Hooks::default(),
        }
    }

    /// All that keeps this stack from being consistent: empty when nothing does.
    pub fn problems(&self) -> Vec<StackError> {
        let mut found = Vec::new();
        for service in self.services.values() {
            self.reference_problems(service, &mut found);
        }
        self.clashes(&mut found);
        found.extend(self.cycle().map(StackError::Cycle));
        found
    }

    fn reference_problems(&self, service: &Service, found: &mut Vec<StackError>) {
        for (dependency, how) in &service.depends_on {
            if how.required && !self.services.contains_key(dependency) {
                found.push(StackError::UnknownDependency {
                    service: service.name.clone(),
                    dependency: dependency.clone(),
                });
            }
        }
        for attachment in &service.container.networks {
            if !self.networks.contains_key(&attachment.network) {
                found.push(StackError::UnknownNetwork {
                    service: service.name.clone(),
                    network: attachment.network.clone(),
                });
            }
        }
        for mount in &service.container.mounts {
            if let MountSource::Volume { name } = &mount.source
                && !self.volumes.contains_key(name)
            {
                found.push(StackError::UnknownVolume {
                    service: service.name.clone(),
                    volume: name.clone(),
                });
            }
        }
    }

    fn clashes(&self, found: &mut Vec<StackError>) {
        let mut names = BTreeMap::new();
        let mut ports: BTreeMap<_, Vec<(IpAddr, &ServiceName)>> = BTreeMap::new();
        for service in self.services.values() {
            if let Some(first) = names.insert(&service.container.name, &service.name) {
                found.push(StackError::SameContainerName {
                    first: first.clone(),
                    second: service.name.clone(),
                    container: service.container.name.clone(),
                });
            }
            for mapping in &service.container.ports {
                let Some(port) = mapping.published else {
                    continue;
                };
                let holders = ports.entry((port, mapping.protocol)).or_default();
                let holder = holders.iter().find(|(ip, _)| overlap(*ip, mapping.host_ip));
                if let Some((_, first)) = holder {
                    found.push(StackError::SamePort {
                        first: (*first).clone(),
                        second: service.name.clone(),
                        port,
                    });
                }
                holders.push((mapping.host_ip, &service.name));
            }
        }
    }

    /// A circle of dependencies, where there is one.
    fn cycle(&self) -> Option<Vec<ServiceName>> {
        let mut done = BTreeSet::new();
        for name in self.services.keys() {
            let mut path = Vec::new();
            if let Some(cycle) = self.visit(name, &mut path, &mut done) {
                return Some(cycle);
            }
        }
        None
    }

    fn visit<'a>(
        &'a self,
        name: &'a ServiceName,
        path: &mut Vec<&'a ServiceName>,
        done: &mut BTreeSet<&'a ServiceName>,
    ) -> Option<Vec<ServiceName>> {
        if let Some(start) = path.iter().position(|&on_path| on_path == name) {
            return Some(
                path.iter()
                    .skip(start)
                    .map(|&on_path| on_path.clone())
                    .collect(),
            );
        }
        if !done.insert(name) {
            return None;
        }
        path.push(name);
        let found = self
            .services
            .get(name)
            .into_iter()
            .flat_map(|service| service.depends_on.keys())
            .find_map(|dependency| self.visit(dependency, path, done));
        path.pop();
        found
    }

    /// These services and all whose data only makes sense together with theirs. All services when
    /// none is named.
    pub fn reset_closure(&self, named: &[ServiceName]) -> BTreeSet<ServiceName> {
        if named.is_empty() {
            return self.services.keys().cloned().collect();
        }
        let mut reached = BTreeSet::new();
        let mut ahead: Vec<&ServiceName> = named.iter().collect();
        while let Some(name) = ahead.pop() {
            let Some(service) = self.services.get(name) else {
                continue;
            };
            if reached.insert(name.clone()) {
                ahead.extend(&service.reset_with);
                // It is mutual, whichever of the two says so.
                let others = self.services.values();
                let others = others.filter(|other| other.reset_with.contains(name));
                ahead.extend(others.map(|other| &other.name));
            }
        }
        reached
    }

    /// The S3 stores that a LakeFS may keep its objects in: those of the stack, but for one that needs
    /// a LakeFS itself. None for a service of another kind.
    pub fn stores_of(&self, name: &ServiceName) -> impl Iterator<Item = &ServiceName> {
        let is_lakefs = |name: &ServiceName| {
            let service = self.services.get(name);
            service.is_some_and(|service| matches!(service.kind, Kind::Lakefs(_)))
        };
        let mut stores = Vec::new();
        if is_lakefs(name) {
            let services = self.services.values();
            let of_s3 = services.filter(|service| matches!(service.kind, Kind::S3(_)));
            stores.extend(of_s3.map(|service| &service.name));
            stores.retain(|store| !self.closure(from_ref(*store)).iter().any(is_lakefs));
        }
        stores.into_iter()
    }

    /// The service of the stack that a helper of this name does something for.
    pub fn helped_by(&self, helper: &ServiceName) -> Option<&ServiceName> {
        self.services.keys().find(|name| name.helper() == *helper)
    }

    /// These services and all they depend on, directly or not. All services when none is named.
    pub fn closure(&self, named: &[ServiceName]) -> BTreeSet<ServiceName> {
        if named.is_empty() {
            return self.services.keys().cloned().collect();
        }
        let mut reached = BTreeSet::new();
        let mut ahead: Vec<&ServiceName> = named.iter().collect();
        while let Some(name) = ahead.pop() {
            if let Some(service) = self.services.get(name)
                && reached.insert(name.clone())
            {
                ahead.extend(service.depends_on.keys());
            }
        }
        reached
    }
}
