//! A look at the engine, past devinfra.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, ContainerStateStatusEnum, HostConfig,
    NetworkCreateRequest, NetworkDisconnectRequest, VolumeCreateRequest,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectNetworkOptions, ListContainersOptionsBuilder,
    ListNetworksOptionsBuilder, ListVolumesOptionsBuilder, LogsOptionsBuilder,
    RemoveContainerOptionsBuilder, RemoveVolumeOptions, WaitContainerOptions,
};
use devinfra::engine::labels;
use futures_util::StreamExt as _;

use super::{block_on, images};

/// The label that objects carry which a test makes past devinfra.
const TEST: &str = "dev.devinfra.test";

fn client() -> Docker {
    Docker::connect_with_defaults().unwrap()
}

/// Whether an engine answers.
pub(crate) fn ping() -> Result<(), Error> {
    let client = Docker::connect_with_defaults()?;
    block_on(client.ping()).map(|_answer| ())
}

pub(crate) fn has_image(name: &str) -> bool {
    block_on(client().inspect_image(name)).is_ok()
}

/// What belongs to a stack, by its labels, and the volumes without a name of its containers.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Objects {
    pub(crate) containers: BTreeSet<String>,
    pub(crate) networks: BTreeSet<String>,
    pub(crate) named_volumes: BTreeSet<String>,
    pub(crate) anonymous_volumes: BTreeSet<String>,
}

/// Everything of the stack, by ids; volumes by names.
pub(crate) fn objects(stack: &str) -> Objects {
    labelled(&format!("{}={stack}", labels::STACK))
}

fn labelled(label: &str) -> Objects {
    let filters: BTreeMap<&str, Vec<&str>> = [("label", vec![label])].into();
    let client = client();
    block_on(async {
        let options = ListContainersOptionsBuilder::new().all(true);
        let options = options
            .filters(&filters.clone().into_iter().collect())
            .build();
        let containers = client.list_containers(Some(options)).await.unwrap();
        let options = ListNetworksOptionsBuilder::new();
        let options = options
            .filters(&filters.clone().into_iter().collect())
            .build();
        let networks = client.list_networks(Some(options)).await.unwrap();
        let options = ListVolumesOptionsBuilder::new();
        let options = options
            .filters(&filters.clone().into_iter().collect())
            .build();
        let volumes = client.list_volumes(Some(options)).await.unwrap();
        let mounts = containers
            .iter()
            .flat_map(|one| one.mounts.iter().flatten());
        let is_anonymous = |name: &String| name.len() == 64;
        Objects {
            anonymous_volumes: mounts
                .filter_map(|mount| mount.name.clone())
                .filter(is_anonymous)
                .collect(),
            containers: containers.into_iter().filter_map(|one| one.id).collect(),
            networks: networks.into_iter().filter_map(|one| one.id).collect(),
            named_volumes: volumes
                .volumes
                .unwrap_or_default()
                .into_iter()
                .map(|one| one.name)
                .collect(),
        }
    })
}

impl Objects {
    /// Those of them that are still there.
    pub(crate) fn still_there(&self) -> Self {
        let client = client();
        let keep = |names: &BTreeSet<String>, exists: &dyn Fn(&str) -> bool| {
            names.iter().filter(|name| exists(name)).cloned().collect()
        };
        let volume = |name: &str| block_on(client.inspect_volume(name)).is_ok();
        Self {
            containers: keep(&self.containers, &|id| container(id).is_some()),
            networks: keep(&self.networks, &network_exists),
            named_volumes: keep(&self.named_volumes, &volume),
            anonymous_volumes: keep(&self.anonymous_volumes, &volume),
        }
    }

    fn remove(&self) {
        let client = client();
        block_on(async {
            for id in &self.containers {
                let options = RemoveContainerOptionsBuilder::new()
                    .force(true)
                    .v(true)
                    .build();
                client.remove_container(id, Some(options)).await.ok();
            }
            for id in &self.networks {
                client.remove_network(id).await.ok();
            }
            for name in self.named_volumes.iter().chain(&self.anonymous_volumes) {
                client
                    .remove_volume(name, None::<RemoveVolumeOptions>)
                    .await
                    .ok();
            }
        });
    }
}

