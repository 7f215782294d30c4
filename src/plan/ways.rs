//! Host directories that can't be: they would fail a start, with everything before it done.

use super::Refusal;
use crate::model::{Observed, Service};

/// What keeps the service, which is about to be started, from its bind mounts.
pub(super) fn refusals(observed: &Observed, service: &Service) -> Vec<Refusal> {
    let mounts = service.container.mounts.iter();
    let barred = mounts.filter_map(|mount| {
        let path = &mount.host_path()?.0;
        let key = (service.name.clone(), path.clone());
        Some((path, observed.obstacles.get(&key)?))
    });
    barred
        .map(|(path, obstacle)| Refusal::Obstructed {
            service: service.name.clone(),
            path: path.clone(),
            obstacle: obstacle.clone(),
        })
        .collect()
}
