//! `devinfra logs`.

use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};

use super::Context;
use crate::apply::{Question, observe};
use crate::cli::Exit;
use crate::cli::args::Logs;
use crate::cli::error::CliError;
use crate::engine::{Engine as _, LogLine, LogOptions};
use crate::flow::FlowError;
use crate::model::ServiceName;

pub(super) async fn run(context: &Context<'_>, args: &Logs) -> Result<Exit, CliError> {
    let ready = context.ready(&args.services)?;
    if let Some(name) = args
        .services
        .iter()
        .find(|name| !ready.stack.services.contains_key(*name))
    {
        let known = ready.stack.services.keys().cloned().collect();
        let error = FlowError::UnknownService {
            name: name.clone(),
            known,
        };
        return Err(CliError::flow(&error, &ready.stack, Exit::Interrupted));
    }
    let since = args.since.as_deref().map(since).transpose()?;
    let options = LogOptions {
        tail: args.tail,
        since,
        follow: false,
    };
    let engine = &ready.engine;
    let observed = observe(engine, &ready.stack, Question::Containers)
        .await
        .map_err(|error| CliError::engine(&error))?;
    let mut lines: Vec<(ServiceName, LogLine)> = Vec::new();
    for container in &observed.containers {
        let Some(service) = container.service() else {
            continue;
        };
        if !args.services.is_empty() && !args.services.contains(service) {
            continue;
        }
        let log = engine.logs(&container.id, &options).await;
        let mut log = log.map_err(|error| CliError::engine(&error))?;
        while let Some(line) = log.next().await {
            let line = line.map_err(|error| CliError::engine(&error))?;
            lines.push((service.clone(), line));
        }
    }
    // The sort is stable, so lines of one container keep their order.
    lines.sort_by(|(_, one), (_, other)| one.timestamp.cmp(&other.timestamp));
    show(context, args, &lines);
    Ok(Exit::Done)
}

fn show(context: &Context<'_>, args: &Logs, lines: &[(ServiceName, LogLine)]) {
    let width = lines
        .iter()
        .map(|(name, _)| name.as_str().len())
        .max()
        .unwrap_or_default();
    for (service, line) in lines {
        let name = service.as_str();
        let time = line.timestamp.as_deref().filter(|_| args.timestamps);
        let time = time.map(|time| format!("{time} ")).unwrap_or_default();
        context
            .output
            .answer(format_args!("{name:width$} | {time}{}\n", line.text));
    }
}

/// A duration before now, or a time, as seconds of the Unix time.
fn since(text: &str) -> Result<i64, CliError> {
    if let Ok(duration) = text.parse::<SignedDuration>() {
        return Ok((Timestamp::now() - duration).as_second());
    }
    text.parse::<Timestamp>().map(Timestamp::as_second).map_err(|_unreadable| {
        CliError::usage(
            "usage.since",
            format!("`{text}` is neither a duration such as `10m` nor a time such as `2026-11-23T20:00:00Z`"),
        )
    })
}
