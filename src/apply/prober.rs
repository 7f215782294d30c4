//! How services are asked whether they are usable.

use std::time::Duration;

use async_trait::async_trait;

use crate::engine::Engine;
use crate::kinds::{Readiness, Target, probe};
use crate::model::{ObservedContainer, Service};

/// Asks a service once whether it is usable.
#[async_trait]
pub trait Prober: Send + Sync {
    /// One attempt, which takes no longer than `timeout`.
    async fn probe(
        &self,
        service: &Service,
        container: &ObservedContainer,
        timeout: Duration,
    ) -> Readiness;
}

/// The real thing: one round trip of the service's own protocol.
#[derive(Debug, Clone, Copy)]
pub struct Probes<'a> {
    /// The engine, for the kinds that ask inside the container.
    pub engine: &'a dyn Engine,
}

#[async_trait]
impl Prober for Probes<'_> {
    async fn probe(
        &self,
        service: &Service,
        container: &ObservedContainer,
        timeout: Duration,
    ) -> Readiness {
        let target = Target {
            engine: self.engine,
            container: &container.id,
            ports: &container.ports,
        };
        probe(&service.kind, &target, timeout).await
    }
}
