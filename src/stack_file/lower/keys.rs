//! Which keys there are, and what to say about those of Compose that are not supported.

/// Keys at the top of a stack file.
pub(super) const TOP: &[&str] = &[
    "name",
    "version",
    "services",
    "networks",
    "volumes",
    "x-devinfra",
];

/// Keys of a service.
pub(super) const SERVICE: &[&str] = &[
    "image",
    "platform",
    "pull_policy",
    "container_name",
    "hostname",
    "command",
    "entrypoint",
    "environment",
    "env_file",
    "ports",
    "expose",
    "volumes",
    "networks",
    "depends_on",
    "user",
    "working_dir",
    "restart",
    "labels",
    "profiles",
    "stop_signal",
    "stop_grace_period",
    "init",
    "cap_add",
    "cap_drop",
    "security_opt",
    "read_only",
    "tmpfs",
    "shm_size",
    "ulimits",
    "sysctls",
    "extra_hosts",
    "mem_limit",
    "cpus",
    "pids_limit",
    "deploy",
    "logging",
    "healthcheck",
    "x-devinfra",
];

/// Keys of the top-level `x-devinfra`.
pub(super) const TOP_EXTENSION: &[&str] = &["env_files", "hooks", "version"];

/// Moments, and the time that a hook may take.
pub(super) const HOOKS: &[&str] = &["after_up", "after_reset", "before_down", "timeout"];

/// Keys of a service's `x-devinfra` that go with every kind.
pub(super) const COMMON: [&str; 7] = [
    "kind",
    "exports",
    "exports_without",
    "data",
    "data_files",
    "reset_with",
    "required",
];

pub(super) const KINDS: [&str; 9] = [
    "postgres",
    "valkey",
    "s3",
    "lakefs",
    "http",
    "tcp",
    "exec",
    "healthcheck",
    "process",
];

/// The options of the kind that this word names.
pub(super) fn options(word: &str) -> &'static [&'static str] {
    match word {
        "postgres" => &["port", "user", "password", "database"],
        "valkey" => &["port", "user", "password", "database", "keys"],
        "s3" => &["port", "access_key", "secret_key", "region", "bucket"],
        "lakefs" => &["port", "credentials_file", "admin"],
        "http" => &["port", "path", "status"],
        "tcp" => &["port"],
        "exec" => &["command", "timeout"],
        _ => &[],
    }
}

/// Whether the word is a key of the `x-devinfra` of the place that has the keys `known`.
pub(super) fn is_of_extension(known: &[&str], word: &str) -> bool {
    if known == TOP {
        return TOP_EXTENSION.contains(&word);
    }
    // `port` is rather a misspelt `ports`.
    known == SERVICE
        && word != "port"
        && (COMMON.contains(&word) || KINDS.iter().any(|kind| options(kind).contains(&word)))
}

/// What people who used an unsupported key of Compose should do instead: every key that the Compose
/// Specification has and devinfra has not.
pub(super) fn instead_of(key: &str) -> Option<&'static str> {
    of_service(key)
        .or_else(|| of_resources(key))
        .or_else(|| of_the_rest(key))
}

