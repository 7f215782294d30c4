//! `devinfra status`.

use serde_json::{Value, json};

use super::Context;
use crate::apply::Stop;
use crate::cli::Exit;
use crate::cli::error::CliError;
use crate::cli::terminal;
use crate::event::Silent;
use crate::flow::{ServiceStatus, status};
use crate::kinds;
use crate::model::{ContainerState, Kind, ObservedContainer, Stack};
use crate::report::{Table, endpoints};

pub(super) async fn run(context: &Context<'_>) -> Result<Exit, CliError> {
    let ready = context.ready(&[])?;
    context.warn_if_remote(&ready);
    let (_stopper, stop) = Stop::new();
    let session = context.session(&ready, &Silent, &stop, "devinfra status");
    let found = status(&session)
        .await
        .map_err(|error| CliError::flow(&error, &ready.stack, Exit::Interrupted))?;
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
    let exit_code = container.and_then(|container| container.state.exit_code());
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
            let name = status.name.to_string();
            table.row([name, "missing".to_owned(), unusable(status)]);
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
        let state = state(container);
        let state = if status.foreign {
            format!("{state}, not ours")
        } else {
            state
        };
        let usable = match (status.ready, container.is_running()) {
            (true, true) => "yes".to_owned(),
            (true, false) => "done".to_owned(),
            (false, _) => unusable(status),
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

/// What a container does, in the engine's words where it has some: it has none after a closer look.
fn state(container: &ObservedContainer) -> String {
    match &container.state {
        _ if !container.status.is_empty() => container.status.to_lowercase(),
        ContainerState::Exited {
            code: Some(code), ..
        } => format!("exited ({code})"),
        other => other.word().to_owned(),
    }
}

fn unusable(status: &ServiceStatus) -> String {
    let reason = status.reason.as_ref();
    reason.map_or_else(|| "no".to_owned(), |reason| format!("no: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ContainerId, Owner, ServiceName, StackName};

    fn row(container: Option<ObservedContainer>, reason: Option<&str>) -> String {
        let stack = Stack::new(StackName::new("hub").unwrap(), "/project");
        let status = ServiceStatus {
            name: ServiceName::new("db").unwrap(),
            container,
            ready: false,
            reason: reason.map(str::to_owned),
            foreign: false,
        };
        let table = as_table(&stack, &[status]).to_string();
        let row = table.lines().nth(1).unwrap().split_whitespace();
        row.collect::<Vec<_>>().join(" ")
    }

    fn exited(status: &str) -> ObservedContainer {
        let owner = Owner::Ours(ServiceName::new("db").unwrap());
        ObservedContainer {
            image: "i".to_owned(),
            state: ContainerState::Exited {
                code: Some(1),
                oom_killed: false,
            },
            status: status.to_owned(),
            ..ObservedContainer::new(ContainerId("1".to_owned()), "hub-db-1", owner)
        }
    }

    #[test]
    fn a_death_has_its_status_also_where_the_engine_has_no_words_for_it() {
        assert_eq!(row(Some(exited("")), None), "db exited (1) no i");
        let worded = exited("Exited (1) 2 seconds ago");
        assert_eq!(row(Some(worded), None), "db exited (1) 2 seconds ago no i");
    }

    #[test]
    fn a_service_without_a_container_has_its_reason() {
        assert_eq!(row(None, None), "db missing no");
        let told = row(None, Some("a reset was cut short"));
        assert_eq!(told, "db missing no: a reset was cut short");
    }
}
