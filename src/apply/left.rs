//! What is still there after everything should be gone.

use std::collections::BTreeSet;

use super::observe::{Question, observe};
use crate::engine::{Engine, EngineError};
use crate::model::{Observed, ObservedContainer, ServiceName, Stack};

/// What `down` left behind: nothing, if all went well.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Left {
    /// Names of containers.
    pub containers: Vec<String>,
    /// Names of networks.
    pub networks: Vec<String>,
    /// Names of volumes without a name of their own: 64 digits.
    pub volumes: Vec<String>,
}

impl Left {
    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.containers.is_empty() && self.networks.is_empty() && self.volumes.is_empty()
    }
}

/// Looks whether anything is left of the services, or of the whole stack when none is named.
///
/// `before` is what was there; the volumes without a name that it speaks of must be gone.
///
/// # Errors
///
/// When the engine does not answer.
pub async fn look_for_left(
    engine: &dyn Engine,
    stack: &Stack,
    services: &BTreeSet<ServiceName>,
    before: &Observed,
) -> Result<Left, EngineError> {
    let is_named = |service: &ServiceName| services.is_empty() || services.contains(service);
    let of_services = |container: &&ObservedContainer| container.service().is_some_and(is_named);
    let anonymous: Vec<String> = before
        .containers
        .iter()
        .filter(of_services)
        .flat_map(|container| container.anonymous_volumes.iter().cloned())
        .collect();
    let now = observe(engine, stack, Question::Everything).await?;
    let mut left = Left {
        containers: now
            .containers
            .iter()
            .filter(of_services)
            .map(|container| container.name.clone())
            .collect(),
        ..Left::default()
    };
    if services.is_empty() {
        left.networks = now
            .networks
            .iter()
            .filter(|network| network.is_ours())
            .map(|network| network.name.clone())
            .collect();
    }
    let volumes = engine.volumes(stack, &anonymous).await?;
    left.volumes = volumes
        .into_iter()
        .filter(|volume| anonymous.contains(volume))
        .collect();
    Ok(left)
}
