//! Several stack files as one, by Compose's rules.
//!
//! Mappings merge key by key. Sequences append, but for those whose items have an identity (ports by
//! what they publish, volumes by their target), where the later one replaces the earlier, and for
//! commands, which are replaced whole. `!reset` drops what earlier files say, `!override` replaces it.

use super::node::{Key, Node, Scalar, Tag, Value};

/// `over` laid over `base`.
pub(super) fn merge(base: Node, over: Node) -> Node {
    merged(base, over, &[])
}

/// Removes what `!reset` marks, after all files are merged.
pub(super) fn drop_resets(node: &mut Node) {
    match &mut node.value {
        Value::Mapping(entries) => {
            entries.retain(|(_, value)| value.tag != Some(Tag::Reset));
            for (_, value) in entries {
                drop_resets(value);
            }
        }
        Value::Sequence(items) => {
            items.retain(|item| item.tag != Some(Tag::Reset));
            items.iter_mut().for_each(drop_resets);
        }
        Value::Null | Value::Scalar(_) => {}
    }
}

fn merged(base: Node, over: Node, path: &[&str]) -> Node {
    if over.tag.is_some() || base.tag == Some(Tag::Reset) {
        return over;
    }
    let (base, over) = as_mappings(base, over, path);
    let (at, tag) = (over.at.clone(), over.tag);
    let value = match (base.value, over.value) {
        (Value::Mapping(base), Value::Mapping(over)) => Value::Mapping(entries(base, over, path)),
        (Value::Sequence(base), Value::Sequence(over)) if !is_replaced(path) => {
            Value::Sequence(items(base, over, path))
        }
        (base, Value::Null) => base,
        (_, over) => over,
    };
    Node { value, at, tag }
}

fn entries(mut base: Vec<(Key, Node)>, over: Vec<(Key, Node)>, path: &[&str]) -> Vec<(Key, Node)> {
    for (key, value) in over {
        match base.iter().position(|(known, _)| known.text == key.text) {
            Some(index) => {
                let (known, old) = base.remove(index);
                let mut below = path.to_vec();
                below.push(&known.text);
                let value = merged(old, value, &below);
                base.insert(index, (key, value));
            }
            None => base.push((key, value)),
        }
    }
    base
}

fn items(mut base: Vec<Node>, over: Vec<Node>, path: &[&str]) -> Vec<Node> {
    for item in over {
        let identity = identity(&item, path);
        let same = |known: &Node| match &identity {
            Some(identity) => self::identity(known, path).as_ref() == Some(identity),
            None => known.value == item.value,
        };
        match base.iter().position(same) {
            Some(index) => {
                base.remove(index);
                base.insert(index, item);
            }
            None => base.push(item),
        }
    }
    base
}

/// Sequences that are one thing, not a set of things.
fn is_replaced(path: &[&str]) -> bool {
    matches!(
        path,
        ["services", _, "command" | "entrypoint"] | ["services", _, "healthcheck", "test"]
    ) || path.contains(&"x-devinfra")
}

/// What makes an item the same as another.
fn identity(item: &Node, path: &[&str]) -> Option<String> {
    match path {
        ["services", _, "volumes"] => match &item.value {
            Value::Scalar(scalar) => Some(volume_target(&scalar.text)),
            _ => item.get("target").and_then(Node::text).map(str::to_owned),
        },
        ["services", _, "ports"] => match &item.value {
            Value::Scalar(scalar) => Some(scalar.text.trim_end_matches("/tcp").to_owned()),
            _ => Some(long_port(item)),
        },
        ["services", _, "env_file"] => item
            .text()
            .or_else(|| item.get("path").and_then(Node::text))
            .map(str::to_owned),
        _ => None,
    }
}

/// A port's long form as its short one, which is the same port in other words.
fn long_port(item: &Node) -> String {
    let part = |key| item.get(key).and_then(Node::text);
    let address = match part("host_ip") {
        Some(ip) if ip.contains(':') => format!("[{ip}]:"),
        Some(ip) => format!("{ip}:"),
        None => String::new(),
    };
    let published = match part("published") {
        Some(published) => format!("{published}:"),
        None if address.is_empty() => String::new(),
        None => ":".to_owned(),
    };
    let target = part("target").unwrap_or_default();
    match part("protocol") {
        None | Some("tcp") => format!("{address}{published}{target}"),
        Some(other) => format!("{address}{published}{target}/{other}"),
    }
}

/// `source:target:mode` or `target`.
fn volume_target(text: &str) -> String {
    let parts: Vec<&str> = text.split(':').collect();
    let target = match parts.as_slice() {
        [target] | [_, target] | [_, target, _] => target,
        _ => text,
    };
    target.trim_end_matches('/').to_owned()
}

/// Settings that may be written as a sequence of `KEY=value` or as a mapping are merged as mappings.
fn as_mappings(base: Node, over: Node, path: &[&str]) -> (Node, Node) {
    match path {
        ["services", _, "extra_hosts"] => (as_mapping(base, host), as_mapping(over, host)),
        [
            "services",
            _,
            "environment" | "labels" | "sysctls" | "depends_on" | "networks",
        ]
        | ["networks" | "volumes", _, "labels"] => {
            (as_mapping(base, variable), as_mapping(over, variable))
        }
        _ => (base, over),
    }
}

/// `NAME=value`.
fn variable(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    Some((name.to_owned(), value.to_owned()))
}

/// `NAME:address` or `NAME=address`, where the address may have colons of its own.
pub(super) fn host(text: &str) -> Option<(String, String)> {
    let (name, address) = text.split_once('=').or_else(|| text.split_once(':'))?;
    Some((name.trim().to_owned(), address.trim().to_owned()))
}

fn as_mapping(node: Node, split: fn(&str) -> Option<(String, String)>) -> Node {
    let Value::Sequence(items) = node.value else {
        return node;
    };
    let mut entries: Vec<(Key, Node)> = Vec::new();
    for item in items {
        let Some(text) = item.text().map(str::to_owned) else {
            continue;
        };
        let (key, value) = match split(&text) {
            Some((key, text)) => {
                let plain = false;
                (key, Value::Scalar(Scalar { text, plain }))
            }
            None => (text, Value::Null),
        };
        let at = item.at.clone();
        entries.retain(|(known, _)| known.text != key);
        entries.push((
            Key {
                text: key,
                at: at.clone(),
            },
            Node {
                value,
                at,
                tag: None,
            },
        ));
    }
    Node {
        value: Value::Mapping(entries),
        ..node
    }
}