/// Removes everything of the stack, and everything a test made under its name.
pub(crate) fn clean_up(stack: &str) {
    labelled(&format!("{TEST}={stack}")).remove();
    objects(stack).remove();
}

/// A container by id or name.
pub(crate) fn container(id: &str) -> Option<ContainerInspectResponse> {
    block_on(client().inspect_container(id, None)).ok()
}

/// Whether the container is there, and runs.
pub(crate) fn is_running(id: &str) -> bool {
    let state = container(id).and_then(|found| found.state);
    state.and_then(|state| state.status) == Some(ContainerStateStatusEnum::RUNNING)
}

/// The stack's container ids by their services.
pub(crate) fn services(stack: &str) -> BTreeMap<String, String> {
    let ids = objects(stack).containers;
    let found = ids.iter().filter_map(|id| {
        let labels = container(id)?.config?.labels?;
        Some((labels.get(labels::SERVICE)?.clone(), id.clone()))
    });
    found.collect()
}

pub(crate) fn kill(id: &str) {
    block_on(client().kill_container(id, None)).unwrap();
}

pub(crate) fn freeze(id: &str) {
    block_on(client().pause_container(id)).unwrap();
}

/// Removes a container, whatever it does.
pub(crate) fn remove(id: &str) {
    let options = RemoveContainerOptionsBuilder::new().force(true).build();
    block_on(client().remove_container(id, Some(options))).unwrap();
}

pub(crate) fn network_exists(id: &str) -> bool {
    block_on(client().inspect_network(id, None::<InspectNetworkOptions>)).is_ok()
}

/// Takes a container off a network.
pub(crate) fn disconnect(network: &str, id: &str) {
    let request = NetworkDisconnectRequest {
        container: id.to_owned(),
        force: Some(true),
    };
    block_on(client().disconnect_network(network, request)).unwrap();
}

/// Everything the container has written.
pub(crate) fn log(id: &str) -> String {
    let options = LogsOptionsBuilder::new().stdout(true).stderr(true).build();
    let client = client();
    block_on(async {
        let chunks = client.logs(id, Some(options));
        let lines: Vec<String> = chunks
            .map(|chunk| chunk.unwrap().to_string())
            .collect()
            .await;
        lines.concat()
    })
}

/// When the engine says that the container's process ended, since the Unix epoch.
pub(crate) fn died_at(id: &str) -> Duration {
    let state = container(id).unwrap().state.unwrap();
    let ended: jiff::Timestamp = state.finished_at.unwrap().parse().unwrap();
    ended
        .duration_since(jiff::Timestamp::UNIX_EPOCH)
        .unsigned_abs()
}

/// A server that devinfra did not make, with its data in a volume without a name: the container, and
/// the volume.
pub(crate) fn foreign_server(stack: &str, name: &str, image: &str) -> (String, String) {
    let body = ContainerCreateBody {
        image: Some(images::image(image).to_owned()),
        ..ContainerCreateBody::default()
    };
    let id = foreign(stack, name, body);
    let mounts = container(&id).unwrap().mounts.unwrap();
    let volume = mounts[0].name.clone().unwrap();
    (id, volume)
}

pub(crate) fn volume_exists(name: &str) -> bool {
    block_on(client().inspect_volume(name)).is_ok()
}

