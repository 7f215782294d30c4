//! An engine's listings in the model's terms.

use std::collections::BTreeMap;
use std::net::IpAddr;

use bollard::models::{
    ContainerInspectResponse, ContainerState as EngineState, ContainerStateStatusEnum,
    ContainerSummary, ContainerSummaryStateEnum, EndpointSettings, HealthStatusEnum, MountPoint,
    Network as EngineNetwork, PortMap, PortSummary, PortSummaryTypeEnum, Volume,
};

use jiff::Timestamp;

use crate::engine::labels;
use crate::model::{
    ContainerId, ContainerState, Health, Maker, Network, NetworkId, ObservedContainer, Owner,
    Protocol, PublishedPort, Stack,
};

/// Names that the stack needs, as the engine's `name` filter takes them: regular expressions.
pub(super) fn name_filter(stack: &Stack) -> Vec<String> {
    stack
        .services
        .values()
        .map(|service| format!("^/{}$", service.container.name))
        .collect()
}

/// The listed containers that matter to the stack, each once.
pub(super) fn containers(stack: &Stack, listed: Vec<ContainerSummary>) -> Vec<ObservedContainer> {
    let mut found: Vec<ObservedContainer> = listed
        .into_iter()
        .filter_map(|summary| {
            let labels = summary
                .labels
                .clone()
                .unwrap_or_default()
                .into_iter()
                .collect();
            let needed = |name: &str| {
                stack
                    .services
                    .values()
                    .any(|service| service.container.name == name)
            };
            let observed = summarised(summary, labels::owner(stack, &labels), &labels);
            (observed.owner.is_of_this_name() || needed(&observed.name)).then_some(observed)
        })
        .collect();
    found.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
    found.dedup_by(|one, other| one.id == other.id);
    found
}

/// The host ports that the listed container publishes, each with its name.
pub(super) fn published_ports(summary: ContainerSummary) -> Vec<(String, PublishedPort)> {
    let name = own_name(&summary.names.unwrap_or_default());
    let ports = summary.ports.unwrap_or_default();
    let published = ports.iter().filter_map(published);
    published.map(|port| (name.clone(), port)).collect()
}

/// A container that others link to has further names, with slashes in them.
fn own_name(names: &[String]) -> String {
    names
        .iter()
        .map(|name| name.trim_start_matches('/'))
        .find(|name| !name.contains('/'))
        .unwrap_or_default()
        .to_owned()
}

pub(super) fn summarised(
    summary: ContainerSummary,
    owner: Owner,
    labels: &BTreeMap<String, String>,
) -> ObservedContainer {
    let status = summary.status.unwrap_or_default();
    let names = summary.names.unwrap_or_default();
    let endpoints: Vec<EndpointSettings> = summary
        .network_settings
        .and_then(|settings| settings.networks)
        .unwrap_or_default()
        .into_values()
        .collect();
    // The engine lists them in any order.
    let mut ports: Vec<PublishedPort> = summary
        .ports
        .unwrap_or_default()
        .iter()
        .filter_map(published)
        .collect();
    ports.sort();
    ObservedContainer {
        id: ContainerId(summary.id.unwrap_or_default()),
        name: own_name(&names),
        owner,
        image: summary.image.unwrap_or_default(),
        image_id: summary.image_id.unwrap_or_default(),
        fingerprint: labels.get(labels::FINGERPRINT).cloned(),
        state: state_of_summary(summary.state, &status),
        health: health_in(&status),
        status,
        started_at: None,
        ports,
        networks: network_ids(&endpoints),
        addresses: addresses(&endpoints),
        anonymous_volumes: anonymous(summary.mounts.unwrap_or_default()),
    }
}

