//! One failure, for people and for scripts.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use super::error::CliError;
use crate::report::{annotation, annotation_at, millis};
use crate::stack_file::Told;

/// How many lines of a log are shown of what failed at the same time as another: the first failure
/// shows what there is.
const FURTHER_LINES: usize = 3;

/// The failure as people read it: what, why, the evidence, and what to do.
pub(super) fn for_people(error: &CliError) -> String {
    labelled("error", AnsiColor::Red, error)
}

/// The failure of something that can be done without.
pub(super) fn as_warning(error: &CliError) -> String {
    labelled("warning", AnsiColor::Yellow, error)
}

fn labelled(label: &str, colour: AnsiColor, error: &CliError) -> String {
    let style = colour.on_default().bold();
    let cyan = AnsiColor::Cyan.on_default().bold();
    let mut text = String::new();
    if let Some(rendered) = &error.rendered {
        text.push_str(rendered.trim_end());
        return text;
    }
    text.push_str(&told(label, style, error, error.log.as_slice()));
    for one in &error.further {
        let log = last(&one.log, FURTHER_LINES);
        text.push('\n');
        text.push_str(&told(label, style, one, log));
    }
    let mut said = BTreeSet::new();
    let hints = [error].into_iter().chain(&error.further);
    for hint in hints.flat_map(|one| &one.hints) {
        if said.insert(hint) {
            write!(text, "\n{cyan}hint{cyan:#}: {hint}").ok();
        }
    }
    text
}

/// What, why, and the evidence.
fn told(label: &str, style: Style, error: &CliError, log: &[String]) -> String {
    let dim = Style::new().dimmed();
    let mut text = format!("{style}{label}{style:#}: {}", error.message);
    for cause in &error.causes {
        write!(text, "\n  Caused by: {cause}").ok(); // a String takes everything
    }
    if !log.is_empty() {
        let whose = error.service.as_deref().unwrap_or("the container");
        write!(text, "\n  Last lines of the log of `{whose}`:").ok();
        for line in log {
            write!(text, "\n  {dim}|{dim:#} {line}").ok();
        }
    }
    text
}

fn last<T>(items: &[T], number: usize) -> &[T] {
    let first = items.len().saturating_sub(number);
    items.get(first..).unwrap_or_default()
}

/// The failure as annotations of a GitHub Actions run, which are shown far from the log: at their
/// places where the stack file has problems.
pub(super) fn for_github(error: &CliError) -> String {
    let title = title(error);
    let placed = error.problems.iter().filter_map(|told| {
        let place = told.place.as_ref()?;
        let help = told.help.iter().map(|help| format!("\nhelp: {help}"));
        let message = told.message.clone() + &help.collect::<String>();
        Some(annotation_at(
            &place.file,
            place.line,
            place.column,
            &title,
            &message,
        ))
    });
    let placed: Vec<String> = placed.collect();
    if !placed.is_empty() {
        return placed.join("\n");
    }
    let all = [error].into_iter().chain(&error.further);
    all.map(unplaced).collect::<Vec<_>>().join("\n")
}

fn unplaced(error: &CliError) -> String {
    let causes = error
        .causes
        .iter()
        .map(|cause| format!("caused by: {cause}"));
    let hints = error.hints.iter().map(|hint| format!("hint: {hint}"));
    let first = [error.message.clone()].into_iter();
    let lines: Vec<String> = first.chain(causes).chain(hints).collect();
    annotation("error", &title(error), &lines.join("\n"))
}

fn title(error: &CliError) -> String {
    format!("devinfra: {}", error.code)
}

/// Which JSON a command answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// The result of `up`, behind its events.
    Up,
    /// That of `down`.
    Down,
    /// That of `reset`.
    Reset,
    /// One document.
    Document,
}

impl Shape {
    /// That of the command of this name.
    pub(super) fn of(command: &str) -> Self {
        match command {
            "up" => Self::Up,
            "down" => Self::Down,
            "reset" => Self::Reset,
            _ => Self::Document,
        }
    }

    /// The answer of a command that failed before it had any of its own.
    pub(super) fn failed(self, stack: Option<&str>, elapsed: Duration, error: &CliError) -> Value {
        let error = for_scripts(error);
        let of_its_own = match self {
            Self::Up => json!({"services": []}),
            Self::Down => json!({
                "removed": {"containers": 0, "networks": 0, "volumes": 0},
                "left": [],
            }),
            Self::Reset => json!({"wiped": []}),
            Self::Document => {
                return json!({"schema": 1, "ok": false, "stack": stack, "error": error});
            }
        };
        result(stack, elapsed, of_its_own, Some(&error))
    }
}

/// The result that ends the answer of `up`, `down` and `reset`, with fields of its own.
pub(super) fn result(
    stack: Option<&str>,
    elapsed: Duration,
    of_its_own: Value,
    error: Option<&Value>,
) -> Value {
    let mut result = json!({
        "schema": 1,
        "event": "result",
        "ok": error.is_none(),
        "stack": stack,
        "elapsed_ms": millis(elapsed),
    });
    for part in [of_its_own, json!({"error": error})] {
        if let (Value::Object(result), Value::Object(part)) = (&mut result, part) {
            result.extend(part);
        }
    }
    result
}

/// The failure as the `error` field of a result.
pub(super) fn for_scripts(error: &CliError) -> Value {
    let mut told = further(error);
    let problems: Vec<Value> = error.problems.iter().map(problem).collect();
    let all_further: Vec<Value> = error.further.iter().map(further).collect();
    if let Value::Object(fields) = &mut told {
        fields.insert("problems".to_owned(), problems.into());
        fields.insert("further".to_owned(), all_further.into());
    }
    told
}

/// What failed at the same time has the same fields, without what only a first failure has.
fn further(error: &CliError) -> Value {
    json!({
        "code": error.code,
        "message": error.message,
        "causes": error.causes,
        "hints": error.hints,
        "service": error.service,
        "log": error.log,
    })
}

fn problem(told: &Told) -> Value {
    let place = told.place.as_ref();
    json!({
        "file": place.map(|place| place.file.as_str()),
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
        "message": told.message,
        "help": told.help,
    })
}
