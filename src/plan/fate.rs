//! What becomes of each service's container, and why.

use super::planner::Planner;
use super::{Adopt, Cause, Elsewhere, Recreate, Refusal};
use crate::model::{
    ContainerState, Facet, Fingerprint, NetworkId, ObservedContainer, Owner, PullPolicy, Service,
};

/// What becomes of a service's container.
pub(super) enum Fate<'a> {
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

impl<'a> Planner<'a> {
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
    pub(super) fn fate(&mut self, service: &'a Service) -> Option<Fate<'a>> {
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
            ContainerState::Exited { code: Some(0), .. }
                if self.stack.is_awaited(&service.name) =>
            {
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
            Owner::Elsewhere(other) => Err(Refusal::Elsewhere {
                service: service.name.clone(),
                container: named.name.clone(),
                place: Elsewhere::of(self.observed, other),
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

    pub(super) fn pull_policy(&self, service: &Service) -> PullPolicy {
        self.wanted.pull.unwrap_or(service.pull_policy)
    }
}
