//! From the merged tree to the model. Every part that can't be understood is a problem with its
//! place; the others are lowered all the same, so that all problems are found at once.

mod environment;
mod extension;
mod keys;
mod kind;
mod mounts;
mod networks;
mod ports;
mod service;
mod settings;
mod values;

pub(super) use mounts::normalised;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::node::{At, Node};
use super::problem::Problem;
use crate::model::{ServiceName, Stack, StackError, StackName};

/// What lowering works with, and what it finds.
#[derive(Debug)]
pub(super) struct Lowering<'a> {
    /// The project directory.
    pub(super) directory: &'a Path,
    /// What values without a value of their own are taken from.
    pub(super) variables: &'a BTreeMap<String, String>,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

/// What the command line says beside the files.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) name: StackName,
    pub(super) files: Vec<String>,
    pub(super) profiles: &'a BTreeSet<String>,
    /// Services that are named on the command line, which switches on their profiles.
    pub(super) named: BTreeSet<&'a str>,
}

impl Lowering<'_> {
    fn problem(&mut self, at: &At, message: impl Into<String>) {
        self.problems.push(Problem::new(at, message));
    }

    /// Lowers the whole document.
    pub(super) fn stack(&mut self, root: &Node, wanted: &Wanted<'_>) -> Stack {
        self.only_keys(root, keys::TOP, "the top level");
        let mut stack = Stack {
            name: wanted.name.clone(),
            directory: self.directory.to_owned(),
            files: wanted.files.clone(),
            services: BTreeMap::new(),
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
            hooks: root
                .get("x-devinfra")
                .map(|node| self.top_extension(node))
                .unwrap_or_default(),
        };
        if let Some(version) = root.get("version") {
            self.warnings.push(Problem::new(
                &version.at,
                "`version` is obsolete and has no effect",
            ));
        }
        self.networks(root.get("networks"), &mut stack);
        self.volumes(root.get("volumes"), &mut stack);
        match root.get("services") {
            Some(services) => self.services(services, wanted, &mut stack),
            None => self.problem(&root.at, "the stack file has no `services`"),
        }
        Self::default_network(&mut stack);
        self.references(root, &stack);
        stack
    }

    fn services(&mut self, services: &Node, wanted: &Wanted<'_>, stack: &mut Stack) {
        let Some(entries) = self.mapping(services, "services") else {
            return;
        };
        for (key, node) in entries {
            if let Some((service, profiles)) = self.service(key, node, stack) {
                let is_on = profiles.is_empty()
                    || wanted.named.contains(key.text.as_str())
                    || profiles
                        .iter()
                        .any(|profile| wanted.profiles.contains(profile));
                if is_on {
                    stack.services.insert(service.name.clone(), service);
                }
            }
        }
    }

    /// What only shows when everything is known, at the place that has it wrong.
    fn references(&mut self, root: &Node, stack: &Stack) {
        for error in stack.problems() {
            let at = Self::place_of(root, &error);
            self.problems
                .push(Problem::new(&at, error.to_string()).option_help(help(&error, stack)));
        }
    }

    fn place_of(root: &Node, error: &StackError) -> At {
        let within = |service: &str, path: &[&str]| {
            let mut node = root.get("services")?.get(service)?;
            for key in path {
                node = node.get(key)?;
            }
            Some(node.at.clone())
        };
        let (service, path): (&str, Vec<&str>) = match error {
            StackError::UnknownDependency { service, .. } => (service.as_str(), vec!["depends_on"]),
            StackError::Cycle(names) => (
                names.first().map_or("", |name| name.as_str()),
                vec!["depends_on"],
            ),
            StackError::UnknownNetwork { service, .. } => (service.as_str(), vec!["networks"]),
            StackError::UnknownVolume { service, .. } => (service.as_str(), vec!["volumes"]),
            StackError::SameContainerName { second, .. } => {
                (second.as_str(), vec!["container_name"])
            }
            StackError::SamePort { second, .. } => (second.as_str(), vec!["ports"]),
        };
        within(service, &path)
            .or_else(|| within(service, &[]))
            .unwrap_or_else(|| root.at.clone())
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
        StackError::UnknownVolume { volume, .. } => {
            (volume, stack.volumes.keys().map(String::as_str).collect())
        }
        StackError::Cycle(_)
        | StackError::SameContainerName { .. }
        | StackError::SamePort { .. } => return None,
    };
    let close = super::problem::closest(word, known.iter().copied());
    close.map(|close| format!("did you mean `{close}`?"))
}
