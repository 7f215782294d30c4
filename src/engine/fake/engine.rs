//! What the engine answers.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use super::FakeEngine;
use super::cat::cat;
use super::logs::logs;
use super::state::{FakeContainer, image_id, refused};
use crate::engine::{
    About, Address, Attached, Chunk, ContainerEvent, Engine, EngineError, EngineSaid, ExecId,
    ExecRequest, Executed, Happened, ImageProblem, LogLine, LogOptions, LogStream, PastEvent,
    PullProgress, TerminalSize, labels,
};
use crate::model::{
    AnonymousVolumes, ContainerId, ContainerState, FoundStack, ImageRef, Maker, Network, NetworkId,
    NetworkSpec, ObservedContainer, PublishedPort, Service, ServiceName, Stack, VolumeSpec,
};

#[async_trait]
impl Engine for FakeEngine {
    fn address(&self) -> &Address {
        &self.address
    }

    async fn containers(&self, stack: &Stack) -> Result<Vec<ObservedContainer>, EngineError> {
        self.call("list containers");
        let needed = |name: &str| {
            stack
                .services
                .values()
                .any(|service| service.container.name == name)
        };
        Ok(self.with(|state| {
            let all = state.containers.iter().map(|one| ObservedContainer {
                owner: labels::owner(stack, &one.labels),
                ..one.found.clone()
            });
            all.filter(|one| one.owner.is_of_this_name() || needed(&one.name))
                .collect()
        }))
    }

    async fn networks(&self, stack: &Stack) -> Result<Vec<Network>, EngineError> {
        self.call("list networks");
        Ok(self.with(|state| {
            let all = state.networks.iter();
            all.map(|(network, labels)| Network {
                maker: labels::maker(stack, labels),
                ..network.clone()
            })
            .collect()
        }))
    }

    async fn stacks(&self) -> Result<Vec<FoundStack>, EngineError> {
        self.call("list stacks");
        Ok(self.with(|state| state.stacks()))
    }

    async fn volumes(
        &self,
        _stack: &Stack,
        _further: &[String],
    ) -> Result<Vec<String>, EngineError> {
        self.call("list volumes");
        Ok(self.with(|state| state.volumes.iter().cloned().collect()))
    }

    /// Every volume of this engine was made by it.
    async fn foreign_volumes(&self, _stack: &Stack) -> Result<Vec<String>, EngineError> {
        Ok(Vec::new())
    }

    async fn about(&self) -> Result<About, EngineError> {
        Ok(About::default())
    }

    async fn published_ports(&self) -> Result<Vec<(String, PublishedPort)>, EngineError> {
        Ok(self.with(|state| {
            let running = state.containers.iter().filter(|one| one.found.is_running());
            let ports = running.flat_map(|one| {
                let named = |port: &PublishedPort| (one.found.name.clone(), *port);
                one.found.ports.iter().map(named)
            });
            ports.collect()
        }))
    }

    async fn image_id(&self, image: &ImageRef) -> Result<Option<String>, EngineError> {
        let there = self.with(|state| state.images.contains(image.as_str()));
        Ok(there.then(|| image_id(image.as_str())))
    }

    async fn pull_image(
        &self,
        image: &ImageRef,
        _platform: Option<&str>,
        progress: &(dyn Fn(PullProgress) + Send + Sync),
    ) -> Result<(), EngineError> {
        self.call(format!("pull {image}"));
        progress(PullProgress {
            current: 1,
            total: 1,
        });
        if image.tag() == Some("gone") {
            return Err(EngineError::Image {
                image: image.clone(),
                problem: ImageProblem::Gone,
                source: EngineSaid {
                    status: 404,
                    message: "pull access denied".to_owned(),
                },
            });
        }
        self.add_image(image);
        Ok(())
    }

