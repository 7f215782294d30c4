//! `status`: what exists, and whether it is usable now.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;

use super::{FlowError, Session};
use crate::apply::{Prober as _, Probes, Question, half_wiped, observe};
use crate::kinds::Readiness;
use crate::model::{ContainerState, ObservedContainer, Service, ServiceName};
use crate::plan::Cause;

/// How long a service has to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// One service, or a container of the stack that is none of its services'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceStatus {
    /// The service.
    pub name: ServiceName,
    /// Its container; `None` when there is none.
    pub container: Option<ObservedContainer>,
    /// Whether it answered a round trip of its protocol just now, or has done what it was for.
    pub ready: bool,
    /// Why not, where there is more to say than its state.
    pub reason: Option<String>,
    /// Whether the container is somebody else's.
    pub foreign: bool,
}

/// Looks at every service of the stack, and asks those that run.
///
/// # Errors
///
/// When the engine does not answer.
pub async fn status(session: &Session<'_>) -> Result<Vec<ServiceStatus>, FlowError> {
    let observed = observe(session.engine, session.stack, Question::Containers).await?;
    let services = session.stack.services.values().map(|service| {
        let own = observed.container_of(&service.name);
        let container = own.or_else(|| observed.container_named(&service.container.name));
        one(session, service, container)
    });
    let asked = join_all(services).await.into_iter();
    let services = session.stack.services.values();
    let looks = asked
        .zip(services)
        .map(|(status, service)| after_all(session, service, status));
    let mut all = join_all(looks).await;
    let half_wiped = if session.engine.address().is_local() {
        half_wiped(session.stack, &marks(session, &all).await?)
    } else {
        BTreeSet::new()
    };
    for service in all.iter_mut().filter(|one| !one.ready) {
        if half_wiped.contains(&service.name) {
            let reason =
                "a reset was cut short: the next `devinfra up` deletes the rest of its data";
            service.reason = Some(reason.to_owned());
        }
    }
    all.extend(observed.containers.iter().filter_map(|container| {
        let name = container.service()?;
        let is_orphan = !session.stack.services.contains_key(name);
        is_orphan.then(|| ServiceStatus {
            name: name.clone(),
            container: Some(container.clone()),
            ready: false,
            reason: Some(match session.stack.helped_by(name) {
                Some(_) => "left by a reset that was killed".to_owned(),
                None => Cause::of_end(session.stack, name).to_string(),
            }),
            foreign: false,
        })
    }));
    Ok(all)
}

/// The names of the stack's volumes, where one of them may say that a service which is not usable was
/// wiped in half: it costs a question.
async fn marks(
    session: &Session<'_>,
    services: &[ServiceStatus],
) -> Result<BTreeSet<String>, FlowError> {
    let stack = session.stack;
    let mut unusable = services.iter().filter(|one| !one.ready);
    let may_have = |one: &ServiceStatus| {
        let service = stack.services.get(&one.name);
        service.is_some_and(|service| stack.wipe_mark(service).is_some())
    };
    if !unusable.any(may_have) {
        return Ok(BTreeSet::new());
    }
    let volumes = session.engine.volumes(stack, &[]).await?;
    Ok(volumes.into_iter().collect())
}

async fn one(
    session: &Session<'_>,
    service: &Service,
    container: Option<&ObservedContainer>,
) -> ServiceStatus {
    let Some(listed) = container else {
        return missing(service);
    };
    let closer = session.engine.inspect_container(&listed.id).await;
    let container = match closer {
        Ok(Some(closer)) => seen_closely(listed, closer),
        Ok(None) | Err(_) => listed.clone(),
    };
    if !is_asked(&container) {
        return unasked(session, service, container);
    }
    // On this machine's loopback somebody else may answer.
    let can_be_asked = session.engine.address().is_local() || service.kind.port().is_none();
    let (ready, reason) = if can_be_asked {
        let probes = Probes {
            engine: session.engine,
        };
        match probes.probe(service, &container, PATIENCE).await {
            Readiness::Ready => (true, None),
            Readiness::NotYet(reason) => (false, Some(reason)),
            Readiness::Never(never) => (false, Some(never.to_string())),
        }
    } else {
        let reason = "not asked: its ports are on the engine's machine";
        (false, Some(reason.to_owned()))
    };
    ServiceStatus {
        name: service.name.clone(),
        container: Some(container),
        ready,
        reason,
        foreign: false,
    }
}

