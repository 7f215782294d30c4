//! Env files by Compose's rules, without a shell.
//!
//! `NAME=value` or `NAME: value`, `export ` in front allowed; blank lines and `#` lines are passed
//! over. Unquoted values end at ` #`; single quotes keep everything; double quotes know `\n \r \t \\
//! \" \$` and variables. A name alone takes the value from the environment. `$(…)` and backquotes
//! are errors: a shell would run them, and a value that differs from what a shell makes of it is
//! worse than none.

use std::collections::{BTreeMap, BTreeSet};

use super::interpolate::{InterpolationError, Interpolator};
use super::unreadable::{self, Unreadable};

/// A line of an env file that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DotenvError {
    /// The line, from 1.
    pub line: usize,
    /// The byte of the text at which the trouble begins.
    pub offset: usize,
    /// What is wrong.
    pub message: String,
}

/// Reads an env file. Values may use variables of `environment`, and those above them in the file;
/// the environment wins.
///
/// # Errors
///
/// All lines that can't be read.
pub fn parse(
    text: &str,
    environment: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Vec<DotenvError>> {
    let names = BTreeSet::new();
    let (values, errors) = lines(text, environment, &Unreadable::new(&names));
    if errors.is_empty() {
        Ok(values)
    } else {
        Err(errors)
    }
}

/// The same, with what could be read beside what could not.
pub(super) fn lines(
    text: &str,
    environment: &BTreeMap<String, String>,
    unreadable: &Unreadable<'_>,
) -> (BTreeMap<String, String>, Vec<DotenvError>) {
    let position = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut reader = Reader {
        text,
        position,
        unreadable,
    };
    let (mut values, mut errors) = (BTreeMap::new(), Vec::new());
    // What lines may use: the environment, and what is above them. It grows with them, since to make it
    // anew for each would take time that grows with their square.
    let mut variables = environment.clone();
    let mut lines = LineNumbers::new(text);
    while !reader.rest().is_empty() {
        let start = reader.position;
        match reader.entry(&variables) {
            Ok(Some((name, Some(value)))) => {
                if !environment.contains_key(&name) {
                    variables.insert(name.clone(), value.clone());
                }
                values.insert(name, value);
            }
            Ok(Some((name, None))) => {
                if let Some(value) = environment.get(&name) {
                    values.insert(name, value.clone());
                }
            }
            Ok(None) => {}
            Err(message) => {
                errors.push(DotenvError {
                    line: lines.of(start),
                    offset: start,
                    message,
                });
                reader.position = start;
                reader.skip_line();
            }
        }
    }
    (values, errors)
}

/// Counts lines up to places of a text, each behind the one before.
struct LineNumbers<'a> {
    text: &'a str,
    counted: usize,
    line: usize,
}

impl<'a> LineNumbers<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            counted: 0,
            line: 1,
        }
    }

    /// The line of a byte of the text, from 1.
    fn of(&mut self, offset: usize) -> usize {
        let further = self.text.get(self.counted..offset).unwrap_or_default();
        self.line += further.matches('\n').count();
        self.counted = offset;
        self.line
    }
}

struct Reader<'a> {
    text: &'a str,
    position: usize,
    unreadable: &'a Unreadable<'a>,
}

