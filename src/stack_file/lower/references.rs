//! What only shows when everything is known, at the place that has it wrong.

use std::collections::BTreeSet;

use super::Lowering;
use crate::model::{ServiceName, Stack, StackError};
use crate::stack_file::node::{At, Node, Value};
use crate::stack_file::problem::{Problem, closest};

impl Lowering<'_> {
    pub(super) fn references(&mut self, root: &Node, stack: &Stack) {
        for error in stack.problems() {
            let at = place_of(root, &error);
            let problem = match &error {
                StackError::UnknownDependency {
                    service,
                    dependency,
                } if is_declared(root, dependency) => {
                    // A declared one that is neither on nor off has a problem of its own.
                    let Some(profiles) = stack.off.get(dependency) else {
                        continue;
                    };
                    off_dependency(&at, service, dependency, profiles)
                }
                _ => Problem::new(&at, error.to_string()).option_help(help(&error, stack)),
            };
            self.problems.push(problem);
        }
    }
}

fn is_declared(root: &Node, name: &ServiceName) -> bool {
    let services = root.get("services");
    services.is_some_and(|services| services.get(name.as_str()).is_some())
}

fn off_dependency(
    at: &At,
    service: &ServiceName,
    dependency: &ServiceName,
    profiles: &BTreeSet<String>,
) -> Problem {
    let quoted: Vec<String> = profiles.iter().map(|one| format!("`{one}`")).collect();
    let first = profiles.first().map_or("NAME", String::as_str);
    let message = format!(
        "service `{service}` depends on `{dependency}`, which is off: none of its profiles is on ({})",
        quoted.join(", ")
    );
    Problem::new(at, message).help(format!(
        "switch it on with `--profile {first}`, or say `required: false`"
    ))
}

/// Where the wrong word stands: the item of the list, else the key, else the service.
fn place_of(root: &Node, error: &StackError) -> At {
    let (service, key, word) = match error {
        StackError::UnknownDependency {
            service,
            dependency,
        } => (service.as_str(), "depends_on", dependency.to_string()),
        StackError::Cycle(names) => (
            names.first().map_or("", ServiceName::as_str),
            "depends_on",
            names
                .get(1)
                .or(names.first())
                .map(ToString::to_string)
                .unwrap_or_default(),
        ),
        StackError::UnknownNetwork { service, network } => {
            (service.as_str(), "networks", network.clone())
        }
        StackError::UnknownVolume { service, volume } => {
            (service.as_str(), "volumes", volume.clone())
        }
        StackError::SameContainerName { second, .. } => {
            (second.as_str(), "container_name", String::new())
        }
        StackError::SamePort { second, port, .. } => (second.as_str(), "ports", port.to_string()),
    };
    let node = root.get("services").and_then(|node| node.get(service));
    let part = node.and_then(|node| node.get(key));
    part.and_then(|part| item(part, &word))
        .or_else(|| part.or(node).map(|node| node.at.clone()))
        .unwrap_or_else(|| root.at.clone())
}

/// The last item of a list, or key of a mapping, that has this word.
fn item(node: &Node, word: &str) -> Option<At> {
    match &node.value {
        Value::Mapping(entries) => {
            let mut keys = entries.iter().map(|(key, _)| key);
            keys.find(|key| key.text == word).map(|key| key.at.clone())
        }
        Value::Sequence(items) => {
            let has_word = |item: &&Node| {
                let fields = item.entries().iter().filter_map(|(_, node)| node.text());
                let mut texts = item.text().into_iter().chain(fields);
                texts.any(|text| {
                    let finer = text.split([':', '/']);
                    text.split(':').chain(finer).any(|part| part == word)
                })
            };
            items
                .iter()
                .rev()
                .find(has_word)
                .map(|item| item.at.clone())
        }
        Value::Null | Value::Scalar(_) => None,
    }
}

fn help(error: &StackError, stack: &Stack) -> Option<String> {
    let (word, known): (&str, Vec<&str>) = match error {
        StackError::UnknownDependency { dependency, .. } => (
            dependency.as_str(),
            stack.services.keys().map(ServiceName::as_str).collect(),
        ),
        StackError::UnknownNetwork { network, .. } => {
            (network, stack.networks.keys().map(String::as_str).collect())
        }
        StackError::UnknownVolume { volume, .. } if volume.contains('/') => {
            return Some(format!("write `./{volume}` for a directory of the project"));
        }
        StackError::UnknownVolume { volume, .. } => {
            (volume, stack.volumes.keys().map(String::as_str).collect())
        }
        StackError::Cycle(_)
        | StackError::SameContainerName { .. }
        | StackError::SamePort { .. } => return None,
    };
    if let Some(close) = closest(word, known.iter().copied()) {
        return Some(format!("did you mean `{close}`?"));
    }
    match error {
        StackError::UnknownVolume { .. } => {
            Some("declare it under `volumes:` at the top level".to_owned())
        }
        StackError::UnknownNetwork { .. } => {
            Some("declare it under `networks:` at the top level".to_owned())
        }
        StackError::UnknownDependency { .. }
        | StackError::Cycle(_)
        | StackError::SameContainerName { .. }
        | StackError::SamePort { .. } => None,
    }
}
