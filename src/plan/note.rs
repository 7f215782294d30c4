//! What a person should know, though nothing is done about it.

use super::{Cause, Elsewhere};
use crate::model::ServiceName;

/// Something worth a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A container of the stack is for a service that the stack file no longer has, or that is off.
    Orphan {
        /// The service.
        service: ServiceName,
        /// Its container.
        container: String,
        /// Which of the two.
        why: Cause,
    },
    /// A container has the name of a service's, and devinfra did not make it.
    ForeignContainer {
        /// The service.
        service: ServiceName,
        /// The container.
        container: String,
    },
    /// The stack is also up from another project directory.
    Elsewhere {
        /// A container of it.
        container: String,
        /// Where it is up from.
        place: Elsewhere,
    },
    /// A service has data that nobody knows how to wipe while it runs.
    NotWiped {
        /// The service.
        service: ServiceName,
    },
    /// A run was killed while it deleted data; the rest is deleted now.
    HalfWiped {
        /// Whose data.
        services: Vec<ServiceName>,
    },
    /// A service that was to be left out runs.
    StillRuns {
        /// The service.
        service: ServiceName,
    },
    /// A container of somebody else's is removed, and its volumes without a name stay.
    VolumesKept {
        /// The container.
        container: String,
        /// Their names.
        volumes: Vec<String>,
    },
    /// A service keeps its data in its container, and loses it with that.
    DataInContainer {
        /// The service.
        service: ServiceName,
    },
    /// The stack's network exists, the stack did not make it, and it is used all the same.
    ForeignNetwork {
        /// Its name.
        network: String,
        /// What made it, where that is another stack.
        place: Option<Elsewhere>,
    },
}
