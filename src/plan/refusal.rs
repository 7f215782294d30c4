//! What stands in the way of a plan.

use std::path::{Path, PathBuf};

use super::Elsewhere;
use crate::model::{ContainerId, ImageRef, Obstacle, PortHolder, ServiceName};

/// A reason to do nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The name that a service's container needs is taken by one that devinfra did not make.
    #[error("container `{container}` exists, and devinfra did not make it")]
    ForeignContainer {
        /// The service.
        service: ServiceName,
        /// The name.
        container: String,
        /// The container that has it.
        id: ContainerId,
    },
    /// The name that a service's container needs is taken by the same stack of another directory.
    #[error("container `{container}` belongs to {place}")]
    Elsewhere {
        /// The service.
        service: ServiceName,
        /// The name.
        container: String,
        /// Where it was started from.
        place: Elsewhere,
    },
    /// A host port that a service is to publish is taken.
    #[error("host port {port}, which `{service}` publishes, is taken{}", by(holder.as_ref()))]
    PortTaken {
        /// The service.
        service: ServiceName,
        /// The port.
        port: u16,
        /// Who has it, where that can be seen.
        holder: Option<PortHolder>,
    },
    /// A directory that a service mounts can't be there.
    #[error("`{}`, which `{service}` mounts, {}", path.display(), obstructed(path, obstacle))]
    Obstructed {
        /// The service.
        service: ServiceName,
        /// The directory.
        path: PathBuf,
        /// What is in its place, or on the way to it.
        obstacle: Obstacle,
    },
    /// An image is not on the engine and may not be pulled.
    #[error("image `{image}` is not on the engine, and may not be pulled (pull policy `never`)")]
    ImageNotLocal {
        /// The service.
        service: ServiceName,
        /// The image.
        image: ImageRef,
    },
    /// A network that somebody else should have made is not there.
    #[error("external network `{network}` does not exist")]
    ExternalNetworkMissing {
        /// The network's name on the engine.
        network: String,
    },
    /// A volume that somebody else should have made is not there.
    #[error("external volume `{volume}` does not exist")]
    ExternalVolumeMissing {
        /// The volume's name on the engine.
        volume: String,
    },
    /// The name of a network of the stack's is taken by one that devinfra did not make.
    #[error("network `{network}` exists, and devinfra did not make it")]
    ForeignNetwork {
        /// The name.
        network: String,
    },
    /// The name of a network of the stack's is taken by another stack, or by this one in another
    /// directory.
    #[error("network `{network}` belongs to {place}")]
    NetworkElsewhere {
        /// The name.
        network: String,
        /// What made it.
        place: Elsewhere,
    },
    /// Several networks have the name, so the engine refuses to use it.
    #[error("network name `{network}` is ambiguous: {count} networks have it")]
    NetworkAmbiguous {
        /// The name.
        network: String,
        /// How many networks have it.
        count: usize,
    },
}

fn by(holder: Option<&PortHolder>) -> String {
    holder.map_or_else(String::new, |holder| format!(" by {holder}"))
}

fn obstructed(path: &Path, obstacle: &Obstacle) -> String {
    let Obstacle { at, problem } = obstacle;
    if at == path {
        problem.to_string()
    } else {
        format!("can't be: `{}` {problem}", at.display())
    }
}
