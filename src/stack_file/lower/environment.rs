//! A service's environment: its env files, and over them its own variables.

use std::collections::BTreeMap;
use std::path::Path;
use std::slice;

use super::Lowering;
use crate::model::Secret;
use crate::stack_file::node::{At, Node, Value};
use crate::stack_file::read::read;
use crate::stack_file::{dotenv, unreadable};

impl Lowering<'_> {
    pub(super) fn environment(
        &mut self,
        files: Option<&Node>,
        own: Option<&Node>,
    ) -> BTreeMap<String, Secret> {
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        if let Some(files) = files {
            found.extend(self.env_file_values(files));
        }
        if let Some(own) = own {
            found.extend(self.own_variables(own));
        }
        found
            .into_iter()
            .map(|(name, value)| (name, Secret::new(value)))
            .collect()
    }

    fn own_variables(&mut self, node: &Node) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        match &node.value {
            Value::Sequence(items) => {
                for item in items {
                    let Some(text) = self.item_text(item, "environment") else {
                        continue;
                    };
                    match text.split_once('=') {
                        Some((name, value)) => {
                            found.insert(name.to_owned(), value.to_owned());
                        }
                        None => self.inherit(&item.at, text, &mut found),
                    }
                }
            }
            _ => {
                for (key, value) in self.entries(node, "environment") {
                    if value.is_null() {
                        self.inherit(&key.at, &key.text, &mut found);
                    } else if let Some(text) = self.text(value, &key.text) {
                        found.insert(key.text.clone(), text.to_owned());
                    }
                }
            }
        }
        found
    }

    /// A name without a value takes the one that interpolation would; without one it is left out.
    fn inherit(&mut self, at: &At, name: &str, found: &mut BTreeMap<String, String>) {
        if self.unreadable.has(name) {
            self.problem(at, unreadable::message(name));
        } else if let Some(value) = self.variables.get(name) {
            found.insert(name.to_owned(), value.clone());
        }
    }

    /// `env_file`: a path, or a sequence of paths and of mappings with `path` and `required`.
    fn env_file_values(&mut self, node: &Node) -> BTreeMap<String, String> {
        let single = slice::from_ref(node);
        let items = if node.text().is_some() {
            single
        } else {
            self.sequence(node, "env_file")
        };
        let mut found = BTreeMap::new();
        for item in items {
            if let Value::Mapping(_) = &item.value {
                self.only_keys(item, &["path", "required"], "an env file");
            }
            let required = item
                .get("required")
                .and_then(|node| self.boolean(node, "required"));
            let Some(text) = item
                .text()
                .or_else(|| item.get("path").and_then(Node::text))
            else {
                self.problem(&item.at, "an env file has a `path`");
                continue;
            };
            let path = self.host_path(text).0;
            if !path.exists() && required == Some(false) {
                continue;
            }
            found.extend(self.read_env_file(item, &path));
        }
        found
    }

    fn read_env_file(&mut self, node: &Node, path: &Path) -> BTreeMap<String, String> {
        let text = match read(path) {
            Ok(text) => text,
            Err(error) => {
                self.problem(&node.at, format!("env file `{}`: {error}", path.display()));
                return BTreeMap::new();
            }
        };
        let (values, errors) = dotenv::lines(&text, self.variables, self.unreadable);
        for error in errors {
            let place = format!("{}:{}", path.display(), error.line);
            self.problem(&node.at, format!("env file {place}: {error}"));
        }
        values
    }
}
