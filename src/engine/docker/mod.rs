//! An engine that speaks the Docker Engine API. The only place that names bollard.
//!
//! Every call has a deadline, and is preceded, once, by the question which version of the API the
//! engine speaks.

mod create;
mod deadlines;
mod error;
mod events;
mod exec;
mod logs;
mod observe;
mod pull;
mod version;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use bollard::errors::Error as Refusal;
use bollard::models::{ContainerSummary, Network as EngineNetwork, Volume};
use bollard::query_parameters::{
    CreateContainerOptions, ListContainersOptions, ListNetworksOptions, ListVolumesOptions,
    RemoveContainerOptions, StopContainerOptions,
};
use bollard::{API_DEFAULT_VERSION, Docker as Client};
use futures_util::stream::BoxStream;
use tokio::time::{Instant, sleep, timeout};
use tracing::debug;

use super::{
    About, Address, Attached, Chunk, ContainerEvent, Engine, EngineError, ExecId, ExecRequest,
    Executed, LogLine, LogOptions, Logins, PastEvent, PullProgress, TerminalSize, labels,
};
use crate::model::{
    AnonymousVolumes, ContainerId, ImageRef, Network, NetworkId, NetworkSpec, ObservedContainer,
    PublishedPort, Service, Stack, VolumeSpec,
};
pub use deadlines::Deadlines;
use error::{classify, unreachable};
use version::Agreed;

/// How long Podman may take to clean up after the end of a container.
const CLEAN_UP: Duration = Duration::from_secs(2);

/// A connection to an engine.
#[derive(Debug, Clone)]
pub struct Docker {
    client: Client,
    address: Address,
    deadlines: Deadlines,
    logins: Logins,
    version: Agreed,
}

impl Docker {
    /// Prepares a connection. Nothing is asked yet, so an engine that is not there may be noticed
    /// by the first call only.
    ///
    /// # Errors
    ///
    /// When the address is none that this build can use, or its socket does not exist.
    pub fn connect(address: Address) -> Result<Self, EngineError> {
        // bollard's own deadline covers the wait for an answer's head in whole seconds; every
        // call has its own on top, so this one only has to be longer than all of them.
        const LONGEST: u64 = 24 * 60 * 60;
        let url = address.url.as_str();
        let client = match url.split_once("://") {
            Some(("unix", path)) => Client::connect_with_unix(path, LONGEST, API_DEFAULT_VERSION),
            Some(("tcp" | "http", _)) => {
                Client::connect_with_http(url, LONGEST, API_DEFAULT_VERSION)
            }
            Some(_) => Client::connect_with_host(url),
            None => {
                return Err(EngineError::Address {
                    problem: "it has no scheme such as `unix://`".to_owned(),
                    address: address.url,
                    chosen_by: address.chosen_by,
                });
            }
        };
        match client {
            Ok(client) => {
                let version = Agreed::default();
                Ok(Self {
                    client: version.imprint(client),
                    address,
                    deadlines: Deadlines::default(),
                    logins: Logins::default(),
                    version,
                })
            }
            Err(error) => Err(unreachable(error, &address)),
        }
    }

    /// The same connection with other deadlines.
    #[must_use]
    pub fn with_deadlines(self, deadlines: Deadlines) -> Self {
        Self { deadlines, ..self }
    }

    /// The same connection, which pulls images with these logins.
    #[must_use]
    pub fn with_logins(self, logins: Logins) -> Self {
        Self { logins, ..self }
    }

    /// Agrees with the engine on a version of its API, if that has not happened yet.
    async fn settle(&self) -> Result<(), EngineError> {
        let deadline = self.deadlines.quick;
        self.version
            .settle(&self.client, &self.address, deadline)
            .await
    }

    /// Makes one call, with a deadline and its refusal classified.
    async fn call<T>(
        &self,
        operation: impl Into<String> + Send,
        deadline: Duration,
        answer: impl Future<Output = Result<T, Refusal>> + Send,
    ) -> Result<T, EngineError> {
        let operation = operation.into();
        self.settle().await?;
        debug!(operation, "engine call");
        match timeout(deadline, answer).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(classify(error, operation, &self.address)),
            Err(_elapsed) => Err(EngineError::NoAnswer {
                operation,
                waited: deadline,
            }),
        }
    }

    /// Asks again, for a while, where Podman's answer can't be read: Podman 4 calls a container
    /// `stopped` between its end and the end of its clean-up, and bollard knows no such state.
    async fn once_readable<T, F>(&self, ask: impl Fn() -> F + Send) -> Result<T, EngineError>
    where
        T: Send,
        F: Future<Output = Result<T, EngineError>> + Send,
    {
        let began = Instant::now();
        loop {
            match ask().await {
                Err(EngineError::Broken { .. })
                    if self.version.is_podman() && began.elapsed() < CLEAN_UP =>
                {
                    sleep(Duration::from_millis(20)).await;
                }
                other => return other,
            }
        }
    }

    async fn list_networks(&self) -> Result<Vec<EngineNetwork>, EngineError> {
        let listing = self.client.list_networks(None::<ListNetworksOptions>);
        self.call("list networks", self.deadlines.quick, listing)
            .await
    }

    async fn list_volumes(&self) -> Result<Vec<Volume>, EngineError> {
        let listing = self.client.list_volumes(None::<ListVolumesOptions>);
        let listed = self.call("list volumes", self.deadlines.quick, listing);
        Ok(listed.await?.volumes.unwrap_or_default())
    }

    async fn list_containers(
        &self,
        filters: Option<(&str, Vec<String>)>,
    ) -> Result<Vec<ContainerSummary>, EngineError> {
        let options = ListContainersOptions {
            all: true,
            filters: filters.map(|(key, values)| [(key.to_owned(), values)].into()),
            ..ListContainersOptions::default()
        };
        self.call(
            "list containers",
            self.deadlines.quick,
            self.client.list_containers(Some(options)),
        )
        .await
    }
}

