//! How services are asked whether they are usable.

use std::time::Duration;

use async_trait::async_trait;

use crate::engine::Engine;
use crate::kinds::{
    Amount, BootstrapError, Deed, Readiness, Target, WipeError, bootstrap, probe, wipe,
};
use crate::model::{ObservedContainer, Service};

/// Asks a service whether it is usable, and makes it ready for the application.
#[async_trait]
pub trait Prober: Send + Sync {
    /// One attempt, which takes no longer than `timeout`.
    async fn probe(
        &self,
        service: &Service,
        container: &ObservedContainer,
        timeout: Duration,
    ) -> Readiness;

    /// Does what the application needs in a service that is usable; says what was left to do.
    async fn bootstrap(
        &self,
        service: &Service,
        container: &ObservedContainer,
    ) -> Result<Vec<Deed>, BootstrapError>;

    /// Takes away the data of a service that is usable; says what it was.
    async fn wipe(
        &self,
        service: &Service,
        container: &ObservedContainer,
    ) -> Result<Vec<Amount>, WipeError>;
}

/// The real thing: one round trip of the service's own protocol.
#[derive(Debug, Clone, Copy)]
pub struct Probes<'a> {
    /// The engine, for the kinds that ask inside the container.
    pub engine: &'a dyn Engine,
}

impl<'a> Probes<'a> {
    fn target(&self, container: &'a ObservedContainer) -> Target<'a> {
        Target {
            engine: self.engine,
            container: &container.id,
            ports: &container.ports,
        }
    }
}

#[async_trait]
impl Prober for Probes<'_> {
    async fn probe(
        &self,
        service: &Service,
        container: &ObservedContainer,
        timeout: Duration,
    ) -> Readiness {
        probe(&service.kind, &self.target(container), timeout).await
    }

    async fn bootstrap(
        &self,
        service: &Service,
        container: &ObservedContainer,
    ) -> Result<Vec<Deed>, BootstrapError> {
        bootstrap(&service.kind, &self.target(container)).await
    }

    async fn wipe(
        &self,
        service: &Service,
        container: &ObservedContainer,
    ) -> Result<Vec<Amount>, WipeError> {
        wipe(&service.kind, &self.target(container)).await
    }
}
