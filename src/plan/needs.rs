//! What a container needs before it can be made: its image, networks, volumes and directories. Each
//! is made once, whoever needs it.

use std::path::Path;

use super::planner::Planner;
use super::{Action, Adopt, Cause, Elsewhere, Note, Refusal, StepId};
use crate::model::{Maker, PullPolicy, Service};

impl<'a> Planner<'a> {
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

    pub(super) fn network(&mut self, key: &'a str) -> Option<StepId> {
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
            (all + 1, ours + usize::from(one.is_ours()))
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
                let place = self.maker_of(&network);
                if self.strangers.contains(&network) && self.wanted.adopt == Adopt::No {
                    let refusal = match place {
                        Some(place) => Refusal::NetworkElsewhere { network, place },
                        None => Refusal::ForeignNetwork { network },
                    };
                    if !self.refusals.contains(&refusal) {
                        self.refusals.push(refusal);
                    }
                    return None;
                }
                let note = Note::ForeignNetwork { network, place };
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

    /// The other stack that has made the network of this name.
    fn maker_of(&self, name: &str) -> Option<Elsewhere> {
        match &self.observed.network_named(name)?.maker {
            Maker::Other(other) => Some(Elsewhere::of(self.observed, other)),
            Maker::Ours | Maker::Foreign => None,
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

    /// Made once there is an image to use it with: who is in the wrong place is left without rubbish.
    pub(super) fn directory(&mut self, path: &'a Path, image: Option<StepId>) -> Option<StepId> {
        if let Some(step) = self.directories.get(path) {
            return Some(*step);
        }
        if !self.observed.missing_directories.contains(path) {
            return None;
        }
        let action = Action::CreateDirectory {
            path: path.to_owned(),
        };
        let step = self.plan.push(None, action, Cause::Missing, image);
        self.directories.insert(path, step);
        Some(step)
    }
}
