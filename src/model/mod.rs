//! What is wanted and what exists, as plain data with its invariants.
//!
//! No I/O, no async, no serde, no clock: a value of this module can be built in a test in one line.

mod container;
mod export;
mod fingerprint;
mod found;
mod image;
mod kind;
mod mark;
mod mount;
mod name;
mod observed;
mod obstacle;
mod path;
mod port;
mod secret;
mod service;
mod shell;
mod size;
mod stack;

pub use container::{
    ContainerSpec, DeviceLimits, Healthcheck, Logging, NetworkAttachment, RestartPolicy, Ulimit,
};
pub use export::{Exports, Template, VariableError, VariableName};
pub use fingerprint::{Facet, Fingerprint};
pub use found::FoundStack;
pub use image::{ImageError, ImageRef, PullPolicy};
pub use kind::{
    ExecProbe, HttpProbe, Kind, Lakefs, LoginRole, Postgres, S3, TcpProbe, Valkey, ValkeyKeys,
    Wiping,
};
pub use mount::{Bind, HostPath, Mount, MountSource, Submounts, Tmpfs};
pub use name::{NameError, ServiceName, StackName};
pub use observed::{
    AnonymousVolumes, ContainerId, ContainerState, Health, Maker, Network, NetworkId, Observed,
    ObservedContainer, OtherStack, Owner, PublishedPort,
};
pub use obstacle::{Obstacle, PathProblem, Right};
pub use path::clean_path;
pub use port::{PortHolder, PortMapping, Protocol, TakenPort};
pub use secret::Secret;
pub use service::{Condition, Dependency, PortSetting, Service, StopPolicy};
pub use shell::shell_word;
pub use size::{ByteSize, SizeError};
pub use stack::{Hooks, Moment, NetworkSpec, Stack, StackError, VolumeSpec};
