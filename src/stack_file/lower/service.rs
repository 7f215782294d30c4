//! One service.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Lowering, keys};
use crate::model::{ContainerSpec, ImageRef, RestartPolicy, Service, ServiceName, Stack};
use crate::stack_file::merge::host;
use crate::stack_file::node::{Key, Node, Value};

/// Compose's own grace period.
const GRACE_PERIOD: Duration = Duration::from_secs(10);

impl Lowering<'_> {
    /// A service, and the profiles that switch it on.
    pub(super) fn service(
        &mut self,
        key: &Key,
        node: &Node,
        stack: &Stack,
    ) -> Option<(Service, BTreeSet<String>)> {
        let name = match ServiceName::new(key.text.as_str()) {
            Ok(name) => name,
            Err(error) => {
                self.problem(&key.at, format!("service `{}`: {error}", key.text));
                return None;
            }
        };
        if let Value::Scalar(_) | Value::Sequence(_) = &node.value {
            self.problem(&node.at, format!("service `{name}` must be a mapping"));
            return None;
        }
        self.only_keys(node, keys::SERVICE, "a service");
        let (container, has_image) = self.container(key, node, stack)?;
        let mut service = Service::new(name, container);
        if let Some(ports) = node.get("ports") {
            service.port_variables = self.port_variables(ports, &service.container.ports);
        }
        if let Some(policy) = node.get("pull_policy") {
            service.pull_policy = self.pull_policy(policy).unwrap_or_default();
        }
        if let Some(depends_on) = node.get("depends_on") {
            service.depends_on = self.depends_on(depends_on);
        }
        // Without an image there is no guess at the kind, and so no telling which keys it has.
        let has_kind = node
            .get("x-devinfra")
            .is_some_and(|node| node.get("kind").is_some());
        if has_image || has_kind {
            self.service_extension(node, &mut service);
        }
        let profiles = node
            .get("profiles")
            .map(|node| self.strings(node, "profiles"));
        Some((service, profiles.unwrap_or_default().into_iter().collect()))
    }

    /// What the container is made of, and whether it has a usable image; without one, the rest is
    /// read all the same, for its problems.
    fn container(
        &mut self,
        key: &Key,
        node: &Node,
        stack: &Stack,
    ) -> Option<(ContainerSpec, bool)> {
        let image = if let Some(image) = node.get("image") {
            self.read(image, "image", ImageRef::parse)
        } else {
            self.problem(&key.at, format!("service `{}` has no `image`", key.text));
            None
        };
        let stand_in = ImageRef::parse("none").ok()?;
        let default_name = format!("{}-{}-1", stack.name, key.text);
        let has_image = image.is_some();
        let mut spec = ContainerSpec::new(default_name, image.unwrap_or(stand_in));
        self.identity(node, &mut spec);
        self.wiring(node, &mut spec);
        self.isolation(node, &mut spec);
        Some((spec, has_image))
    }

    fn option(&mut self, node: &Node, key: &str) -> Option<String> {
        node.get(key).and_then(|node| self.string(node, key))
    }

    fn list(&mut self, node: &Node, key: &str) -> Vec<String> {
        node.get(key)
            .map(|node| self.strings(node, key))
            .unwrap_or_default()
    }

    /// What it is called and what it runs.
    fn identity(&mut self, node: &Node, spec: &mut ContainerSpec) {
        if let Some(name) = node.get("container_name") {
            let read = self.read(name, "container_name", container_name);
            spec.name = read.unwrap_or_default();
        }
        spec.platform = self.option(node, "platform");
        spec.hostname = self.option(node, "hostname");
        spec.user = self.option(node, "user");
        spec.working_dir = self.option(node, "working_dir");
        spec.stop_signal = self.option(node, "stop_signal");
        spec.command = node
            .get("command")
            .and_then(|node| self.command(node, "command"));
        spec.entrypoint = node
            .get("entrypoint")
            .and_then(|node| self.command(node, "entrypoint"));
        spec.environment = self.environment(node.get("env_file"), node.get("environment"));
        spec.labels = self.labels(node.get("labels"));
        let grace = node.get("stop_grace_period");
        let grace = grace.and_then(|node| self.duration(node, "stop_grace_period"));
        spec.stop_grace_period = grace.unwrap_or(GRACE_PERIOD);
        let restart = node.get("restart").and_then(|node| self.restart(node));
        spec.restart = restart.unwrap_or(RestartPolicy::No);
        spec.init = node.get("init").and_then(|node| self.boolean(node, "init"));
    }

    /// What it is connected to.
    fn wiring(&mut self, node: &Node, spec: &mut ContainerSpec) {
        spec.ports = node
            .get("ports")
            .map(|node| self.ports(node))
            .unwrap_or_default();
        spec.expose = self.list(node, "expose");
        let mut mounts = node
            .get("volumes")
            .map(|node| self.mounts(node))
            .unwrap_or_default();
        if let Some(tmpfs) = node.get("tmpfs") {
            mounts.extend(self.tmpfs(tmpfs));
        }
        spec.mounts = self.mounted_once(mounts);
        spec.networks = match node.get("networks") {
            Some(networks) => self.attachments(networks),
            None => Self::default_attachment(),
        };
        let hosts = node.get("extra_hosts");
        spec.extra_hosts = hosts.map(|node| self.hosts(node)).unwrap_or_default();
    }

    /// `host.docker.internal:host-gateway` or with `=`; a mapping too.
    fn hosts(&mut self, node: &Node) -> BTreeMap<String, String> {
        if let Value::Mapping(_) | Value::Null = &node.value {
            return self.pairs(node, "extra_hosts", "=");
        }
        let mut found = BTreeMap::new();
        for item in self.sequence(node, "extra_hosts") {
            let host = self.read_item(item, "extra_hosts", |text| {
                host(text).ok_or_else(|| format!("`{text}` is no host: write NAME:ADDRESS"))
            });
            found.extend(host);
        }
        found
    }

    /// What it may do and use.
    fn isolation(&mut self, node: &Node, spec: &mut ContainerSpec) {
        spec.cap_add = self.list(node, "cap_add");
        spec.cap_drop = self.list(node, "cap_drop");
        spec.security_opt = self.list(node, "security_opt");
        let read_only = node
            .get("read_only")
            .and_then(|node| self.boolean(node, "read_only"));
        spec.read_only = read_only.unwrap_or(false);
        spec.shm_size = node
            .get("shm_size")
            .and_then(|node| self.size(node, "shm_size"));
        spec.ulimits = node
            .get("ulimits")
            .map(|node| self.ulimits(node))
            .unwrap_or_default();
        let sysctls = node.get("sysctls");
        spec.sysctls = sysctls
            .map(|node| self.pairs(node, "sysctls", "="))
            .unwrap_or_default();
        spec.limits = self.limits(node);
        spec.logging = node.get("logging").map(|node| self.logging(node));
        spec.healthcheck = node
            .get("healthcheck")
            .and_then(|node| self.healthcheck(node));
    }
}

/// The engine's rule: `[a-zA-Z0-9][a-zA-Z0-9_.-]+`.
fn container_name(text: &str) -> Result<String, String> {
    let starts_well = text.starts_with(|first: char| first.is_ascii_alphanumeric());
    let is_part =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-');
    if starts_well && text.len() > 1 && text.chars().all(is_part) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "`{text}` is no container name: two or more of `a-z`, `A-Z`, `0-9`, `_`, `.` and `-`, \
             beginning with a letter or digit"
        ))
    }
}
