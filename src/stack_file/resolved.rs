//! A stack as text again: merged, interpolated, with every default written out.

use serde_yaml::Value;

use super::map::{Map, escaped, texts};
use super::redact::redact;
use crate::model::{
    Bind, ContainerSpec, Exports, Healthcheck, Hooks, Kind, Mount, MountSource, PullPolicy,
    RestartPolicy, Service, Stack,
};

/// Whether secrets are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// `<redacted>` stands for each.
    Redacted,
    /// As they are.
    Shown,
}

/// The stack as a value of a stack file's shape. With secrets shown, its YAML is a stack file of the
/// same meaning.
pub fn resolved(stack: &Stack, secrets: Secrets) -> Value {
    let mut root = Map::default();
    root.put("name", stack.name.as_str());
    let hooks = &stack.hooks;
    let mut all_hooks = Map::default();
    for (key, commands) in [
        ("after_up", &hooks.after_up),
        ("after_reset", &hooks.after_reset),
        ("before_down", &hooks.before_down),
    ] {
        let commands: Vec<Value> = commands.iter().map(|command| texts(command)).collect();
        all_hooks.list(key, commands);
    }
    if hooks.timeout != Hooks::default().timeout {
        all_hooks.duration("timeout", Some(hooks.timeout));
    }
    let mut extension = Map::default();
    extension.map("hooks", all_hooks);
    root.map("x-devinfra", extension);
    let mut services = Map::default();
    for (name, one) in &stack.services {
        services.map(name.as_str(), service(one, secrets));
    }
    root.map("services", services);
    let mut networks = Map::default();
    for (key, network) in &stack.networks {
        let mut map = Map::default();
        map.text("name", &network.name);
        map.flag("external", network.external);
        map.maybe("driver", network.driver.as_deref());
        map.flag("internal", network.internal);
        map.pairs("labels", &network.labels);
        networks.map(key, map);
    }
    root.map("networks", networks);
    let mut volumes = Map::default();
    for (key, volume) in &stack.volumes {
        let mut map = Map::default();
        map.text("name", &volume.name);
        map.flag("external", volume.external);
        map.pairs("labels", &volume.labels);
        volumes.map(key, map);
    }
    root.map("volumes", volumes);
    Value::Mapping(root.0)
}

/// The value as YAML.
pub fn to_yaml(value: &Value) -> String {
    // A value of texts, numbers and mappings with text keys always has a YAML form.
    serde_yaml::to_string(value).unwrap_or_default()
}

fn service(service: &Service, secrets: Secrets) -> Map {
    let mut map = container(&service.container, secrets);
    map.put(
        "pull_policy",
        match service.pull_policy {
            PullPolicy::Missing => "missing",
            PullPolicy::Always => "always",
            PullPolicy::Never => "never",
        },
    );
    let mut depends_on = Map::default();
    for (name, how) in &service.depends_on {
        let mut one = Map::default();
        one.put("condition", how.condition.word());
        one.put("required", how.required);
        depends_on.map(name.as_str(), one);
    }
    map.map("depends_on", depends_on);
    map.map("x-devinfra", extension(service, secrets));
    if secrets == Secrets::Redacted
        && let Some(secret) = service.kind.secret()
    {
        for key in [
            "command",
            "entrypoint",
            "labels",
            "healthcheck",
            "x-devinfra",
        ] {
            if let Some(value) = map.0.get_mut(key) {
                redact(value, secret);
            }
        }
    }
    map
}

fn container(spec: &ContainerSpec, secrets: Secrets) -> Map {
    let mut map = Map::default();
    map.put("image", spec.image.as_str());
    map.maybe("platform", spec.platform.as_deref());
    map.put("container_name", spec.name.as_str());
    map.maybe("hostname", spec.hostname.as_deref());
    map.option("entrypoint", spec.entrypoint.as_deref().map(texts));
    map.option("command", spec.command.as_deref().map(texts));
    let mut environment = Map::default();
    for (name, value) in &spec.environment {
        environment.secret(name, value, secrets);
    }
    map.map("environment", environment);
    map.maybe("user", spec.user.as_deref());
    map.maybe("working_dir", spec.working_dir.as_deref());
    map.pairs("labels", &spec.labels);
    map.list(
        "ports",
        spec.ports
            .iter()
            .map(|port| port.to_string().into())
            .collect(),
    );
    map.texts("expose", &spec.expose);
    map.list("volumes", spec.mounts.iter().map(mount).collect());
    let mut networks = Map::default();
    for attachment in &spec.networks {
        let mut one = Map::default();
        one.texts("aliases", &attachment.aliases);
        networks.put(&attachment.network, Value::Mapping(one.0));
    }
    map.map("networks", networks);
    settings(&mut map, spec);
    map
}

