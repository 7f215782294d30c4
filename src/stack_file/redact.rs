//! Secrets in places that are no secret by themselves: command lines and URLs.

use serde_yaml::Value;

use super::map::escaped;
use crate::model::Secret;

/// Takes a secret out of words that were written beside it: `--requirepass secret`, or a URL.
pub(super) fn redact(value: &mut Value, secret: &Secret) {
    // What is shorter than this is part of too many words that have nothing to do with it.
    const SHORTEST: usize = 6;
    match value {
        Value::String(text) if *text == escaped(secret.reveal()) => *text = secret.to_string(),
        Value::String(text) if secret.reveal().len() >= SHORTEST => {
            *text = text.replace(&escaped(secret.reveal()), &secret.to_string());
        }
        Value::Sequence(items) => items.iter_mut().for_each(|item| redact(item, secret)),
        Value::Mapping(map) => {
            // These stand beside a secret and may be equal to it, as in `minioadmin`.
            let is_name = |key: &Value| {
                matches!(
                    key.as_str(),
                    Some("user" | "access_key" | "database" | "kind")
                )
            };
            let values = map.iter_mut().filter(|(key, _)| !is_name(key));
            values.for_each(|(_, value)| redact(value, secret));
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Tagged(_) => {}
    }
}
