//! Reading scalars, sequences and mappings, with a problem where they are something else.

use std::fmt::Display;
use std::slice;
use std::str::FromStr;
use std::time::Duration;

use super::{Lowering, keys};
use crate::model::ByteSize;
use crate::stack_file::node::{At, Key, Node, Value};
use crate::stack_file::problem::{Problem, closest};

/// The longest time that anything may be given.
const LONGEST: Duration = Duration::from_hours(365 * 24);

impl Lowering<'_> {
    /// The entries of a mapping. Nothing at all counts as an empty one.
    pub(super) fn mapping<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [(Key, Node)]> {
        match &node.value {
            Value::Mapping(entries) => Some(entries),
            Value::Null => Some(&[]),
            Value::Scalar(_) | Value::Sequence(_) => {
                self.problem(&node.at, format!("`{what}` must be a mapping"));
                None
            }
        }
    }

    /// The entries of what may be a sequence as well, which the caller has seen that it is not.
    pub(super) fn entries<'n>(&mut self, node: &'n Node, what: &str) -> &'n [(Key, Node)] {
        if let Value::Scalar(_) = &node.value {
            self.problem(&node.at, format!("`{what}` must be a list or a mapping"));
        }
        node.entries()
    }

    /// The items of a sequence. Nothing at all counts as an empty one.
    pub(super) fn sequence<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.value {
            Value::Sequence(items) => items,
            Value::Null => &[],
            Value::Scalar(_) | Value::Mapping(_) => {
                self.problem(&node.at, format!("`{what}` must be a list"));
                &[]
            }
        }
    }

    /// The text of a scalar that is the value of the key `what`.
    pub(super) fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        self.text_of(node, &format!("`{what}`"))
    }

    /// The text of a scalar that is an item of the list `what`.
    pub(super) fn item_text<'n>(&mut self, item: &'n Node, what: &str) -> Option<&'n str> {
        self.text_of(item, &format!("an item of `{what}`"))
    }

    fn text_of<'n>(&mut self, node: &'n Node, shown: &str) -> Option<&'n str> {
        let text = node.text();
        if text.is_none() {
            let problem = Problem::new(&node.at, format!("{shown} must be a text"));
            self.problems.push(problem.option_help(quoted_braces(node)));
        }
        text
    }

    /// A scalar's text, owned.
    pub(super) fn string(&mut self, node: &Node, what: &str) -> Option<String> {
        self.text(node, what).map(str::to_owned)
    }

    /// A scalar read by `read`, whose error is the problem.
    pub(super) fn read<T, E: Display>(
        &mut self,
        node: &Node,
        what: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(node, what)?;
        let read = read(text).map_err(|error| format!("`{what}`: {error}"));
        self.ok(&node.at, read)
    }

    /// An item of the list `what`, read by `read`, whose error is the problem.
    pub(super) fn read_item<T, E: Display>(
        &mut self,
        item: &Node,
        what: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.item_text(item, what)?;
        self.read(item, what, read)
    }

    /// A value, whose error is a problem of this place.
    pub(super) fn ok<T, E: Display>(&mut self, at: &At, value: Result<T, E>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(at, error.to_string());
                None
            }
        }
    }

    pub(super) fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        self.read(node, what, |text| match text {
            "true" | "yes" | "on" | "True" | "TRUE" => Ok(true),
            "false" | "no" | "off" | "False" | "FALSE" => Ok(false),
            other => Err(format!("`{other}` is neither `true` nor `false`")),
        })
    }

    pub(super) fn number<T: FromStr>(&mut self, node: &Node, what: &str) -> Option<T> {
        self.read(node, what, |text| {
            let number = text.parse::<T>().ok().filter(|_| !text.starts_with('+'));
            number.ok_or_else(|| format!("`{text}` is not a number that fits here"))
        })
    }

    pub(super) fn port(&mut self, node: &Node, what: &str) -> Option<u16> {
        self.read(node, what, port)
    }

    pub(super) fn size(&mut self, node: &Node, what: &str) -> Option<ByteSize> {
        self.read(node, what, ByteSize::parse)
    }

    pub(super) fn duration(&mut self, node: &Node, what: &str) -> Option<Duration> {
        self.read(node, what, duration)
    }

    /// A sequence of texts, or one text.
    pub(super) fn strings(&mut self, node: &Node, what: &str) -> Vec<String> {
        let texts = self.texts(node, what).into_iter();
        texts.map(|(_, text)| text.to_owned()).collect()
    }

    /// A sequence of texts, or one text, each with the part that says it.
    pub(super) fn texts<'n>(&mut self, node: &'n Node, what: &str) -> Vec<(&'n Node, &'n str)> {
        let items = match &node.value {
            Value::Scalar(_) => slice::from_ref(node),
            Value::Mapping(_) => {
                self.problem(&node.at, format!("`{what}` must be a text or a list"));
                &[]
            }
            Value::Null | Value::Sequence(_) => self.sequence(node, what),
        };
        let texts = items
            .iter()
            .filter_map(|item| Some((item, self.item_text(item, what)?)));
        texts.collect()
    }

    /// A command: a sequence of words, or a text that is split as a shell splits words. No shell
    /// runs it.
    pub(super) fn command(&mut self, node: &Node, what: &str) -> Option<Vec<String>> {
        match &node.value {
            Value::Null => None,
            Value::Scalar(_) => self.read(node, what, shell_words),
            Value::Sequence(_) | Value::Mapping(_) => Some(self.strings(node, what)),
        }
    }

    /// A problem for each key that is not among `known`, or for what is no mapping at all; returns
    /// whether it is one. Keys that begin with `x-` are everybody's.
    pub(super) fn only_keys(&mut self, node: &Node, known: &[&str], place: &str) -> bool {
        if let Value::Scalar(_) | Value::Sequence(_) = &node.value {
            self.problem(&node.at, format!("{place} must be a mapping"));
            return false;
        }
        for (key, _) in node.entries() {
            let word = key.text.as_str();
            let is_foreign_extension = word.starts_with("x-") && !word.starts_with("x-devinfra");
            if known.contains(&word) || is_foreign_extension {
                continue;
            }
            let problem = match keys::instead_of(word) {
                Some(instead) => {
                    Problem::new(&key.at, format!("devinfra does not support `{word}`"))
                        .help(instead)
                }
                None if keys::is_of_extension(known, word) => {
                    Problem::new(&key.at, format!("{place} has no key `{word}`"))
                        .help(format!("`{word}` belongs under `x-devinfra`"))
                }
                None => match closest(word, known.iter().copied()) {
                    Some(close) => Problem::new(&key.at, format!("{place} has no key `{word}`"))
                        .help(format!("did you mean `{close}`?")),
                    None => Problem::new(&key.at, format!("{place} has no key `{word}`"))
                        .option_help(self.keys_once(known, place)),
                },
            };
            self.problems.push(problem);
        }
        true
    }

    /// The known keys, for the first problem that is about them.
    fn keys_once(&mut self, known: &[&str], place: &str) -> Option<String> {
        let is_first = self.listed.insert(place.to_owned());
        is_first.then(|| format!("the keys are {}", known.join(", ")))
    }
}

