//! Networks and named volumes.

use std::collections::BTreeMap;

use super::Lowering;
use crate::model::{NetworkAttachment, NetworkSpec, Stack, VolumeSpec};
use crate::stack_file::node::{Node, Value};

/// The network of services that name none.
const DEFAULT: &str = "default";

impl Lowering<'_> {
    pub(super) fn networks(&mut self, node: Option<&Node>, stack: &mut Stack) {
        let entries = node
            .and_then(|node| self.mapping(node, "networks"))
            .unwrap_or_default();
        for (key, node) in entries {
            let known = ["name", "external", "driver", "internal", "labels"];
            self.only_keys(node, &known, "a network");
            let external = self.flag(node, "external");
            let spec = NetworkSpec {
                name: self.engine_name(node, &key.text, external, stack),
                external,
                driver: node
                    .get("driver")
                    .and_then(|driver| self.string(driver, "driver")),
                internal: self.flag(node, "internal"),
                labels: self.labels(node.get("labels")),
            };
            stack.networks.insert(key.text.clone(), spec);
        }
    }

    /// What a network or volume is called on the engine, where its key is this.
    fn engine_name(&mut self, node: &Node, key: &str, external: bool, stack: &Stack) -> String {
        let given = node.get("name").and_then(|name| self.string(name, "name"));
        given.unwrap_or_else(|| {
            if external {
                key.to_owned()
            } else {
                format!("{}_{key}", stack.name)
            }
        })
    }

    pub(super) fn volumes(&mut self, node: Option<&Node>, stack: &mut Stack) {
        let entries = node
            .and_then(|node| self.mapping(node, "volumes"))
            .unwrap_or_default();
        for (key, node) in entries {
            self.only_keys(node, &["name", "external", "labels"], "a volume");
            let external = self.flag(node, "external");
            let spec = VolumeSpec {
                name: self.engine_name(node, &key.text, external, stack),
                external,
                labels: self.labels(node.get("labels")),
            };
            stack.volumes.insert(key.text.clone(), spec);
        }
    }

    fn flag(&mut self, node: &Node, key: &str) -> bool {
        node.get(key)
            .and_then(|node| self.boolean(node, key))
            .unwrap_or(false)
    }

    pub(super) fn labels(&mut self, node: Option<&Node>) -> BTreeMap<String, String> {
        node.map(|node| self.pairs(node, "labels", "="))
            .unwrap_or_default()
    }

    /// A service's networks: a sequence of names, or a mapping with aliases.
    pub(super) fn attachments(&mut self, node: &Node) -> Vec<NetworkAttachment> {
        if let Value::Sequence(_) = &node.value {
            let names = self.strings(node, "networks");
            return names
                .into_iter()
                .map(|network| NetworkAttachment {
                    network,
                    aliases: Vec::new(),
                })
                .collect();
        }
        let entries = self.entries(node, "networks");
        let attached = entries.iter().map(|(key, node)| {
            self.only_keys(node, &["aliases"], "a service's network");
            let aliases = node
                .get("aliases")
                .map(|node| self.strings(node, "aliases"));
            NetworkAttachment {
                network: key.text.clone(),
                aliases: aliases.unwrap_or_default(),
            }
        });
        attached.collect()
    }

    /// The network that services use without saying so.
    pub(super) fn default_network(stack: &mut Stack) {
        let is_used = stack
            .services
            .values()
            .flat_map(|service| &service.container.networks)
            .any(|attachment| attachment.network == DEFAULT);
        if is_used && !stack.networks.contains_key(DEFAULT) {
            let spec = NetworkSpec {
                name: format!("{}_{DEFAULT}", stack.name),
                external: false,
                driver: None,
                internal: false,
                labels: BTreeMap::new(),
            };
            stack.networks.insert(DEFAULT.to_owned(), spec);
        }
    }

    /// What a service without `networks` joins.
    pub(super) fn default_attachment() -> Vec<NetworkAttachment> {
        vec![NetworkAttachment {
            network: DEFAULT.to_owned(),
            aliases: Vec::new(),
        }]
    }
}
