//! Which engine to talk to, by the rules of the `docker` command line.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::getuid;
use serde::Deserialize;

use super::{Choice, Context, EngineError, Logins, Naming};

/// Where an engine is, and how that was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `unix://…`, `tcp://…`, `ssh://…` or `npipe://…`.
    pub url: String,
    /// Who has chosen it.
    pub chosen_by: Choice,
}

/// What the user said about the engine; everything is optional.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// `--host`.
    pub host: Option<String>,
    /// `--context`.
    pub context: Option<String>,
    /// `DOCKER_HOST`.
    pub docker_host: Option<String>,
    /// `DOCKER_CONTEXT`.
    pub docker_context: Option<String>,
    /// `DOCKER_CONFIG`.
    pub docker_config: Option<PathBuf>,
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`.
    pub runtime_directory: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`.
    pub config_home: Option<PathBuf>,
    /// `REGISTRY_AUTH_FILE`.
    pub registry_auth_file: Option<PathBuf>,
}

#[derive(Deserialize, Default)]
struct Config {
    #[serde(default, rename = "currentContext")]
    current_context: Option<String>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Endpoints")]
    endpoints: BTreeMap<String, Endpoint>,
}

#[derive(Deserialize)]
struct Endpoint {
    #[serde(default, rename = "Host")]
    host: String,
}

impl Wishes {
    /// Decides on an engine: `--host`, `--context`, `DOCKER_HOST`, `DOCKER_CONTEXT`, the current
    /// context of the docker configuration, and then the first well-known socket that exists.
    ///
    /// # Errors
    ///
    /// When a context is named that does not exist or has no usable endpoint.
    pub fn decide(&self) -> Result<Address, EngineError> {
        if let Some(url) = set(self.host.as_deref()) {
            return Ok(address(url, Choice::Option));
        }
        if let Some(name) = set(self.context.as_deref()) {
            return self.context_endpoint(name, Naming::Option);
        }
        if let Some(url) = set(self.docker_host.as_deref()) {
            return Ok(address(url, Choice::Variable));
        }
        if let Some(name) = set(self.docker_context.as_deref()) {
            return self.context_endpoint(name, Naming::Variable);
        }
        if let Some(name) = self.current_context() {
            return self.context_endpoint(&name, Naming::Configuration);
        }
        Ok(self.well_known_socket())
    }

    /// Where logins to registries are looked for.
    pub fn logins(&self) -> Logins {
        let docker = self.configuration();
        let docker = docker.map(|directory| directory.join("config.json"));
        Logins::new(docker, self.podman_logins())
    }

    /// The files that Podman looks for logins in, the first one first. One that is named is the only
    /// one, also when it is docker's.
    ///
    /// <https://man.archlinux.org/man/containers-auth.json.5>; the legacy `~/.dockercfg` is left out.
    fn podman_logins(&self) -> Vec<PathBuf> {
        const FILE: &str = "containers/auth.json";
        if let Some(file) = &self.registry_auth_file {
            return vec![file.clone()];
        }
        if let Some(directory) = &self.docker_config {
            return vec![directory.join("config.json")];
        }
        let home = |path: &str| self.home.as_ref().map(|home| home.join(path));
        let own = self.config_home.clone().or_else(|| home(".config"));
        let own = own.map(|directory| directory.join(FILE));
        let primary = if cfg!(target_os = "macos") {
            home(".config/containers/auth.json")
        } else {
            let shared = || format!("/run/containers/{}", getuid().as_raw()).into();
            let directory = self.runtime_directory.as_ref();
            let directory = directory.map(|directory| directory.join("containers"));
            Some(directory.unwrap_or_else(shared).join("auth.json"))
        };
        let docker = home(".docker/config.json");
        [primary, own, docker].into_iter().flatten().collect()
    }

    fn configuration(&self) -> Option<PathBuf> {
        let default = || self.home.as_ref().map(|home| home.join(".docker"));
        self.docker_config.clone().or_else(default)
    }

    fn current_context(&self) -> Option<String> {
        let text = fs::read_to_string(self.configuration()?.join("config.json")).ok()?;
        let config: Config = serde_json::from_str(&text).ok()?;
        config
            .current_context
            .filter(|name| !name.is_empty() && name != "default")
    }

    /// The endpoint of a named context. The `default` context is the well-known socket.
    fn context_endpoint(&self, name: &str, named_by: Naming) -> Result<Address, EngineError> {
        let context = Context {
            name: name.to_owned(),
            named_by,
        };
        let url = if name == "default" {
            self.well_known_socket().url
        } else {
            self.endpoint_of(name)
                .map_err(|problem| EngineError::Context {
                    context: context.clone(),
                    problem,
                })?
        };
        Ok(address(&url, Choice::Context(context)))
    }

