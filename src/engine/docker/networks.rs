//! Networks: made once, also by runs at the same time.

use std::time::Duration;

use bollard::models::NetworkCreateRequest;
use bollard::query_parameters::ListNetworksOptions;
use tokio::time::{Instant, sleep};

use super::{Docker, observe};
use crate::engine::{Engine as _, EngineError, labels};
use crate::model::{NetworkId, NetworkSpec, Stack};

/// How long the runs that made younger networks of the same name have to remove them.
const MAKE_WAY: Duration = Duration::from_secs(1);
/// Networks that every engine has, or makes for itself.
const OF_THE_ENGINE: [&str; 6] = [
    "bridge",
    "docker_gwbridge",
    "host",
    "ingress",
    "none",
    "podman",
];

/// Makes the network, or takes the one that another run has made meanwhile.
pub(super) async fn create(
    docker: &Docker,
    stack: &Stack,
    key: &str,
    wanted: &NetworkSpec,
) -> Result<NetworkId, EngineError> {
    let request = NetworkCreateRequest {
        name: wanted.name.clone(),
        driver: wanted.driver.clone(),
        internal: wanted.internal.then_some(true),
        labels: Some(
            labels::for_network(stack, key, &wanted.labels)
                .into_iter()
                .collect(),
        ),
        ..NetworkCreateRequest::default()
    };
    let operation = format!("create network `{}`", wanted.name);
    let created = docker
        .call(
            operation,
            docker.deadlines.slow,
            docker.client.create_network(request),
        )
        .await;
    let mine = match created {
        Ok(answer) => Some(NetworkId(answer.id)),
        Err(EngineError::Refused { source, .. })
            if source.status == 409 && source.message.contains("already exists") =>
        {
            None
        }
        Err(EngineError::AddressPoolExhausted { source, .. }) => {
            let idle = idle(docker).await;
            return Err(EngineError::AddressPoolExhausted { source, idle });
        }
        Err(error) => return Err(error),
    };
    agree_on_one(docker, &wanted.name, mine).await
}

/// Agrees with other runs on one network of this name.
///
/// Engines before 25 make a second network of the same name without a word when two runs ask at
/// once, and then every use by that name fails as ambiguous. So the networks are listed again after
/// the creation. Of two that are made at the same time at least one run sees both: a network that is
/// still being made is not listed, whatever its age.
///
/// | mine is | and | then |
/// |---|---|---|
/// | alone | | it is taken |
/// | younger than another | | it makes way |
/// | the oldest | the others go | it is taken |
/// | the oldest | the others stay: their runs have not seen it | it makes way |
async fn agree_on_one(
    docker: &Docker,
    name: &str,
    mine: Option<NetworkId>,
) -> Result<NetworkId, EngineError> {
    let began = Instant::now();
    loop {
        let all = observe::oldest_first(docker.list_networks().await?, name);
        let (first, second) = (all.first(), all.get(1));
        let chosen = match (&mine, first, second) {
            (Some(mine), Some(first), Some(second)) if mine == first => {
                if began.elapsed() < MAKE_WAY {
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
                second
            }
            (_, Some(first), _) => first,
            (_, None, _) => {
                return Err(EngineError::Vanished {
                    operation: format!("create network `{name}`"),
                });
            }
        };
        match &mine {
            Some(mine) if mine != chosen => docker.remove_network(mine).await?,
            Some(_) | None => {}
        }
        return Ok(chosen.clone());
    }
}

/// The networks that no running container uses; none where the engine does not say.
async fn idle(docker: &Docker) -> Vec<String> {
    let filters = [("dangling".to_owned(), vec!["true".to_owned()])].into();
    let listing = docker.client.list_networks(Some(ListNetworksOptions {
        filters: Some(filters),
    }));
    let listed = docker.call("list networks", docker.deadlines.quick, listing);
    let names = listed.await.unwrap_or_default().into_iter();
    let names = names.filter_map(|network| network.name);
    let mut names: Vec<String> = names
        .filter(|name| !OF_THE_ENGINE.contains(&name.as_str()))
        .collect();
    names.sort();
    names
}
