//! What a container was made of, as one short line that can be kept in a label and compared.

use std::fmt;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::{Bind, ContainerSpec, Mount, MountSource};

/// A line such as `image:1c7f3a09e2b4,command:90…`: one short hash per facet.
///
/// "Did it change?" is a comparison of two such lines, and the facets that differ say what changed.
///
/// It leaves out what can change without a new container: the pull policy, the probe and the other
/// options under `x-devinfra` (they are read at every run), the dependencies (they order starts),
/// and the grace period (`down` passes it along). Absent fields write nothing, so a field that a
/// later version adds leaves every container as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(Vec<(Facet, String)>);

/// A group of settings that a person thinks of as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Facet {
    /// The image and its platform.
    Image,
    /// The entrypoint and the command.
    Command,
    /// The environment variables.
    Environment,
    /// The published and exposed ports.
    Ports,
    /// The mounts.
    Mounts,
    /// The networks.
    Networks,
    /// Everything else.
    Settings,
}

impl Facet {
    const ALL: [Self; 7] = [
        Self::Image,
        Self::Command,
        Self::Environment,
        Self::Ports,
        Self::Mounts,
        Self::Networks,
        Self::Settings,
    ];

    /// The word in a fingerprint and in a sentence.
    pub fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Command => "command",
            Self::Environment => "environment",
            Self::Ports => "ports",
            Self::Mounts => "mounts",
            Self::Networks => "networks",
            Self::Settings => "settings",
        }
    }

    fn text(self, spec: &ContainerSpec) -> String {
        match self {
            Self::Image => image(spec),
            Self::Command => command(spec),
            Self::Environment => environment(spec),
            Self::Ports => ports(spec),
            Self::Mounts => mounts(spec),
            Self::Networks => networks(spec),
            Self::Settings => settings(spec),
        }
    }
}

impl Fingerprint {
    /// The fingerprint of what a container is to be made of.
    pub fn of(spec: &ContainerSpec) -> Self {
        Self(
            Facet::ALL
                .map(|facet| (facet, short_hash(&facet.text(spec))))
                .to_vec(),
        )
    }

    /// The facets in which a container with the fingerprint `label` differs from this one.
    ///
    /// All of them when the label is none that this version can read.
    pub fn changes_from(&self, label: &str) -> Vec<Facet> {
        let old = |facet: Facet| {
            label
                .split(',')
                .find_map(|part| part.strip_prefix(facet.word())?.strip_prefix(':'))
                .unwrap_or_default()
        };
        self.0
            .iter()
            .filter(|(facet, hash)| old(*facet) != hash)
            .map(|(facet, _)| *facet)
            .collect()
    }

    /// A hash of the whole, as 64 hexadecimal digits: Compose's `config-hash` label.
    pub fn digest(&self) -> String {
        hexadecimal(&Sha256::digest(self.to_string()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (facet, hash)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{}:{hash}", facet.word())?;
        }
        Ok(())
    }
}

fn short_hash(text: &str) -> String {
    hexadecimal(Sha256::digest(text).get(..6).unwrap_or_default())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").ok(); // a String takes everything
        text
    })
}

/// Lines of `key=value`; only what is set gets one.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn put(&mut self, key: &str, value: impl fmt::Debug) {
        writeln!(self.0, "{key}={value:?}").ok(); // a String takes everything
    }

    fn option(&mut self, key: &str, value: Option<impl fmt::Debug>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    fn each<'a>(&mut self, key: &str, values: impl IntoIterator<Item = &'a String>) {
        for value in values {
            self.put(key, value);
        }
    }
}

fn image(spec: &ContainerSpec) -> String {
    let mut lines = Lines::default();
    lines.put("image", spec.image.as_str());
    lines.option("platform", spec.platform.as_ref());
    lines.0
}

fn command(spec: &ContainerSpec) -> String {
    let mut lines = Lines::default();
    lines.option("entrypoint", spec.entrypoint.as_ref());
    lines.option("command", spec.command.as_ref());
    lines.0
}

fn environment(spec: &ContainerSpec) -> String {
    let mut lines = Lines::default();
    for (name, value) in &spec.environment {
        lines.put(name, value.reveal());
    }
    lines.0
}

fn ports(spec: &ContainerSpec) -> String {
    let mut ports: Vec<String> = spec.ports.iter().map(ToString::to_string).collect();
    ports.sort();
    let mut lines = Lines::default();
    lines.each("port", &ports);
    lines.each("expose", &spec.expose);
    lines.0
}

