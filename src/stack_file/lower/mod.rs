//! From the merged tree to the model. Every part that can't be understood is a problem with its
//! place; the others are lowered all the same, so that all problems are found at once.

mod environment;
mod exports;
mod extension;
mod keys;
mod kind;
mod mounts;
mod networks;
mod pairs;
mod ports;
mod references;
mod service;
mod settings;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::interpolate::Forms;
use super::node::{At, Node};
use super::problem::Problem;
use super::unreadable::Unreadable;
use crate::model::{Stack, StackName};

/// What lowering works with, and what it finds.
#[derive(Debug)]
pub(super) struct Lowering<'a> {
    /// The project directory.
    pub(super) directory: &'a Path,
    /// What values without a value of their own are taken from.
    pub(super) variables: &'a BTreeMap<String, String>,
    /// What no value may be taken for.
    pub(super) unreadable: &'a Unreadable<'a>,
    /// Values that had variables in them.
    pub(super) written: &'a [(At, Forms)],
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
    /// Parts whose keys a problem has listed already.
    pub(super) listed: BTreeSet<String>,
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
        let is_mapping = self.only_keys(root, keys::TOP, "the top level");
        let extension = root.get("x-devinfra");
        let mut stack = Stack {
            files: wanted.files.clone(),
            hooks: extension
                .map(|node| self.top_extension(node))
                .unwrap_or_default(),
            ..Stack::new(wanted.name.clone(), self.directory)
        };
        if let Some(version) = root.get("version") {
            self.warnings.push(Problem::new(
                &version.at,
                "`version` is obsolete and has no effect",
            ));
        }
        self.networks(root.get("networks"), &mut stack);
        self.volumes(root.get("volumes"), &mut stack);
        if let Some(services) = root.get("services") {
            self.services(services, wanted, &mut stack);
        } else if is_mapping {
            self.problem(&root.at, "the stack file has no `services`");
        }
        Self::default_network(&mut stack);
        self.references(root, &stack);
        stack
    }

    /// Puts the services into the stack, those that are on apart from the others.
    fn services(&mut self, services: &Node, wanted: &Wanted<'_>, stack: &mut Stack) {
        let Some(entries) = self.mapping(services, "services") else {
            return;
        };
        if entries.is_empty() {
            self.problem(&services.at, "the stack file has no `services`");
        }
        for (key, node) in entries {
            if let Some((service, profiles)) = self.service(key, node, stack) {
                let is_on = profiles.is_empty()
                    || wanted.named.contains(key.text.as_str())
                    || profiles
                        .iter()
                        .any(|profile| wanted.profiles.contains(profile));
                if is_on {
                    stack.services.insert(service.name.clone(), service);
                } else {
                    stack.off.insert(service.name, profiles);
                }
            }
        }
    }
}
