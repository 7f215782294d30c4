//! Variables in values: `$VAR`, `${VAR}`, `${VAR:-default}` and their kin, by Compose's rules.
//!
//! | form | set and not empty | set and empty | not set |
//! |---|---|---|---|
//! | `${V}`, `$V` | value | "" | "" with a warning |
//! | `${V:-w}` | value | w | w |
//! | `${V-w}` | value | "" | w |
//! | `${V:+w}` | w | "" | "" |
//! | `${V+w}` | w | w | "" |
//! | `${V:?w}` | value | error w | error w |
//! | `${V?w}` | value | "" | error w |
//!
//! `w` is interpolated itself, so forms nest. `$$` is a dollar sign.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use super::node::{At, Node, Value};
use super::problem::Problem;
use super::unreadable::{self, Unreadable};
use super::written::Replaced;

/// How deep forms may stand in each other.
const DEEPEST: usize = 32;

/// How long a text may become. Lines of an env file that each use the one above twice double it every
/// time; the system takes no variable of this length either.
const LONGEST: usize = 1 << 20;

/// A text that can't be interpolated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum InterpolationError {
    /// `${V:?w}`, and there is no value.
    #[error("required variable `{name}` is missing a value{}", message_of(.message))]
    Required {
        /// The variable.
        name: String,
        /// What the stack file says about it.
        message: String,
    },
    /// A `${` without its `}`.
    #[error("`${{` is not closed; a dollar sign itself is written `$$`")]
    Unclosed,
    /// Something that is no form.
    #[error("`{form}` is no variable; a dollar sign itself is written `$$`")]
    Form {
        /// As it is written.
        form: String,
    },
    /// A variable of the environment that is no text.
    #[error("{}", unreadable::message(name))]
    Unreadable {
        /// The variable.
        name: String,
    },
    /// Variables that are used again and again.
    #[error("it is longer than {} KiB with its variables replaced", LONGEST >> 10)]
    TooLong,
    /// Forms in forms in forms.
    #[error("variables are nested more than {DEEPEST} levels deep")]
    TooDeep,
}

fn message_of(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(": {message}")
    }
}

/// Interpolates text, and notes which variables were missing and which were used.
#[derive(Debug)]
pub(super) struct Interpolator<'a> {
    variables: &'a BTreeMap<String, String>,
    unreadable: &'a Unreadable<'a>,
    /// Variables without a value and without a default.
    pub(super) unset: BTreeSet<String>,
    replaced: Forms,
}

impl<'a> Interpolator<'a> {
    pub(super) fn new(
        variables: &'a BTreeMap<String, String>,
        unreadable: &'a Unreadable<'a>,
    ) -> Self {
        Self {
            variables,
            unreadable,
            unset: BTreeSet::new(),
            replaced: Vec::new(),
        }
    }

    /// The text with its variables replaced.
    pub(super) fn text(&mut self, text: &str) -> Result<String, InterpolationError> {
        self.nested(text, 0)
    }

