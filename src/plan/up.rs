//! From what exists to services that run and are usable.

use std::collections::BTreeSet;

use super::down::patience;
use super::fate::Fate;
use super::planner::{Milestones, Planner};
use super::wipes::Wipes;
use super::{Action, Cause, ContainerRef, Note, Plan, Refusal, StepId, Up, ports, ways};
use crate::model::{
    Condition, ContainerId, Kind, Mount, MountSource, Observed, ObservedContainer, Owner, Service,
    ServiceName, Stack, StopPolicy,
};

pub(super) fn reconcile(
    stack: &Stack,
    observed: &Observed,
    wanted: &Up,
) -> Result<Plan, Vec<Refusal>> {
    Planner::new(stack, observed, wanted).finish()
}

/// The services, each behind those it depends on; in the order of their names otherwise.
fn in_dependency_order<'a>(
    stack: &'a Stack,
    services: &'a BTreeSet<ServiceName>,
    wipes: &Wipes,
) -> Vec<&'a ServiceName> {
    fn visit<'a>(
        (stack, wipes): (&'a Stack, &Wipes),
        name: &'a ServiceName,
        seen: &mut BTreeSet<&'a ServiceName>,
        order: &mut Vec<&'a ServiceName>,
    ) {
        if !seen.insert(name) {
            return;
        }
        let service = stack.services.get(name);
        let dependencies = service.into_iter().flat_map(|one| one.depends_on.keys());
        let before = dependencies.chain(wipes.before(stack, name));
        for before in before.chain(stack.stores_of(name)) {
            visit((stack, wipes), before, seen, order);
        }
        order.push(name);
    }
    let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
    for name in services {
        visit((stack, wipes), name, &mut seen, &mut order);
    }
    order.retain(|name| services.contains(*name));
    order
}

impl<'a> Planner<'a> {
    /// Plans for all services.
    pub(super) fn finish(mut self) -> Result<Plan, Vec<Refusal>> {
        self.note_strangers();
        self.finish_wipes();
        for name in in_dependency_order(self.stack, &self.wanted.services, &self.wipes) {
            if let Some(service) = self.stack.services.get(name) {
                self.service(service);
            }
        }
        if self.refusals.is_empty() {
            Ok(self.plan)
        } else {
            Err(self.refusals)
        }
    }

    /// Containers of the stack that are none of its services'.
    fn note_strangers(&mut self) {
        for container in &self.observed.containers {
            if let Owner::Ours(service) = &container.owner
                && !self.stack.services.contains_key(service)
                && self.stack.helped_by(service).is_none()
            {
                self.plan.notes.push(Note::Orphan {
                    service: service.clone(),
                    container: container.name.clone(),
                    why: Cause::of_end(self.stack, service),
                });
            }
        }
    }

    fn service(&mut self, service: &'a Service) {
        let Some(fate) = self.fate(service) else {
            return;
        };
        if let Fate::Start(..) | Fate::Replace(..) | Fate::Create = fate {
            let taken = ports::refusals(self.observed, self.wanted, service);
            self.refusals.extend(taken);
            self.refusals.extend(ways::refusals(self.observed, service));
        }
        let first = self.plan.steps.len();
        let milestones = match fate {
            Fate::Done => Milestones::default(),
            Fate::Keep(container) | Fate::Unpause(container) if self.is_quiet(service) => {
                self.start(service, Some(container), Cause::ResetAsked, Vec::new())
            }
            Fate::Keep(container) => self.wait(service, Some(&container.id), Vec::new()),
            Fate::Unpause(container) => {
                let action = Action::UnpauseContainer {
                    container: reference(container),
                };
                let step = self
                    .plan
                    .push(Some(&service.name), action, Cause::Paused, []);
                self.wait(service, Some(&container.id), vec![step])
            }
            Fate::Start(container, cause) => {
                self.start(service, Some(container), cause, Vec::new())
            }
            Fate::Create => {
                let made = self.create(service, &Cause::NoContainer, &[]);
                self.start(service, None, Cause::NoContainer, made)
            }
            Fate::Replace(old, cause) => self.replace(service, &old, cause),
        };
        for step in self.plan.steps.iter_mut().skip(first) {
            step.required = service.required || step.service.is_none();
        }
        self.milestones.insert(&service.name, milestones);
    }

