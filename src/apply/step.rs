//! One step: one action, one call.

use futures_util::future::pending;
use tokio::time::sleep;

use super::ReadyService;
use super::error::{ApplyError, ExitReason};
use super::wait::{Wait, exited};
use super::walk::Walk;
use super::words::LastWords;
use crate::data::create_directory;
use crate::event::Event;
use crate::kinds::BootstrapError;
use crate::model::{ContainerId, ObservedContainer, PublishedPort, Service, StopPolicy};
use crate::plan::{Action, Step};

impl Walk<'_> {
    pub(super) async fn carry_out(&self, step: &Step) -> Result<(), ApplyError> {
        let (engine, stack) = (self.run.engine, self.run.stack);
        match &step.action {
            Action::CreateDirectory { path } => Ok(create_directory(path)?),
            Action::PullImage { image, platform } => {
                let tell = |progress| {
                    self.run.observer.on(Event::Pulling {
                        step: step.id,
                        progress,
                    });
                };
                tokio::select! {
                    pulled = engine.pull_image(image, platform.as_deref(), &tell) => Ok(pulled?),
                    () = self.stop.asked() => Err(ApplyError::Interrupted),
                }
            }
            Action::CreateNetwork { key, name } => {
                let wanted = stack.networks.get(key).ok_or_else(|| disordered(name))?;
                let id = engine.create_network(stack, key, wanted).await?;
                self.progress
                    .with_state(|state| state.networks.insert(key.clone(), id));
                Ok(())
            }
            Action::CreateVolume { key, name } => {
                let wanted = stack.volumes.get(key).ok_or_else(|| disordered(name))?;
                Ok(engine.create_volume(stack, key, wanted).await?)
            }
            Action::UnpauseContainer { container } => {
                Ok(engine.unpause_container(&container.id).await?)
            }
            Action::StopContainer { container, policy } => {
                let grace = match policy {
                    StopPolicy::Own => None,
                    StopPolicy::Within(grace) => Some(*grace),
                };
                self.deaths.expect(&container.id);
                Ok(engine.stop_container(&container.id, grace).await?)
            }
            Action::RemoveContainer { container, volumes } => {
                Ok(engine.remove_container(&container.id, *volumes).await?)
            }
            Action::RemoveNetwork { id, .. } => Ok(engine.remove_network(id).await?),
            Action::CreateContainer => self.create(self.service_of(step)?).await,
            Action::StartContainer { existing } => {
                self.start(self.service_of(step)?, existing.as_ref()).await
            }
            Action::AwaitReady { .. } => {
                let service = self.service_of(step)?;
                let container = self.container_of(service)?;
                self.wait(step, service, &container).until_ready().await?;
                self.is_ready(service, container);
                Ok(())
            }
            Action::Bootstrap { .. } => self.bootstrap(self.service_of(step)?).await,
            Action::Wipe { .. } => self.wipe(self.service_of(step)?).await,
            Action::NoteWipe => self.note_wipe(self.service_of(step)?).await,
            Action::EmptyData => self.empty_data(self.service_of(step)?).await,
            Action::RemoveFile { path } => self.remove_data_file(step.service.as_ref(), path),
            Action::AwaitCompletion { .. } => {
                let service = self.service_of(step)?;
                let container = self.container_of(service)?;
                self.wait(step, service, &container).until_completed().await
            }
        }
    }

    fn wait<'a>(
        &'a self,
        step: &Step,
        service: &'a Service,
        container: &'a ObservedContainer,
    ) -> Wait<'a> {
        let (run, deaths, stop) = (self.run, self.deaths, self.stop);
        let progress = self.progress;
        Wait {
            run,
            deaths,
            progress,
            stop,
            step: step.id,
            service,
            container,
        }
    }

    async fn create(&self, service: &Service) -> Result<(), ApplyError> {
        let networks = self.progress.with_state(|state| state.networks.clone());
        let id = self
            .run
            .engine
            .create_container(self.run.stack, service, &networks)
            .await?;
        self.progress
            .with_state(|state| state.created.insert(service.name.clone(), id));
        Ok(())
    }

    async fn start(
        &self,
        service: &Service,
        existing: Option<&ContainerId>,
    ) -> Result<(), ApplyError> {
        let created = || {
            self.progress
                .with_state(|state| state.created.get(&service.name).cloned())
        };
        let id = existing
            .cloned()
            .or_else(created)
            .ok_or_else(|| disordered(&service.container.name))?;
        // Without its last words there is still its log.
        if let Ok(Some(output)) = self.run.engine.output(&id).await {
            let words = LastWords::listen(output);
            self.progress
                .with_state(|state| state.words.insert(service.name.clone(), words));
        }
        // One that ends at once is told by its event: the engine lets nobody look at it while it
        // clears up.
        let found = tokio::select! {
            biased;
            found = self.run.engine.start_container(&id) => found?,
            error = self.ended_badly(service, &id) => return Err(error),
        };
        self.progress
            .with_state(|state| state.containers.insert(service.name.clone(), found));
        Ok(())
    }

    /// Waits for an end of the container that is a failure.
    async fn ended_badly(&self, service: &Service, id: &ContainerId) -> ApplyError {
        let reason = self.deaths.told(id).await;
        if reason == ExitReason::GOOD && self.run.stack.may_end(service) {
            pending::<()>().await;
        }
        exited(self.run, self.progress, service, id, reason).await
    }

    async fn bootstrap(&self, service: &Service) -> Result<(), ApplyError> {
        let container = self.container_of(service)?;
        let done = tokio::select! {
            done = self.run.prober.bootstrap(service, &container) => done,
            () = self.stop.asked() => return Err(ApplyError::Interrupted),
            () = sleep(self.run.wait_timeout) => Err(BootstrapError::TooSlow(self.run.wait_timeout)),
        };
        let service = service.name.clone();
        match done {
            Ok(deeds) if deeds.is_empty() => Ok(()),
            Ok(deeds) => {
                self.run.observer.on(Event::Bootstrapped { service, deeds });
                Ok(())
            }
            Err(source) => Err(ApplyError::Bootstrap { service, source }),
        }
    }

    async fn wipe(&self, service: &Service) -> Result<(), ApplyError> {
        let container = self.container_of(service)?;
        // A wipe is stopped between its requests: it is begun again by the next run.
        let wiped = tokio::select! {
            wiped = self.run.prober.wipe(service, &container) => wiped,
            () = self.stop.asked() => return Err(ApplyError::Interrupted),
        };
        let amounts = wiped.map_err(|source| ApplyError::Wipe {
            service: service.name.clone(),
            source,
        })?;
        self.progress
            .with_state(|state| state.wiped.insert(service.name.clone(), amounts));
        Ok(())
    }

    fn is_ready(&self, service: &Service, container: ObservedContainer) {
        let elapsed = self.run.began.elapsed();
        let ports: Vec<PublishedPort> = container.ports;
        self.progress.with_state(|state| {
            state.words.remove(&service.name);
            let ready = ReadyService {
                elapsed,
                container: container.id,
                ports: ports.clone(),
            };
            state.ready.insert(service.name.clone(), ready)
        });
        self.run.observer.on(Event::Ready {
            service: service.name.clone(),
            elapsed,
            ports,
        });
    }

    fn service_of(&self, step: &Step) -> Result<&Service, ApplyError> {
        step.service
            .as_ref()
            .and_then(|name| self.run.stack.services.get(name))
            .ok_or_else(|| disordered("a service"))
    }

    fn container_of(&self, service: &Service) -> Result<ObservedContainer, ApplyError> {
        self.progress
            .with_state(|state| state.containers.get(&service.name).cloned())
            .ok_or_else(|| disordered(&service.container.name))
    }
}

pub(super) fn disordered(what: &str) -> ApplyError {
    ApplyError::Disordered {
        what: format!("`{what}`"),
    }
}
