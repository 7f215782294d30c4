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

/// What people who used an unsupported key of Compose should do instead.
pub(super) fn instead_of(key: &str) -> Option<&'static str> {
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
        "devices" | "gpus" | "device_cgroup_rules" => {
            "devices of the host are out of devinfra's scope"
        }
        "scale" => "devinfra runs one container of each service",
        "develop" | "provider" | "models" | "post_start" | "pre_stop" => {
            "this is for applications; devinfra runs the infrastructure below them"
        }
        "tty" | "stdin_open" => {
            "infrastructure runs without a terminal; `docker exec -it` gives one"
        }
        "dns" | "dns_search" | "dns_opt" => "containers of a stack find each other by service name",
        "mem_reservation" | "memswap_limit" | "cpu_shares" | "cpu_quota" | "cpuset" => {
            "`mem_limit` and `cpus` are the limits that are supported"
        }
        "pid" | "ipc" | "uts" | "userns_mode" | "cgroup" | "cgroup_parent" => {
            "containers of a stack have namespaces of their own"
        }
        "label_file" => "write the labels under `labels`",
        "volumes_from" => "name the same volume under `volumes` of both services",
        "group_add" => "name the group with `user: USER:GROUP`",
        _ => return None,
    })
}
