//! What an executor can be told to do.

use std::path::PathBuf;

use crate::model::{AnonymousVolumes, ContainerId, ImageRef, NetworkId, StopPolicy};

/// One thing to do: one call of the engine, one directory, or one wait.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Makes a host directory that a bind mount needs.
    CreateDirectory {
        /// Where.
        path: PathBuf,
    },
    /// Fetches an image.
    PullImage {
        /// Which.
        image: ImageRef,
        /// For which platform, where the stack file says.
        platform: Option<String>,
    },
    /// Makes a network.
    CreateNetwork {
        /// Its key in the stack file.
        key: String,
        /// Its name on the engine.
        name: String,
    },
    /// Makes a named volume.
    CreateVolume {
        /// Its key in the stack file.
        key: String,
        /// Its name on the engine.
        name: String,
    },
    /// Lets a frozen container go on.
    UnpauseContainer {
        /// Which.
        container: ContainerRef,
    },
    /// Asks a container to stop.
    StopContainer {
        /// Which.
        container: ContainerRef,
        /// With which patience.
        policy: StopPolicy,
    },
    /// Removes a stopped container.
    RemoveContainer {
        /// Which.
        container: ContainerRef,
        /// What becomes of its volumes without a name.
        volumes: AnonymousVolumes,
    },
    /// Makes the step's service's container.
    CreateContainer,
    /// Starts the step's service's container.
    StartContainer {
        /// The container that exists; the one made before this step when absent.
        existing: Option<ContainerId>,
    },
    /// Waits until the step's service is usable.
    AwaitReady {
        /// The container that exists; the one made before this step when absent.
        existing: Option<ContainerId>,
    },
    /// Does inside the step's service, once it is usable, what the application needs: what is in
    /// order is left alone.
    Bootstrap {
        /// The container that exists; the one made before this step when absent.
        existing: Option<ContainerId>,
    },
    /// Waits until the step's service has ended with status 0.
    AwaitCompletion {
        /// The container that exists; the one made before this step when absent.
        existing: Option<ContainerId>,
    },
    /// Wipes the data of the step's service, through the service.
    Wipe {
        /// The container that exists; the one made before this step when absent.
        existing: Option<ContainerId>,
    },
    /// Notes beside the directories of the step's service's data that they are being emptied, until
    /// they are: a run that is killed in between is finished by the next.
    NoteWipe,
    /// Empties the directories and volumes of the step's service's data; it does not run.
    EmptyData,
    /// Removes a file that belongs to the step's service's data.
    RemoveFile {
        /// Which.
        path: PathBuf,
    },
    /// Removes a network.
    RemoveNetwork {
        /// Its id.
        id: NetworkId,
        /// Its name on the engine.
        name: String,
    },
}

/// A container that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerRef {
    /// Its id.
    pub id: ContainerId,
    /// Its name.
    pub name: String,
}

impl Action {
    /// Whether something is different afterwards.
    pub fn is_change(&self) -> bool {
        match self {
            Self::CreateDirectory { .. }
            | Self::PullImage { .. }
            | Self::CreateNetwork { .. }
            | Self::CreateVolume { .. }
            | Self::UnpauseContainer { .. }
            | Self::StopContainer { .. }
            | Self::RemoveContainer { .. }
            | Self::CreateContainer
            | Self::StartContainer { .. }
            | Self::Wipe { .. }
            | Self::EmptyData
            | Self::RemoveFile { .. }
            | Self::RemoveNetwork { .. } => true,
            // The note is gone again when the plan is carried out.
            Self::AwaitReady { .. }
            | Self::Bootstrap { .. }
            | Self::AwaitCompletion { .. }
            | Self::NoteWipe => false,
        }
    }

    /// Whether it takes data away.
    pub fn is_wipe(&self) -> bool {
        matches!(
            self,
            Self::Wipe { .. } | Self::EmptyData | Self::RemoveFile { .. }
        )
    }

    /// The action in a few words, for the service of this name.
    pub fn describe(&self, service: &str) -> String {
        match self {
            Self::CreateDirectory { path } => format!("create directory {}", path.display()),
            Self::PullImage { image, .. } => format!("pull {image}"),
            Self::CreateNetwork { name, .. } => format!("create network {name}"),
            Self::CreateVolume { name, .. } => format!("create volume {name}"),
            Self::UnpauseContainer { container } => format!("unpause {}", container.name),
            Self::StopContainer { container, .. } => format!("stop {}", container.name),
            Self::RemoveContainer { container, .. } => format!("remove {}", container.name),
            Self::CreateContainer => format!("create {service}"),
            Self::StartContainer { .. } => format!("start {service}"),
            Self::AwaitReady { .. } => format!("wait until {service} is usable"),
            Self::Bootstrap { .. } => format!("bootstrap {service}"),
            Self::AwaitCompletion { .. } => format!("wait until {service} is done"),
            Self::Wipe { .. } => format!("wipe {service}"),
            Self::NoteWipe => format!("note that the data of {service} is wiped"),
            Self::EmptyData => format!("empty the data of {service}"),
            Self::RemoveFile { path } => format!("remove {}", path.display()),
            Self::RemoveNetwork { name, .. } => format!("remove network {name}"),
        }
    }
}
