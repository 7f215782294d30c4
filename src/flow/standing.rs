//! What the services are doing when `up` is over, whether it has succeeded or not.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;

use super::status::seen_closely;
use super::{FlowError, Session, UpDone};
use crate::apply::{Ended, ExitReason, Outcome};
use crate::model::{ContainerState, ObservedContainer, RestartPolicy, Service, ServiceName};

/// How long the engine has for each answer: how a run has ended is not kept back for more.
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
    let (outcome, ended) = match result {
        Ok(done) => {
            if let Some(containers) = &done.unchanged {
                return Some(by_service(containers));
            }
            (&done.outcome, done.outcome.ended())
        }
        Err(FlowError::Engine(_)) => return None,
        Err(error @ FlowError::Failed { outcome, .. }) => (&**outcome, error.ended()),
        Err(_) => (&nothing, Vec::new()),
    };
    let look = Look {
        session,
        outcome,
        ended,
    };
    look.at_all().await
}

/// The containers of services among these.
pub fn by_service(containers: &[ObservedContainer]) -> Standing {
    let named = containers.iter();
    named
        .filter_map(|one| Some((one.service()?.clone(), one.clone())))
        .collect()
}

struct Look<'a> {
    session: &'a Session<'a>,
    outcome: &'a Outcome,
    ended: Vec<Ended>,
}

impl Look<'_> {
    async fn at_all(&self) -> Option<Standing> {
        let (engine, stack) = (self.session.engine, self.session.stack);
        let listed = timeout(PATIENCE, engine.containers(stack)).await.ok()?;
        let listed = by_service(&listed.ok()?);
        let looks = listed.into_iter().map(async |(name, listed)| {
            let container = self.at(&name, listed).await;
            (name, container)
        });
        Some(join_all(looks).await.into_iter().collect())
    }

    /// The engine lists a container as one that runs for a tenth of a second after its end, and takes
    /// as long to answer a question about it. What the run has been told of is not asked.
    async fn at(&self, name: &ServiceName, listed: ObservedContainer) -> ObservedContainer {
        let service = self.session.stack.services.get(name);
        let Some(service) = service.filter(|_| listed.is_running()) else {
            return listed;
        };
        if let Some(ended) = self.ended.iter().find(|one| one.container == listed.id) {
            return after_end(service, listed, ended.reason);
        }
        if !self.may_have_ended(service) {
            return listed;
        }
        let closer = self.session.engine.inspect_container(&listed.id);
        match timeout(PATIENCE, closer).await {
            Ok(Ok(Some(closer))) => seen_closely(&listed, closer),
            Ok(Ok(None) | Err(_)) | Err(_) => listed,
        }
    }

    /// Whether the run has not just had an answer of the service's that only a living one gives.
    fn may_have_ended(&self, service: &Service) -> bool {
        self.session.stack.may_end(service) || !self.outcome.ready.contains_key(&service.name)
    }
}

/// What is listed as running, and was told to have ended. Its restart policy may have started it again.
fn after_end(
    service: &Service,
    listed: ObservedContainer,
    reason: ExitReason,
) -> ObservedContainer {
    match (reason, service.container.restart) {
        (ExitReason::Exited { code, oom_killed }, RestartPolicy::No) => ObservedContainer {
            state: ContainerState::Exited { code, oom_killed },
            status: String::new(),
            ports: Vec::new(),
            ..listed
        },
        (
            ExitReason::Exited { .. },
            RestartPolicy::Always | RestartPolicy::UnlessStopped | RestartPolicy::OnFailure { .. },
        )
        | (ExitReason::Removed, _) => listed,
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
        let listed = ObservedContainer {
            id: ContainerId("1".to_owned()),
            name: spec.name.clone(),
            owner: Owner::Ours(name.clone()),
            image: "i".to_owned(),
            image_id: String::new(),
            fingerprint: None,
            state: ContainerState::Running,
            status: "Up Less than a second".to_owned(),
            health: None,
            started_at: None,
            ports: Vec::new(),
            networks: Vec::new(),
            addresses: Vec::new(),
            anonymous_volumes: Vec::new(),
        };
        after_end(&Service::new(name, spec), listed, reason).state
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