#[async_trait]
impl Engine for Docker {
    fn address(&self) -> &Address {
        &self.address
    }

    async fn containers(&self, stack: &Stack) -> Result<Vec<ObservedContainer>, EngineError> {
        let everything = self.list_containers(None).await;
        let listed = match everything {
            // One container of somebody else's in a state that bollard does not know spoils the
            // whole listing; ours alone can still be read.
            Err(EngineError::Broken { .. }) => {
                let labels = labels::filter(stack);
                let names = observe::name_filter(stack);
                let labelled = || self.list_containers(Some(("label", labels.clone())));
                let named = || self.list_containers(Some(("name", names.clone())));
                let mut ours = self.once_readable(labelled).await?;
                ours.extend(self.once_readable(named).await?);
                ours
            }
            other => other?,
        };
        Ok(observe::containers(stack, listed))
    }

    async fn networks(&self, stack: &Stack) -> Result<Vec<Network>, EngineError> {
        Ok(observe::networks(stack, self.list_networks().await?))
    }

    async fn volumes(&self, stack: &Stack, further: &[String]) -> Result<Vec<String>, EngineError> {
        let listed = self.list_volumes().await?;
        Ok(observe::volumes(stack, further, listed))
    }

    async fn foreign_volumes(&self, stack: &Stack) -> Result<Vec<String>, EngineError> {
        Ok(observe::foreign_volumes(stack, self.list_volumes().await?))
    }