    fn nested(&mut self, text: &str, depth: usize) -> Result<String, InterpolationError> {
        if depth > DEEPEST {
            return Err(InterpolationError::TooDeep);
        }
        let mut done = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            if done.len() > LONGEST {
                return Err(InterpolationError::TooLong);
            }
            done.push_str(before);
            if let Some(after) = after.strip_prefix('$') {
                done.push('$');
                rest = after;
            } else if let Some(inside) = after.strip_prefix('{') {
                let (form, after) = closed(inside).ok_or(InterpolationError::Unclosed)?;
                let value = self.form(form, depth)?;
                done.push_str(&value);
                self.replaced.push((format!("${{{form}}}"), value));
                rest = after;
            } else {
                let (name, after) = leading_name(after);
                if name.is_empty() {
                    let form: String = format!("${after}").chars().take(2).collect();
                    return Err(InterpolationError::Form { form });
                }
                let value = self.plain(name)?;
                done.push_str(&value);
                self.replaced.push((format!("${name}"), value));
                rest = after;
            }
        }
        done.push_str(rest);
        if done.len() > LONGEST && rest.len() < text.len() {
            return Err(InterpolationError::TooLong);
        }
        Ok(done)
    }

    fn plain(&mut self, name: &str) -> Result<String, InterpolationError> {
        if let Some(value) = self.value(name)? {
            return Ok(value);
        }
        self.unset.insert(name.to_owned());
        Ok(String::new())
    }

    fn value(&self, name: &str) -> Result<Option<String>, InterpolationError> {
        if self.unreadable.has(name) {
            let name = name.to_owned();
            return Err(InterpolationError::Unreadable { name });
        }
        Ok(self.variables.get(name).cloned())
    }

    /// What stands between `${` and `}`.
    fn form(&mut self, form: &str, depth: usize) -> Result<String, InterpolationError> {
        let (name, operation) = leading_name(form);
        if name.is_empty() {
            return Err(InterpolationError::Form {
                form: format!("${{{form}}}"),
            });
        }
        if operation.is_empty() {
            return self.plain(name);
        }
        let (counts_empty, operation) = match operation.strip_prefix(':') {
            Some(operation) => (false, operation),
            None => (true, operation),
        };
        let value = self.value(name)?;
        let usable = value
            .as_ref()
            .is_some_and(|value| counts_empty || !value.is_empty());
        let mut letters = operation.chars();
        let operator = letters.next();
        let word = letters.as_str();
        match operator {
            Some('-' | '?') if usable => Ok(value.unwrap_or_default()),
            Some('-') => self.nested(word, depth + 1),
            Some('+') if usable => self.nested(word, depth + 1),
            Some('+') => Ok(String::new()),
            Some('?') => {
                let message = self.nested(word, depth + 1)?;
                Err(InterpolationError::Required {
                    name: name.to_owned(),
                    message,
                })
            }
            _ => Err(InterpolationError::Form {
                form: format!("${{{form}}}"),
            }),
        }
    }
}

/// The variable of a form as it is written: `${NAME:-default}` or `$NAME`.
pub(super) fn variable_of(form: &str) -> &str {
    leading_name(form.trim_start_matches(['$', '{'])).0
}

/// Splits a variable's name off: `[A-Za-z_][A-Za-z0-9_]*`.
fn leading_name(text: &str) -> (&str, &str) {
    let is_name = |index: usize, letter: char| {
        letter == '_' || letter.is_ascii_alphabetic() || (index > 0 && letter.is_ascii_digit())
    };
    let end = text
        .char_indices()
        .find(|(index, letter)| !is_name(*index, *letter))
        .map_or(text.len(), |(index, _)| index);
    text.split_at(end)
}

/// Splits at the `}` that closes, past those of nested forms.
fn closed(text: &str) -> Option<(&str, &str)> {
    let mut open = 0_usize;
    let mut letters = text.char_indices().peekable();
    while let Some((index, letter)) = letters.next() {
        match letter {
            '$' if letters.peek().is_some_and(|(_, next)| *next == '{') => {
                letters.next();
                open += 1;
            }
            '}' if open == 0 => {
                let (form, rest) = text.split_at(index);
                return Some((form, rest.strip_prefix('}').unwrap_or(rest)));
            }
            '}' => open -= 1,
            _ => {}
        }
    }
    None
}

/// Forms as they are written, and what they became; those inside of others come first.
pub(super) type Forms = Vec<(String, String)>;

/// What interpolation finds.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
    /// Values that have variables in them, each with its forms and what they became.
    pub(super) variable: Vec<(At, Forms)>,
    /// What was replaced, and by what.
    pub(super) replaced: Replaced,
}

impl Findings {
    /// Whether a later problem is one of the text as it is meant: what could not be interpolated is
    /// not what it would have been, and so not wrong twice.
    pub(super) fn is_judged(&self, problem: &Problem, known: Known) -> bool {
        let Some(at) = &problem.at else { return true };
        let is_variable = self.variable.iter().any(|(variable, _)| variable == at);
        let is_uncertain = known == Known::Some && is_variable;
        let mut failed = self.problems.iter().filter_map(|one| one.at.as_ref());
        !(is_uncertain || failed.any(|failed| failed == at))
    }
}

/// Interpolates every value of a document; keys are left as they are. When not all variables are
/// `known`, a missing one is no finding.
pub(super) fn interpolate(
    root: &mut Node,
    interpolator: Interpolator<'_>,
    known: Known,
    findings: &mut Findings,
) {
    let mut walk = Walk {
        interpolator,
        known,
        findings,
    };
    walk.node(root, &mut Vec::new());
}

