//! Mappings of texts that may be written as a sequence as well.

use std::collections::BTreeMap;

use super::Lowering;
use crate::stack_file::node::{At, Node, Value};

/// A name and its value, each with its place.
#[derive(Debug)]
pub(super) struct Pair<'n> {
    pub(super) name: &'n str,
    pub(super) name_at: &'n At,
    pub(super) value: &'n str,
    pub(super) value_at: &'n At,
}

impl Lowering<'_> {
    /// A mapping of texts, or a sequence of `KEY=value`.
    pub(super) fn pairs(
        &mut self,
        node: &Node,
        what: &str,
        separator: &str,
    ) -> BTreeMap<String, String> {
        let pairs = self.places(node, what, separator).into_iter();
        let owned = |pair: Pair<'_>| (pair.name.to_owned(), pair.value.to_owned());
        pairs.map(owned).collect()
    }

    /// The same, each with its places.
    pub(super) fn places<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        separator: &str,
    ) -> Vec<Pair<'n>> {
        let mut found = Vec::new();
        if let Value::Sequence(items) = &node.value {
            for item in items {
                let Some(text) = self.item_text(item, what) else {
                    continue;
                };
                let (name, value) = text.split_once(separator).unwrap_or((text, ""));
                found.push(Pair {
                    name: name.trim(),
                    name_at: &item.at,
                    value: value.trim(),
                    value_at: &item.at,
                });
            }
            return found;
        }
        for (key, value) in self.entries(node, what) {
            let text = if value.is_null() {
                Some("")
            } else {
                self.text(value, &key.text)
            };
            found.extend(text.map(|text| Pair {
                name: &key.text,
                name_at: &key.at,
                value: text,
                value_at: &value.at,
            }));
        }
        found
    }
}