    /// The address that the docker configuration has of a context, or what is wrong with that.
    fn endpoint_of(&self, name: &str) -> Result<String, &'static str> {
        let contexts = self
            .configuration()
            .map(|configuration| configuration.join("contexts/meta"))
            .ok_or("there is no docker configuration directory")?;
        let meta = find_context(&contexts, name).ok_or("it does not exist")?;
        let endpoint = meta.endpoints.get("docker");
        match endpoint.map(|endpoint| endpoint.host.as_str()) {
            Some(host) if !host.is_empty() => Ok(host.to_owned()),
            Some(_) | None => Err("it has no docker endpoint"),
        }
    }

    /// The first socket that exists, of the engines that people use; Docker's own when none does.
    fn well_known_socket(&self) -> Address {
        let home = |path: &str| self.home.as_ref().map(|home| home.join(path));
        let runtime = |path: &str| self.runtime_directory.as_ref().map(|dir| dir.join(path));
        let default = PathBuf::from("/var/run/docker.sock");
        let known = [
            (Some(default.clone()), "Docker's default socket"),
            (runtime("docker.sock"), "rootless Docker's socket"),
            (home(".docker/run/docker.sock"), "Docker Desktop's socket"),
            (
                home(".docker/desktop/docker.sock"),
                "Docker Desktop's socket",
            ),
            (home(".orbstack/run/docker.sock"), "OrbStack's socket"),
            (home(".colima/default/docker.sock"), "Colima's socket"),
            (home(".rd/docker.sock"), "Rancher Desktop's socket"),
            (runtime("podman/podman.sock"), "rootless Podman's socket"),
            (
                Some(PathBuf::from("/run/podman/podman.sock")),
                "Podman's socket",
            ),
        ];
        let found = known
            .into_iter()
            .find_map(|(path, whose)| path.filter(|path| path.exists()).map(|path| (path, whose)));
        let (path, whose) = found.unwrap_or((default, "Docker's default socket"));
        let url = format!("unix://{}", path.display());
        address(&url, Choice::WellKnown(whose))
    }
}

impl Address {
    /// The address as it is shown: without a password.
    pub fn shown(&self) -> String {
        without_password(&self.url)
    }

    /// Whether the engine runs on this machine, so that its bind mounts and published ports are
    /// this machine's too.
    pub fn is_local(&self) -> bool {
        match self.url.split_once("://") {
            Some(("unix" | "npipe", _)) => true,
            Some(("tcp" | "http" | "https", host)) => ["127.", "localhost", "[::1]"]
                .iter()
                .any(|loopback| host.starts_with(loopback)),
            Some(_) | None => false,
        }
    }
}

/// The address of an engine without the password in it.
pub(crate) fn without_password(url: &str) -> String {
    let (scheme, rest) = url
        .find("://")
        .map_or(("", url), |at| url.split_at(at + "://".len()));
    let parts = rest.rsplit_once('@').and_then(|(who, host)| {
        let (user, _password) = who.split_once(':')?;
        Some(format!("{scheme}{user}:*****@{host}"))
    });
    parts
        .filter(|_| !scheme.starts_with("unix"))
        .unwrap_or_else(|| url.to_owned())
}

fn address(url: &str, chosen_by: Choice) -> Address {
    Address {
        url: url.to_owned(),
        chosen_by,
    }
}

/// The docker command line treats an empty setting as none.
fn set(value: Option<&str>) -> Option<&str> {
    value.filter(|value| !value.is_empty())
}

/// Contexts lie in directories named by a hash of their names; each says its name inside.
fn find_context(contexts: &Path, name: &str) -> Option<Meta> {
    fs::read_dir(contexts).ok()?.find_map(|entry| {
        let text = fs::read_to_string(entry.ok()?.path().join("meta.json")).ok()?;
        let meta: Meta = serde_json::from_str(&text).ok()?;
        (meta.name == name).then_some(meta)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_context() -> (tempfile::TempDir, Wishes) {
        let directory = tempfile::tempdir().unwrap();
        let meta = directory.path().join("contexts/meta/5f2c");
        fs::create_dir_all(&meta).unwrap();
        fs::write(
            meta.join("meta.json"),
            r#"{"Name":"colima","Endpoints":{"docker":{"Host":"unix:///c/docker.sock"}}}"#,
        )
        .unwrap();
        fs::write(
            directory.path().join("config.json"),
            r#"{"currentContext":"colima"}"#,
        )
        .unwrap();
        let docker_config = Some(directory.path().to_owned());
        (
            directory,
            Wishes {
                docker_config,
                ..Wishes::default()
            },
        )
    }

    #[test]
    fn the_order_is_the_docker_command_lines() {
        let (_directory, mut wishes) = with_context();
        let chosen = |wishes: &Wishes| {
            let address = wishes.decide().unwrap();
            format!("{} by {}", address.url, address.chosen_by)
        };
        assert_eq!(
            chosen(&wishes),
            "unix:///c/docker.sock by current docker context `colima`"
        );
        wishes.docker_context = Some("default".to_owned());
        let default = chosen(&wishes); // on a socket that this machine has
        assert!(
            default.ends_with(" by docker context `default`, by `DOCKER_CONTEXT`"),
            "{default}"
        );
        wishes.docker_context = Some("colima".to_owned());
        assert_eq!(
            chosen(&wishes),
            "unix:///c/docker.sock by docker context `colima`, by `DOCKER_CONTEXT`"
        );
        wishes.docker_host = Some("tcp://h:1".to_owned());
        assert_eq!(chosen(&wishes), "tcp://h:1 by `DOCKER_HOST`");
        wishes.host = Some("unix:///x".to_owned());
        assert_eq!(chosen(&wishes), "unix:///x by `--host`");
    }

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        for (url, shown) in [
            ("tcp://me:hunter2@h:1", "tcp://me:*****@h:1"),
            ("tcp://me:h/u@n:ter2@h:1/x", "tcp://me:*****@h:1/x"),
            ("me:hunter2@h", "me:*****@h"),
            ("ssh://me@h:22", "ssh://me@h:22"),
            ("unix:///tmp/a:b@c.sock", "unix:///tmp/a:b@c.sock"),
        ] {
            assert_eq!(address(url, Choice::Option).shown(), shown);
        }
    }

    #[test]
    fn an_unknown_context_is_named() {
        let (_directory, mut wishes) = with_context();
        wishes.context = Some("nope".to_owned());
        assert_eq!(
            wishes.decide().unwrap_err().to_string(),
            "docker context `nope`, which `--context` names, can't be used: it does not exist"
        );
    }
}