/// Whether all variables could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Known {
    /// They could.
    #[default]
    All,
    /// An env file has problems.
    Some,
}

struct Walk<'a> {
    interpolator: Interpolator<'a>,
    known: Known,
    findings: &'a mut Findings,
}

impl Walk<'_> {
    /// `keys` lead to the node.
    fn node(&mut self, node: &mut Node, keys: &mut Vec<String>) {
        match &mut node.value {
            Value::Null => {}
            Value::Scalar(scalar) => {
                if scalar.text.contains('$') {
                    self.scalar(&node.at, &mut scalar.text, keys);
                }
            }
            Value::Sequence(items) => {
                for item in items {
                    self.node(item, keys);
                }
            }
            Value::Mapping(entries) => {
                for (key, value) in entries {
                    keys.push(key.text.clone());
                    self.node(value, keys);
                    keys.pop();
                }
            }
        }
    }

    fn scalar(&mut self, at: &At, text: &mut String, keys: &[String]) {
        let done = self.interpolator.text(text);
        let parts = mem::take(&mut self.interpolator.replaced);
        self.findings.variable.push((at.clone(), parts.clone()));
        match done {
            Ok(done) => {
                self.findings.replaced.extend(parts);
                self.findings.replaced.add(text.as_str(), done.as_str());
                *text = done;
            }
            Err(InterpolationError::Required { .. }) if self.known == Known::Some => {}
            Err(error) => {
                let problem = Problem::new(at, error.to_string());
                self.findings.problems.push(problem);
                return;
            }
        }
        let unset = mem::take(&mut self.interpolator.unset);
        if self.known == Known::Some {
            return;
        }
        let is_hook = keys.starts_with(&["x-devinfra".to_owned(), "hooks".to_owned()]);
        for name in unset {
            let message = format!("variable `{name}` is not set; an empty text is used");
            let help =
                is_hook.then(|| format!("write `$${name}` for a variable of the hook's own"));
            let warning = Problem::new(at, message).option_help(help);
            self.findings.warnings.push(warning);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with(pairs: &[(&str, &str)], text: &str) -> Result<String, InterpolationError> {
        let variables = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let names = BTreeSet::new();
        Interpolator::new(&variables, &Unreadable::new(&names)).text(text)
    }

    #[test]
    fn every_row_of_the_table_holds() {
        for (form, full, empty, unset) in [
            ("${V}", "v", "", ""),
            ("$V", "v", "", ""),
            ("${V:-w}", "v", "w", "w"),
            ("${V-w}", "v", "", "w"),
            ("${V:+w}", "w", "", ""),
            ("${V+w}", "w", "w", ""),
        ] {
            assert_eq!(with(&[("V", "v")], form).as_deref(), Ok(full), "{form}");
            assert_eq!(with(&[("V", "")], form).as_deref(), Ok(empty), "{form}");
            assert_eq!(with(&[], form).as_deref(), Ok(unset), "{form}");
        }
        assert!(with(&[("V", "")], "${V:?w}").is_err());
        assert_eq!(with(&[("V", "")], "${V?w}").as_deref(), Ok(""));
        assert_eq!(
            with(&[], "${V?say why}").unwrap_err().to_string(),
            "required variable `V` is missing a value: say why"
        );
    }

    #[test]
    fn forms_nest_and_dollars_are_doubled() {
        assert_eq!(with(&[("B", "b")], "${A:-x${B}y}").as_deref(), Ok("xby"));
        assert_eq!(with(&[], "${A:-${B:-${C:-deep}}}").as_deref(), Ok("deep"));
        assert_eq!(
            with(&[("A", "1")], "$${A} costs $$5").as_deref(),
            Ok("${A} costs $5")
        );
    }

    #[test]
    fn what_is_no_variable_is_an_error() {
        for wrong in ["${A", "$", "$ 5", "${}", "${A!b}", "${1}"] {
            assert!(with(&[], wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused_without_a_panic(text in "[$\\{\\}A:?+\\- é]{0,40}") {
            with(&[("A", "x")], &text).ok();
        }

        #[test]
        fn text_without_dollars_stays_as_it_is(text in "[^$]*") {
            prop_assert_eq!(with(&[], &text), Ok(text));
        }
    }
}
