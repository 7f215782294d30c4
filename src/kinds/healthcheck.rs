//! What the engine itself says of a container.

use super::{Never, Readiness, Target};
use crate::model::{ContainerState, Health, ObservedContainer};

/// The engine's own health check, for services that nothing better is known of.
pub(super) async fn probe(target: &Target<'_>) -> Readiness {
    match inspect(target).await {
        Ok(container) => match container.health {
            Some(Health::Healthy) => Readiness::Ready,
            Some(Health::Starting) => Readiness::NotYet("its health check is starting".to_owned()),
            Some(Health::Unhealthy) => Readiness::NotYet("its health check fails".to_owned()),
            None => Readiness::Never(Never::NoHealthcheck),
        },
        Err(readiness) => readiness,
    }
}

/// For a process that nothing can be asked of: that it runs.
pub(super) async fn is_running(target: &Target<'_>) -> Readiness {
    match inspect(target).await {
        Ok(container) if container.state == ContainerState::Running => Readiness::Ready,
        Ok(container) => Readiness::NotYet(format!("it is {}", container.state.word())),
        Err(readiness) => readiness,
    }
}

async fn inspect(target: &Target<'_>) -> Result<ObservedContainer, Readiness> {
    match target.engine.inspect_container(target.container).await {
        Ok(Some(container)) => Ok(container),
        Ok(None) => Err(Readiness::NotYet("its container is gone".to_owned())),
        Err(error) => Err(Readiness::NotYet(error.to_string())),
    }
}
