//! Whether a server answers, whether it is the right one, and whether it has its data.

use super::Subject;
use crate::cache::{Facts, Finding, Refused};
use crate::model::{ContainerState, ObservedContainer};

const REACHABLE: &str = "reachable";
const IDENTITY: &str = "identity";

pub(super) fn reachable(subject: &Subject<'_>, facts: &Facts) -> Finding {
    let place = place(subject);
    let millis = facts.answered_in.as_secs_f64() * 1000.0;
    Finding::pass(
        REACHABLE,
        format!("INFO answered at {place} in {millis:.1} ms"),
    )
}

/// `reachable` and `identity` of a server that does not answer INFO.
pub(super) fn unreachable(subject: &Subject<'_>, refused: &Refused) -> Vec<Finding> {
    let place = place(subject);
    let reachable = Finding::fail(
        REACHABLE,
        format!("INFO is not answered at {place}: {refused}"),
    )
    .expected("an answer to INFO")
    .actual(refused.to_string());
    let silent = |finding: Finding| {
        vec![
            finding,
            Finding::skip(IDENTITY, "not asked: the server does not answer"),
        ]
    };
    let up = format!("bring it up with `devinfra up {}`", subject.service.name);
    match refused {
        Refused::Credentials(_) => silent(
            reachable
                .meaning("the server runs, and the application's credentials are not its own")
                .hint("set `password` (and `user`) of the service's `x-devinfra` to the server's"),
        ),
        Refused::NotValkey | Refused::Closed if is_running(subject.container) => vec![
            reachable,
            Finding::fail(IDENTITY, format!("what answers at {place} is not Valkey"))
                .expected("a Valkey server")
                .actual(refused.to_string())
                .meaning("the container runs something else on that port, or nothing yet")
                .hint("compare `image`, `command` and `port` of the service in the stack file"),
        ],
        Refused::NotValkey | Refused::Closed => vec![
            reachable.hint(up),
            Finding::fail(IDENTITY, format!("what answers at {place} is not Valkey"))
                .expected("this stack's container")
                .actual(refused.to_string())
                .meaning(stranger(subject))
                .hint(who_holds(subject)),
        ],
        Refused::NotPublished { port } => silent(reachable.hint(format!(
            "publish port {port} of `{}` in the stack file",
            subject.service.name
        ))),
        Refused::Silent(_) if state(subject.container) == Some(&ContainerState::Paused) => {
            silent(reachable.meaning("its container is paused").hint(format!(
                "let it go on: `devinfra up {}`",
                subject.service.name
            )))
        }
        Refused::Silent(_) if is_running(subject.container) => silent(
            reachable
                .meaning("the server is busy with one long command, or stopped")
                .hint(format!(
                    "read its log with `devinfra logs {}`",
                    subject.service.name
                )),
        ),
        Refused::Silent(_) | Refused::Unreachable(_) | Refused::Said { .. } => {
            silent(reachable.meaning(whereabouts(subject)).hint(up))
        }
    }
}

/// The engine says which container publishes the port, and the server says at which address it took
/// the connection: when that is the container's own, no other server can have answered.
pub(super) fn identity(subject: &Subject<'_>, facts: &Facts) -> Finding {
    let server = facts.info.server().unwrap_or_default();
    let Some(container) = subject.container.filter(|container| container.is_running()) else {
        return Finding::fail(
            IDENTITY,
            format!("{server} at {} is not this stack's", place(subject)),
        )
        .expected("this stack's container")
        .actual("another server")
        .meaning(stranger(subject))
        .hint(who_holds(subject));
    };
    let name = &container.name;
    match facts.local_address {
        Some(address)
            if !container.addresses.is_empty() && !container.addresses.contains(&address) =>
        {
            let own: Vec<String> = container
                .addresses
                .iter()
                .map(ToString::to_string)
                .collect();
            Finding::fail(
                IDENTITY,
                format!("{server} that answers is not container `{name}`"),
            )
            .expected(own.join(" or "))
            .actual(address.to_string())
            .meaning("another server answers on the port that the container publishes")
            .hint(who_holds(subject))
        }
        _ => Finding::pass(IDENTITY, format!("{server} in container `{name}`")).actual(server),
    }
}

