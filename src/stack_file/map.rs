//! A mapping of a stack file that is written again.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use serde_yaml::{Mapping, Value};

use super::resolved::Secrets;
use crate::model::Secret;

/// A mapping that leaves out what is not set.
#[derive(Default)]
pub(super) struct Map(pub(super) Mapping);

impl Map {
    pub(super) fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.into(), value.into());
    }

    pub(super) fn option(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    /// A text that may hold a dollar sign.
    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.put(key, escaped(value));
    }

    pub(super) fn maybe(&mut self, key: &str, value: Option<&str>) {
        self.option(key, value.map(escaped));
    }

    pub(super) fn flag(&mut self, key: &str, value: bool) {
        self.option(key, value.then_some(true));
    }

    pub(super) fn map(&mut self, key: &str, map: Self) {
        if !map.0.is_empty() {
            self.put(key, Value::Mapping(map.0));
        }
    }

    pub(super) fn list(&mut self, key: &str, values: Vec<Value>) {
        if !values.is_empty() {
            self.put(key, Value::Sequence(values));
        }
    }

    pub(super) fn texts(&mut self, key: &str, words: &[String]) {
        self.option(key, (!words.is_empty()).then(|| texts(words)));
    }

    pub(super) fn pairs(&mut self, key: &str, pairs: &BTreeMap<impl Display, impl Display>) {
        let mut map = Self::default();
        for (name, value) in pairs {
            map.put(&name.to_string(), escaped(&value.to_string()));
        }
        self.map(key, map);
    }

    pub(super) fn secret(&mut self, key: &str, value: &Secret, secrets: Secrets) {
        self.put(key, shown(value, secrets));
    }

    pub(super) fn duration(&mut self, key: &str, value: Option<Duration>) {
        self.option(key, value.map(duration));
    }
}

/// In the largest of seconds, milliseconds and microseconds that it is a whole number of.
fn duration(value: Duration) -> String {
    if value.subsec_nanos() == 0 {
        format!("{}s", value.as_secs())
    } else if value.subsec_micros().is_multiple_of(1000) {
        format!("{}ms", value.as_millis())
    } else {
        format!("{}us", value.as_micros())
    }
}

/// A dollar sign is doubled, or reading the text again would interpolate it.
pub(super) fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}

pub(super) fn shown(value: &Secret, secrets: Secrets) -> String {
    match secrets {
        Secrets::Redacted => value.to_string(),
        Secrets::Shown => escaped(value.reveal()),
    }
}

pub(super) fn texts(words: &[String]) -> Value {
    words
        .iter()
        .map(|word| Value::from(escaped(word)))
        .collect()
}