    async fn create_network(
        &self,
        stack: &Stack,
        key: &str,
        network: &NetworkSpec,
    ) -> Result<NetworkId, EngineError> {
        self.call(format!("create network {}", network.name));
        Ok(self.with(|state| {
            let id = NetworkId(state.new_id());
            let made = Network {
                id: id.clone(),
                name: network.name.clone(),
                maker: Maker::Ours,
            };
            state
                .networks
                .push((made, labels::for_network(stack, key, &network.labels)));
            id
        }))
    }

    async fn remove_network(&self, id: &NetworkId) -> Result<(), EngineError> {
        self.call(format!("remove network {id}"));
        self.with(|state| {
            let in_use = |one: &FakeContainer| one.found.networks.contains(id);
            if state.containers.iter().any(in_use) {
                return Err(refused(
                    "remove network",
                    403,
                    "network has active endpoints",
                ));
            }
            state.networks.retain(|(network, _)| network.id != *id);
            Ok(())
        })
    }

    async fn create_volume(
        &self,
        _stack: &Stack,
        _key: &str,
        volume: &VolumeSpec,
    ) -> Result<(), EngineError> {
        self.call(format!("create volume {}", volume.name));
        self.with(|state| state.volumes.insert(volume.name.clone()));
        Ok(())
    }

    async fn remove_volume(&self, _stack: &Stack, name: &str) -> Result<(), EngineError> {
        self.call(format!("remove volume {name}"));
        self.with(|state| state.volumes.remove(name));
        Ok(())
    }

    async fn create_container(
        &self,
        stack: &Stack,
        service: &Service,
        networks: &BTreeMap<String, NetworkId>,
    ) -> Result<ContainerId, EngineError> {
        let spec = service.container.clone();
        self.call(format!("create {}", spec.name));
        self.with(|state| {
            if !state.images.contains(spec.image.as_str()) {
                return Err(refused("create", 404, "no such image"));
            }
            if let Some(holder) = state
                .containers
                .iter()
                .find(|one| one.found.name == spec.name)
            {
                return Err(EngineError::NameTaken {
                    name: spec.name.clone(),
                    holder: Some(holder.found.id.clone()),
                    source: EngineSaid {
                        status: 409,
                        message: "Conflict".to_owned(),
                    },
                });
            }
            let attached = spec
                .networks
                .iter()
                .filter_map(|one| networks.get(&one.network));
            let attached: Vec<NetworkId> = attached.cloned().collect();
            let id = state.new_id();
            let labels = labels::for_container(stack, service);
            let mut made = FakeContainer::new(id, spec, labels);
            made.found.networks = attached;
            let id = made.found.id.clone();
            state.containers.push(made);
            Ok(id)
        })
    }

    async fn start_container(&self, id: &ContainerId) -> Result<ObservedContainer, EngineError> {
        let (started, service) = self.with(|state| {
            if let Some(port) = state.port_conflict(id) {
                return Err(EngineError::PortTaken {
                    port: Some(port),
                    source: EngineSaid {
                        status: 500,
                        message: "already allocated".to_owned(),
                    },
                });
            }
            let dying = state.dying.clone();
            let found = state
                .find(id)
                .ok_or_else(|| refused("start", 404, "no such container"))?;
            found.publish();
            found.found.state = match dying.get(&found.found.name) {
                Some(code) => ContainerState::Exited {
                    code: Some(*code),
                    oom_killed: false,
                },
                None => ContainerState::Running,
            };
            let service = found.labels.get(labels::SERVICE);
            let service = service.and_then(|name| ServiceName::new(name.as_str()).ok());
            Ok((found.found.clone(), service))
        })?;
        self.call(format!("start {}", started.name));
        let tell = |what| {
            let event = ContainerEvent {
                id: id.clone(),
                service: service.clone(),
                what,
            };
            self.events.send(event).ok(); // nobody may be listening
        };
        tell(Happened::Started);
        if let ContainerState::Exited { code, .. } = started.state {
            tell(Happened::Died { exit_code: code });
        }
        Ok(started)
    }

