//! A connection to an engine: how it is made, and what every call over it has.

use std::time::Duration;

use bollard::errors::Error as Refusal;
use bollard::models::{ContainerSummary, Network as EngineNetwork, Volume};
use bollard::query_parameters::{ListContainersOptions, ListNetworksOptions, ListVolumesOptions};
use bollard::{API_DEFAULT_VERSION, Docker as Client};
use tokio::time::{Instant, sleep, timeout};
use tracing::debug;

use super::Deadlines;
use super::error::{classify, unreachable};
use super::version::Agreed;
use crate::engine::{Address, EngineError, Logins};

/// How long Podman may take to clean up after the end of a container.
const CLEAN_UP: Duration = Duration::from_secs(2);

/// A connection to an engine.
#[derive(Debug, Clone)]
pub struct Docker {
    pub(super) client: Client,
    pub(super) address: Address,
    pub(super) deadlines: Deadlines,
    pub(super) logins: Logins,
    pub(super) version: Agreed,
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
                    address: address.shown(),
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
    pub(super) async fn settle(&self) -> Result<(), EngineError> {
        let deadline = self.deadlines.quick;
        self.version
            .settle(&self.client, &self.address, deadline)
            .await
    }

    /// The client for answers that have no end, whose beginning has a deadline all the same.
    pub(super) fn client_for_streams(&self) -> Client {
        let client = self.client.clone();
        client.with_timeout(self.deadlines.beginning())
    }

    /// Makes one call, with a deadline and its refusal classified.
    pub(super) async fn call<T>(
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
    pub(super) async fn once_readable<T, F>(
        &self,
        ask: impl Fn() -> F + Send,
    ) -> Result<T, EngineError>
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

    pub(super) async fn list_networks(&self) -> Result<Vec<EngineNetwork>, EngineError> {
        let listing = self.client.list_networks(None::<ListNetworksOptions>);
        self.call("list networks", self.deadlines.quick, listing)
            .await
    }

    pub(super) async fn list_volumes(&self) -> Result<Vec<Volume>, EngineError> {
        let listing = self.client.list_volumes(None::<ListVolumesOptions>);
        let listed = self.call("list volumes", self.deadlines.quick, listing);
        Ok(listed.await?.volumes.unwrap_or_default())
    }

    pub(super) async fn list_containers(
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
