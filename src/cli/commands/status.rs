//! `devinfra status`.

use serde_json::{Value, json};

use super::Context;
use crate::cli::Exit;
use crate::cli::error::CliError;
use crate::cli::signals::Signals;
use crate::cli::terminal;
use crate::event::Silent;
use crate::flow::{ServiceStatus, status};
use crate::kinds;
use crate::model::{ContainerState, Kind, Stack};
use crate::report::{Table, endpoints};

pub(super) async fn run(context: &Context<'_>) -> Result<Exit, CliError> {
    let ready = context.ready(&[])?;
    context.warn_if_remote(&ready);
    let (signals, stop) = Signals::listen();
    let session = context.session(&ready, &Silent, &stop, "devinfra status");
    let found = status(&session)
        .await
        .map_err(|error| CliError::flow(&error, &ready.stack, signals.exit()))?;
    if context.output.json {
        let services: Vec<Value> = found.iter().map(|one| as_json(&ready.stack, one)).collect();
        context.output.answer_json(&json!({
            "schema": 1,
            "stack": ready.stack.name.as_str(),
            "services": services,
        }));
    } else {
        let mut table = as_table(&ready.stack, &found);
        // The image is what can be done without on a narrow terminal.
        if context.output.is_terminal() {
            table = table.within(usize::from(terminal::size().columns));
        }
        context.output.answer(table);
    }
    Ok(Exit::Done)
}

fn as_json(stack: &Stack, status: &ServiceStatus) -> Value {
    let container = status.container.as_ref();
    let exit_code = container.and_then(|container| match container.state {
        ContainerState::Exited { code, .. } => code,
        _ => None,
    });
    let ports = container
        .map(|container| container.ports.as_slice())
        .unwrap_or_default();
    json!({
        "name": status.name.as_str(),
        "state": container.map_or("missing", |container| container.state.word()),
        "ready": status.ready,
        "reason": status.reason,
        "container": container.map(|container| container.name.as_str()),
        "image": container.map(|container| container.image.as_str()),
        "endpoints": endpoints(stack.services.get(&status.name), ports),
        "started_at": container.and_then(|container| container.started_at.as_deref()),
        "exit_code": exit_code,
        "foreign": status.foreign,
    })
}

pub(super) fn as_table(stack: &Stack, found: &[ServiceStatus]) -> Table {
    let mut table = Table::new(&["SERVICE", "STATE", "USABLE", "ENDPOINT", "IMAGE"]);
    for status in found {
        let kind = stack
            .services
            .get(&status.name)
            .map(|service| &service.kind);
        let Some(container) = &status.container else {
            let missing = [
                status.name.to_string(),
                "missing".to_owned(),
                "no".to_owned(),
            ];
            table.row(missing);
            continue;
        };
        let port = kind
            .and_then(Kind::port)
            .and_then(|port| container.ports.iter().find(|one| one.target == port))
            .or(container.ports.first());
        let url = port.map(|port| {
            kind.and_then(|kind| kinds::url(kind, port.host_ip, port.published))
                .unwrap_or_else(|| format!("{}:{}", port.host_ip, port.published))
        });
        let state = if container.status.is_empty() {
            container.state.word().to_owned()
        } else {
            container.status.to_lowercase()
        };
        let state = if status.foreign {
            format!("{state}, not ours")
        } else {
            state
        };
        let usable = match (&status.reason, status.ready) {
            (_, true) if container.is_running() => "yes".to_owned(),
            (_, true) => "done".to_owned(),
            (Some(reason), false) => format!("no: {reason}"),
            (None, false) => "no".to_owned(),
        };
        table.row([
            status.name.to_string(),
            state,
            usable,
            url.unwrap_or_default(),
            container.image.clone(),
        ]);
    }
    table
}