fn state_of_summary(state: Option<ContainerSummaryStateEnum>, status: &str) -> ContainerState {
    match state {
        Some(ContainerSummaryStateEnum::RUNNING) => ContainerState::Running,
        Some(ContainerSummaryStateEnum::PAUSED) => ContainerState::Paused,
        Some(ContainerSummaryStateEnum::RESTARTING) => ContainerState::Restarting,
        Some(ContainerSummaryStateEnum::EXITED) => ContainerState::Exited {
            code: exit_code_in(status),
            oom_killed: false,
        },
        Some(ContainerSummaryStateEnum::REMOVING) => ContainerState::Removing,
        Some(ContainerSummaryStateEnum::DEAD) => ContainerState::Dead,
        _ => ContainerState::Created,
    }
}

/// `Exited (137) 3 minutes ago`: the listing says the exit status nowhere else.
fn exit_code_in(status: &str) -> Option<i64> {
    let (_, rest) = status.split_once('(')?;
    rest.split_once(')')?.0.parse().ok()
}

/// `Up 3 minutes (healthy)`: the listing of older engines says the health nowhere else.
fn health_in(status: &str) -> Option<Health> {
    if status.contains("(healthy)") {
        Some(Health::Healthy)
    } else if status.contains("(unhealthy)") {
        Some(Health::Unhealthy)
    } else if status.contains("(health: starting)") {
        Some(Health::Starting)
    } else {
        None
    }
}

fn published(port: &PortSummary) -> Option<PublishedPort> {
    let protocol = match port.typ {
        Some(PortSummaryTypeEnum::UDP) => Protocol::Udp,
        Some(PortSummaryTypeEnum::TCP) | None => Protocol::Tcp,
        Some(_) => return None,
    };
    Some(PublishedPort {
        target: port.private_port,
        published: port.public_port?,
        host_ip: host_ip(port.ip.as_deref()),
        protocol,
    })
}

fn host_ip(text: Option<&str>) -> IpAddr {
    text.and_then(|text| text.parse().ok())
        .unwrap_or(IpAddr::from([0, 0, 0, 0]))
}

fn network_ids(endpoints: &[EndpointSettings]) -> Vec<NetworkId> {
    let mut ids: Vec<NetworkId> = endpoints
        .iter()
        .filter_map(|endpoint| endpoint.network_id.clone())
        .filter(|id| !id.is_empty())
        .map(NetworkId)
        .collect();
    ids.sort();
    ids
}

/// The engine leaves them empty while a container does not run.
fn addresses(endpoints: &[EndpointSettings]) -> Vec<IpAddr> {
    let texts = endpoints
        .iter()
        .flat_map(|endpoint| [&endpoint.ip_address, &endpoint.global_ipv6_address]);
    let mut found: Vec<IpAddr> = texts
        .flatten()
        .filter_map(|text| text.parse().ok())
        .collect();
    found.sort();
    found
}

/// Volumes that were made for this container alone have 64 hexadecimal digits for a name.
fn anonymous(mounts: Vec<MountPoint>) -> Vec<String> {
    mounts
        .into_iter()
        .filter(|mount| mount.typ.as_deref() == Some("volume"))
        .filter_map(|mount| mount.name)
        .filter(|name| name.len() == 64 && name.chars().all(|digit| digit.is_ascii_hexdigit()))
        .collect()
}

