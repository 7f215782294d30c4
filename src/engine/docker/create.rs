//! Containers and volumes in the words of the Docker Engine API.

use std::collections::BTreeMap;
use std::time::Duration;

use bollard::models::{
    ContainerCreateBody, EndpointSettings, HealthConfig, HostConfig, HostConfigLogConfig,
    Mount as EngineMount, MountBindOptions, MountTmpfsOptions, MountType, NetworkConnectRequest,
    NetworkingConfig, PortBinding, ResourcesUlimits, RestartPolicy as EngineRestartPolicy,
    RestartPolicyNameEnum, VolumeCreateRequest,
};

use super::Docker;
use crate::engine::{EngineError, labels};
use crate::model::{
    ByteSize, ContainerId, ContainerSpec, Healthcheck, Mount, MountSource, NetworkAttachment,
    NetworkId, RestartPolicy, Service, Stack, Submounts, VolumeSpec,
};

/// The body of a create call.
pub(super) fn container(
    stack: &Stack,
    service: &Service,
    networks: &BTreeMap<String, NetworkId>,
) -> ContainerCreateBody {
    let spec = &service.container;
    let mut exposed: Vec<String> = spec
        .ports
        .iter()
        .map(|port| format!("{}/{}", port.target, port.protocol))
        .collect();
    exposed.extend(spec.expose.iter().map(|port| with_protocol(port)));
    let environment = spec
        .environment
        .iter()
        .map(|(name, value)| format!("{name}={}", value.reveal()));
    ContainerCreateBody {
        hostname: spec.hostname.clone(),
        user: spec.user.clone(),
        exposed_ports: some_unless_empty(exposed),
        env: some_unless_empty(environment.collect()),
        cmd: spec.command.clone(),
        entrypoint: spec.entrypoint.clone(),
        healthcheck: spec.healthcheck.as_ref().map(healthcheck),
        image: Some(spec.image.to_string()),
        working_dir: spec.working_dir.clone(),
        labels: Some(labels::for_container(stack, service).into_iter().collect()),
        stop_signal: spec.stop_signal.clone(),
        stop_timeout: i64::try_from(spec.stop_grace_period.as_secs()).ok(),
        host_config: Some(host_config(stack, spec, networks)),
        networking_config: first_network(service, networks),
        ..ContainerCreateBody::default()
    }
}

fn host_config(
    stack: &Stack,
    spec: &ContainerSpec,
    networks: &BTreeMap<String, NetworkId>,
) -> HostConfig {
    let mut bindings: BTreeMap<String, Vec<PortBinding>> = BTreeMap::new();
    for port in &spec.ports {
        bindings
            .entry(format!("{}/{}", port.target, port.protocol))
            .or_default()
            .push(PortBinding {
                host_ip: Some(port.host_ip.to_string()),
                host_port: Some(
                    port.published
                        .map(|port| port.to_string())
                        .unwrap_or_default(),
                ),
            });
    }
    let first = spec
        .networks
        .first()
        .and_then(|attachment| networks.get(&attachment.network));
    HostConfig {
        memory: spec.limits.memory.map(bytes),
        nano_cpus: spec
            .limits
            .milli_cpus
            .and_then(|milli| i64::try_from(milli * 1_000_000).ok()),
        pids_limit: spec.limits.pids,
        init: spec.init,
        ulimits: some_unless_empty(ulimits(spec)),
        log_config: spec.logging.as_ref().map(|logging| HostConfigLogConfig {
            typ: logging.driver.clone(),
            config: Some(logging.options.clone().into_iter().collect()),
        }),
        network_mode: first.map(|id| id.0.clone()),
        port_bindings: Some(
            bindings
                .into_iter()
                .map(|(port, hosts)| (port, Some(hosts)))
                .collect(),
        ),
        restart_policy: Some(restart_policy(spec.restart)),
        mounts: some_unless_empty(mounts(stack, spec)),
        cap_add: some_unless_empty(spec.cap_add.clone()),
        cap_drop: some_unless_empty(spec.cap_drop.clone()),
        extra_hosts: some_unless_empty(
            spec.extra_hosts
                .iter()
                .map(|(name, address)| format!("{name}:{address}"))
                .collect(),
        ),
        readonly_rootfs: spec.read_only.then_some(true),
        security_opt: some_unless_empty(spec.security_opt.clone()),
        shm_size: spec.shm_size.map(bytes),
        sysctls: (!spec.sysctls.is_empty()).then(|| spec.sysctls.clone().into_iter().collect()),
        ..HostConfig::default()
    }
}

fn ulimits(spec: &ContainerSpec) -> Vec<ResourcesUlimits> {
    spec.ulimits
        .iter()
        .map(|(name, limit)| ResourcesUlimits {
            name: Some(name.clone()),
            soft: Some(limit.soft),
            hard: Some(limit.hard),
        })
        .collect()
}

fn mounts(stack: &Stack, spec: &ContainerSpec) -> Vec<EngineMount> {
    let volume = |key: &str| stack.volumes.get(key).map(|volume| volume.name.clone());
    let mounts = spec.mounts.iter();
    mounts.map(|wanted| mount(wanted, volume)).collect()
}

