//! What happens to the stack's containers, as the engine tells it.

use std::pin::Pin;
use std::time::{SystemTime, UNIX_EPOCH};

use bollard::models::{EventActor, EventMessage};
use bollard::query_parameters::EventsOptions;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _, future};
use tokio::time::{Duration, timeout};

use super::Docker;
use crate::engine::{ContainerEvent, EngineError, Happened, PastEvent, labels};
use crate::model::{ContainerId, ServiceName, Stack};

/// How long the request is given to leave; bollard sends it at the first poll only.
const TO_BE_SENT: Duration = Duration::from_millis(5);

pub(super) async fn subscribe(
    docker: &Docker,
    stack: &Stack,
) -> Result<BoxStream<'static, ContainerEvent>, EngineError> {
    // The API does not say when a subscription is in force. With `since`, the engine tells what
    // happened in the meantime as well.
    let options = EventsOptions {
        since: Some(now()),
        filters: Some(filters(stack, &["start", "die", "oom", "health_status"]).into()),
        ..EventsOptions::default()
    };
    // An event of a kind that bollard does not know ends the stream with an error: it is a hint
    // that may end at any time, so errors end it quietly.
    let client = docker.client_for_streams();
    let mut stream = client
        .events(Some(options))
        .take_while(|event| future::ready(event.is_ok()))
        .filter_map(|event| future::ready(event.ok().and_then(container_event)))
        .boxed()
        .peekable();
    // bollard sends nothing before the first poll.
    timeout(TO_BE_SENT, Pin::new(&mut stream).peek()).await.ok();
    Ok(stream.boxed())
}

/// The events that say what became of a container; left out are those of commands inside it, which
/// a probe makes by the dozen.
const TELLING: [&str; 11] = [
    "create",
    "start",
    "health_status",
    "pause",
    "unpause",
    "kill",
    "oom",
    "die",
    "stop",
    "restart",
    "destroy",
];

pub(super) async fn past(docker: &Docker, stack: &Stack) -> Result<Vec<PastEvent>, EngineError> {
    let options = EventsOptions {
        since: Some("1".to_owned()),
        until: Some(now()),
        filters: Some(filters(stack, &TELLING).into()),
    };
    let events = docker.client.events(Some(options));
    let all = events
        .try_filter_map(|event| future::ready(Ok(past_event(event))))
        .try_collect();
    let operation = "read the past events";
    docker.call(operation, docker.deadlines.quick, all).await
}

fn past_event(message: EventMessage) -> Option<PastEvent> {
    let action = message.action?;
    let attributes = message.actor?.attributes.unwrap_or_default();
    let detail = |name: &str, word: &str| {
        let value = attributes.get(name)?;
        Some(format!("{action} ({word} {value})"))
    };
    let what = match action.as_str() {
        "die" => detail("exitCode", "exit status"),
        "kill" => detail("signal", "signal"),
        _ => None,
    };
    Some(PastEvent {
        nanoseconds: message.time_nano?,
        container: attributes.get("name").cloned().unwrap_or_default(),
        what: what.unwrap_or(action),
    })
}

fn filters(stack: &Stack, events: &[&str]) -> [(String, Vec<String>); 3] {
    [
        ("type".to_owned(), vec!["container".to_owned()]),
        ("label".to_owned(), labels::filter(stack)),
        ("event".to_owned(), names(events)),
    ]
}

/// Podman tells its events by Docker's names, and filters them by its own.
fn names(events: &[&str]) -> Vec<String> {
    let own = events.iter().filter_map(|&event| match event {
        "die" => Some("died"),
        "destroy" => Some("remove"),
        _ => None,
    });
    let all = events.iter().copied().chain(own);
    all.map(str::to_owned).collect()
}

/// This moment, as the API takes it: seconds since the Unix epoch.
fn now() -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    format!("{}.{:09}", now.as_secs(), now.subsec_nanos())
}

fn container_event(message: EventMessage) -> Option<ContainerEvent> {
    let action = message.action?;
    let EventActor { id, attributes } = message.actor?;
    let attributes = attributes.unwrap_or_default();
    let what = match action.split(':').next()? {
        "start" => Happened::Started,
        "die" => Happened::Died {
            exit_code: attributes
                .get("exitCode")
                .and_then(|code| code.parse().ok()),
        },
        "oom" => Happened::OutOfMemory,
        "health_status" => Happened::HealthChanged,
        _ => return None,
    };
    let service = attributes
        .get(labels::SERVICE)
        .and_then(|name| ServiceName::new(name.as_str()).ok());
    Some(ContainerEvent {
        id: ContainerId(id?),
        service,
        what,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn podman_is_asked_by_its_own_names_too() {
        let asked = names(&["start", "die", "destroy"]);
        assert_eq!(asked, ["start", "die", "destroy", "died", "remove"]);
    }
}