fn of_service(key: &str) -> Option<&'static str> {
    Some(match key {
        "build" => {
            "devinfra does not build: build the image first, for example with `docker build -t NAME .`, and name it under `image`"
        }
        "secrets" | "configs" => {
            "mount the file with `volumes`, or pass the value with `environment`"
        }
        "extends" | "include" => {
            "write the shared settings with a YAML anchor, or give several files with `-f`"
        }
        "network_mode" | "links" | "external_links" => {
            "put the services on a network of the stack with `networks`"
        }
        "privileged" => "name the capabilities that are needed with `cap_add`",
        "scale" | "replicas" => "devinfra runs one container of each service",
        "develop" | "provider" | "models" | "post_start" | "pre_stop" => {
            "this is for applications; devinfra runs the infrastructure below them"
        }
        "tty" | "stdin_open" | "attach" => {
            "infrastructure runs without a terminal; `docker exec -it` gives one"
        }
        "dns" | "dns_search" | "dns_opt" | "domainname" => {
            "containers of a stack find each other by service name; further names go under `extra_hosts`"
        }
        "pid" | "ipc" | "uts" | "userns_mode" | "cgroup" | "cgroup_parent" => {
            "containers of a stack have namespaces of their own"
        }
        "label_file" => "write the labels under `labels`",
        "annotations" => "write them as labels, under `labels`",
        "volumes_from" => "name the same volume under `volumes` of both services",
        "group_add" => "name the group with `user: USER:GROUP`",
        "pull_refresh_after" => "`pull_policy` is `missing`, `always` or `never`",
        _ => return None,
    })
}

fn of_resources(key: &str) -> Option<&'static str> {
    Some(match key {
        "devices" | "gpus" | "device_cgroup_rules" => {
            "devices of the host are out of devinfra's scope"
        }
        "mem_reservation" | "memswap_limit" | "mem_swappiness" | "cpu_count" | "cpu_percent"
        | "cpu_shares" | "cpu_quota" | "cpu_period" | "cpu_rt_period" | "cpu_rt_runtime"
        | "cpuset" | "blkio_config" | "oom_kill_disable" | "oom_score_adj" | "reservations" => {
            "`mem_limit`, `cpus` and `pids_limit` are the limits that are supported"
        }
        "storage_opt" | "runtime" | "isolation" | "credential_spec" | "use_api_socket" => {
            "leave it out: containers run as the engine is set up to run them"
        }
        "restart_policy" => "write it as the service's `restart`",
        "update_config" | "rollback_config" | "placement" | "endpoint_mode" | "mode" => {
            "leave it out: it is for clusters, and devinfra runs on one engine"
        }
        _ => return None,
    })
}

fn of_the_rest(key: &str) -> Option<&'static str> {
    Some(match key {
        "driver" | "ipam" | "enable_ipv4" | "enable_ipv6" | "attachable" | "driver_opts"
        | "ipv4_address" | "ipv6_address" | "link_local_ips" | "mac_address" | "gw_priority"
        | "priority" | "interface_name" => {
            "leave it out, or make the network or volume yourself and mark it `external: true`"
        }
        "propagation" | "selinux" | "recursive" | "nocopy" | "subpath" | "consistency"
        | "image" => "leave it out: mounts are made with the engine's defaults",
        "labels" => "write them as the service's `labels`",
        "restart" => {
            "leave it out: a service is replaced when it changed, not when its dependency did"
        }
        "format" => "leave it out; a value between single quotes is taken as it stands",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of `definitions.service.properties` in the specification's JSON Schema.
    const COMPOSE: &str = "annotations attach blkio_config build cap_add cap_drop cgroup \
        cgroup_parent command configs container_name cpu_count cpu_percent cpu_period cpu_quota \
        cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset credential_spec depends_on deploy develop \
        device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint env_file environment \
        expose extends external_links extra_hosts gpus group_add healthcheck hostname image init ipc \
        isolation label_file labels links logging mac_address mem_limit mem_reservation mem_swappiness \
        memswap_limit models network_mode networks oom_kill_disable oom_score_adj pid pids_limit \
        platform ports post_start pre_stop privileged profiles provider pull_policy \
        pull_refresh_after read_only restart runtime scale secrets security_opt shm_size stdin_open \
        stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits use_api_socket user \
        userns_mode uts volumes volumes_from working_dir";

    #[test]
    fn every_key_of_composes_services_is_supported_or_has_an_answer() {
        let unanswered: Vec<&str> = COMPOSE
            .split_whitespace()
            .filter(|key| !SERVICE.contains(key) && instead_of(key).is_none())
            .collect();
        assert_eq!(unanswered, Vec::<&str>::new());
    }
}
