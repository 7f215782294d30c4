//! YAML text to tree.
//!
//! The parser under serde-saphyr is used directly: serde stops at its first error and turns `1.10`
//! into a number before anyone can read it as text, while a stack file's problems are all wanted at
//! once, with their places, and its scalars as they are written.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::node::{At, Key, Node, Scalar, Tag, Value};
use super::problem::Problem;

/// Parts that a document may have after its aliases are followed: aliases of aliases can ask for
/// more than any memory holds.
const MOST_NODES: usize = 100_000;
/// How deep parts may stand in each other.
const DEEPEST: usize = 64;

/// Parses the one document of a text. Whatever could be read is returned beside the problems.
pub(super) fn parse(source: usize, text: &str) -> (Option<Node>, Vec<Problem>) {
    let mut builder = Builder {
        source,
        text_len: text.len(),
        events: Parser::new_from_str(text)
            .filter(|event| !is_noise(event))
            .peekable(),
        anchors: BTreeMap::new(),
        nodes: 0,
        problems: Vec::new(),
    };
    let root = builder.document();
    match root {
        Ok(node) => (node, builder.problems),
        Err(problem) => {
            builder.problems.push(problem);
            (None, builder.problems)
        }
    }
}

type Item<'a> = Result<(Event<'a>, Span), ScanError>;

fn is_noise(item: &Item<'_>) -> bool {
    matches!(
        item,
        Ok((
            Event::StreamStart | Event::Comment(..) | Event::Anchor(..),
            _
        ))
    )
}

struct Builder<'a, I: Iterator<Item = Item<'a>>> {
    source: usize,
    text_len: usize,
    events: Peekable<I>,
    anchors: BTreeMap<usize, Anchored>,
    nodes: usize,
    problems: Vec<Problem>,
}

/// What an alias can stand for.
struct Anchored {
    node: Node,
    extent: Extent,
}

/// How many parts a part has, itself included, and how deep they stand.
#[derive(Clone, Copy)]
struct Extent {
    nodes: usize,
    depth: usize,
}

