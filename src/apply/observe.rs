//! Takes the one snapshot of the engine that a plan is made from.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::PathBuf;

use futures_util::future::try_join_all;

use crate::data;
use crate::engine::{Engine, EngineError};
use crate::host;
use crate::model::{
    Fingerprint, ImageRef, Maker, Mount, MountSource, Network, Observed, ObservedContainer,
    Obstacle, Owner, PortHolder, PortMapping, PublishedPort, Service, ServiceName, Stack,
    TakenPort,
};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub enum Question<'a> {
    /// What `up` of these services needs to know. Where they all run as wanted, one listing says it.
    Up(&'a BTreeSet<ServiceName>),
    /// What `up` of these services needs to know where something is done whatever runs.
    UpThoroughly(&'a BTreeSet<ServiceName>),
    /// Everything that is the stack's, whatever runs.
    Everything,
    /// The containers only.
    Containers,
}

/// Asks the engine.
///
/// # Errors
///
/// When the engine does not answer.
pub async fn observe(
    engine: &dyn Engine,
    stack: &Stack,
    question: Question<'_>,
) -> Result<Observed, EngineError> {
    let containers = engine.containers(stack).await?;
    let settled = match question {
        Question::Up(services) => is_settled(stack, services, &containers),
        Question::UpThoroughly(_) | Question::Everything => false,
        Question::Containers => true,
    };
    if settled {
        return Ok(Observed {
            containers,
            ..Observed::default()
        });
    }
    let anonymous: Vec<String> = containers
        .iter()
        .flat_map(|container| container.anonymous_volumes.iter().cloned())
        .collect();
    let (networks, volumes, images) = tokio::try_join!(
        engine.networks(stack),
        engine.volumes(stack, &anonymous),
        images(engine, stack),
    )?;
    let volumes: BTreeSet<String> = volumes.into_iter().collect();
    let is_local = engine.address().is_local();
    let host = is_local.then(|| Observed {
        missing_directories: missing_directories(stack),
        obstacles: obstacles(stack),
        gone_directories: gone_directories(&containers, &networks),
        data_files: data_files(stack),
        half_wiped: half_wiped(stack, &volumes),
        ..Observed::default()
    });
    let taken_ports = match question {
        Question::Up(services) | Question::UpThoroughly(services) if is_local => {
            taken_ports(engine, &unpublished(stack, services, &containers)).await
        }
        _ => Vec::new(),
    };
    Ok(Observed {
        containers,
        networks,
        volumes,
        images,
        taken_ports,
        ..host.unwrap_or_default()
    })
}

/// The mappings of the services whose host ports their own containers do not hold now.
fn unpublished<'a>(
    stack: &'a Stack,
    services: &BTreeSet<ServiceName>,
    containers: &[ObservedContainer],
) -> Vec<&'a PortMapping> {
    let services = services.iter().filter_map(|name| stack.services.get(name));
    services
        .flat_map(|service| {
            service
                .container
                .ports
                .iter()
                .map(move |port| (service, port))
        })
        .filter(|(service, mapping)| {
            !containers.iter().any(|container| {
                let holds = |port: &PublishedPort| {
                    Some(port.published) == mapping.published && port.protocol == mapping.protocol
                };
                container.is_of(&service.name) && container.ports.iter().any(holds)
            })
        })
        .map(|(_, mapping)| mapping)
        .collect()
}

/// The host ports among these that are taken. Of a container, this machine sees the engine's port
/// proxy only, so the engine is asked for the name; where it does not say, the process is named.
async fn taken_ports(engine: &dyn Engine, mappings: &[&PortMapping]) -> Vec<TakenPort> {
    let mut taken = host::taken_ports(mappings.iter().copied());
    if taken.is_empty() {
        return taken;
    }
    let published = engine.published_ports().await.unwrap_or_default();
    for one in &mut taken {
        let holds = |(_, port): &&(String, PublishedPort)| {
            port.published == one.port && port.protocol == one.protocol
        };
        if let Some((name, _)) = published.iter().find(holds) {
            one.holder = Some(PortHolder::Container { name: name.clone() });
        }
    }
    taken
}