    async fn about(&self) -> Result<About, EngineError> {
        let operation = "ask the engine for its version";
        let answer = self.client.version();
        let said = self.call(operation, self.deadlines.quick, answer).await?;
        let platform = said.platform.map(|platform| platform.name);
        Ok(About {
            name: platform
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| "Docker".to_owned()),
            version: said.version.unwrap_or_default(),
            api_version: said.api_version.unwrap_or_default(),
        })
    }

    async fn published_ports(&self) -> Result<Vec<(String, PublishedPort)>, EngineError> {
        let running = ("status", vec!["running".to_owned()]);
        let listed = self.list_containers(Some(running)).await?;
        Ok(listed
            .into_iter()
            .flat_map(observe::published_ports)
            .collect())
    }

    async fn image_id(&self, image: &ImageRef) -> Result<Option<String>, EngineError> {
        let inspected = self
            .call(
                format!("look up image `{image}`"),
                self.deadlines.quick,
                self.client.inspect_image(image.as_str()),
            )
            .await;
        match inspected {
            Ok(found) => Ok(Some(found.id.unwrap_or_default())),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn pull_image(
        &self,
        image: &ImageRef,
        platform: Option<&str>,
        progress: &(dyn Fn(PullProgress) + Send + Sync),
    ) -> Result<(), EngineError> {
        pull::pull(self, image, platform, progress).await
    }

    async fn create_network(
        &self,
        stack: &Stack,
        key: &str,
        network: &NetworkSpec,
    ) -> Result<NetworkId, EngineError> {
        create::network(self, stack, key, network).await
    }

    async fn remove_network(&self, id: &NetworkId) -> Result<(), EngineError> {
        let operation = format!("remove network `{id}`");
        gone_is_done(
            self.call(
                operation,
                self.deadlines.slow,
                self.client.remove_network(&id.0),
            )
            .await,
        )
    }

    async fn create_volume(
        &self,
        stack: &Stack,
        key: &str,
        volume: &VolumeSpec,
    ) -> Result<(), EngineError> {
        create::volume(self, stack, key, volume).await
    }

    async fn create_container(
        &self,
        stack: &Stack,
        service: &Service,
        networks: &BTreeMap<String, NetworkId>,
    ) -> Result<ContainerId, EngineError> {
        let spec = &service.container;
        let body = create::container(stack, service, networks);
        let options = CreateContainerOptions {
            name: Some(spec.name.clone()),
            platform: spec.platform.clone().unwrap_or_default(),
        };
        let operation = format!("create container `{}`", spec.name);
        let created = self
            .call(
                operation,
                self.deadlines.slow,
                self.client.create_container(Some(options), body),
            )
            .await?;
        let id = ContainerId(created.id);
        create::join_further_networks(self, service, networks, &id).await?;
        Ok(id)
    }

    async fn start_container(&self, id: &ContainerId) -> Result<ObservedContainer, EngineError> {
        let operation = format!("start container `{id}`");
        self.call(
            operation.clone(),
            self.deadlines.slow,
            self.client.start_container(&id.0, None),
        )
        .await?;
        let found = self.inspect_container(id).await?;
        found.ok_or_else(|| EngineError::Vanished { operation })
    }

    async fn stop_container(
        &self,
        id: &ContainerId,
        grace: Option<Duration>,
    ) -> Result<(), EngineError> {
        let seconds = grace.map(|grace| i32::try_from(grace.as_secs()).unwrap_or(i32::MAX));
        let options = StopContainerOptions {
            t: seconds,
            ..Default::default()
        };
        let deadline = grace
            .unwrap_or(create::LONGEST_GRACE)
            .saturating_add(self.deadlines.slow);
        let stop = self.client.stop_container(&id.0, Some(options));
        gone_is_done(
            self.call(format!("stop container `{id}`"), deadline, stop)
                .await,
        )
    }

    async fn unpause_container(&self, id: &ContainerId) -> Result<(), EngineError> {
        let operation = format!("unpause container `{id}`");
        self.call(
            operation,
            self.deadlines.slow,
            self.client.unpause_container(&id.0),
        )
        .await
    }

    async fn remove_container(
        &self,
        id: &ContainerId,
        volumes: AnonymousVolumes,
    ) -> Result<(), EngineError> {
        let options = RemoveContainerOptions {
            v: volumes == AnonymousVolumes::Removed,
            ..Default::default()
        };
        let operation = format!("remove container `{id}`");
        let removed = self
            .call(
                operation,
                self.deadlines.slow,
                self.client.remove_container(&id.0, Some(options)),
            )
            .await;
        match removed {
            Err(EngineError::Refused { source, .. })
                if source.message.contains("already in progress") =>
            {
                self.wait_until_gone(id).await
            }
            other => gone_is_done(other),
        }
    }

    async fn inspect_container(
        &self,
        id: &ContainerId,
    ) -> Result<Option<ObservedContainer>, EngineError> {
        let inspecting = || {
            let operation = format!("inspect container `{id}`");
            let asked = self.client.inspect_container(&id.0, None);
            self.call(operation, self.deadlines.quick, asked)
        };
        match self.once_readable(inspecting).await {
            Ok(found) => Ok(Some(observe::inspected(found))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn log_tail(&self, id: &ContainerId, lines: usize) -> Result<Vec<String>, EngineError> {
        logs::tail(self, id, lines).await
    }

    async fn output(
        &self,
        id: &ContainerId,
    ) -> Result<Option<BoxStream<'static, Chunk>>, EngineError> {
        self.settle().await?;
        // Podman makes the process of a container that it attaches to, and takes its ports: a
        // failure of that would be told as one of the start that comes after.
        if self.version.is_podman() {
            return Ok(None);
        }
        logs::output(self, id).await.map(Some)
    }

    async fn logs(
        &self,
        id: &ContainerId,
        options: &LogOptions,
    ) -> Result<BoxStream<'static, Result<LogLine, EngineError>>, EngineError> {
        self.settle().await?;
        Ok(logs::stream(self, id, options))
    }

    async fn exec(&self, id: &ContainerId, command: &[String]) -> Result<Executed, EngineError> {
        exec::run(self, id, command).await
    }

    async fn attach(
        &self,
        id: &ContainerId,
        request: &ExecRequest,
    ) -> Result<Attached, EngineError> {
        exec::attach(self, id, request).await
    }

    async fn resize(&self, id: &ExecId, size: TerminalSize) -> Result<(), EngineError> {
        exec::resize(self, id, size).await
    }

    async fn exec_status(&self, id: &ExecId) -> Result<Option<i64>, EngineError> {
        exec::status(self, id).await
    }

    async fn events(
        &self,
        stack: &Stack,
    ) -> Result<BoxStream<'static, ContainerEvent>, EngineError> {
        self.settle().await?;
        events::subscribe(self, stack).await
    }

    async fn past_events(&self, stack: &Stack) -> Result<Vec<PastEvent>, EngineError> {
        events::past(self, stack).await
    }
}

impl Docker {
    /// Another client is removing the container; its word is not taken, the container is looked
    /// for until it is gone.
    async fn wait_until_gone(&self, id: &ContainerId) -> Result<(), EngineError> {
        let gone = async {
            while self.inspect_container(id).await?.is_some() {
                sleep(Duration::from_millis(50)).await;
            }
            Ok(())
        };
        timeout(self.deadlines.quick, gone)
            .await
            .unwrap_or_else(|_elapsed| {
                Err(EngineError::NoAnswer {
                    operation: format!("see container `{id}` removed"),
                    waited: self.deadlines.quick,
                })
            })
    }
}

/// What is not there needs no removal and no stopping.
fn gone_is_done(result: Result<(), EngineError>) -> Result<(), EngineError> {
    match result {
        Err(error) if error.is_not_found() => Ok(()),
        other => other,
    }
}
