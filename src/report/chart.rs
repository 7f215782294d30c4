//! Timings as a chart in a terminal: a row per service, a letter per step and moment.

use std::fmt::Write as _;
use std::iter::repeat_n;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::seconds;
use super::timings::{Phase, Timed, Timings};
use crate::model::ServiceName;

/// What is shared by several services.
const SHARED: &str = "(shared)";
/// Steps below this are not named on the critical path, except for their sum.
const BRIEF: Duration = Duration::from_millis(5);
const NARROWEST: usize = 12;
const WIDEST: usize = 60;

/// The chart, at most `width` columns wide where names allow it.
pub fn chart(timings: &Timings, width: usize) -> String {
    let mut rows: Vec<(&str, Vec<&Timed>)> = Vec::new();
    for step in &timings.steps {
        let name = step.service.as_ref().map_or(SHARED, ServiceName::as_str);
        match rows.iter_mut().find(|(named, _)| *named == name) {
            Some((_, steps)) => steps.push(step),
            None => rows.push((name, vec![step])),
        }
    }
    let names = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let ends = rows.iter().map(|(_, steps)| end(steps).len()).max();
    let taken = names + ends.unwrap_or(0) + 4;
    let cells = width.saturating_sub(taken).clamp(NARROWEST, WIDEST);
    let mut text = format!("where {} went:\n", seconds(timings.total));
    for (name, steps) in &rows {
        let bar = bar(steps, timings.total, cells);
        writeln!(text, "  {name:names$} {bar} {}", end(steps)).ok(); // a String takes everything
    }
    let legend = Phase::ALL.map(|phase| format!("{} {}", cell(phase), phase.word()));
    let used = |phase: &Phase| timings.steps.iter().any(|step| step.phase == *phase);
    let used = Phase::ALL
        .iter()
        .zip(legend)
        .filter(|(phase, _)| used(phase));
    let legend: Vec<String> = used.map(|(_, words)| words).collect();
    writeln!(text, "  {:names$} {}", "", legend.join("  ")).ok();
    text.push_str(&critical_path(timings));
    text
}

/// When the last of a service's steps ended.
fn end(steps: &[&Timed]) -> String {
    let ended = steps.iter().map(|step| step.span.ended).max();
    seconds(ended.unwrap_or_default())
}

/// One letter for each moment; where steps share one, that which took longest.
fn bar(steps: &[&Timed], total: Duration, cells: usize) -> String {
    let place = |at: Duration| {
        let share = at.as_secs_f64() / total.as_secs_f64().max(f64::MIN_POSITIVE);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of a few cells"
        )]
        let place = (share * cells as f64) as usize;
        place.min(cells.saturating_sub(1))
    };
    let mut line: Vec<Option<&Timed>> = repeat_n(None, cells).collect();
    for step in steps {
        let (first, last) = (place(step.span.began), place(step.span.ended));
        for cell in line.iter_mut().take(last + 1).skip(first) {
            if cell.is_none_or(|other| other.span.elapsed() < step.span.elapsed()) {
                *cell = Some(step);
            }
        }
    }
    let cells = line.into_iter();
    cells
        .map(|one| one.map_or(" ".to_owned(), |step| cell(step.phase)))
        .collect()
}

fn cell(phase: Phase) -> String {
    let (letter, colour) = match phase {
        Phase::Pull => ('p', AnsiColor::Blue),
        Phase::Remove => ('r', AnsiColor::Red),
        Phase::Create => ('c', AnsiColor::Magenta),
        Phase::Start => ('s', AnsiColor::Cyan),
        Phase::Wait => ('w', AnsiColor::Yellow),
        Phase::Bootstrap => ('b', AnsiColor::Green),
    };
    let style: Style = colour.on_default();
    format!("{style}{letter}{style:#}")
}

/// The steps that decided how long the whole took, one a line.
fn critical_path(timings: &Timings) -> String {
    let path: Vec<&Timed> = timings.critical_path().collect();
    let within: Duration = path.iter().map(|step| step.span.elapsed()).sum();
    let mut lines: Vec<(Duration, &str)> = path
        .iter()
        .map(|step| (step.span.elapsed(), step.what.as_str()))
        .collect();
    lines.push((timings.total.saturating_sub(within), "all else"));
    let mut text = "critical path:\n".to_owned();
    for (elapsed, what) in lines.iter().filter(|(elapsed, _)| *elapsed >= BRIEF) {
        writeln!(text, "  {:>8}  {what}", seconds(*elapsed)).ok(); // a String takes everything
    }
    text
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;
    use crate::report::timings::Span;

    fn step(service: Option<&str>, phase: Phase, what: &str, began: u64, ended: u64) -> Timed {
        Timed {
            service: service.map(|name| ServiceName::new(name).unwrap()),
            phase,
            what: what.to_owned(),
            span: Span {
                began: Duration::from_millis(began),
                ended: Duration::from_millis(ended),
            },
            critical: service != Some("cache"),
        }
    }

    #[test]
    fn a_chart_has_a_row_per_service_and_names_the_critical_path() {
        let steps = vec![
            step(None, Phase::Create, "create network hub", 10, 110),
            step(Some("db"), Phase::Remove, "stop hub-db", 10, 100),
            step(Some("db"), Phase::Remove, "remove hub-db", 100, 110),
            step(Some("db"), Phase::Create, "create db", 110, 150),
            step(Some("cache"), Phase::Start, "start cache", 150, 400),
            step(Some("db"), Phase::Start, "start db", 150, 700),
            step(
                Some("cache"),
                Phase::Wait,
                "wait until cache is usable",
                400,
                600,
            ),
            step(
                Some("db"),
                Phase::Wait,
                "wait until db is usable",
                700,
                2000,
            ),
        ];
        let total = Duration::from_secs(2);
        let drawn = chart(&Timings { steps, total }, 40);
        insta::assert_snapshot!(strip_str(&drawn), @"
        where 2.0 s went:
          (shared) cc                     110 ms
          db       rsssssswwwwwwwwwwwwwww 2.0 s
          cache     ssssww                600 ms
                   r remove  c create  s start  w wait
        critical path:
            100 ms  create network hub
             90 ms  stop hub-db
             10 ms  remove hub-db
             40 ms  create db
            550 ms  start db
             1.3 s  wait until db is usable
        ");
    }

    #[test]
    fn nothing_done_is_no_failure() {
        let drawn = chart(&Timings::default(), 80);
        assert!(drawn.starts_with("where 0 ms went:\n"), "{drawn}");
    }
}
