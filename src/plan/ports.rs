//! Host ports that somebody else holds: they would fail a start, with everything before it done.

use super::{Adopt, Refusal, Up};
use crate::model::{Observed, Owner, PortHolder, Service, TakenPort};

/// What keeps the service, which is about to be started, from publishing its ports.
pub(super) fn refusals(observed: &Observed, wanted: &Up, service: &Service) -> Vec<Refusal> {
    let mappings = service.container.ports.iter();
    mappings
        .filter_map(|mapping| observed.taken_port(mapping))
        .filter(|taken| !makes_way(observed, wanted, taken))
        .map(|taken| Refusal::PortTaken {
            service: service.name.clone(),
            port: taken.port,
            holder: taken.holder.clone(),
        })
        .collect()
}

/// Whether the port is held by a container that this plan may replace: the engine will say whether
/// that happens in time.
fn makes_way(observed: &Observed, wanted: &Up, taken: &TakenPort) -> bool {
    let Some(PortHolder::Container { name }) = &taken.holder else {
        return false;
    };
    let found = observed.container_named(name);
    found.is_some_and(|container| match &container.owner {
        Owner::Ours(service) => wanted.services.contains(service),
        Owner::Foreign => wanted.adopt == Adopt::Yes,
        Owner::Elsewhere(_) => false,
    })
}
