//! From data to none: through services that run, or by making them anew.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::up::{Planner, strangers};
use super::{Action, Cause, ContainerRef, Depth, Note, Plan, Refusal, Reset, StepId};
use crate::model::{
    ContainerId, ContainerState, Observed, ObservedContainer, Service, ServiceName, Stack,
    StopPolicy, Wiping,
};

/// What is wiped while services are brought up.
#[derive(Default)]
pub(super) struct Wipes {
    /// Services whose data goes while they run, or are stopped for it.
    services: BTreeSet<ServiceName>,
    /// Steps after which services are stopped that are wiped that way.
    quiet: BTreeMap<ServiceName, StepId>,
    /// Steps after which the old container and the data of a service are gone.
    gone: BTreeMap<ServiceName, Vec<StepId>>,
}

pub(super) fn reconcile(
    stack: &Stack,
    observed: &Observed,
    wanted: &Reset,
) -> Result<Plan, Vec<Refusal>> {
    match wanted.depth {
        Depth::InPlace => {
            let mut planner = Planner::new(stack, observed, &wanted.up);
            planner.wipes.services.clone_from(&wanted.services);
            planner.note_unknown();
            planner.quieten();
            planner.finish()
        }
        Depth::Hard => {
            let is_wiped = |container: &ObservedContainer| {
                let service = container.service();
                service.is_some_and(|service| wanted.services.contains(service))
            };
            let mut left = observed.clone();
            left.containers.retain(|container| !is_wiped(container));
            let mut planner = Planner::new(stack, &left, &wanted.up);
            // A network that the old containers use, the new ones may use as well.
            planner.strangers = strangers(stack, observed);
            let old = observed.containers.iter();
            planner.clear(&wanted.services, old.filter(|one| is_wiped(one)));
            planner.finish()
        }
    }
}

impl<'a> Planner<'a> {
    /// Says which data stays because nobody knows how to wipe it while its service runs.
    fn note_unknown(&mut self) {
        for service in self.wiped() {
            if service.kind.wiping() == Wiping::Unknown && !service.data.is_empty() {
                let service = service.name.clone();
                self.plan.notes.push(Note::NotWiped { service });
            }
        }
    }

    /// Stops what is emptied while it is stopped, before anything else: it would go on writing into
    /// what others wipe.
    fn quieten(&mut self) {
        for service in self.wiped() {
            let Some(container) = self.observed.container_of(&service.name) else {
                continue;
            };
            if service.kind.wiping() != Wiping::Stopped {
                continue;
            }
            let reference = || ContainerRef {
                id: container.id.clone(),
                name: container.name.clone(),
            };
            let mut push = |action, after: Option<StepId>| {
                let (name, cause) = (Some(&service.name), Cause::ResetAsked);
                self.plan.push(name, action, cause, after)
            };
            let let_go = (container.state == ContainerState::Paused).then(|| {
                let container = reference();
                push(Action::UnpauseContainer { container }, None)
            });
            if let_go.is_some() || container.is_running() {
                let action = Action::StopContainer {
                    container: reference(),
                    policy: StopPolicy::Within(service.container.stop_grace_period),
                };
                let step = push(action, let_go);
                self.wipes.quiet.insert(service.name.clone(), step);
            }
        }
    }

    /// Kills and removes the old containers, and empties the data of all services.
    fn clear<'o>(
        &mut self,
        services: &BTreeSet<ServiceName>,
        old: impl Iterator<Item = &'o ObservedContainer>,
    ) {
        // The data goes anyway: there is nothing to save.
        let at_once = StopPolicy::Within(Duration::ZERO);
        let mut removed = Vec::new();
        for container in old {
            if let Some(service) = container.service() {
                let cause = Cause::ResetAsked;
                let step = self
                    .plan
                    .take_down(service, container, at_once, &cause, &[]);
                removed.push(step);
            }
        }
        for service in services
            .iter()
            .filter_map(|name| self.stack.services.get(name))
        {
            let mut gone = removed.clone();
            if !service.data.is_empty() {
                gone.push(self.empty(service, &removed));
            }
            gone.extend(self.files(service, &removed));
            self.wipes.gone.insert(service.name.clone(), gone);
        }
    }

    fn wiped(&self) -> Vec<&'a Service> {
        let names = self.wipes.services.iter();
        names
            .filter_map(|name| self.stack.services.get(name))
            .collect()
    }

    fn empty(&mut self, service: &Service, after: &[StepId]) -> StepId {
        let after = after.iter().copied();
        let action = Action::EmptyData;
        self.plan
            .push(Some(&service.name), action, Cause::ResetAsked, after)
    }

    fn files(&mut self, service: &Service, after: &[StepId]) -> Vec<StepId> {
        let files = service.data_files.iter();
        let removals = files.map(|path| {
            let action = Action::RemoveFile { path: path.clone() };
            let after = after.iter().copied();
            self.plan
                .push(Some(&service.name), action, Cause::ResetAsked, after)
        });
        removals.collect()
    }

    /// Whether the service's container is stopped to be started again.
    pub(super) fn is_quiet(&self, service: &Service) -> bool {
        self.wipes.quiet.contains_key(&service.name)
    }

    /// What must be gone before the service's new container is made.
    pub(super) fn gone(&self, service: &Service) -> Vec<StepId> {
        let gone = self.wipes.gone.get(&service.name);
        gone.cloned().unwrap_or_default()
    }

    /// The wipe that comes before the service's start.
    pub(super) fn wipe_stopped(&mut self, service: &Service, before: &mut Vec<StepId>) {
        let is_wiped = self.wipes.services.contains(&service.name);
        if !is_wiped || service.kind.wiping() != Wiping::Stopped {
            return;
        }
        before.extend(self.wipes.quiet.get(&service.name));
        let emptied = self.empty(service, before);
        let files = self.files(service, &[emptied]);
        before.push(emptied);
        before.extend(files);
    }

    /// The wipe that comes when the service is usable; returns the steps after which it is done.
    pub(super) fn wipe_live(
        &mut self,
        service: &Service,
        existing: Option<&ContainerId>,
        usable: StepId,
    ) -> Vec<StepId> {
        let is_wiped = self.wipes.services.contains(&service.name);
        if !is_wiped || service.kind.wiping() != Wiping::Live {
            return vec![usable];
        }
        let mut after = vec![usable];
        after.extend(self.wipes.quiet.values());
        let action = Action::Wipe {
            existing: existing.cloned(),
        };
        let wiped = self
            .plan
            .push(Some(&service.name), action, Cause::ResetAsked, after);
        let mut done = vec![wiped];
        done.extend(self.files(service, &[wiped]));
        done
    }
}
