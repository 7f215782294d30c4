//! The application's keys: which are its own, and which of them are flushed.

use crate::model::ValkeyKeys;

const MARKER: &str = "cache:bootstrap_run_id";
const LOCK: &str = "cache:bootstrap_lock";

/// How the application names its keys, checked: nothing in it is empty, so that no pattern made of
/// it covers more than the application's own keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    name: String,
    flushed: Vec<String>,
    kept: Vec<String>,
}

/// A naming of keys that would cover keys that are not meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NamespaceError {
    /// Every key would be the application's.
    #[error("the namespace of the cache keys is empty, which would cover every key there is")]
    EmptyNamespace,
    /// Every key of the application would be flushed, or kept.
    #[error("a prefix of the cache keys is empty, which would cover every key of the application")]
    EmptyPrefix,
}

impl Namespace {
    /// Takes the naming of a stack file.
    ///
    /// # Errors
    ///
    /// When the namespace or a prefix is empty.
    pub fn new(keys: &ValkeyKeys) -> Result<Self, NamespaceError> {
        if keys.namespace.is_empty() {
            return Err(NamespaceError::EmptyNamespace);
        }
        if keys.flushed.iter().chain(&keys.kept).any(String::is_empty) {
            return Err(NamespaceError::EmptyPrefix);
        }
        Ok(Self {
            name: keys.namespace.clone(),
            flushed: keys.flushed.clone(),
            kept: keys.kept.clone(),
        })
    }

    /// A namespace of one flushed and one kept prefix, none of them empty.
    pub(super) fn of_two(name: String, flushed: &str, kept: &str) -> Self {
        Self {
            name,
            flushed: vec![flushed.to_owned()],
            kept: vec![kept.to_owned()],
        }
    }

    /// The same prefixes under another name.
    #[must_use]
    pub fn renamed(&self, name: String) -> Self {
        Self {
            name,
            ..self.clone()
        }
    }

    /// The first part of every key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The prefixes that are flushed after a restart (Mode B).
    pub fn flushed(&self) -> &[String] {
        &self.flushed
    }

    /// The prefixes that survive a restart (Mode A).
    pub fn kept(&self) -> &[String] {
        &self.kept
    }

    /// The key that holds the `run_id` of the server that was flushed last.
    pub fn marker(&self) -> String {
        format!("{}:{MARKER}", self.name)
    }

    /// The key that whoever flushes holds.
    pub fn lock(&self) -> String {
        format!("{}:{LOCK}", self.name)
    }

    /// Whether the key is the marker or the lock.
    pub fn is_protocol(&self, key: &[u8]) -> bool {
        let rest = self.within(key).unwrap_or_default();
        rest == MARKER.as_bytes() || rest == LOCK.as_bytes()
    }

    /// The pattern for SCAN that matches every key of the namespace, and no other.
    pub fn pattern(&self) -> String {
        format!("{}:*", escaped(&self.name))
    }

    /// A key's part behind the namespace; `None` for a key of another.
    pub fn within<'a>(&self, key: &'a [u8]) -> Option<&'a [u8]> {
        key.strip_prefix(self.name.as_bytes())?.strip_prefix(b":")
    }

    /// The prefix that a key is flushed for.
    ///
    /// Where a kept prefix lies within a flushed one, the longer one decides. The marker and the
    /// lock are never flushed.
    pub fn flushed_for(&self, key: &[u8]) -> Option<&str> {
        let rest = self.within(key)?;
        if self.is_protocol(key) {
            return None;
        }
        let flushed = longest(&self.flushed, rest)?;
        let kept = longest(&self.kept, rest).map_or(0, str::len);
        (kept < flushed.len()).then_some(flushed)
    }

    /// The prefix that a key is kept for.
    pub fn kept_for(&self, key: &[u8]) -> Option<&str> {
        let kept = longest(&self.kept, self.within(key)?)?;
        self.flushed_for(key).is_none().then_some(kept)
    }
}

/// The longest of the prefixes that `rest` starts with.
fn longest<'a>(prefixes: &'a [String], rest: &[u8]) -> Option<&'a str> {
    prefixes
        .iter()
        .filter(|prefix| rest.starts_with(prefix.as_bytes()))
        .max_by_key(|prefix| prefix.len())
        .map(String::as_str)
}

/// The text as a glob pattern that matches it and nothing else.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '*' | '?' | '[' | ']' | '^' | '-' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namespace(name: &str, flushed: &[&str], kept: &[&str]) -> Namespace {
        let owned = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect();
        let keys = ValkeyKeys {
            namespace: name.to_owned(),
            flushed: owned(flushed),
            kept: owned(kept),
        };
        Namespace::new(&keys).unwrap()
    }

    #[test]
    fn only_keys_under_a_flushed_prefix_of_the_namespace_go() {
        let keys = namespace("kh", &["list:", "uo:"], &["lakefs:list:"]);
        assert_eq!(keys.flushed_for(b"kh:list:x"), Some("list:"));
        assert_eq!(keys.flushed_for(b"kh:list:\xff\x00"), Some("list:"));
        for stays in [
            &b"kh:lakefs:list:x"[..],
            b"kh2:list:x",
            b"kh:lists:x",
            b"kh:list",
            b"akh:list:x",
            b"kh::list:x",
            b"KH:list:x",
            b"",
        ] {
            assert_eq!(keys.flushed_for(stays), None, "{stays:?}");
        }
        assert_eq!(keys.kept_for(b"kh:lakefs:list:x"), Some("lakefs:list:"));
        assert_eq!(keys.kept_for(b"kh:list:x"), None);
    }

    #[test]
    fn the_longer_prefix_decides_and_the_protocols_own_keys_stay() {
        let keys = namespace("kh", &["lakefs:", "cache:"], &["lakefs:commit:"]);
        assert_eq!(keys.flushed_for(b"kh:lakefs:commit:x"), None);
        assert_eq!(keys.flushed_for(b"kh:lakefs:branch:x"), Some("lakefs:"));
        assert_eq!(keys.flushed_for(keys.marker().as_bytes()), None);
        assert_eq!(keys.flushed_for(keys.lock().as_bytes()), None);
    }

    #[test]
    fn glob_characters_of_the_namespace_match_themselves() {
        assert_eq!(namespace("k*", &[], &[]).pattern(), r"k\*:*");
        assert_eq!(
            namespace(r"a?[b-c^]\", &[], &[]).pattern(),
            r"a\?\[b\-c\^\]\\:*"
        );
    }

    #[test]
    fn what_would_cover_everything_is_refused() {
        let mut keys = ValkeyKeys {
            namespace: String::new(),
            flushed: vec!["list:".to_owned()],
            kept: Vec::new(),
        };
        assert_eq!(Namespace::new(&keys), Err(NamespaceError::EmptyNamespace));
        keys.namespace = "kh".to_owned();
        keys.flushed.push(String::new());
        assert_eq!(Namespace::new(&keys), Err(NamespaceError::EmptyPrefix));
    }
}