impl<'a, I: Iterator<Item = Item<'a>>> Builder<'a, I> {
    fn document(&mut self) -> Result<Option<Node>, Problem> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(root),
                Event::DocumentStart(..) if root.is_some() => {
                    let at = self.at(&span);
                    return Err(Problem::new(&at, "a stack file is one YAML document").help(
                        "put the second document into a file of its own and give both with `-f`",
                    ));
                }
                Event::DocumentStart(..) | Event::DocumentEnd => {}
                event => root = Some(self.node(event, &span, 0)?),
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Problem> {
        match self.events.next() {
            Some(Ok(item)) => Ok(item),
            Some(Err(error)) => Err(self.syntax(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn syntax(&self, error: &ScanError) -> Problem {
        let start = error
            .marker()
            .byte_offset()
            .unwrap_or(self.text_len)
            .min(self.text_len);
        let at = At {
            source: self.source,
            range: start..start,
        };
        Problem::new(&at, format!("not YAML: {}", error.info()))
    }

    fn at(&self, span: &Span) -> At {
        let byte = |marker: &granit_parser::Marker| marker.byte_offset().unwrap_or(self.text_len);
        let start = byte(&span.start).min(self.text_len);
        At {
            source: self.source,
            range: start..byte(&span.end).clamp(start, self.text_len),
        }
    }

    fn node(&mut self, event: Event<'a>, span: &Span, depth: usize) -> Result<Node, Problem> {
        let at = self.at(span);
        self.count(1, &at)?;
        Self::reach(depth, &at)?;
        let (value, anchor, tag) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = tag.as_ref().is_some_and(|tag| {
                    tag.is_yaml_core_schema_tag("str") || tag.to_string() == "!"
                });
                (scalar(&text, style, is_text), anchor, tag)
            }
            Event::SequenceStart(_, anchor, tag) => (self.sequence(depth)?, anchor, tag),
            Event::MappingStart(_, anchor, tag) => (self.mapping(depth)?, anchor, tag),
            Event::Alias(anchor) => return self.alias(anchor, at, depth),
            _ => return Err(Problem::new(&at, "not YAML: a value is missing here")),
        };
        let tag = tag.and_then(|tag| self.tag(&tag, &at));
        let node = Node { value, at, tag };
        if anchor != 0 {
            let (node, extent) = (node.clone(), extent(&node));
            self.anchors.insert(anchor, Anchored { node, extent });
        }
        Ok(node)
    }

    /// Compose's tags for merging; those of YAML itself say nothing that matters here.
    fn tag(&mut self, tag: &granit_parser::Tag, at: &At) -> Option<Tag> {
        match tag.to_string().as_str() {
            "!reset" => Some(Tag::Reset),
            "!override" => Some(Tag::Override),
            "!" => None,
            _ if tag.is_yaml_core_schema() => None,
            other => {
                let problem = Problem::new(at, format!("tag `{other}` is not supported"));
                self.problems
                    .push(problem.help("`!reset` and `!override` are"));
                None
            }
        }
    }

    fn count(&mut self, nodes: usize, at: &At) -> Result<(), Problem> {
        self.nodes += nodes;
        if self.nodes > MOST_NODES {
            return Err(Problem::new(
                at,
                format!("the file has more than {MOST_NODES} parts"),
            ));
        }
        Ok(())
    }

    fn reach(depth: usize, at: &At) -> Result<(), Problem> {
        if depth > DEEPEST {
            let message = format!("nested more than {DEEPEST} levels deep");
            return Err(Problem::new(at, message));
        }
        Ok(())
    }

    /// A copy of what the alias stands for. Its parts keep the places where they were written.
    fn alias(&mut self, anchor: usize, at: At, depth: usize) -> Result<Node, Problem> {
        let Some(found) = self.anchors.remove(&anchor) else {
            return Err(Problem::new(
                &at,
                "this alias is part of what it stands for",
            ));
        };
        // Both before anything is copied: aliases of aliases grow without end in either direction.
        self.count(found.extent.nodes, &at)?;
        Self::reach(depth + found.extent.depth, &at)?;
        let node = Node {
            at,
            ..found.node.clone()
        };
        self.anchors.insert(anchor, found);
        Ok(node)
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, Problem> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(Value::Sequence(items));
            }
            items.push(self.node(event, &span, depth + 1)?);
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, Problem> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut merged: Vec<(Key, Node)> = Vec::new();
        let mut lines: BTreeMap<String, usize> = BTreeMap::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let line = span.start.line();
            let key = self.node(event, &span, depth + 1)?;
            let (event, span) = self.next()?;
            let value = self.node(event, &span, depth + 1)?;
            let Value::Scalar(Scalar { text, plain }) = key.value else {
                self.problems
                    .push(Problem::new(&key.at, "a key must be a plain word"));
                continue;
            };
            if plain && text == "<<" {
                self.merge_key(&value, &mut merged);
            } else if let Some(first) = lines.get(&text) {
                self.problems.push(
                    Problem::new(&key.at, format!("key `{text}` stands twice in one mapping"))
                        .help(format!("the first is on line {first}; keep one of them")),
                );
            } else {
                lines.insert(text.clone(), line);
                entries.push((Key { text, at: key.at }, value));
            }
        }
        let mut taken: BTreeSet<String> = lines.into_keys().collect();
        merged.retain(|(key, _)| taken.insert(key.text.clone()));
        entries.extend(merged);
        Ok(Value::Mapping(entries))
    }

    /// `<<: *defaults` or `<<: [*one, *other]`; the mapping's own keys win, then earlier ones.
    fn merge_key(&mut self, value: &Node, merged: &mut Vec<(Key, Node)>) {
        match &value.value {
            Value::Mapping(entries) => merged.extend(entries.iter().cloned()),
            Value::Sequence(items) => {
                for item in items {
                    self.merge_key(item, merged);
                }
            }
            Value::Null | Value::Scalar(_) => self.problems.push(Problem::new(
                &value.at,
                "`<<` merges a mapping or a sequence of mappings",
            )),
        }
    }
}

fn extent(node: &Node) -> Extent {
    let below: Vec<Extent> = match &node.value {
        Value::Null | Value::Scalar(_) => Vec::new(),
        Value::Sequence(items) => items.iter().map(extent).collect(),
        Value::Mapping(entries) => entries.iter().map(|(_, value)| extent(value)).collect(),
    };
    let keys = node.entries().len();
    Extent {
        nodes: 1 + keys + below.iter().map(|one| one.nodes).sum::<usize>(),
        depth: below.iter().map(|one| one.depth + 1).max().unwrap_or(0),
    }
}

fn scalar(text: &str, style: ScalarStyle, is_text: bool) -> Value {
    let plain = style == ScalarStyle::Plain && !is_text;
    if plain && matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        Value::Null
    } else {
        Value::Scalar(Scalar {
            text: text.to_owned(),
            plain,
        })
    }
}