fn mount(wanted: &Mount, volume: impl Fn(&str) -> Option<String>) -> EngineMount {
    let mut made = EngineMount {
        target: Some(wanted.target.clone()),
        read_only: wanted.read_only.then_some(true),
        ..EngineMount::default()
    };
    match &wanted.source {
        // Type `bind` fails when the source is missing, where a `Binds` entry would let the
        // engine make it as root. Directories that may be made are made by us, as the user.
        MountSource::Bind(bind) => {
            made.typ = Some(MountType::BIND);
            made.source = Some(bind.source.to_string());
            made.bind_options = (bind.submounts == Submounts::Hidden).then(|| MountBindOptions {
                non_recursive: Some(true),
                ..MountBindOptions::default()
            });
        }
        MountSource::Volume { name } => {
            made.typ = Some(MountType::VOLUME);
            made.source = volume(name);
        }
        MountSource::AnonymousVolume => made.typ = Some(MountType::VOLUME),
        MountSource::Tmpfs(tmpfs) => {
            made.typ = Some(MountType::TMPFS);
            made.tmpfs_options = Some(MountTmpfsOptions {
                size_bytes: tmpfs.size.map(bytes),
                mode: tmpfs.mode.map(i64::from),
                ..MountTmpfsOptions::default()
            });
        }
    }
    made
}

fn restart_policy(policy: RestartPolicy) -> EngineRestartPolicy {
    let (name, retries) = match policy {
        RestartPolicy::No => (RestartPolicyNameEnum::NO, None),
        RestartPolicy::Always => (RestartPolicyNameEnum::ALWAYS, None),
        RestartPolicy::UnlessStopped => (RestartPolicyNameEnum::UNLESS_STOPPED, None),
        RestartPolicy::OnFailure { max_retries } => {
            (RestartPolicyNameEnum::ON_FAILURE, max_retries)
        }
    };
    EngineRestartPolicy {
        name: Some(name),
        maximum_retry_count: retries.map(i64::from),
    }
}

fn healthcheck(check: &Healthcheck) -> HealthConfig {
    let nanos = |duration: Option<Duration>| {
        duration.and_then(|duration| i64::try_from(duration.as_nanos()).ok())
    };
    match check {
        Healthcheck::Disabled => HealthConfig {
            test: Some(vec!["NONE".to_owned()]),
            ..HealthConfig::default()
        },
        Healthcheck::Command {
            test,
            interval,
            timeout,
            retries,
            start_period,
            start_interval,
        } => HealthConfig {
            test: Some(test.clone()),
            interval: nanos(*interval),
            timeout: nanos(*timeout),
            retries: retries.map(i64::from),
            start_period: nanos(*start_period),
            start_interval: nanos(*start_interval),
        },
    }
}

/// Engines before 25 (API 1.44) take only one network at creation; the others are joined after it.
fn first_network(
    service: &Service,
    networks: &BTreeMap<String, NetworkId>,
) -> Option<NetworkingConfig> {
    let attachment = service.container.networks.first()?;
    let id = networks.get(&attachment.network)?;
    Some(NetworkingConfig {
        endpoints_config: Some([(id.0.clone(), endpoint(service, attachment))].into()),
    })
}

pub(super) async fn join_further_networks(
    docker: &Docker,
    service: &Service,
    networks: &BTreeMap<String, NetworkId>,
    container: &ContainerId,
) -> Result<(), EngineError> {
    for attachment in service.container.networks.iter().skip(1) {
        let Some(id) = networks.get(&attachment.network) else {
            continue;
        };
        let request = NetworkConnectRequest {
            container: container.0.clone(),
            endpoint_config: Some(endpoint(service, attachment)),
        };
        let operation = format!(
            "join `{}` to network `{}`",
            service.container.name, attachment.network
        );
        docker
            .call(
                operation,
                docker.deadlines.slow,
                docker.client.connect_network(&id.0, request),
            )
            .await?;
    }
    Ok(())
}

/// On a network of its own a container is found by its service's name, as with Compose.
fn endpoint(service: &Service, attachment: &NetworkAttachment) -> EndpointSettings {
    let mut aliases = vec![service.name.to_string()];
    aliases.extend(attachment.aliases.iter().cloned());
    EndpointSettings {
        aliases: Some(aliases),
        ..EndpointSettings::default()
    }
}

pub(super) async fn volume(
    docker: &Docker,
    stack: &Stack,
    key: &str,
    volume: &VolumeSpec,
) -> Result<(), EngineError> {
    let labels = labels::for_volume(stack, key, &volume.labels);
    let request = VolumeCreateRequest {
        name: Some(volume.name.clone()),
        labels: Some(labels.into_iter().collect()),
        ..VolumeCreateRequest::default()
    };
    let operation = format!("create volume `{}`", volume.name);
    let created = docker.client.create_volume(request);
    docker
        .call(operation, docker.deadlines.slow, created)
        .await
        .map(|_volume| ())
}

fn with_protocol(port: &str) -> String {
    if port.contains('/') {
        port.to_owned()
    } else {
        format!("{port}/tcp")
    }
}

fn bytes(size: ByteSize) -> i64 {
    i64::try_from(size.0).unwrap_or(i64::MAX)
}

fn some_unless_empty<T>(values: Vec<T>) -> Option<Vec<T>> {
    (!values.is_empty()).then_some(values)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::{Bind, HostPath};

    fn asked(submounts: Submounts) -> Value {
        let wanted = Mount {
            target: "/data".to_owned(),
            source: MountSource::Bind(Bind {
                source: HostPath("/project/data".into()),
                create: true,
                submounts,
            }),
            read_only: false,
        };
        serde_json::to_value(mount(&wanted, |_key| None)).unwrap()
    }

    /// The second line of defence of what empties directories: it sees no other file system.
    #[test]
    fn what_is_mounted_inside_a_bind_mount_is_hidden_where_asked() {
        let bind = json!({"Target": "/data", "Source": "/project/data", "Type": "bind"});
        assert_eq!(asked(Submounts::Seen), bind);
        let mut hiding = bind;
        hiding["BindOptions"] = json!({"NonRecursive": true});
        assert_eq!(asked(Submounts::Hidden), hiding);
    }
}
