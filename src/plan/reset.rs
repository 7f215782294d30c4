//! From data to none: through services that run, or by making them anew.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::slice::from_ref;
use std::time::Duration;

use super::planner::{Planner, strangers};
use super::{Action, Cause, ContainerRef, Depth, Note, Plan, Refusal, Reset, StepId};
use crate::model::{
    ContainerId, ContainerState, MountSource, Observed, ObservedContainer, Service, ServiceName,
    Stack, StopPolicy, Wiping,
};

pub(super) fn reconcile(
    stack: &Stack,
    observed: &Observed,
    wanted: &Reset,
) -> Result<Plan, Vec<Refusal>> {
    match wanted.depth {
        Depth::InPlace => {
            let mut planner = Planner::new(stack, observed, &wanted.up);
            planner.wipes.cause = Cause::ResetAsked;
            planner.wipes.services.clone_from(&wanted.services);
            planner.note_unknown();
            planner.quieten();
            planner.finish()
        }
        Depth::Hard => {
            let is_wiped = |container: &ObservedContainer| {
                let service = container.service();
                let service = service.map(|name| stack.helped_by(name).unwrap_or(name));
                service.is_some_and(|service| wanted.services.contains(service))
            };
            let mut left = observed.clone();
            left.containers.retain(|container| !is_wiped(container));
            let mut planner = Planner::new(stack, &left, &wanted.up);
            // A network that the old containers use, the new ones may use as well.
            planner.strangers = strangers(stack, observed);
            planner.wipes.cause = Cause::ResetAsked;
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

    /// Notes that the data of a service goes that is stopped for it, as late as may be: what is
    /// noted is deleted by the next run.
    fn note(&mut self, service: &Service, after: &[StepId]) -> StepId {
        if let Some(step) = self.wipes.noted.get(&service.name) {
            return *step;
        }
        let quiet = self.wipes.quiet.get(&service.name);
        let after = after.iter().chain(quiet).copied();
        let (name, cause) = (Some(&service.name), self.wipes.cause.clone());
        let step = self.plan.push(name, Action::NoteWipe, cause, after);
        self.wipes.noted.insert(service.name.clone(), step);
        step
    }

    /// Plans the rest of what a killed run has left half done, for services that do not run.
    ///
    /// What it left of a service's data is deleted before the service is made or started. What only
    /// makes sense together with that, and runs, is wiped as well.
    pub(super) fn finish_wipes(&mut self) {
        let mut half = Vec::new();
        let services = self.wanted.services.iter();
        for service in services.filter_map(|name| self.stack.services.get(name)) {
            let name = &service.name;
            let helpers = self.clear_helpers(service);
            let is_half_wiped = !helpers.is_empty() || self.observed.half_wiped.contains(name);
            self.wipes.cleared.insert(name.clone(), helpers);
            let is_planned =
                self.wipes.gone.contains_key(name) || self.wipes.quiet.contains_key(name);
            if is_half_wiped && !self.runs(name) && !is_planned {
                half.push(name.clone());
            }
        }
        if half.is_empty() {
            return;
        }
        let together = self.stack.reset_closure(&half);
        let together = together.iter();
        for service in together.filter_map(|name| self.stack.services.get(name)) {
            let name = &service.name;
            match (service.kind.wiping(), half.contains(name)) {
                (Wiping::Live, false) => {
                    self.wipes.services.insert(name.clone());
                }
                (Wiping::Stopped, _) if !self.runs(name) => {
                    self.wipes.services.insert(name.clone());
                }
                (Wiping::Live | Wiping::Unknown, true) => {
                    let emptied = self.empty(service, &[]);
                    let mut gone = self.files(service, &[emptied]);
                    gone.push(emptied);
                    self.wipes.gone.insert(name.clone(), gone);
                }
                (Wiping::Stopped, _) | (Wiping::Unknown, false) => {}
            }
        }
        self.plan.notes.push(Note::HalfWiped { services: half });
    }

    fn runs(&self, service: &ServiceName) -> bool {
        let container = self.observed.container_of(service);
        container.is_some_and(ObservedContainer::is_running)
    }

    /// Removes the containers that killed runs have left to empty the service's data.
    fn clear_helpers(&mut self, service: &Service) -> Vec<StepId> {
        let helper = service.name.helper();
        let containers = self.observed.containers.iter();
        let left = containers.filter(|container| container.is_of(&helper));
        let at_once = StopPolicy::Within(Duration::ZERO);
        let removed = left.map(|container| {
            let (name, cause) = (&service.name, Cause::CutShort);
            self.plan.take_down(name, container, at_once, &cause, &[])
        });
        removed.collect()
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
            if let Some(owner) = container.service() {
                let service = self.stack.helped_by(owner).unwrap_or(owner);
                let cause = Cause::ResetAsked;
                let step = self
                    .plan
                    .take_down(service, container, at_once, &cause, &[]);
                removed.push(step);
            }
        }
        let services = services.iter();
        let services = services.filter_map(|name| self.stack.services.get(name));
        let services: Vec<&'a Service> = services.collect();
        let emptied = services.iter().filter(|service| !service.data.is_empty());
        // All of them before anything is deleted: some make sense together only.
        let mut noted = removed.clone();
        for service in emptied {
            let (name, action) = (Some(&service.name), Action::NoteWipe);
            let after = removed.iter().copied();
            noted.push(self.plan.push(name, action, Cause::ResetAsked, after));
        }
        for service in services {
            let mut gone = removed.clone();
            if !service.data.is_empty() {
                gone.push(self.empty(service, &noted));
            }
            gone.extend(self.files(service, &noted));
            self.wipes.gone.insert(service.name.clone(), gone);
        }
    }

    fn wiped(&self) -> Vec<&'a Service> {
        let names = self.wipes.services.iter();
        names
            .filter_map(|name| self.stack.services.get(name))
            .collect()
    }

    fn empty(&mut self, service: &'a Service, after: &[StepId]) -> StepId {
        let mut after = after.to_vec();
        let cleared = self.wipes.cleared.get(&service.name);
        after.extend(cleared.into_iter().flatten());
        for mount in service.data_mounts() {
            // Mounted before it is made, it would be made without the stack's labels.
            if let MountSource::Volume { name } = &mount.source {
                after.extend(self.volume(name));
                after.extend(self.image(service));
            }
        }
        let (action, cause) = (Action::EmptyData, self.wipes.cause.clone());
        self.plan.push(Some(&service.name), action, cause, after)
    }

    /// Removes the service's files that are there.
    fn files(&mut self, service: &Service, after: &[StepId]) -> Vec<StepId> {
        let there = |path: &&PathBuf| self.observed.data_files.contains(*path);
        let files = service.data_files.iter().filter(there);
        let removals = files.map(|path| {
            let action = Action::RemoveFile { path: path.clone() };
            let (after, cause) = (after.iter().copied(), self.wipes.cause.clone());
            self.plan.push(Some(&service.name), action, cause, after)
        });
        removals.collect()
    }

    /// Whether the service's container is stopped to be started again.
    pub(super) fn is_quiet(&self, service: &Service) -> bool {
        self.wipes.quiet.contains_key(&service.name)
    }

    /// What must be gone before the service's container is made or started.
    pub(super) fn gone(&self, service: &Service) -> Vec<StepId> {
        let gone = self.wipes.gone.get(&service.name);
        gone.cloned().unwrap_or_default()
    }

    /// The wipe that comes before the service's start.
    pub(super) fn wipe_stopped(&mut self, service: &'a Service, before: &mut Vec<StepId>) {
        let is_wiped = self.wipes.services.contains(&service.name);
        if !is_wiped || service.kind.wiping() != Wiping::Stopped {
            return;
        }
        let first = self.wipes.before(self.stack, &service.name);
        before.extend(first.filter_map(|name| self.wipes.wiped.get(name)));
        before.push(self.note(service, before));
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
        let together = self.stack.reset_closure(from_ref(&service.name));
        for other in self.wiped() {
            if other.kind.wiping() == Wiping::Stopped && together.contains(&other.name) {
                after.push(self.note(other, &[usable]));
            }
        }
        after.extend(self.wipes.quiet.values());
        let action = Action::Wipe {
            existing: existing.cloned(),
        };
        let (name, cause) = (Some(&service.name), self.wipes.cause.clone());
        let wiped = self.plan.push(name, action, cause, after);
        self.wipes.wiped.insert(service.name.clone(), wiped);
        let mut done = vec![wiped];
        done.extend(self.files(service, &[wiped]));
        done
    }
}
