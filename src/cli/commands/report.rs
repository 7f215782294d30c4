//! `devinfra report`: one file with what somebody needs who was not there.
//!
//! It is one Markdown file and no archive: it can be read where it is shown, in a CI job's artifacts
//! or pasted into an issue, and searched without being unpacked. What fails while it is written is
//! written into it.

use std::env::consts::{ARCH, OS};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anstream::adapter::strip_str;
use futures_util::StreamExt as _;
use jiff::Timestamp;
use serde_json::json;
use tokio::time::timeout;

use super::Context;
use super::context::Ready;
use super::doctor::examine;
use super::status::as_table;
use crate::apply::Stop;
use crate::cli::Exit;
use crate::cli::args::Report;
use crate::cli::error::CliError;
use crate::cli::render::for_people;
use crate::engine::{Engine as _, LogOptions, PastEvent};
use crate::event::Silent;
use crate::flow::{ServiceStatus, status};
use crate::model::{ContainerState, ObservedContainer, Stack};
use crate::report::Findings;
use crate::stack_file::{Secrets, resolved, to_yaml};

/// How many lines of each log are kept.
const LINES: usize = 200;
/// The first line of every report.
const TITLE: &str = "# devinfra report";
/// How long a log may take to be read.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn run(context: &Context<'_>, args: &Report) -> Result<Exit, CliError> {
    let text = write(context).await;
    let is_json = context.output.json;
    if args.file == Path::new("-") {
        if is_json {
            let document = json!({"schema": 1, "text": text});
            context.output.answer_json(&document);
        } else {
            context.output.answer(text);
        }
        return Ok(Exit::Done);
    }
    let path = context.settings.whole(&args.file)?;
    if !may_write(&path) {
        return Err(CliError::file_exists(
            &path,
            "only an earlier report is written over: name another file, or `-` for standard output",
        ));
    }
    fs::write(&path, text).map_err(|error| CliError::write(&path, &error))?;
    if is_json {
        let document = json!({"schema": 1, "file": path.display().to_string()});
        context.output.answer_json(&document);
    }
    context.output.say(format_args!(
        "wrote `{}`; known passwords and keys are left out of it",
        args.file.display()
    ));
    Ok(Exit::Done)
}

/// Whether nothing is there, or an earlier report, or what keeps nothing, such as a terminal: what
/// else is there is somebody's.
fn may_write(path: &Path) -> bool {
    let Ok(found) = fs::symlink_metadata(path) else {
        return true;
    };
    if found.is_file() {
        return fs::read(path).is_ok_and(|text| text.starts_with(TITLE.as_bytes()));
    }
    !found.is_symlink() || is_device(path)
}

/// Whether a link leads to a device or a pipe: `/dev/stdout`.
fn is_device(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

async fn write(context: &Context<'_>) -> String {
    let mut text = format!(
        "{TITLE}\n\ndevinfra {} on {OS} {ARCH}, {:.0}\n",
        env!("CARGO_PKG_VERSION"),
        Timestamp::now()
    );
    let findings = examine(context).await;
    section(&mut text, "Findings", &Findings(&findings).to_string());
    let loaded = match context.read(&[]) {
        Ok(loaded) => loaded,
        Err(error) => {
            section(&mut text, "Stack file", &for_people(&error));
            return text;
        }
    };
    match context.engine() {
        Ok(engine) => {
            let ready = context.with_stack(loaded.stack, engine);
            services(context, &ready, &mut text).await;
            configuration(&ready.stack, &mut text);
        }
        Err(error) => {
            section(&mut text, "Services", &for_people(&error));
            configuration(&loaded.stack, &mut text);
        }
    }
    context.output.mask().apply(&text)
}

fn configuration(stack: &Stack, text: &mut String) {
    let yaml = to_yaml(&resolved(stack, Secrets::Redacted));
    section(text, "Stack file as it was understood", &yaml);
}

/// What there is of each service, whether it is usable now, and what it wrote last.
async fn services(context: &Context<'_>, ready: &Ready, text: &mut String) {
    let (_stopper, stop) = Stop::new();
    let session = context.session(ready, &Silent, &stop, "devinfra report");
    let found = match status(&session).await {
        Ok(found) => found,
        Err(error) => {
            let error = CliError::flow(&error, &ready.stack, Exit::Interrupted);
            return section(text, "Services", &for_people(&error));
        }
    };
    section(
        text,
        "Services",
        &as_table(&ready.stack, &found).to_string(),
    );
    let containers: Vec<(&ServiceStatus, &ObservedContainer)> = found
        .iter()
        .filter_map(|one| Some((one, one.container.as_ref()?)))
        .collect();
    let lines: String = containers
        .iter()
        .map(|(service, container)| container_line(service, container))
        .collect();
    section(text, "Containers", &lines);
    section(text, "What the engine saw happen", &events(ready).await);
    for (service, container) in containers.iter().filter(|(service, _)| !service.foreign) {
        let log = timeout(PATIENCE, tail(ready, container)).await;
        let log = log.unwrap_or_else(|_elapsed| "it can't be read in time\n".to_owned());
        let title = format!("Last {LINES} lines of the log of `{}`", service.name);
        section(text, &title, &log);
    }
}

fn container_line(service: &ServiceStatus, container: &ObservedContainer) -> String {
    let ended = match container.state {
        ContainerState::Exited {
            oom_killed: true, ..
        } => ", killed for want of memory".to_owned(),
        ContainerState::Exited {
            code: Some(code), ..
        } => format!(" with {code}"),
        _ => String::new(),
    };
    format!(
        "{}: container {} `{}`, {}{ended}; started {}; image {} ({})\n",
        service.name,
        container.id,
        container.name,
        container.state.word(),
        container.started_at.as_deref().unwrap_or("never"),
        container.image,
        container.image_id,
    )
}

async fn events(ready: &Ready) -> String {
    let events = match ready.engine.past_events(&ready.stack).await {
        Ok(events) => events,
        Err(error) => return format!("it can't be read: {error}\n"),
    };
    let line = |event: &PastEvent| {
        let time = Timestamp::from_nanosecond(event.nanoseconds.into()).unwrap_or_default();
        format!("{time:.3} {} {}\n", event.container, event.what)
    };
    if events.is_empty() {
        return "nothing that it remembers\n".to_owned();
    }
    events.iter().map(line).collect()
}

async fn tail(ready: &Ready, container: &ObservedContainer) -> String {
    let options = LogOptions {
        tail: Some(LINES),
        ..LogOptions::default()
    };
    let mut lines = match ready.engine.logs(&container.id, &options).await {
        Ok(lines) => lines,
        Err(error) => return format!("it can't be read: {error}\n"),
    };
    let mut text = String::new();
    while let Some(line) = lines.next().await {
        match line {
            Ok(line) => {
                let time = line.timestamp.unwrap_or_default();
                writeln!(text, "{time} {}", line.text).ok(); // a String takes everything
            }
            Err(error) => {
                writeln!(text, "it can't be read further: {error}").ok();
                break;
            }
        }
    }
    text
}

/// A heading, and a block of text as it is. The fence is longer than any in the text is likely to be.
fn section(text: &mut String, title: &str, body: &str) {
    const FENCE: &str = "``````";
    let body = strip_str(body).to_string();
    let body = body.trim_end();
    write!(text, "\n## {title}\n\n{FENCE}text\n{body}\n{FENCE}\n").ok(); // a String takes everything
}
