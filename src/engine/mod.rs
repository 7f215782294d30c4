//! The container engine, as far as devinfra needs it, in the model's terms.
//!
//! One method is one question or one change. Nothing is decided here: what to do is `plan`'s
//! business, and the only module that knows a real engine's protocol is `docker`.

mod address;
mod choice;
mod docker;
mod error;
mod exec;
#[cfg(any(test, feature = "test-support"))]
mod fake;
pub mod labels;
mod lines;
mod login;
mod marker;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use crate::model::{
    AnonymousVolumes, ContainerId, FoundStack, ImageRef, Network, NetworkId, NetworkSpec,
    ObservedContainer, PublishedPort, Service, ServiceName, Stack, VolumeSpec,
};

pub(crate) use address::without_password;
pub use address::{Address, Wishes};
pub use choice::{Choice, Context, Naming};
pub use docker::{Deadlines, Docker};
pub use error::{EngineError, EngineSaid, ImageProblem, UnreachableReason};
pub use exec::{Attached, Chunk, ExecId, ExecRequest, TerminalSize};
#[cfg(any(test, feature = "test-support"))]
pub use fake::FakeEngine;
pub use lines::{Line, Lines, text};
pub use login::{Customs, Login, LoginError, Logins, Proof};
pub use marker::Marker;

/// A container engine.
///
/// # Errors
///
/// Every method fails with [`EngineError`], which says what was attempted on which thing.
#[async_trait]
pub trait Engine: fmt::Debug + Send + Sync {
    /// Where the engine was reached.
    fn address(&self) -> &Address;

    /// The containers that are the stack's or have a name the stack needs.
    async fn containers(&self, stack: &Stack) -> Result<Vec<ObservedContainer>, EngineError>;

    /// The networks that are the stack's or have a name the stack needs.
    async fn networks(&self, stack: &Stack) -> Result<Vec<Network>, EngineError>;

    /// The names of the volumes that are the stack's or have a name the stack needs, and of those
    /// named in `further` that exist.
    async fn volumes(&self, stack: &Stack, further: &[String]) -> Result<Vec<String>, EngineError>;

    /// The names of the stack's volumes that exist and were not made for it.
    async fn foreign_volumes(&self, stack: &Stack) -> Result<Vec<String>, EngineError>;

    /// All stacks that the engine has a container or a network of, by name and directory.
    async fn stacks(&self) -> Result<Vec<FoundStack>, EngineError>;

    /// What the engine says of itself.
    async fn about(&self) -> Result<About, EngineError>;

    /// Every host port that a running container publishes, whosever it is, with the container's
    /// name.
    async fn published_ports(&self) -> Result<Vec<(String, PublishedPort)>, EngineError>;

    /// The engine's id of the image; `None` when it does not have it.
    async fn image_id(&self, image: &ImageRef) -> Result<Option<String>, EngineError>;

    /// Fetches the image from its registry, telling `progress` how far it is.
    async fn pull_image(
        &self,
        image: &ImageRef,
        platform: Option<&str>,
        progress: &(dyn Fn(PullProgress) + Send + Sync),
    ) -> Result<(), EngineError>;

    /// Makes the stack's network, or takes the one that another run has made meanwhile.
    async fn create_network(
        &self,
        stack: &Stack,
        key: &str,
        network: &NetworkSpec,
    ) -> Result<NetworkId, EngineError>;

    /// Removes the network. One that is gone already is removed.
    async fn remove_network(&self, id: &NetworkId) -> Result<(), EngineError>;

    /// Makes the stack's volume. One that exists already is left as it is.
    async fn create_volume(
        &self,
        stack: &Stack,
        key: &str,
        volume: &VolumeSpec,
    ) -> Result<(), EngineError>;

    /// Removes a volume that was made for the stack. One that is gone already is removed; one of this
    /// name that is somebody else's stays.
    async fn remove_volume(&self, stack: &Stack, name: &str) -> Result<(), EngineError>;

    /// Makes the service's container, attached to the networks given by their keys, without
    /// starting it.
    async fn create_container(
        &self,
        stack: &Stack,
        service: &Service,
        networks: &BTreeMap<String, NetworkId>,
    ) -> Result<ContainerId, EngineError>;

    /// Starts the container and says how it was found right after. One that runs is left alone.
    async fn start_container(&self, id: &ContainerId) -> Result<ObservedContainer, EngineError>;

