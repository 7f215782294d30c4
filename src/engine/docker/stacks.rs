//! All stacks that an engine has something of.

use std::collections::BTreeMap;

use bollard::models::{ContainerSummary, Network as EngineNetwork};

use super::observe;
use crate::engine::labels;
use crate::model::{FoundStack, Owner};

/// The stacks that the listed objects belong to.
pub(super) fn of(
    containers: Vec<ContainerSummary>,
    networks: Vec<EngineNetwork>,
) -> Vec<FoundStack> {
    let mut stacks = BTreeMap::new();
    for summary in containers {
        let labels = summary.labels.clone().unwrap_or_default();
        let labels = labels.into_iter().collect();
        if let Some(service) = labels::service_of(&labels)
            && let Some(stack) = labels::stack_among(&mut stacks, &labels)
        {
            let container = observe::summarised(summary, Owner::Ours(service), &labels);
            stack.containers.push(container);
        }
    }
    for network in networks {
        let labels = network.labels.unwrap_or_default().into_iter().collect();
        if let Some(stack) = labels::stack_among(&mut stacks, &labels) {
            stack.networks.extend(network.name);
        }
    }
    let mut stacks: Vec<FoundStack> = stacks.into_values().collect();
    for stack in &mut stacks {
        stack
            .containers
            .sort_by(|one, other| one.name.cmp(&other.name));
        stack.networks.sort();
    }
    stacks
}