fn mounts(spec: &ContainerSpec) -> String {
    let mut mounts: Vec<&Mount> = spec.mounts.iter().collect();
    mounts.sort();
    let mut lines = Lines::default();
    for mount in mounts {
        let what = match &mount.source {
            MountSource::Bind(Bind { source, .. }) => format!("bind {source}"),
            MountSource::Volume { name } => format!("volume {name}"),
            MountSource::AnonymousVolume => "volume".to_owned(),
            MountSource::Tmpfs(tmpfs) => {
                format!("tmpfs {:?} {:?}", tmpfs.size.map(|size| size.0), tmpfs.mode)
            }
        };
        let mode = if mount.read_only { "ro" } else { "rw" };
        lines.put(&mount.target, format!("{mode} {what}"));
    }
    lines.0
}

fn networks(spec: &ContainerSpec) -> String {
    let mut lines = Lines::default();
    for attachment in &spec.networks {
        lines.put(&attachment.network, &attachment.aliases);
    }
    lines.option("hostname", spec.hostname.as_ref());
    for (name, address) in &spec.extra_hosts {
        lines.put(name, address);
    }
    lines.0
}

fn settings(spec: &ContainerSpec) -> String {
    let mut lines = Lines::default();
    lines.put("name", &spec.name);
    lines.option("user", spec.user.as_ref());
    lines.option("working_dir", spec.working_dir.as_ref());
    for (name, value) in &spec.labels {
        lines.put("label", (name, value));
    }
    lines.put("restart", spec.restart);
    lines.option("init", spec.init);
    lines.each("cap_add", &spec.cap_add);
    lines.each("cap_drop", &spec.cap_drop);
    lines.each("security_opt", &spec.security_opt);
    lines.option("read_only", spec.read_only.then_some(true));
    lines.option("shm_size", spec.shm_size.map(|size| size.0));
    for (name, limit) in &spec.ulimits {
        lines.put("ulimit", (name, limit.soft, limit.hard));
    }
    for (name, value) in &spec.sysctls {
        lines.put("sysctl", (name, value));
    }
    lines.option("memory", spec.limits.memory.map(|size| size.0));
    lines.option("milli_cpus", spec.limits.milli_cpus);
    lines.option("pids", spec.limits.pids);
    lines.option(
        "logging",
        spec.logging
            .as_ref()
            .map(|logging| (&logging.driver, &logging.options)),
    );
    lines.option("healthcheck", spec.healthcheck.as_ref());
    lines.option("stop_signal", spec.stop_signal.as_ref());
    lines.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{ImageRef, PortMapping};

    fn spec() -> ContainerSpec {
        let mut spec = ContainerSpec::new("hub-db", ImageRef::parse("postgres:15").unwrap());
        spec.environment
            .insert("POSTGRES_PASSWORD".to_owned(), "secret".into());
        spec.ports.push(PortMapping::loopback(25432, 5432));
        spec
    }

    /// A new value here makes every user's containers be replaced at their next `up`.
    #[test]
    fn the_fingerprint_of_a_container_stays_the_same_between_versions() {
        assert_eq!(
            Fingerprint::of(&spec()).to_string(),
            "image:7f3e73a05925,command:e3b0c44298fc,environment:e182f65ab8d9,ports:6f3f3036c974,\
             mounts:e3b0c44298fc,networks:e3b0c44298fc,settings:ccd71eaa5d9c"
        );
    }

    #[test]
    fn what_changed_is_named() {
        let old = Fingerprint::of(&spec()).to_string();
        let mut changed = spec();
        assert_eq!(Fingerprint::of(&changed).changes_from(&old), []);
        changed
            .environment
            .insert("POSTGRES_PASSWORD".to_owned(), "other".into());
        changed.image = ImageRef::parse("postgres:16").unwrap();
        assert_eq!(
            Fingerprint::of(&changed).changes_from(&old),
            [Facet::Image, Facet::Environment]
        );
    }

    #[test]
    fn the_grace_period_changes_nothing() {
        let old = Fingerprint::of(&spec()).to_string();
        let mut changed = spec();
        changed.stop_grace_period = Duration::from_secs(99);
        assert_eq!(Fingerprint::of(&changed).to_string(), old);
    }

    #[test]
    fn an_unreadable_label_means_that_everything_changed() {
        assert_eq!(Fingerprint::of(&spec()).changes_from("v0"), Facet::ALL);
    }
}