    /// Asks the container to stop with its own signal, and kills it after `grace` (its own grace
    /// period when `None`). One that is stopped or gone is stopped.
    async fn stop_container(
        &self,
        id: &ContainerId,
        grace: Option<Duration>,
    ) -> Result<(), EngineError>;

    /// Lets a frozen container go on: one that is frozen can't be stopped.
    async fn unpause_container(&self, id: &ContainerId) -> Result<(), EngineError>;

    /// Removes the container, which must be stopped. One that is gone already is removed.
    async fn remove_container(
        &self,
        id: &ContainerId,
        volumes: AnonymousVolumes,
    ) -> Result<(), EngineError>;

    /// A closer look at one container; `None` when it is gone.
    async fn inspect_container(
        &self,
        id: &ContainerId,
    ) -> Result<Option<ObservedContainer>, EngineError>;

    /// The last `lines` lines of what the container wrote, since its last start.
    async fn log_tail(&self, id: &ContainerId, lines: usize) -> Result<Vec<String>, EngineError>;

    /// What a container that is about to be started will write, until its process ends.
    /// Unlike its log, it comes while the engine clears up after that end. `None` where listening
    /// would begin the start.
    async fn output(
        &self,
        id: &ContainerId,
    ) -> Result<Option<BoxStream<'static, Chunk>>, EngineError>;

    /// What the container wrote and writes.
    async fn logs(
        &self,
        id: &ContainerId,
        options: &LogOptions,
    ) -> Result<BoxStream<'static, Result<LogLine, EngineError>>, EngineError>;

    /// Runs a command inside the container and waits for its end.
    async fn exec(&self, id: &ContainerId, command: &[String]) -> Result<Executed, EngineError>;

    /// Starts a command inside the container and stays attached to it.
    async fn attach(
        &self,
        id: &ContainerId,
        request: &ExecRequest,
    ) -> Result<Attached, EngineError>;

    /// Tells a command that has a terminal how large that is now.
    async fn resize(&self, id: &ExecId, size: TerminalSize) -> Result<(), EngineError>;

    /// The exit status of a command that was attached to; `None` while it runs.
    async fn exec_status(&self, id: &ExecId) -> Result<Option<i64>, EngineError>;

    /// What happens to the stack's containers from now on. The subscription is in force when this
    /// returns. The stream may end early: it is a hint, and [`Engine::inspect_container`] decides.
    async fn events(
        &self,
        stack: &Stack,
    ) -> Result<BoxStream<'static, ContainerEvent>, EngineError>;

    /// What has happened to the stack's containers, as far as the engine remembers it: Docker keeps
    /// the last 256 events of all its objects. The oldest comes first.
    async fn past_events(&self, stack: &Stack) -> Result<Vec<PastEvent>, EngineError>;
}

/// What an engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct About {
    /// Its name: `Docker Engine - Community`, `Podman Engine`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The newest version of the API that it knows.
    pub api_version: String,
}

/// How far a pull is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PullProgress {
    /// Bytes that have arrived.
    pub current: u64,
    /// Bytes there are, as far as known yet; it grows while layers are announced.
    pub total: u64,
}

/// Which part of a log is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogOptions {
    /// The last so many lines; all when absent.
    pub tail: Option<usize>,
    /// From this second of the Unix time on.
    pub since: Option<i64>,
    /// Whether lines to come are waited for.
    pub follow: bool,
}

/// One line that a container wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Which of its two streams.
    pub stream: LogStream,
    /// When, in RFC 3339 as the engine says it.
    pub timestamp: Option<String>,
    /// The line, without its end.
    pub text: String,
}

/// A container's output streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What came of a command inside a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// Its exit status; 126 and 127 mean that it could not be run.
    pub exit_code: i64,
    /// What it wrote to both streams.
    pub output: String,
}

/// Something that happened to a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerEvent {
    /// To which.
    pub id: ContainerId,
    /// The service it is for.
    pub service: Option<ServiceName>,
    /// What.
    pub what: Happened,
}

/// Something that happened to a container before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastEvent {
    /// When, in nanoseconds since the Unix epoch.
    pub nanoseconds: i64,
    /// The container's name.
    pub container: String,
    /// The engine's words on it: `start`, `kill (signal 15)`, `die (exit status 137)`.
    pub what: String,
}

/// What can happen to a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// Its process was started, for the first time or again.
    Started,
    /// Its process ended.
    Died {
        /// With this status, where the engine says it.
        exit_code: Option<i64>,
    },
    /// The kernel killed a process of it for want of memory.
    OutOfMemory,
    /// The engine's health check changed its mind.
    HealthChanged,
}