type Entry = Option<(String, Option<String>)>;

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn advance(&mut self, bytes: usize) {
        self.position += bytes;
    }

    fn skip_line(&mut self) {
        let rest = self.rest();
        self.advance(rest.find('\n').map_or(rest.len(), |end| end + 1));
    }

    /// One line, or several where a quoted value spans them; `None` for one that says nothing.
    fn entry(&mut self, variables: &BTreeMap<String, String>) -> Result<Entry, String> {
        let line = self.rest().lines().next().unwrap_or_default();
        let trimmed = line.trim_start();
        if trimmed.trim_end().is_empty() || trimmed.starts_with('#') {
            self.skip_line();
            return Ok(None);
        }
        let unexported = trimmed
            .strip_prefix("export ")
            .map_or(trimmed, str::trim_start);
        let end = unexported
            .find(|letter: char| {
                !letter.is_ascii_alphanumeric() && !matches!(letter, '_' | '.' | '-')
            })
            .unwrap_or(unexported.len());
        let (name, after) = unexported.split_at(end);
        if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(no_name(unexported));
        }
        let after_blanks = after.trim_start_matches([' ', '\t']);
        if after_blanks.trim_end().is_empty() || after_blanks.starts_with('#') {
            if self.unreadable.has(name) {
                return Err(unreadable::message(name));
            }
            self.skip_line();
            return Ok(Some((name.to_owned(), None)));
        }
        let Some(value) = after_blanks.strip_prefix(['=', ':']) else {
            return Err("the name is not followed by `=`".to_owned());
        };
        self.advance(line.len() - value.len());
        let value = self.value(variables)?;
        if value.contains('\0') {
            return Err(format!("the value of `{name}` has a NUL character"));
        }
        Ok(Some((name.to_owned(), Some(value))))
    }

    fn value(&mut self, variables: &BTreeMap<String, String>) -> Result<String, String> {
        let rest = self.rest();
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        self.advance(blanks);
        let rest = self.rest();
        if let Some(inside) = rest.strip_prefix('\'') {
            let end = inside.find('\'').ok_or("a single quote is not closed")?;
            let (value, _) = inside.split_at(end);
            self.advance(end + 2);
            self.end_of_line()?;
            return Ok(value.to_owned());
        }
        if let Some(inside) = rest.strip_prefix('"') {
            let end = closing_quote(inside).ok_or("a double quote is not closed")?;
            let (value, _) = inside.split_at(end);
            self.advance(end + 2);
            self.end_of_line()?;
            return double_quoted(value, variables, self.unreadable);
        }
        let line = rest.lines().next().unwrap_or_default();
        self.skip_line();
        let value = uncommented(line).trim_end();
        expanded(value, variables, self.unreadable)
    }

    /// Nothing but a comment may follow a closing quote.
    fn end_of_line(&mut self) -> Result<(), String> {
        let line = self.rest().lines().next().unwrap_or_default();
        let after = line.trim_start();
        let is_comment = after.starts_with('#') && after.len() < line.len();
        if !(after.is_empty() || is_comment) {
            return Err("something stands behind a closing quote".to_owned());
        }
        self.skip_line();
        Ok(())
    }
}

/// Without anything that may be the value of a variable, or the rest of one.
fn no_name(line: &str) -> String {
    match line.split_once('=') {
        Some((name, _)) if !name.contains(char::is_whitespace) => {
            format!("`{name}` is no name of a variable")
        }
        Some(_) | None => "the line does not begin with the name of a variable".to_owned(),
    }
}

/// The place of the quote that closes, past those behind a backslash.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(index, letter)| {
        let closes = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        closes.then_some(index)
    })
}

/// The line up to a `#` that has a blank in front.
fn uncommented(line: &str) -> &str {
    if line.starts_with('#') {
        return "";
    }
    let comment = line.match_indices('#').find(|(at, _)| {
        line.get(..*at)
            .is_some_and(|before| before.ends_with([' ', '\t']))
    });
    comment.and_then(|(at, _)| line.get(..at)).unwrap_or(line)
}

fn expanded(
    value: &str,
    variables: &BTreeMap<String, String>,
    unreadable: &Unreadable<'_>,
) -> Result<String, String> {
    if value.contains("$(") || value.contains('`') {
        return Err(
            "commands are not run here; write their result, or quote the text with '…'".to_owned(),
        );
    }
    Interpolator::new(variables, unreadable)
        .text(value)
        .map_err(|error| match error {
            // As it is written is how a secret may be.
            InterpolationError::Form { .. } => {
                "a `$` is followed by no variable; put the text between single quotes".to_owned()
            }
            InterpolationError::Required { .. }
            | InterpolationError::Unreadable { .. }
            | InterpolationError::Unclosed
            | InterpolationError::TooLong
            | InterpolationError::TooDeep => error.to_string(),
        })
}

/// Marks a dollar sign that was written `\$`, while variables are replaced. No text has it: it is
/// not a character.
const KEPT_DOLLAR: char = '\u{fdd0}';

fn double_quoted(
    value: &str,
    variables: &BTreeMap<String, String>,
    unreadable: &Unreadable<'_>,
) -> Result<String, String> {
    let mut text = String::new();
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('$') => text.push(KEPT_DOLLAR),
            Some('`') => text.push('\u{fdd1}'),
            Some(kept @ ('"' | '\\')) => text.push(kept),
            Some(other) => text.extend(['\\', other]),
            None => text.push('\\'),
        }
    }
    let text = expanded(&text, variables, unreadable)?;
    Ok(text.replace(KEPT_DOLLAR, "$").replace('\u{fdd1}', "`"))
}

