//! What a container is made of, in the engine's terms but without any engine's types.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{ByteSize, ImageRef, Mount, PortMapping, Secret};

/// Everything that a container is created from.
///
/// Fields that are `None` or empty leave the image's or the engine's default in place.
#[derive(Debug, Clone, PartialEq)]
pub struct ContainerSpec {
    /// The container's name on the engine.
    pub name: String,
    /// The image it runs.
    pub image: ImageRef,
    /// `os/arch[/variant]`, where the stack file asks for one.
    pub platform: Option<String>,
    /// Replaces the image's command.
    pub command: Option<Vec<String>>,
    /// Replaces the image's entrypoint.
    pub entrypoint: Option<Vec<String>>,
    /// Environment variables. Any of them may be a secret.
    pub environment: BTreeMap<String, Secret>,
    /// `user[:group]`, names or numbers.
    pub user: Option<String>,
    /// The working directory of the command.
    pub working_dir: Option<String>,
    /// The host name inside the container.
    pub hostname: Option<String>,
    /// The stack file's own labels; devinfra's come on top.
    pub labels: BTreeMap<String, String>,
    /// Published ports.
    pub ports: Vec<PortMapping>,
    /// Ports (`8080` or `53/udp`) that are declared without being published.
    pub expose: Vec<String>,
    /// Mounts.
    pub mounts: Vec<Mount>,
    /// The stack's networks it joins.
    pub networks: Vec<NetworkAttachment>,
    /// What the engine does when it exits.
    pub restart: RestartPolicy,
    /// Whether the engine's small init runs as process 1.
    pub init: Option<bool>,
    /// Kernel capabilities added.
    pub cap_add: Vec<String>,
    /// Kernel capabilities dropped.
    pub cap_drop: Vec<String>,
    /// Options such as `no-new-privileges:true`.
    pub security_opt: Vec<String>,
    /// Whether the root file system is read-only.
    pub read_only: bool,
    /// Size of `/dev/shm`.
    pub shm_size: Option<ByteSize>,
    /// Resource limits of its processes, by the name the kernel gives them.
    pub ulimits: BTreeMap<String, Ulimit>,
    /// Kernel parameters of its namespaces.
    pub sysctls: BTreeMap<String, String>,
    /// Further lines of `/etc/hosts`: name to address.
    pub extra_hosts: BTreeMap<String, String>,
    /// Limits of memory and processor.
    pub limits: DeviceLimits,
    /// Where its output goes.
    pub logging: Option<Logging>,
    /// The engine's own health check, kept for display.
    pub healthcheck: Option<Healthcheck>,
    /// The signal that asks it to stop; the image's `STOPSIGNAL` when absent.
    pub stop_signal: Option<String>,
    /// How long it has to stop before it is killed.
    pub stop_grace_period: Duration,
}

/// A network that a container joins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NetworkAttachment {
    /// The key under the stack file's `networks`.
    pub network: String,
    /// Names it can be found by on that network, beside its own.
    pub aliases: Vec<String>,
}

/// What the engine does when a container exits. devinfra's default is `no`: under any other
/// policy a crash loop looks like a running service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RestartPolicy {
    /// It stays down.
    #[default]
    No,
    /// It is started again, also when the engine itself starts.
    Always,
    /// As `Always`, unless it was stopped by hand.
    UnlessStopped,
    /// It is started again after a failure.
    OnFailure {
        /// How often at the most.
        max_retries: Option<u32>,
    },
}

/// A soft and a hard limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ulimit {
    /// The limit in force; -1 is none.
    pub soft: i64,
    /// How far a process may raise it.
    pub hard: i64,
}

/// Limits of memory and processor.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DeviceLimits {
    /// The most memory it may use before it is killed.
    pub memory: Option<ByteSize>,
    /// Processors, in thousandths of one: 1500 is one and a half.
    pub milli_cpus: Option<u64>,
    /// The most processes it may have.
    pub pids: Option<i64>,
}

/// A logging driver and its options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logging {
    /// The driver, such as `json-file`; the engine's default when absent.
    pub driver: Option<String>,
    /// The driver's options.
    pub options: BTreeMap<String, String>,
}

/// A health check that the engine runs inside the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Healthcheck {
    /// The image's own is switched off.
    Disabled,
    /// A command is run at an interval.
    Command {
        /// `["CMD", …]` or `["CMD-SHELL", text]`, as the engine takes it.
        test: Vec<String>,
        /// Between two runs.
        interval: Option<Duration>,
        /// How long one run may take.
        timeout: Option<Duration>,
        /// Failures in a row until it is unhealthy.
        retries: Option<u32>,
        /// How long failures at the start do not count.
        start_period: Option<Duration>,
        /// Between two runs within the start period; engines before 25 ignore it.
        start_interval: Option<Duration>,
    },
}

impl ContainerSpec {
    /// A container of this name and image, with everything else left at its default.
    pub fn new(name: impl Into<String>, image: ImageRef) -> Self {
        Self {
            name: name.into(),
            image,
            platform: None,
            command: None,
            entrypoint: None,
            environment: BTreeMap::new(),
            user: None,
            working_dir: None,
            hostname: None,
            labels: BTreeMap::new(),
            ports: Vec::new(),
            expose: Vec::new(),
            mounts: Vec::new(),
            networks: Vec::new(),
            restart: RestartPolicy::No,
            init: None,
            cap_add: Vec::new(),
            cap_drop: Vec::new(),
            security_opt: Vec::new(),
            read_only: false,
            shm_size: None,
            ulimits: BTreeMap::new(),
            sysctls: BTreeMap::new(),
            extra_hosts: BTreeMap::new(),
            limits: DeviceLimits::default(),
            logging: None,
            healthcheck: None,
            stop_signal: None,
            stop_grace_period: Duration::from_secs(10),
        }
    }
}
