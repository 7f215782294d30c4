//! Each question and change of [`Engine`], as the call that it is.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use bollard::query_parameters::{
    CreateContainerOptions, RemoveContainerOptions, RemoveVolumeOptions, StopContainerOptions,
};
use futures_util::stream::BoxStream;
use tokio::time::{sleep, timeout};

use super::deadlines::{LONGEST_GRACE, USUAL_GRACE};
use super::{Docker, create, events, exec, logs, networks, observe, pull, stacks};
use crate::engine::{
    About, Address, Attached, Chunk, ContainerEvent, Engine, EngineError, ExecId, ExecRequest,
    Executed, LogLine, LogOptions, PastEvent, PullProgress, TerminalSize, labels,
};
use crate::model::{
    AnonymousVolumes, ContainerId, FoundStack, ImageRef, Network, NetworkId, NetworkSpec,
    ObservedContainer, PublishedPort, Service, Stack, VolumeSpec,
};

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

    async fn stacks(&self) -> Result<Vec<FoundStack>, EngineError> {
        // Somebody else's containers may be in states that bollard does not know.
        let ours = || self.list_containers(Some(("label", vec![labels::STACK.to_owned()])));
        let containers = self.once_readable(ours).await?;
        Ok(stacks::of(containers, self.list_networks().await?))
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
        networks::create(self, stack, key, network).await
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

    async fn remove_volume(&self, stack: &Stack, name: &str) -> Result<(), EngineError> {
        let listed = self.list_volumes().await?.into_iter();
        let named = listed.filter(|volume| volume.name == name).collect();
        if observe::own_volumes(stack, named).is_empty() {
            return Ok(());
        }
        let operation = format!("remove volume `{name}`");
        let removed = self.client.remove_volume(name, None::<RemoveVolumeOptions>);
        gone_is_done(self.call(operation, self.deadlines.slow, removed).await)
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
        // Left out, it is the container's own.
        let seconds = grace.map(|grace| i32::try_from(grace.as_secs()).unwrap_or(i32::MAX));
        let options = StopContainerOptions {
            t: seconds,
            ..Default::default()
        };
        let grace = match grace {
            Some(grace) => grace,
            None => self.own_grace(id).await?,
        };
        let deadline = grace.saturating_add(self.deadlines.slow);
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
    /// How long the engine gives the container to stop when nobody says otherwise.
    async fn own_grace(&self, id: &ContainerId) -> Result<Duration, EngineError> {
        let operation = format!("look up the grace period of container `{id}`");
        let asked = self.client.inspect_container(&id.0, None);
        let seconds = match self.call(operation, self.deadlines.quick, asked).await {
            Ok(found) => found.config.and_then(|config| config.stop_timeout),
            // What can't be read is in a state that bollard does not know.
            Err(EngineError::NotFound { .. } | EngineError::Broken { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(match seconds.map(u64::try_from) {
            None => USUAL_GRACE,
            Some(Ok(seconds)) => Duration::from_secs(seconds).min(LONGEST_GRACE),
            // Engines take -1 for as long as it takes.
            Some(Err(_negative)) => LONGEST_GRACE,
        })
    }

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