/// One container after a closer look. Whose it is is for the listing to say.
pub(super) fn inspected(answer: ContainerInspectResponse) -> ObservedContainer {
    let state = answer.state.unwrap_or_default();
    let settings = answer.network_settings.unwrap_or_default();
    let endpoints: Vec<EndpointSettings> = settings
        .networks
        .unwrap_or_default()
        .into_values()
        .collect();
    let config = answer.config.unwrap_or_default();
    let labels: BTreeMap<String, String> = config.labels.unwrap_or_default().into_iter().collect();
    let health = state
        .health
        .as_ref()
        .and_then(|health| match health.status {
            Some(HealthStatusEnum::STARTING) => Some(Health::Starting),
            Some(HealthStatusEnum::HEALTHY) => Some(Health::Healthy),
            Some(HealthStatusEnum::UNHEALTHY) => Some(Health::Unhealthy),
            _ => None,
        });
    ObservedContainer {
        id: ContainerId(answer.id.unwrap_or_default()),
        name: answer
            .name
            .unwrap_or_default()
            .trim_start_matches('/')
            .to_owned(),
        owner: Owner::Foreign,
        image: config.image.unwrap_or_default(),
        image_id: answer.image.unwrap_or_default(),
        fingerprint: labels.get(labels::FINGERPRINT).cloned(),
        status: state.error.clone().unwrap_or_default(),
        health,
        started_at: state
            .started_at
            .clone()
            .filter(|time| !time.starts_with("0001-")),
        state: state_of_inspection(&state),
        ports: port_map(settings.ports.unwrap_or_default()),
        networks: network_ids(&endpoints),
        addresses: addresses(&endpoints),
        anonymous_volumes: anonymous(answer.mounts.unwrap_or_default()),
    }
}

fn state_of_inspection(state: &EngineState) -> ContainerState {
    match state.status {
        Some(ContainerStateStatusEnum::RUNNING) => ContainerState::Running,
        Some(ContainerStateStatusEnum::PAUSED) => ContainerState::Paused,
        Some(ContainerStateStatusEnum::RESTARTING) => ContainerState::Restarting,
        Some(ContainerStateStatusEnum::EXITED) => ContainerState::Exited {
            code: state.exit_code,
            oom_killed: state.oom_killed.unwrap_or_default(),
        },
        Some(ContainerStateStatusEnum::REMOVING) => ContainerState::Removing,
        Some(ContainerStateStatusEnum::DEAD) => ContainerState::Dead,
        _ => ContainerState::Created,
    }
}

/// `{"5432/tcp": [{"HostIp": "127.0.0.1", "HostPort": "25432"}]}`.
fn port_map(ports: PortMap) -> Vec<PublishedPort> {
    let mut found = Vec::new();
    for (key, bindings) in ports {
        let (port, protocol) = key.split_once('/').unwrap_or((&key, "tcp"));
        let Ok(target) = port.parse() else { continue };
        let protocol = if protocol == "udp" {
            Protocol::Udp
        } else {
            Protocol::Tcp
        };
        for binding in bindings.unwrap_or_default() {
            let Some(published) = binding.host_port.and_then(|port| port.parse().ok()) else {
                continue;
            };
            let host_ip = host_ip(binding.host_ip.as_deref());
            found.push(PublishedPort {
                target,
                published,
                host_ip,
                protocol,
            });
        }
    }
    found.sort();
    found
}

/// The listed networks that matter to the stack.
pub(super) fn networks(stack: &Stack, listed: Vec<EngineNetwork>) -> Vec<Network> {
    let mut found: Vec<Network> = listed
        .into_iter()
        .filter_map(|network| {
            let labels = network.labels.unwrap_or_default().into_iter().collect();
            let maker = labels::maker(stack, &labels);
            let name = network.name.unwrap_or_default();
            let needed = stack.networks.values().any(|wanted| wanted.name == name);
            (maker == Maker::Ours || needed).then(|| Network {
                id: NetworkId(network.id.unwrap_or_default()),
                name,
                maker,
            })
        })
        .collect();
    found.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
    found
}

/// The listed networks of this name, in the order in which they were made.
pub(super) fn oldest_first(listed: Vec<EngineNetwork>, name: &str) -> Vec<NetworkId> {
    let mut same: Vec<(Option<Timestamp>, String)> = listed
        .into_iter()
        .filter(|network| network.name.as_deref() == Some(name))
        .filter_map(|network| {
            let created = network
                .created
                .as_deref()
                .and_then(|time| time.parse().ok());
            Some((created, network.id?))
        })
        .collect();
    same.sort();
    same.into_iter().map(|(_, id)| NetworkId(id)).collect()
}