    fn replace(
        &mut self,
        service: &'a Service,
        old: &[&'a ObservedContainer],
        cause: Cause,
    ) -> Milestones {
        // What can fail without touching the old container comes first.
        let before: Vec<StepId> = self.image(service).into_iter().collect();
        let policy = patience(Some(service), StopPolicy::Own);
        let gone: Vec<StepId> = old
            .iter()
            .map(|container| {
                self.plan
                    .take_down(&service.name, container, policy, &cause, &before)
            })
            .collect();
        let made = self.create(service, &cause, &gone);
        self.start(service, None, cause, made)
    }

    /// Data that nobody has mounted a place for goes with the container.
    fn note_data(&mut self, service: &Service) {
        let keeps_data = matches!(
            service.kind,
            Kind::Postgres(_) | Kind::S3(_) | Kind::Lakefs(_)
        );
        let mounts = &service.container.mounts;
        let anonymous = |mount: &Mount| mount.source == MountSource::AnonymousVolume;
        if keeps_data && mounts.iter().all(anonymous) {
            let service = service.name.clone();
            self.plan.notes.push(Note::DataInContainer { service });
        }
    }

    /// Everything that the container needs, and the container.
    fn create(&mut self, service: &'a Service, cause: &Cause, after: &[StepId]) -> Vec<StepId> {
        self.note_data(service);
        let mut before = after.to_vec();
        before.extend(self.gone(service));
        let image = self.image(service);
        before.extend(image);
        for attachment in &service.container.networks {
            before.extend(self.network(&attachment.network));
        }
        for mount in &service.container.mounts {
            match &mount.source {
                MountSource::Bind(bind) if bind.create => {
                    before.extend(self.directory(&bind.source.0, image));
                }
                MountSource::Volume { name } => before.extend(self.volume(name)),
                MountSource::Bind(_) | MountSource::AnonymousVolume | MountSource::Tmpfs(_) => {}
            }
        }
        vec![self.plan.push(
            Some(&service.name),
            Action::CreateContainer,
            cause.clone(),
            before,
        )]
    }

    fn start(
        &mut self,
        service: &'a Service,
        existing: Option<&ObservedContainer>,
        cause: Cause,
        mut before: Vec<StepId>,
    ) -> Milestones {
        for (dependency, how) in &service.depends_on {
            let Some(reached) = self.milestones.get(dependency) else {
                continue;
            };
            before.extend(match how.condition {
                Condition::Started => &reached.started,
                Condition::Healthy => &reached.healthy,
                Condition::CompletedSuccessfully => &reached.completed,
            });
        }
        before.extend(self.gone(service));
        self.wipe_stopped(service, &mut before);
        let existing = existing.map(|container| container.id.clone());
        let action = Action::StartContainer {
            existing: existing.clone(),
        };
        let step = self.plan.push(Some(&service.name), action, cause, before);
        self.wait(service, existing.as_ref(), vec![step])
    }

    /// The wait until the service is usable, or done where that is what others wait for.
    fn wait(
        &mut self,
        service: &'a Service,
        existing: Option<&ContainerId>,
        started: Vec<StepId>,
    ) -> Milestones {
        let completes = self.stack.is_awaited(&service.name);
        let action = if completes {
            Action::AwaitCompletion {
                existing: existing.cloned(),
            }
        } else {
            Action::AwaitReady {
                existing: existing.cloned(),
            }
        };
        let after = started.iter().copied();
        let usable = self
            .plan
            .push(Some(&service.name), action, Cause::Wanted, after);
        let mut done = vec![usable];
        if !completes {
            done = self.wipe_live(service, existing, usable);
            if service.kind.has_bootstrap() {
                // LakeFS asks its store.
                for store in self.stack.stores_of(&service.name) {
                    let reached = self.milestones.get(store);
                    done.extend(reached.iter().flat_map(|reached| &reached.healthy));
                }
                let action = Action::Bootstrap {
                    existing: existing.cloned(),
                };
                let step = self
                    .plan
                    .push(Some(&service.name), action, Cause::Wanted, done);
                done = vec![step];
            }
        }
        Milestones {
            started,
            healthy: done.clone(),
            completed: done,
        }
    }
}

fn reference(container: &ObservedContainer) -> ContainerRef {
    ContainerRef {
        id: container.id.clone(),
        name: container.name.clone(),
    }
}