fn missing(service: &Service) -> ServiceStatus {
    ServiceStatus {
        name: service.name.clone(),
        container: None,
        ready: false,
        reason: None,
        foreign: false,
    }
}

fn is_asked(container: &ObservedContainer) -> bool {
    container.service().is_some() && container.is_running()
}

/// What a container that can't be asked says by itself: one that has done its work is as good as one
/// that answers.
fn unasked(
    session: &Session<'_>,
    service: &Service,
    container: ObservedContainer,
) -> ServiceStatus {
    let foreign = !container.is_of(&service.name);
    let has_ended_well = matches!(
        container.state,
        ContainerState::Exited {
            code: Some(0),
            oom_killed: false,
        }
    );
    ServiceStatus {
        ready: !foreign && has_ended_well && session.stack.may_end(service),
        container: Some(container),
        foreign,
        ..missing(service)
    }
}

/// What was asked, looked at once more when all have answered: the slowest takes two seconds, and
/// another may have died meanwhile. The engine's events would tell of that sooner, but not of one that
/// was started again, and a subscription costs as much as this look.
async fn after_all(
    session: &Session<'_>,
    service: &Service,
    status: ServiceStatus,
) -> ServiceStatus {
    let Some(container) = status.container.as_ref().filter(|one| is_asked(one)) else {
        return status;
    };
    match session.engine.inspect_container(&container.id).await {
        Ok(Some(now)) if !now.is_running() => {
            unasked(session, service, seen_closely(container, now))
        }
        Ok(Some(now)) if now.started_at != container.started_at => ServiceStatus {
            container: Some(ObservedContainer {
                // How long the first of the two had been up.
                status: String::new(),
                ..seen_closely(container, now)
            }),
            ready: false,
            reason: Some("it was started again while it was asked".to_owned()),
            ..status
        },
        Ok(Some(_)) | Err(_) => status,
        Ok(None) => missing(service),
    }
}

/// The listing does not say when a container was started, and still calls one running that has ended
/// a tenth of a second ago. A closer look knows both.
fn seen_closely(listed: &ObservedContainer, closer: ObservedContainer) -> ObservedContainer {
    let (status, ports) = if closer.state.word() == listed.state.word() {
        (listed.status.clone(), listed.ports.clone())
    } else {
        // What is between two starts publishes nothing, and does when it is up again.
        (closer.status, closer.ports)
    };
    ObservedContainer {
        state: closer.state,
        status,
        ports,
        started_at: closer.started_at,
        ..listed.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::model::{ContainerId, Owner, Protocol, PublishedPort};

    fn container(state: ContainerState, status: &str, published: &[u16]) -> ObservedContainer {
        let ports = published.iter().map(|port| PublishedPort {
            target: 80,
            protocol: Protocol::Tcp,
            host_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            published: *port,
        });
        ObservedContainer {
            state,
            status: status.to_owned(),
            ports: ports.collect(),
            ..ObservedContainer::new(
                ContainerId("1".to_owned()),
                "hub-web-1",
                Owner::Ours(ServiceName::new("web").unwrap()),
            )
        }
    }

    /// It was said that its port is not published, which no stack file can help.
    #[test]
    fn what_was_between_two_starts_has_the_ports_of_its_new_one() {
        let listed = container(ContainerState::Restarting, "Restarting (1)", &[]);
        let closer = container(ContainerState::Running, "", &[8080]);
        let seen = seen_closely(&listed, closer.clone());
        assert_eq!((seen.state, seen.ports), (closer.state, closer.ports));
    }

    #[test]
    fn what_goes_on_as_it_was_keeps_the_words_of_the_listing() {
        let listed = container(ContainerState::Running, "Up 3 minutes", &[8080]);
        let closer = container(ContainerState::Running, "", &[8080]);
        assert_eq!(seen_closely(&listed, closer), listed);
    }
}
