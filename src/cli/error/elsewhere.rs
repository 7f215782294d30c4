//! What the same stack, or another, has from another project directory: the ways out.

use std::collections::BTreeSet;

use super::ports::other_ports;
use crate::model::Stack;
use crate::plan::{Elsewhere, Refusal};

/// What there is to do about all of them, each thing once.
pub(super) fn hints(refusals: &[Refusal], stack: &Stack) -> Vec<String> {
    let places = refusals.iter().filter_map(place);
    let ways_out: BTreeSet<String> = places.map(|place| place.way_out(stack)).collect();
    ways_out
        .into_iter()
        .chain(beside(refusals, stack))
        .collect()
}

fn place(refusal: &Refusal) -> Option<&Elsewhere> {
    match refusal {
        Refusal::Elsewhere { place, .. } | Refusal::NetworkElsewhere { place, .. } => Some(place),
        Refusal::ForeignContainer { .. }
        | Refusal::PortTaken { .. }
        | Refusal::Obstructed { .. }
        | Refusal::ImageNotLocal { .. }
        | Refusal::ExternalNetworkMissing { .. }
        | Refusal::ExternalVolumeMissing { .. }
        | Refusal::ForeignNetwork { .. }
        | Refusal::NetworkAmbiguous { .. } => None,
    }
}

/// How the stack is brought up beside the same one of another directory. Another name is of use where
/// what is in the way has its own from the stack's.
fn beside(refusals: &[Refusal], stack: &Stack) -> Vec<String> {
    let is_of_name = |key: &str, name: &str| name == format!("{}_{key}", stack.name);
    let (mut settings, mut is_any) = (Vec::new(), false);
    for refusal in refusals {
        match refusal {
            Refusal::Elsewhere { service, place, .. } if !place.is_gone => {
                let Some(service) = stack.services.get(service) else {
                    continue;
                };
                is_any = true;
                let ports = service.container.ports.iter();
                let ports = ports.filter_map(|port| port.published);
                settings.extend(ports.map(|port| service.port_setting(port)));
            }
            Refusal::NetworkElsewhere { network, place } => {
                let mut keys = stack.networks.iter();
                let is_named =
                    keys.any(|(key, one)| one.name == *network && is_of_name(key, network));
                is_any |= is_named && place.stack.is_none() && !place.is_gone;
            }
            _ => {}
        }
    }
    let mut hints = Vec::new();
    if is_any {
        hints.push("or have both: give this stack another name with `--name`".to_owned());
    }
    if !settings.is_empty() {
        hints.extend(other_ports("with that, publish", &settings));
    }
    hints
}