pub(super) fn loading(facts: &Facts) -> Finding {
    if !facts.info.is_set("loading") {
        return Finding::pass("loading", "its data is loaded");
    }
    let percent = facts.info.get("loading_loaded_perc").unwrap_or("0");
    let left = facts.info.get("loading_eta_seconds").unwrap_or("?");
    Finding::fail(
        "loading",
        format!("loading its data: {percent}%, about {left} s left"),
    )
    .expected("loaded")
    .actual(format!("{percent}%"))
    .meaning("it refuses everything but questions about itself until then")
    .hint("`devinfra up` waits for it")
}

fn state(container: Option<&ObservedContainer>) -> Option<&ContainerState> {
    container.map(|container| &container.state)
}

fn is_running(container: Option<&ObservedContainer>) -> bool {
    container.is_some_and(ObservedContainer::is_running)
}

fn place(subject: &Subject<'_>) -> String {
    subject
        .address
        .map_or_else(|| "its port".to_owned(), |address| address.to_string())
}

/// What the engine says of a container that can't be the one that answers.
fn stranger(subject: &Subject<'_>) -> String {
    format!(
        "{}, so another stack's server or a process of this machine holds the port",
        whereabouts(subject)
    )
}

fn whereabouts(subject: &Subject<'_>) -> String {
    match subject.container {
        None => format!("there is no container of `{}`", subject.service.name),
        Some(container) => format!(
            "container `{}` is {}",
            container.name,
            container.state.word()
        ),
    }
}

fn who_holds(subject: &Subject<'_>) -> String {
    let port = subject.address.map_or(0, |address| address.port());
    format!(
        "find who holds it with `docker ps --filter publish={port}` or `ss -tanp 'sport = :{port}'`"
    )
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::Duration;

    use super::*;
    use crate::cache::Status;
    use crate::cache::checks::world::World;

    #[test]
    fn the_server_in_the_container_is_the_right_one() {
        let world = World::default();
        assert_eq!(
            identity(&world.subject(), &world.facts).status,
            Status::Pass
        );
    }

    #[test]
    fn a_server_at_another_address_is_another() {
        let mut world = World::default();
        world.facts.local_address = Some(IpAddr::from([172, 18, 0, 9]));
        let found = identity(&world.subject(), &world.facts);
        assert_eq!(found.status, Status::Fail);
        assert_eq!(found.expected.as_deref(), Some("172.18.0.2"));
        assert_eq!(found.actual.as_deref(), Some("172.18.0.9"));
    }

    #[test]
    fn a_server_without_our_container_is_a_stranger() {
        let world = World {
            container: None,
            ..World::default()
        };
        let found = identity(&world.subject(), &world.facts);
        assert_eq!(found.status, Status::Fail);
        assert!(
            found
                .meaning
                .unwrap()
                .contains("there is no container of `valkey`")
        );
    }

    #[test]
    fn loading_fails_with_how_far_it_is() {
        let mut world = World::default();
        assert_eq!(loading(&world.facts).status, Status::Pass);
        world.info("loading:1\nloading_loaded_perc:41.20\nloading_eta_seconds:3");
        let found = loading(&world.facts);
        assert_eq!(found.status, Status::Fail);
        assert_eq!(found.actual.as_deref(), Some("41.20%"));
    }

    #[test]
    fn every_way_of_not_answering_has_its_own_words() {
        let world = World::default();
        let refusals = [
            Refused::NotPublished { port: 6379 },
            Refused::Unreachable("connection refused".to_owned()),
            Refused::Silent(Duration::from_secs(2)),
            Refused::Closed,
            Refused::NotValkey,
            Refused::Credentials("NOAUTH".to_owned()),
        ];
        let mut messages: Vec<String> = refusals
            .iter()
            .map(|refused| {
                let found = unreachable(&world.subject(), refused);
                assert!(found.iter().any(|one| one.status == Status::Fail));
                found.into_iter().map(|one| one.message).collect()
            })
            .collect();
        messages.sort();
        messages.dedup();
        assert_eq!(messages.len(), refusals.len());
    }

    #[test]
    fn a_paused_container_is_told_apart_from_a_busy_server() {
        let mut world = World::default();
        let silent = Refused::Silent(Duration::from_secs(2));
        let busy = unreachable(&world.subject(), &silent);
        world.container.as_mut().unwrap().state = ContainerState::Paused;
        let paused = unreachable(&world.subject(), &silent);
        assert_ne!(busy[0].meaning, paused[0].meaning);
        assert_eq!(
            paused[0].meaning.as_deref(),
            Some("its container is paused")
        );
    }
}