/// What to write instead of `{url}`, which YAML takes for a mapping.
fn quoted_braces(node: &Node) -> Option<String> {
    let [(key, value)] = node.entries() else {
        return None;
    };
    let placeholder = value.is_null().then_some(&key.text)?;
    Some(format!("write it with quotes: `\"{{{placeholder}}}\"`"))
}

pub(super) fn port(text: &str) -> Result<u16, String> {
    match text.parse::<u16>() {
        Ok(port) if port > 0 && !text.starts_with('+') => Ok(port),
        _ => Err(format!("`{text}` is not a port: a number from 1 to 65535")),
    }
}

/// Compose's durations: `90s`, `1m30s`, `500ms`; a bare number is seconds.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let found = any_duration(text)?;
    // A longer one reaches past the end of the clock when it is added to the present.
    if found > LONGEST {
        return Err(format!("`{text}` is longer than a year"));
    }
    Ok(found)
}

fn any_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a duration such as `90s` or `1m30s`");
    if let Ok(seconds) = text.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
        let (number, after) = rest.split_at(digits.ok_or_else(wrong)?);
        let letters = after
            .find(|letter: char| !letter.is_alphabetic())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let seconds = match unit {
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86400.0,
            _ => return Err(wrong()),
        };
        let number: f64 = number.parse().ok().ok_or_else(wrong)?;
        total += number * seconds;
        rest = after;
    }
    if text.is_empty() {
        return Err(wrong());
    }
    Duration::try_from_secs_f64(total).map_err(|_too_long| wrong())
}

/// Splits a text into words as a shell does, without anything else that a shell does.
pub(super) fn shell_words(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\'' => {
                let into = word.get_or_insert_default();
                loop {
                    match letters.next() {
                        Some('\'') => break,
                        Some(inside) => into.push(inside),
                        None => return Err("a single quote is not closed".to_owned()),
                    }
                }
            }
            '"' => {
                let into = word.get_or_insert_default();
                loop {
                    match letters.next() {
                        Some('"') => break,
                        Some('\\') => match letters.next() {
                            Some(kept @ ('"' | '\\' | '$' | '`')) => into.push(kept),
                            Some(other) => into.extend(['\\', other]),
                            None => return Err("a double quote is not closed".to_owned()),
                        },
                        Some(inside) => into.push(inside),
                        None => return Err("a double quote is not closed".to_owned()),
                    }
                }
            }
            '\\' => match letters.next() {
                Some(kept) => word.get_or_insert_default().push(kept),
                None => return Err("it ends with a backslash".to_owned()),
            },
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_by_composes_rule() {
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("10"), Ok(Duration::from_secs(10)));
        for wrong in ["", "s", "5x", "-1s", "1m30", "366d", "18446744073709551615"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn words_are_split_as_a_shell_splits_them() {
        let words = shell_words(r#"a 'b c' "d \"e\" $f" g\ h "" i"#).unwrap();
        assert_eq!(words, ["a", "b c", "d \"e\" $f", "g h", "", "i"]);
        assert!(shell_words("'a").is_err());
    }
}
