//! What says that the data of a service is being emptied, where no file can say so.

use std::collections::BTreeMap;

use super::{Mount, MountSource, Service, Stack, VolumeSpec};

impl Stack {
    /// The volume that says, by being there, that a run has begun to empty the named volumes of the
    /// service's data and has not come to the end. `None` where it has no data in one.
    ///
    /// It is a volume because `down` removes everything else.
    pub fn wipe_mark(&self, service: &Service) -> Option<VolumeSpec> {
        let name = format!("{}_{}-devinfra-wiping", self.name, service.name);
        let is_volume = |mount: &Mount| matches!(mount.source, MountSource::Volume { .. });
        // What the stack file calls so holds data.
        let is_taken = self.volumes.values().any(|volume| volume.name == name);
        let is_marked = service.data_mounts().any(is_volume) && !is_taken;
        is_marked.then(|| VolumeSpec {
            name,
            external: false,
            labels: BTreeMap::new(),
        })
    }
}