/// A container that devinfra did not make. It goes with the project of this stack.
pub(crate) fn foreign_container(stack: &str, name: &str, network: Option<&str>) -> String {
    let body = ContainerCreateBody {
        image: Some(images::image("TOOLS_IMAGE").to_owned()),
        cmd: Some(vec!["sleep".to_owned(), "600".to_owned()]),
        host_config: Some(HostConfig {
            network_mode: network.map(str::to_owned),
            init: Some(true),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    foreign(stack, name, body)
}

/// Makes a container again under its name and without a label of ours, as a script would have made
/// it: the image, command, environment, user, ports and mounts are the same.
pub(crate) fn disown(stack: &str, id: &str) -> String {
    let found = container(id).unwrap();
    let name = found.name.unwrap().trim_start_matches('/').to_owned();
    let (config, host) = (found.config.unwrap(), found.host_config.unwrap());
    remove(id);
    let body = ContainerCreateBody {
        image: config.image,
        cmd: config.cmd,
        env: config.env,
        user: config.user,
        host_config: Some(HostConfig {
            binds: host.binds,
            mounts: host.mounts,
            port_bindings: host.port_bindings,
            network_mode: host.network_mode,
            ..HostConfig::default()
        }),
        exposed_ports: config.exposed_ports,
        ..ContainerCreateBody::default()
    };
    foreign(stack, &name, body)
}

fn foreign(stack: &str, name: &str, body: ContainerCreateBody) -> String {
    let body = ContainerCreateBody {
        labels: Some([(TEST.to_owned(), stack.to_owned())].into()),
        ..body
    };
    let options = CreateContainerOptionsBuilder::new().name(name).build();
    let client = client();
    block_on(async {
        let made = client.create_container(Some(options), body).await.unwrap();
        client.start_container(&made.id, None).await.unwrap();
        made.id
    })
}

/// Runs a command in a container of this image, and waits for its end: its exit status, and what it
/// wrote.
pub(crate) fn run(stack: &str, image: &str, command: &[&str], binds: &[String]) -> (i64, String) {
    let body = ContainerCreateBody {
        image: Some(images::image(image).to_owned()),
        cmd: Some(command.iter().map(|&word| word.to_owned()).collect()),
        host_config: Some(HostConfig {
            binds: Some(binds.to_vec()),
            network_mode: Some("none".to_owned()),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let id = foreign(stack, &format!("{stack}-run"), body);
    let client = client();
    let code = block_on(async {
        let mut ends = client.wait_container(&id, None::<WaitContainerOptions>);
        match ends.next().await.unwrap() {
            Ok(end) => end.status_code,
            Err(Error::DockerContainerWaitError { code, .. }) => code,
            Err(error) => panic!("{error}"),
        }
    });
    let output = log(&id);
    let options = RemoveContainerOptionsBuilder::new().force(true).build();
    block_on(client.remove_container(&id, Some(options))).unwrap();
    (code, output)
}

/// A network that devinfra did not make. It goes with the project of this stack.
pub(crate) fn foreign_network(stack: &str, name: &str) -> String {
    let request = NetworkCreateRequest {
        name: name.to_owned(),
        labels: Some([(TEST.to_owned(), stack.to_owned())].into()),
        ..NetworkCreateRequest::default()
    };
    block_on(client().create_network(request)).unwrap().id
}

/// A volume that devinfra did not make.
pub(crate) fn foreign_volume(stack: &str, name: &str) {
    let request = VolumeCreateRequest {
        name: Some(name.to_owned()),
        labels: Some([(TEST.to_owned(), stack.to_owned())].into()),
        ..VolumeCreateRequest::default()
    };
    block_on(client().create_volume(request)).unwrap();
}

pub(crate) fn remove_volume(name: &str) {
    block_on(client().remove_volume(name, None::<RemoveVolumeOptions>)).unwrap();
}

/// The ids of all networks of this name.
pub(crate) fn networks_named(name: &str) -> Vec<String> {
    let filters: BTreeMap<&str, Vec<&str>> = [("name", vec![name])].into();
    let options = ListNetworksOptionsBuilder::new();
    let options = options.filters(&filters.into_iter().collect()).build();
    let all = block_on(client().list_networks(Some(options))).unwrap();
    let same = all
        .into_iter()
        .filter(|one| one.name.as_deref() == Some(name));
    same.filter_map(|one| one.id).collect()
}
