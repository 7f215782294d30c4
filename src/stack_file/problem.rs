//! What is wrong with a stack file, shown with the line it stands on.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::node::At;
use super::shown::{without_secrets, without_values};

/// Texts that were read.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources(Vec<Source>);

#[derive(Debug, Clone)]
struct Source {
    /// What messages call it by.
    name: String,
    text: String,
    /// The text as it is shown, with everything in its place.
    shown: String,
    /// Where its lines begin.
    lines: Vec<usize>,
}

/// Something wrong, or worth a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) at: Option<At>,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// A problem as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Where it is; `None` for one of no particular place.
    pub place: Option<Place>,
    /// What is wrong, in one line.
    pub message: String,
    /// What to write instead, where that can be said.
    pub help: Option<String>,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as the person who runs devinfra would write it.
    pub file: String,
    /// Its line; counts from 1.
    pub line: usize,
    /// The column in the line, in characters; counts from 1.
    pub column: usize,
}

/// A problem as text, for those who only want to show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What it is about, in one line, with the place in front where there is one.
    pub message: String,
}

impl Sources {
    /// Adds the text of a stack file; returns its place.
    pub(super) fn add(&mut self, name: impl Into<String>, text: &str) -> usize {
        self.push(name.into(), text, without_secrets(text))
    }

    /// The same for an env file, whose values are all taken for secrets.
    pub(super) fn add_env_file(&mut self, name: impl Into<String>, text: &str) -> usize {
        self.push(name.into(), text, without_values(text))
    }

    fn push(&mut self, name: String, text: &str, shown: String) -> usize {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        self.0.push(Source {
            name,
            lines: [0].into_iter().chain(ends).collect(),
            text: text.to_owned(),
            shown,
        });
        self.0.len() - 1
    }

    /// Whether one of the texts has these words.
    pub(super) fn say(&self, words: &str) -> bool {
        self.0.iter().any(|source| source.text.contains(words))
    }

    fn get(&self, at: &At) -> Option<&Source> {
        self.0.get(at.source)
    }

    fn place(&self, at: &At) -> Option<Place> {
        let source = self.get(at)?;
        let (line, begin) = source.line(at.range.start);
        let before = source.text.get(begin..at.range.start).unwrap_or_default();
        Some(Place {
            file: source.name.clone(),
            line,
            column: before.chars().count() + 1,
        })
    }
}

impl Source {
    /// The line that has this byte, which counts from 1, and where it begins.
    fn line(&self, byte: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|begin| *begin <= byte).max(1);
        (line, self.lines.get(line - 1).copied().unwrap_or_default())
    }

    /// A part of the text as far as its first line goes, with that line: all of what is shown of a
    /// problem, since looking for it in the whole text takes as long as the text is.
    fn first_line(&self, at: &At) -> (usize, &str, Range<usize>) {
        let end = at.range.end.min(self.text.len());
        let start = at.range.start.min(end);
        let (number, begin) = self.line(start);
        let rest = self.shown.get(begin..).unwrap_or_default();
        let line = rest.split_inclusive('\n').next().unwrap_or_default();
        let marked = self.text.get(start..end).unwrap_or_default();
        let marked = marked.lines().next().map_or(0, str::len);
        (number, line, start - begin..start - begin + marked)
    }
}

impl Problem {
    pub(super) fn new(at: &At, message: impl Into<String>) -> Self {
        Self {
            at: Some(at.clone()),
            message: message.into(),
            help: None,
        }
    }

    /// A problem of no particular place.
    pub(super) fn nowhere(message: impl Into<String>) -> Self {
        Self {
            at: None,
            message: message.into(),
            help: None,
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn option_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// By place, those of no place first; equal ones stand together.
    pub(super) fn order(&self) -> (Option<(usize, usize)>, String) {
        let place = self.at.as_ref().map(|at| (at.source, at.range.start));
        (place, self.message.clone())
    }

    pub(super) fn told(&self, sources: &Sources) -> Told {
        Told {
            place: self.at.as_ref().and_then(|at| sources.place(at)),
            message: self.message.clone(),
            help: self.help.clone(),
        }
    }

    /// One line with the place in front and the help behind.
    pub(super) fn with_help(&self, sources: &Sources) -> String {
        let help = self.help.as_ref().map(|help| format!("; {help}"));
        self.told(sources).to_string() + &help.unwrap_or_default()
    }

    /// The problem with the line it stands on.
    fn rendered(&self, sources: &Sources, renderer: &Renderer) -> String {
        let title = Level::ERROR.primary_title(self.message.as_str());
        let mut group = match self.at.as_ref().and_then(|at| Some((at, sources.get(at)?))) {
            Some((at, source)) => {
                let (number, line, marked) = source.first_line(at);
                let mark = AnnotationKind::Primary.span(marked);
                let snippet = Snippet::source(line).line_start(number);
                title.element(snippet.path(source.name.as_str()).annotation(mark))
            }
            None => Group::with_title(title),
        };
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
    }
}

/// All problems, with the lines they stand on, an empty line between two.
pub(super) fn render(problems: &[Problem], sources: &Sources) -> String {
    let renderer = Renderer::styled();
    let all: Vec<String> = problems
        .iter()
        .map(|one| one.rendered(sources, &renderer))
        .collect();
    all.join("\n\n")
}

/// `devinfra.yaml:3:7`
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column } = self;
        write!(f, "{file}:{line}:{column}")
    }
}

/// One line with the place in front.
impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The known word that is closest to a misspelt one, where one is close enough.
pub(super) fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters must be changed, added, dropped or swapped with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for (row, letter) in one.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, wanted) in other.iter().enumerate() {
            let at = |row: usize, column: usize| {
                rows.get(row)
                    .and_then(|cells| cells.get(column))
                    .copied()
                    .unwrap_or(usize::MAX / 2)
            };
            let left = current.last().copied().unwrap_or_default() + 1;
            let mut best = left.min(at(row, column + 1) + 1);
            best = best.min(at(row, column) + usize::from(letter != wanted));
            let swapped = row > 0
                && column > 0
                && one.get(row - 1) == Some(wanted)
                && other.get(column - 1) == Some(letter);
            if swapped {
                best = best.min(at(row - 1, column - 1) + 1);
            }
            current.push(best);
        }
        rows.push(current);
    }
    rows.last()
        .and_then(|row| row.last())
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_word_is_offered_and_a_far_one_is_not() {
        let known = ["ports", "image", "environment"];
        assert_eq!(closest("prots", known), Some("ports"));
        assert_eq!(closest("enviroment", known), Some("environment"));
        assert_eq!(closest("secrets", known), None);
    }
}
