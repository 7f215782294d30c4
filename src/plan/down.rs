//! From what exists to nothing but the data.

use super::{Action, Adopt, Cause, ContainerRef, Down, Elsewhere, Note, Plan, StepId};
use crate::model::{
    AnonymousVolumes, ContainerState, Maker, Observed, ObservedContainer, Owner, Service,
    ServiceName, Stack, StopPolicy,
};

/// Plans the end of the named services, or of everything that is the stack's.
///
/// All containers stop at once: they are ended in order, each with its own signal, and none needs
/// another to end well.
pub(super) fn reconcile(stack: &Stack, observed: &Observed, wanted: &Down) -> Plan {
    let mut plan = Plan::default();
    let mut removals = Vec::new();
    for container in &observed.containers {
        let Some((service, cause)) = reason((stack, observed), wanted, container, &mut plan.notes)
        else {
            continue;
        };
        let policy = patience(stack.services.get(&service), wanted.stop);
        removals.push(plan.take_down(&service, container, policy, &cause, &[]));
    }
    if wanted.services.is_empty() {
        for network in &observed.networks {
            let adopted = wanted.adopt == Adopt::Yes
                && network.maker == Maker::Foreign
                && is_default_name(stack, &network.name);
            if network.is_ours() || adopted {
                let action = Action::RemoveNetwork {
                    id: network.id.clone(),
                    name: network.name.clone(),
                };
                plan.push(None, action, Cause::DownAsked, removals.iter().copied());
            }
        }
    }
    plan
}

/// For which service and why a container goes; `None` when it stays.
fn reason(
    (stack, observed): (&Stack, &Observed),
    wanted: &Down,
    container: &ObservedContainer,
    notes: &mut Vec<Note>,
) -> Option<(ServiceName, Cause)> {
    let is_named =
        |service: &ServiceName| wanted.services.is_empty() || wanted.services.contains(service);
    match &container.owner {
        Owner::Ours(service) if is_named(service) => {
            Some((service.clone(), Cause::of_end(stack, service)))
        }
        Owner::Ours(_) => None,
        Owner::Elsewhere(other) => {
            notes.push(Note::Elsewhere {
                container: container.name.clone(),
                place: Elsewhere::of(observed, other),
            });
            None
        }
        Owner::Foreign => {
            let service = service_with_container(stack, &container.name)?;
            if !is_named(&service.name) {
                return None;
            }
            if wanted.adopt == Adopt::Yes {
                return Some((service.name.clone(), Cause::Adopted));
            }
            notes.push(Note::ForeignContainer {
                service: service.name.clone(),
                container: container.name.clone(),
            });
            None
        }
    }
}

fn service_with_container<'a>(stack: &'a Stack, name: &str) -> Option<&'a Service> {
    stack
        .services
        .values()
        .find(|service| service.container.name == name)
}

fn is_default_name(stack: &Stack, name: &str) -> bool {
    stack
        .networks
        .values()
        .any(|network| !network.external && network.name == name)
}

/// The grace period that the stack file has now, which may be another than at creation.
pub(super) fn patience(service: Option<&Service>, wanted: StopPolicy) -> StopPolicy {
    match (wanted, service) {
        (StopPolicy::Within(_), _) | (StopPolicy::Own, None) => wanted,
        (StopPolicy::Own, Some(service)) => StopPolicy::Within(service.container.stop_grace_period),
    }
}

impl Plan {
    /// Stops and removes a container, whatever it is doing; returns the last step of it.
    pub(super) fn take_down(
        &mut self,
        service: &ServiceName,
        container: &ObservedContainer,
        policy: StopPolicy,
        cause: &Cause,
        after: &[StepId],
    ) -> StepId {
        let reference = || ContainerRef {
            id: container.id.clone(),
            name: container.name.clone(),
        };
        let mut before = after.to_vec();
        if container.state == ContainerState::Paused {
            // A frozen process sees no signal: it would be killed after its grace period.
            let action = Action::UnpauseContainer {
                container: reference(),
            };
            before = vec![self.push(Some(service), action, cause.clone(), before)];
        }
        if may_run(&container.state) {
            let action = Action::StopContainer {
                container: reference(),
                policy,
            };
            before = vec![self.push(Some(service), action, cause.clone(), before)];
        }
        // What somebody else's container has is not ours to delete.
        let volumes = if container.owner == Owner::Foreign {
            self.note_kept_volumes(container);
            AnonymousVolumes::Kept
        } else {
            AnonymousVolumes::Removed
        };
        let action = Action::RemoveContainer {
            container: reference(),
            volumes,
        };
        self.push(Some(service), action, cause.clone(), before)
    }
}

impl Plan {
    fn note_kept_volumes(&mut self, container: &ObservedContainer) {
        if container.anonymous_volumes.is_empty() {
            return;
        }
        self.notes.push(Note::VolumesKept {
            container: container.name.clone(),
            volumes: container.anonymous_volumes.clone(),
        });
    }
}

fn may_run(state: &ContainerState) -> bool {
    match state {
        ContainerState::Running | ContainerState::Paused | ContainerState::Restarting => true,
        ContainerState::Created
        | ContainerState::Exited { .. }
        | ContainerState::Removing
        | ContainerState::Dead => false,
    }
}
