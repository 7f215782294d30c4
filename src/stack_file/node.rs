//! A YAML document as a tree that remembers where each part stands.

use std::ops::Range;

/// Where something stands: which source, and which bytes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct At {
    /// The place of the source in [`super::problem::Sources`].
    pub(super) source: usize,
    /// Bytes of its text.
    pub(super) range: Range<usize>,
}

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) at: At,
    pub(super) tag: Option<Tag>,
}

/// What a part is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// A scalar, as it is written but for its quotes.
    Scalar(Scalar),
    /// A sequence.
    Sequence(Vec<Node>),
    /// A mapping, in the order of the text. No key stands twice.
    Mapping(Vec<(Key, Node)>),
}

/// A scalar's text. What a plain one means (`8`, `yes`, `1.10`) is for its reader to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scalar {
    pub(super) text: String,
    /// Whether it was written without quotes.
    pub(super) plain: bool,
}

/// A mapping's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) at: At,
}

/// Compose's tags for merging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// `!reset`: what earlier files say is dropped.
    Reset,
    /// `!override`: what earlier files say is replaced instead of merged.
    Override,
}

impl Node {
    /// The entries of a mapping; none for anything else.
    pub(super) fn entries(&self) -> &[(Key, Self)] {
        match &self.value {
            Value::Mapping(entries) => entries,
            Value::Null | Value::Scalar(_) | Value::Sequence(_) => &[],
        }
    }

    /// The value of a mapping's key.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|(found, _)| found.text == key)
            .map(|(_, node)| node)
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) => Some(&scalar.text),
            Value::Null | Value::Sequence(_) | Value::Mapping(_) => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        self.value == Value::Null
    }
}
