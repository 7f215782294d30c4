//! What is wiped while services are brought up, and after which steps.

use std::collections::{BTreeMap, BTreeSet};
use std::slice::from_ref;

use super::{Cause, StepId};
use crate::model::{ServiceName, Stack, Wiping};

/// What is wiped while services are brought up.
pub(super) struct Wipes {
    pub(super) cause: Cause,
    /// Services whose data goes while they run, or are stopped for it.
    pub(super) services: BTreeSet<ServiceName>,
    /// Steps after which services are stopped that are wiped that way.
    pub(super) quiet: BTreeMap<ServiceName, StepId>,
    /// Steps after which it is noted that the data of such a service goes.
    pub(super) noted: BTreeMap<ServiceName, StepId>,
    /// Steps after which nobody else empties the data of a service any more.
    pub(super) cleared: BTreeMap<ServiceName, Vec<StepId>>,
    /// Steps after which the old container and the data of a service are gone.
    pub(super) gone: BTreeMap<ServiceName, Vec<StepId>>,
    /// Steps after which a service that runs has lost its data.
    pub(super) wiped: BTreeMap<ServiceName, StepId>,
}

impl Default for Wipes {
    /// Nothing but what a run has left half done.
    fn default() -> Self {
        Self {
            cause: Cause::CutShort,
            services: BTreeSet::new(),
            quiet: BTreeMap::new(),
            noted: BTreeMap::new(),
            cleared: BTreeMap::new(),
            gone: BTreeMap::new(),
            wiped: BTreeMap::new(),
        }
    }
}

impl Wipes {
    /// The services that are wiped through themselves before this one is emptied: it is worthless
    /// without them, and a store that can't be wiped must not cost its index.
    pub(super) fn before<'a>(
        &self,
        stack: &'a Stack,
        name: &ServiceName,
    ) -> impl Iterator<Item = &'a ServiceName> {
        let is_emptied = |name: &ServiceName| {
            let service = stack
                .services
                .get(name)
                .filter(|_| self.services.contains(name));
            service.is_some_and(|service| service.kind.wiping() == Wiping::Stopped)
        };
        let together = if is_emptied(name) {
            stack.reset_closure(from_ref(name))
        } else {
            BTreeSet::new()
        };
        let needs_it = |other: &ServiceName| stack.closure(from_ref(other)).contains(name);
        let others = stack.services.iter().filter(move |(other, service)| {
            together.contains(*other)
                && service.kind.wiping() == Wiping::Live
                && self.services.contains(*other)
                && !needs_it(other)
        });
        others
            .map(|(other, _)| other)
            .collect::<Vec<_>>()
            .into_iter()
    }
}
