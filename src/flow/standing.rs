//! What the services are doing when `up` is over, whether it has succeeded or not.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::timeout;

use super::{FlowError, Session, UpDone};
use crate::apply::{ExitReason, Outcome};
use crate::model::{ContainerState, ObservedContainer, RestartPolicy, Service, ServiceName};

/// How long the engine has to say it: how a run has ended is not kept back for more.
const PATIENCE: Duration = Duration::from_secs(1);

/// The containers of a stack's services. A service that is missing here has none.
pub type Standing = BTreeMap<ServiceName, ObservedContainer>;

/// What the stack's services are doing now that `up` is over. `None` where the engine does not say it
/// in time.
///
/// A run that has changed nothing is not asked about again.
pub async fn standing(
    session: &Session<'_>,
    result: &Result<UpDone, FlowError>,
) -> Option<Standing> {
    let nothing = Outcome::default();
    let outcome = match result {
        Ok(done) => {
            if let Some(containers) = &done.unchanged {
                return Some(by_service(containers));
            }
            &done.outcome
        }
        Err(FlowError::Engine(_)) => return None,
        Err(FlowError::Failed { outcome, .. }) => outcome,
        Err(_) => &nothing,
    };
    let listed = timeout(PATIENCE, session.engine.containers(session.stack)).await;
    let mut standing = by_service(&listed.ok()?.ok()?);
    for (name, container) in &mut standing {
        let service = session.stack.services.get(name);
        let ended = outcome.ended.get(&container.id);
        if let (Some(service), Some(reason)) = (service, ended) {
            after_end(service, container, *reason);
        }
    }
    Some(standing)
}

/// The containers of services among these.
pub fn by_service(containers: &[ObservedContainer]) -> Standing {
    let named = containers.iter();
    named
        .filter_map(|one| Some((one.service()?.clone(), one.clone())))
        .collect()
}

/// The engine lists a container as one that runs for a tenth of a second after its end, and takes as
/// long to answer a question about it. What the run was told of its end counts more, unless its restart
/// policy may have started it again.
fn after_end(service: &Service, listed: &mut ObservedContainer, reason: ExitReason) {
    let ExitReason::Exited { code, oom_killed } = reason else {
        return;
    };
    if listed.is_running() && service.container.restart == RestartPolicy::No {
        listed.state = ContainerState::Exited { code, oom_killed };
        listed.status.clear();
        listed.ports.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ContainerId, ContainerSpec, ImageRef, Owner};

    /// The state of a container that is listed as running, after this end.
    fn state_after(restart: RestartPolicy, reason: ExitReason) -> ContainerState {
        let name = ServiceName::new("db").unwrap();
        let mut spec = ContainerSpec::new("hub-db-1", ImageRef::parse("i").unwrap());
        spec.restart = restart;
        let mut listed = ObservedContainer {
            state: ContainerState::Running,
            status: "Up Less than a second".to_owned(),
            ..ObservedContainer::new(
                ContainerId("1".to_owned()),
                spec.name.clone(),
                Owner::Ours(name.clone()),
            )
        };
        after_end(&Service::new(name, spec), &mut listed, reason);
        listed.state
    }

    /// The engine lists a container as running for a moment after its end.
    #[test]
    fn an_end_that_was_told_counts_more_than_the_listing() {
        let oom = ExitReason::Exited {
            code: Some(137),
            oom_killed: true,
        };
        let exited = ContainerState::Exited {
            code: Some(137),
            oom_killed: true,
        };
        assert_eq!(state_after(RestartPolicy::No, oom), exited);
        // It was started again meanwhile.
        let again = state_after(RestartPolicy::Always, oom);
        assert_eq!(again, ContainerState::Running);
    }
}