fn settings(map: &mut Map, spec: &ContainerSpec) {
    map.put(
        "restart",
        match spec.restart {
            RestartPolicy::No => "no".to_owned(),
            RestartPolicy::Always => "always".to_owned(),
            RestartPolicy::UnlessStopped => "unless-stopped".to_owned(),
            RestartPolicy::OnFailure { max_retries: None } => "on-failure".to_owned(),
            RestartPolicy::OnFailure {
                max_retries: Some(times),
            } => format!("on-failure:{times}"),
        },
    );
    map.duration("stop_grace_period", Some(spec.stop_grace_period));
    map.maybe("stop_signal", spec.stop_signal.as_deref());
    map.option("init", spec.init);
    map.texts("cap_add", &spec.cap_add);
    map.texts("cap_drop", &spec.cap_drop);
    map.texts("security_opt", &spec.security_opt);
    map.flag("read_only", spec.read_only);
    map.option("shm_size", spec.shm_size.map(|size| size.0));
    let mut ulimits = Map::default();
    for (name, limit) in &spec.ulimits {
        let mut one = Map::default();
        one.put("soft", limit.soft);
        one.put("hard", limit.hard);
        ulimits.map(name, one);
    }
    map.map("ulimits", ulimits);
    map.pairs("sysctls", &spec.sysctls);
    map.pairs("extra_hosts", &spec.extra_hosts);
    map.option("mem_limit", spec.limits.memory.map(|size| size.0));
    let cpus = spec
        .limits
        .milli_cpus
        .map(|milli| format!("{}.{:03}", milli / 1000, milli % 1000));
    map.option("cpus", cpus);
    map.option("pids_limit", spec.limits.pids);
    if let Some(logging) = &spec.logging {
        let mut one = Map::default();
        one.maybe("driver", logging.driver.as_deref());
        one.pairs("options", &logging.options);
        map.map("logging", one);
    }
    if let Some(check) = &spec.healthcheck {
        map.map("healthcheck", healthcheck(check));
    }
}

fn healthcheck(check: &Healthcheck) -> Map {
    let mut map = Map::default();
    match check {
        Healthcheck::Disabled => map.flag("disable", true),
        Healthcheck::Command {
            test,
            interval,
            timeout,
            retries,
            start_period,
            start_interval,
        } => {
            map.put("test", texts(test));
            map.duration("interval", *interval);
            map.duration("timeout", *timeout);
            map.option("retries", *retries);
            map.duration("start_period", *start_period);
            map.duration("start_interval", *start_interval);
        }
    }
    map
}

fn mount(mount: &Mount) -> Value {
    let mut map = Map::default();
    match &mount.source {
        MountSource::Bind(Bind { source, create, .. }) => {
            map.put("type", "bind");
            map.put("source", escaped(&source.to_string()));
            let mut bind = Map::default();
            bind.put("create_host_path", *create);
            map.map("bind", bind);
        }
        MountSource::Volume { name } => {
            map.put("type", "volume");
            map.text("source", name);
        }
        MountSource::AnonymousVolume => map.put("type", "volume"),
        MountSource::Tmpfs(tmpfs) => {
            map.put("type", "tmpfs");
            let mut options = Map::default();
            options.option("size", tmpfs.size.map(|size| size.0));
            options.option("mode", tmpfs.mode.map(|mode| format!("{mode:o}")));
            map.map("tmpfs", options);
        }
    }
    map.text("target", &mount.target);
    map.flag("read_only", mount.read_only);
    Value::Mapping(map.0)
}

fn extension(service: &Service, secrets: Secrets) -> Map {
    let mut map = Map::default();
    map.put("kind", service.kind.word());
    map.option("port", service.kind.port());
    kind_options(&mut map, &service.kind, secrets);
    let Exports { with, without } = &service.exports;
    map.pairs("exports", with);
    map.pairs("exports_without", without);
    // An empty list is not the same as none: without one, the kind's own data paths are taken.
    if !service.container.mounts.is_empty() {
        map.put("data", texts(&service.data));
    }
    let files = service.data_files.iter();
    let files = files.map(|file| escaped(&file.to_string_lossy()).into());
    map.list("data_files", files.collect());
    let reset_with = service.reset_with.iter().map(|name| name.as_str().into());
    map.list("reset_with", reset_with.collect());
    map.option("required", (!service.required).then_some(false));
    map
}

fn kind_options(map: &mut Map, kind: &Kind, secrets: Secrets) {
    match kind {
        Kind::Postgres(postgres) => {
            map.put("user", escaped(&postgres.login.user));
            map.secret("password", &postgres.login.password, secrets);
            map.put("database", escaped(&postgres.database));
        }
        Kind::Valkey(valkey) => {
            map.option("user", valkey.username.as_deref().map(escaped));
            if let Some(password) = &valkey.password {
                map.secret("password", password, secrets);
            }
            map.put("database", valkey.database);
            if let Some(keys) = &valkey.keys {
                let mut one = Map::default();
                one.put("namespace", escaped(&keys.namespace));
                one.put("flushed", texts(&keys.flushed));
                one.put("kept", texts(&keys.kept));
                map.map("keys", one);
            }
        }
        Kind::S3(s3) => {
            map.put("access_key", escaped(&s3.access_key));
            map.secret("secret_key", &s3.secret_key, secrets);
            map.put("region", escaped(&s3.region));
            map.option("bucket", s3.bucket.as_deref().map(escaped));
        }
        Kind::Lakefs(lakefs) => {
            let file = lakefs.credentials_file.as_ref();
            map.option(
                "credentials_file",
                file.map(|path| escaped(&path.to_string_lossy())),
            );
            map.put("admin", escaped(&lakefs.admin));
        }
        Kind::Http(http) => {
            map.put("path", escaped(&http.path));
            map.option("status", http.status);
        }
        Kind::Exec(exec) => {
            map.put("command", texts(&exec.command));
            map.duration("timeout", Some(exec.timeout));
        }
        Kind::Tcp(_) | Kind::Healthcheck | Kind::Process => {}
    }
}