/// The value as an env file takes it, for a shell and for Compose alike.
pub fn quote(value: &str) -> String {
    let is_simple = |letter: char| {
        letter.is_ascii_alphanumeric()
            || matches!(letter, '_' | '-' | '.' | '/' | ':' | '@' | '%' | '+' | ',')
    };
    if !value.is_empty() && value.chars().all(is_simple) {
        return value.to_owned();
    }
    if !value.contains('\'') {
        return format!("'{value}'");
    }
    let mut quoted = String::from("\"");
    for letter in value.chars() {
        if matches!(letter, '"' | '\\' | '$' | '`') {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn one(line: &str) -> String {
        let environment = [("HOME".to_owned(), "/h".to_owned())].into();
        let found = parse(line, &environment).unwrap_or_else(|errors| panic!("{line}: {errors:?}"));
        found["A"].clone()
    }

    #[test]
    fn values_are_read_by_composes_rules() {
        for (line, value) in [
            ("A=b", "b"),
            ("export A=b", "b"),
            ("A: b", "b"),
            ("A = b", "b"),
            ("A=b # c", "b"),
            ("A=b#c", "b#c"),
            ("A=", ""),
            ("A='b $HOME # c'", "b $HOME # c"),
            ("A=\"b $HOME\" # c", "b /h"),
            ("A=\"a\\nb\\t\\\"\\$HOME\\\\\"", "a\nb\t\"$HOME\\"),
            ("A=\"two\nlines\"", "two\nlines"),
            ("A=${HOME:-x}/y", "/h/y"),
            ("B=1\r\nA=$B\r\n", "1"),
            ("\u{feff}A=b", "b"),
        ] {
            assert_eq!(one(line), value, "{line}");
        }
    }

    #[test]
    fn a_name_alone_is_inherited() {
        let environment = [("A".to_owned(), "1".to_owned())].into();
        let found = parse("A\nB\n", &environment).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found["A"], "1");
    }

    #[test]
    fn every_line_that_can_not_be_read_is_told() {
        let errors = parse("1A=x\nB='y\nC=$(id)\nD E\n", &BTreeMap::new()).unwrap_err();
        let lines: Vec<usize> = errors.iter().map(|error| error.line).collect();
        assert_eq!(lines, [1, 2, 3, 4]);
        assert_eq!(
            errors[2].message,
            "commands are not run here; write their result, or quote the text with '…'"
        );
    }

    /// Whether the text is read before anybody would call it slow. Work that grows with the square of
    /// its lines would take minutes.
    fn is_read_soon(text: String) -> bool {
        let (sender, receiver) = channel();
        thread::spawn(move || {
            parse(&text, &BTreeMap::new()).ok();
            sender.send(()).ok();
        });
        receiver.recv_timeout(Duration::from_secs(20)).is_ok()
    }

    #[test]
    fn a_long_file_takes_no_longer_per_line_than_a_short_one() {
        let lines = (0..50_000).map(|number| format!("NAME_{number}=$NAME_1 \"{number}\"\n"));
        assert!(is_read_soon(lines.collect()), "variables");
        assert!(
            is_read_soon("no line of it is one\n".repeat(200_000)),
            "errors"
        );
    }

    /// Where a shell and Compose agree, so do we.
    #[test]
    fn bash_reads_the_same() {
        for line in [
            "A=b",
            "A='b c'",
            "A=\"b $HOME\"",
            "A=${HOME:-x}",
            "A=b#c",
            "A=\"\\$x\"",
            "export A=é",
        ] {
            let script = format!("HOME=/h\n{line}\nprintf %s \"$A\"");
            let output = Command::new("bash").args(["-c", &script]).output().unwrap();
            assert_eq!(
                one(line),
                String::from_utf8(output.stdout).unwrap(),
                "{line}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_was_quoted_reads_as_it_was(value in "[^\0\r\u{fdd0}\u{fdd1}]*") {
            let text = format!("A={}\n", quote(&value));
            let found = parse(&text, &BTreeMap::new());
            prop_assert_eq!(found.map(|found| found["A"].clone()), Ok(value));
        }

        #[test]
        fn any_text_is_taken_or_refused_without_a_panic(text in "[A='\"$\\{\\}\\\\# \n]{0,60}") {
            parse(&text, &BTreeMap::new()).ok();
        }
    }
}