/// The names of the listed volumes that matter to the stack, or are asked about.
pub(super) fn volumes(stack: &Stack, further: &[String], listed: Vec<Volume>) -> Vec<String> {
    let mut found: Vec<String> = listed
        .into_iter()
        .filter(|volume| {
            let labels = volume.labels.clone().into_iter().collect();
            labels::is_ours(stack, &labels)
                || stack
                    .volumes
                    .values()
                    .any(|wanted| wanted.name == volume.name)
                || further.contains(&volume.name)
        })
        .map(|volume| volume.name)
        .collect();
    found.sort();
    found
}

/// The names of the listed volumes that were made for the stack.
pub(super) fn own_volumes(stack: &Stack, listed: Vec<Volume>) -> Vec<String> {
    let own = listed.into_iter().filter(|volume| {
        let labels = volume.labels.clone().into_iter().collect();
        labels::is_ours(stack, &labels)
    });
    own.map(|volume| volume.name).collect()
}

/// The names of the listed volumes that the stack uses and that were not made for it.
pub(super) fn foreign_volumes(stack: &Stack, listed: Vec<Volume>) -> Vec<String> {
    let is_used = |name: &str| stack.volumes.values().any(|wanted| wanted.name == name);
    let foreign = listed.into_iter().filter(|volume| {
        let labels = volume.labels.clone().into_iter().collect();
        is_used(&volume.name) && !labels::is_ours(stack, &labels)
    });
    foreign.map(|volume| volume.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_status_and_health_are_read_from_the_listings_words() {
        assert_eq!(exit_code_in("Exited (137) 3 minutes ago"), Some(137));
        assert_eq!(exit_code_in("Up 3 minutes"), None);
        assert_eq!(
            health_in("Up 2 seconds (health: starting)"),
            Some(Health::Starting)
        );
        assert_eq!(health_in("Up 2 hours (unhealthy)"), Some(Health::Unhealthy));
        assert_eq!(health_in("Up 2 hours"), None);
    }

    #[test]
    fn addresses_are_read_where_there_are_any() {
        let endpoint = |text: &str| -> EndpointSettings { serde_json::from_str(text).unwrap() };
        let running = endpoint(r#"{"IPAddress":"172.18.0.2","GlobalIPv6Address":"fd00::2"}"#);
        let stopped = endpoint(r#"{"IPAddress":"","GlobalIPv6Address":""}"#);
        let (four, six) = (IpAddr::from([172, 18, 0, 2]), "fd00::2".parse().unwrap());
        assert_eq!(addresses(&[running, stopped]), [four, six]);
    }

    #[test]
    fn networks_are_sorted_by_their_time_and_not_by_the_text_of_it() {
        let network = |id: &str, name: &str, created: &str| EngineNetwork {
            id: Some(id.to_owned()),
            name: Some(name.to_owned()),
            created: Some(created.to_owned()),
            ..EngineNetwork::default()
        };
        let listed = vec![
            network("a", "hub", "2026-11-24T09:00:00.12Z"),
            network("b", "hub", "2026-11-24T09:00:00.1Z"),
            network("c", "other", "2026-11-24T08:00:00Z"),
        ];
        let ids = ["b", "a"].map(|id| NetworkId(id.to_owned()));
        assert_eq!(oldest_first(listed, "hub"), ids);
    }

    #[test]
    fn published_ports_are_read_from_an_inspection() {
        let ports: PortMap = serde_json::from_str(
            r#"{"9000/tcp":[{"HostIp":"127.0.0.1","HostPort":"29001"}],"9001/tcp":null}"#,
        )
        .unwrap();
        assert_eq!(
            port_map(ports),
            [PublishedPort {
                target: 9000,
                published: 29001,
                host_ip: IpAddr::from([127, 0, 0, 1]),
                protocol: Protocol::Tcp
            }]
        );
    }
}