/// Whether every one of the services runs, made of what is wanted now.
fn is_settled(
    stack: &Stack,
    services: &BTreeSet<ServiceName>,
    containers: &[ObservedContainer],
) -> bool {
    services
        .iter()
        .filter_map(|name| stack.services.get(name))
        .all(|service| {
            containers.iter().any(|container| {
                container.is_of(&service.name)
                    && container.is_running()
                    && container
                        .fingerprint
                        .as_deref()
                        .is_some_and(|label| is_same(service, label))
            })
        })
}

fn is_same(service: &Service, label: &str) -> bool {
    Fingerprint::of(&service.container)
        .changes_from(label)
        .is_empty()
}

async fn images(
    engine: &dyn Engine,
    stack: &Stack,
) -> Result<BTreeMap<ImageRef, Option<String>>, EngineError> {
    let wanted: BTreeSet<&ImageRef> = stack
        .services
        .values()
        .map(|service| &service.container.image)
        .collect();
    let asked = wanted.into_iter().map(|image| async move {
        Ok::<_, EngineError>((image.clone(), engine.image_id(image).await?))
    });
    Ok(try_join_all(asked).await?.into_iter().collect())
}

/// The services with a data directory, or a volume, that a run has begun to empty and not emptied.
/// These are the names of the stack's volumes.
pub fn half_wiped(stack: &Stack, volumes: &BTreeSet<String>) -> BTreeSet<ServiceName> {
    let is_half_wiped = |service: &&Service| {
        let mut directories = service.data_mounts().filter_map(Mount::host_path);
        let mark = stack.wipe_mark(service);
        mark.is_some_and(|mark| volumes.contains(&mark.name))
            || directories.any(|path| data::is_wiping(&path.0, &stack.directory))
    };
    let services = stack.services.values().filter(is_half_wiped);
    services.map(|service| service.name.clone()).collect()
}

fn data_files(stack: &Stack) -> BTreeSet<PathBuf> {
    let files = stack.services.values().flat_map(|one| &one.data_files);
    let there = files.filter(|file| file.symlink_metadata().is_ok());
    there.cloned().collect()
}

/// Directories that bind mounts ask to be made where they are missing.
fn missing_directories(stack: &Stack) -> BTreeSet<PathBuf> {
    stack
        .services
        .values()
        .flat_map(|service| &service.container.mounts)
        .filter_map(|mount| match &mount.source {
            MountSource::Bind(bind) if bind.create => Some(&bind.source.0),
            MountSource::Bind(_)
            | MountSource::Volume { .. }
            | MountSource::AnonymousVolume
            | MountSource::Tmpfs(_) => None,
        })
        .filter(|path| !path.exists())
        .cloned()
        .collect()
}

/// What keeps services from the directories that they mount.
fn obstacles(stack: &Stack) -> BTreeMap<(ServiceName, PathBuf), Obstacle> {
    let mut found = BTreeMap::new();
    for service in stack.services.values() {
        for mount in &service.container.mounts {
            if let Some(path) = mount.host_path()
                && let Some(obstacle) = host::obstacle(service, mount)
            {
                found.insert((service.name.clone(), path.0.clone()), obstacle);
            }
        }
    }
    found
}

/// The project directories of other stacks that were deleted or moved.
fn gone_directories(containers: &[ObservedContainer], networks: &[Network]) -> BTreeSet<PathBuf> {
    let of_containers = containers.iter().filter_map(|one| match &one.owner {
        Owner::Elsewhere(other) => Some(&other.directory),
        Owner::Ours(_) | Owner::Foreign => None,
    });
    let of_networks = networks.iter().filter_map(|one| match &one.maker {
        Maker::Other(other) => Some(&other.directory),
        Maker::Ours | Maker::Foreign => None,
    });
    let is_gone = |directory: &&PathBuf| {
        let looked = directory.metadata();
        looked.is_err_and(|error| error.kind() == ErrorKind::NotFound)
    };
    let all = of_containers.chain(of_networks);
    all.filter(is_gone).cloned().collect()
}
