//! From what exists to services that run and are usable.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::down::patience;
use super::reset::Wipes;
use super::{Action, Adopt, Cause, ContainerRef, Note, Plan, Recreate, Refusal, StepId, Up, ports};
use crate::model::{
    Condition, ContainerId, ContainerState, Facet, Fingerprint, ImageRef, Kind, Mount, MountSource,
    NetworkId, Observed, ObservedContainer, Owner, PullPolicy, Service, ServiceName, Stack,
    StopPolicy,
};

pub(super) fn reconcile(
    stack: &Stack,
    observed: &Observed,
    wanted: &Up,
) -> Result<Plan, Vec<Refusal>> {
    Planner::new(stack, observed, wanted).finish()
}

/// The names of the stack's networks that somebody else has.
pub(super) fn strangers(stack: &Stack, observed: &Observed) -> BTreeSet<String> {
    let networks = stack.networks.values();
    let strangers = networks.filter(|wanted| observed.stranger_network(wanted).is_some());
    strangers.map(|wanted| wanted.name.clone()).collect()
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
        for before in dependencies.chain(wipes.before(stack, name)) {
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

/// What becomes of a service's container.
enum Fate<'a> {
    /// It runs, as wanted.
    Keep(&'a ObservedContainer),
    /// It ran to its end, as wanted.
    Done,
    /// It is as wanted, and must be started.
    Start(&'a ObservedContainer, Cause),
    /// It is as wanted, and frozen.
    Unpause(&'a ObservedContainer),
    /// Another takes its place.
    Replace(Vec<&'a ObservedContainer>, Cause),
    /// There is none.
    Create,
}

/// The steps after which a service has reached a condition.
#[derive(Default, Clone)]
struct Milestones {
    started: Vec<StepId>,
    healthy: Vec<StepId>,
    completed: Vec<StepId>,
}

pub(super) struct Planner<'a> {
    pub(super) stack: &'a Stack,
    pub(super) observed: &'a Observed,
    pub(super) wanted: &'a Up,
    pub(super) plan: Plan,
    pub(super) wipes: Wipes,
    /// Names of the stack's networks that somebody else has.
    pub(super) strangers: BTreeSet<String>,
    refusals: Vec<Refusal>,
    milestones: BTreeMap<&'a ServiceName, Milestones>,
    pulls: BTreeMap<&'a ImageRef, StepId>,
    networks: BTreeMap<&'a str, StepId>,
    volumes: BTreeMap<&'a str, StepId>,
    directories: BTreeMap<&'a Path, StepId>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(stack: &'a Stack, observed: &'a Observed, wanted: &'a Up) -> Self {
        Self {
            stack,
            observed,
            wanted,
            plan: Plan::default(),
            wipes: Wipes::default(),
            strangers: strangers(stack, observed),
            refusals: Vec::new(),
            milestones: BTreeMap::new(),
            pulls: BTreeMap::new(),
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
            directories: BTreeMap::new(),
        }
    }

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

    /// Decides on a service's container; `None` when something stands in the way.
    ///
    /// | its container | and | fate |
    /// |---|---|---|
    /// | none | its name is free | create |
    /// | none | its name is taken | refuse, or replace when adopting |
    /// | there | `--recreate`, other fingerprint, newer image, network gone | replace |
    /// | removing, dead | | replace |
    /// | restarting | | replace: a loop does not end by itself |
    /// | paused | | unpause |
    /// | running | | keep |
    /// | exited with 0 | somebody waits for its completion | done |
    /// | created, exited | | start |
    fn fate(&mut self, service: &'a Service) -> Option<Fate<'a>> {
        let own = self.observed.container_of(&service.name);
        let adopted = match self.in_the_way(service) {
            Ok(adopted) => adopted,
            Err(refusal) => {
                self.refusals.push(refusal);
                return None;
            }
        };
        let Some(own) = own else {
            return Some(adopted.map_or(Fate::Create, |foreign| {
                Fate::Replace(vec![foreign], Cause::Adopted)
            }));
        };
        if let Some(cause) = self.must_replace(service, own) {
            let old = [Some(own), adopted].into_iter().flatten().collect();
            return Some(Fate::Replace(old, cause));
        }
        Some(match &own.state {
            ContainerState::Running => Fate::Keep(own),
            ContainerState::Paused => Fate::Unpause(own),
            ContainerState::Exited { code: Some(0), .. } if self.is_awaited(&service.name) => {
                Fate::Done
            }
            ContainerState::Exited { code, .. } => {
                Fate::Start(own, Cause::NotRunning { exit_code: *code })
            }
            ContainerState::Created => Fate::Start(own, Cause::NotRunning { exit_code: None }),
            ContainerState::Restarting => Fate::Replace(vec![own], Cause::RestartLoop),
            ContainerState::Removing | ContainerState::Dead => {
                Fate::Replace(vec![own], Cause::Dead)
            }
        })
    }

    /// The container that has to make way for the service's name, where one has.
    fn in_the_way(&self, service: &Service) -> Result<Option<&'a ObservedContainer>, Refusal> {
        let Some(named) = self.observed.container_named(&service.container.name) else {
            return Ok(None);
        };
        match &named.owner {
            Owner::Ours(_) => Ok(None),
            Owner::Foreign if self.wanted.adopt == Adopt::Yes => Ok(Some(named)),
            Owner::Foreign => Err(Refusal::ForeignContainer {
                service: service.name.clone(),
                container: named.name.clone(),
                id: named.id.clone(),
            }),
            Owner::Elsewhere(directory) => Err(Refusal::Elsewhere {
                service: service.name.clone(),
                container: named.name.clone(),
                directory: directory.clone(),
            }),
        }
    }

    fn must_replace(&self, service: &Service, own: &ObservedContainer) -> Option<Cause> {
        if self.wanted.recreate == Recreate::All {
            return Some(Cause::RecreateAsked);
        }
        let spec = &service.container;
        let fingerprint = own.fingerprint.as_deref().unwrap_or_default();
        let facets = Fingerprint::of(spec).changes_from(fingerprint);
        if !facets.is_empty() {
            let image = facets
                .contains(&Facet::Image)
                .then(|| (own.image.clone(), spec.image.to_string()));
            return Some(Cause::Changed { facets, image });
        }
        if self.pull_policy(service) == PullPolicy::Always
            && let Some(Some(id)) = self.observed.images.get(&spec.image)
            && *id != own.image_id
        {
            return Some(Cause::NewerImage {
                image: spec.image.to_string(),
            });
        }
        let known = |id: &NetworkId| {
            self.observed
                .networks
                .iter()
                .any(|network| network.goes_by(id))
        };
        if !own.is_running() && !own.networks.iter().all(known) {
            return Some(Cause::NetworkGone);
        }
        None
    }

    fn pull_policy(&self, service: &Service) -> PullPolicy {
        self.wanted.pull.unwrap_or(service.pull_policy)
    }

    fn is_awaited(&self, name: &ServiceName) -> bool {
        self.stack.is_awaited(name)
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
        before.extend(self.image(service));
        for attachment in &service.container.networks {
            before.extend(self.network(&attachment.network));
        }
        for mount in &service.container.mounts {
            match &mount.source {
                MountSource::Bind(bind) if bind.create => {
                    before.extend(self.directory(&bind.source.0));
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

    /// The step that fetches the service's image, where one is needed.
    pub(super) fn image(&mut self, service: &'a Service) -> Option<StepId> {
        let image = &service.container.image;
        if let Some(step) = self.pulls.get(image) {
            return Some(*step);
        }
        let there = matches!(self.observed.images.get(image), Some(Some(_)));
        if there {
            return None;
        }
        if self.pull_policy(service) == PullPolicy::Never {
            self.refusals.push(Refusal::ImageNotLocal {
                service: service.name.clone(),
                image: image.clone(),
            });
            return None;
        }
        let platform = service.container.platform.clone();
        let action = Action::PullImage {
            image: image.clone(),
            platform,
        };
        let step = self
            .plan
            .push(Some(&service.name), action, Cause::Missing, []);
        self.pulls.insert(image, step);
        Some(step)
    }

    fn network(&mut self, key: &'a str) -> Option<StepId> {
        if let Some(step) = self.networks.get(key) {
            return Some(*step);
        }
        let wanted = self.stack.networks.get(key)?;
        let with_name = self
            .observed
            .networks
            .iter()
            .filter(|network| network.name == wanted.name);
        let (count, ours) = with_name.fold((0, 0), |(all, ours), one| {
            (all + 1, ours + usize::from(one.ours))
        });
        match (count, ours) {
            (0, _) if wanted.external => {
                let network = wanted.name.clone();
                self.refusals
                    .push(Refusal::ExternalNetworkMissing { network });
                None
            }
            (0, _) => {
                let action = Action::CreateNetwork {
                    key: key.to_owned(),
                    name: wanted.name.clone(),
                };
                let step = self.plan.push(None, action, Cause::Missing, []);
                self.networks.insert(key, step);
                Some(step)
            }
            (_, 1) => None,
            (1, 0) => {
                let network = wanted.name.clone();
                if self.strangers.contains(&network) && self.wanted.adopt == Adopt::No {
                    let refusal = Refusal::ForeignNetwork { network };
                    if !self.refusals.contains(&refusal) {
                        self.refusals.push(refusal);
                    }
                    return None;
                }
                let note = Note::ForeignNetwork { network };
                if !wanted.external && !self.plan.notes.contains(&note) {
                    self.plan.notes.push(note);
                }
                None
            }
            (count, _) => {
                let refusal = Refusal::NetworkAmbiguous {
                    network: wanted.name.clone(),
                    count,
                };
                if !self.refusals.contains(&refusal) {
                    self.refusals.push(refusal);
                }
                None
            }
        }
    }

    pub(super) fn volume(&mut self, key: &'a str) -> Option<StepId> {
        if let Some(step) = self.volumes.get(key) {
            return Some(*step);
        }
        let wanted = self.stack.volumes.get(key)?;
        if self.observed.volumes.contains(&wanted.name) {
            return None;
        }
        if wanted.external {
            let volume = wanted.name.clone();
            self.refusals
                .push(Refusal::ExternalVolumeMissing { volume });
            return None;
        }
        let action = Action::CreateVolume {
            key: key.to_owned(),
            name: wanted.name.clone(),
        };
        let step = self.plan.push(None, action, Cause::Missing, []);
        self.volumes.insert(key, step);
        Some(step)
    }

    fn directory(&mut self, path: &'a Path) -> Option<StepId> {
        if let Some(step) = self.directories.get(path) {
            return Some(*step);
        }
        if !self.observed.missing_directories.contains(path) {
            return None;
        }
        let action = Action::CreateDirectory {
            path: path.to_owned(),
        };
        let step = self.plan.push(None, action, Cause::Missing, []);
        self.directories.insert(path, step);
        Some(step)
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
        let completes = self.is_awaited(&service.name);
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