    async fn stop_container(
        &self,
        id: &ContainerId,
        _grace: Option<Duration>,
    ) -> Result<(), EngineError> {
        let name = self.with(|state| {
            state.find(id).map(|one| {
                one.found.state = ContainerState::Exited {
                    code: Some(0),
                    oom_killed: false,
                };
                one.found.name.clone()
            })
        });
        self.call(format!("stop {}", name.unwrap_or_default()));
        self.changed.notify_waiters();
        Ok(())
    }

    async fn unpause_container(&self, id: &ContainerId) -> Result<(), EngineError> {
        self.with(|state| {
            let found = state
                .find(id)
                .ok_or_else(|| refused("unpause", 404, "no container"))?;
            found.found.state = ContainerState::Running;
            Ok(())
        })
    }

    async fn remove_container(
        &self,
        id: &ContainerId,
        _volumes: AnonymousVolumes,
    ) -> Result<(), EngineError> {
        let name = self.with(|state| {
            let Some(found) = state.find(id) else {
                return Ok(String::new());
            };
            if found.found.is_running() {
                return Err(refused(
                    "remove",
                    409,
                    "You cannot remove a running container",
                ));
            }
            let name = found.found.name.clone();
            state.containers.retain(|one| one.found.id != *id);
            Ok(name)
        })?;
        self.call(format!("remove {name}"));
        Ok(())
    }

    async fn inspect_container(
        &self,
        id: &ContainerId,
    ) -> Result<Option<ObservedContainer>, EngineError> {
        Ok(self.with(|state| state.find(id).map(|one| one.found.clone())))
    }

    async fn log_tail(&self, _id: &ContainerId, _lines: usize) -> Result<Vec<String>, EngineError> {
        Ok(self.with(|state| state.last_words()))
    }

    async fn output(
        &self,
        _id: &ContainerId,
    ) -> Result<Option<BoxStream<'static, Chunk>>, EngineError> {
        let lines = self.with(|state| state.last_words());
        let chunks = lines.into_iter().map(|line| Chunk {
            stream: LogStream::Stdout,
            bytes: (line + "\n").into(),
        });
        Ok(Some(stream::iter(chunks).boxed()))
    }

    async fn logs(
        &self,
        id: &ContainerId,
        options: &LogOptions,
    ) -> Result<BoxStream<'static, Result<LogLine, EngineError>>, EngineError> {
        Ok(logs(self, id, options))
    }

    async fn exec(&self, _id: &ContainerId, _command: &[String]) -> Result<Executed, EngineError> {
        Ok(Executed {
            exit_code: 0,
            output: String::new(),
        })
    }

    /// Every command is `cat`: what it reads, it writes, and then it ends with 0.
    async fn attach(
        &self,
        id: &ContainerId,
        request: &ExecRequest,
    ) -> Result<Attached, EngineError> {
        let name = self.with(|state| state.find(id).map(|one| one.found.name.clone()));
        let name = name.ok_or_else(|| refused("exec", 404, "no such container"))?;
        self.call(format!("attach {name} {}", request.command.join(" ")));
        Ok(cat(ExecId(name)))
    }

    async fn resize(&self, _id: &ExecId, size: TerminalSize) -> Result<(), EngineError> {
        self.call(format!("resize {}x{}", size.columns, size.rows));
        Ok(())
    }

    async fn exec_status(&self, _id: &ExecId) -> Result<Option<i64>, EngineError> {
        Ok(Some(0))
    }

    async fn past_events(&self, _stack: &Stack) -> Result<Vec<PastEvent>, EngineError> {
        Ok(Vec::new())
    }

    async fn events(
        &self,
        _stack: &Stack,
    ) -> Result<BoxStream<'static, ContainerEvent>, EngineError> {
        let events = stream::unfold(self.events.subscribe(), |mut events| async move {
            events.recv().await.ok().map(|event| (event, events))
        });
        Ok(events.boxed())
    }
}
