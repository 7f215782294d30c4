//! Which kind a service is, and the options of that kind. What is not said is taken from the
//! service's own image, environment and command.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Lowering;
use super::keys::{COMMON, KINDS, options};
use crate::model::{
    ExecProbe, Healthcheck, HttpProbe, Kind, Lakefs, LoginRole, Postgres, Protocol, S3, Secret,
    Service, TcpProbe, Valkey, ValkeyKeys,
};
use crate::stack_file::node::Node;
use crate::stack_file::problem::{Problem, closest};

impl Lowering<'_> {
    pub(super) fn kind(&mut self, extension: &Node, service: &Service) -> Option<Kind> {
        let word = match extension.get("kind") {
            Some(node) => {
                let word = self.string(node, "kind")?;
                if !KINDS.contains(&word.as_str()) {
                    let help = closest(&word, KINDS).map_or_else(
                        || format!("the kinds are {}", KINDS.join(", ")),
                        |close| format!("did you mean `{close}`?"),
                    );
                    let problem = Problem::new(&node.at, format!("there is no kind `{word}`"));
                    self.problems.push(problem.help(help));
                    return None;
                }
                word
            }
            None => guess(service).to_owned(),
        };
        let known: Vec<&str> = COMMON.iter().chain(options(&word)).copied().collect();
        self.only_keys(extension, &known, &format!("`x-devinfra` of kind `{word}`"));
        let mut reader = Reader {
            lowering: self,
            extension,
            service,
        };
        match word.as_str() {
            "postgres" => Some(reader.postgres()),
            "valkey" => Some(reader.valkey()),
            "s3" => Some(reader.s3()),
            "lakefs" => Some(reader.lakefs()),
            "http" => reader.http(),
            "tcp" => reader.tcp(),
            "exec" => reader.exec(),
            "healthcheck" => Some(Kind::Healthcheck),
            _ => Some(Kind::Process),
        }
    }
}

/// The kind that fits the image's name; else its health check, else its first published port.
fn guess(service: &Service) -> &'static str {
    let container = &service.container;
    match container.image.base_name() {
        "postgres" | "postgresql" | "postgis" | "pgvector" | "timescaledb" => "postgres",
        "valkey" | "redis" | "valkey-bundle" => "valkey",
        "minio" | "rustfs" | "seaweedfs" | "garage" | "s3" => "s3",
        "lakefs" => "lakefs",
        _ if matches!(container.healthcheck, Some(Healthcheck::Command { .. })) => "healthcheck",
        _ if container
            .ports
            .iter()
            .any(|port| port.protocol == Protocol::Tcp) =>
        {
            "tcp"
        }
        _ => "process",
    }
}

struct Reader<'r, 'l, 'n> {
    lowering: &'r mut Lowering<'l>,
    extension: &'n Node,
    service: &'n Service,
}

impl Reader<'_, '_, '_> {
    fn option(&mut self, key: &str) -> Option<String> {
        let node = self.extension.get(key)?;
        self.lowering.string(node, key)
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.service
            .container
            .environment
            .get(name)
            .map(|value| value.reveal().to_owned())
    }

    /// What the option says, else the container's variable, else the default.
    fn either(&mut self, key: &str, variables: &[&str], default: &str) -> String {
        self.option(key)
            .or_else(|| variables.iter().find_map(|name| self.variable(name)))
            .unwrap_or_else(|| default.to_owned())
    }

    fn port(&mut self) -> Option<u16> {
        let node = self.extension.get("port")?;
        self.lowering.port(node, "port")
    }

    fn port_or_published(&mut self) -> Option<u16> {
        let published = || {
            let ports = &self.service.container.ports;
            ports
                .iter()
                .find(|port| port.protocol == Protocol::Tcp)
                .map(|port| port.target)
        };
        let published = published();
        let port = self.port().or(published);
        if port.is_none() {
            let message = format!(
                "service `{}` publishes no port that could be asked",
                self.service.name
            );
            self.lowering.problem(&self.extension.at, message);
        }
        port
    }

    fn postgres(&mut self) -> Kind {
        let user = self.either("user", &["POSTGRES_USER"], "postgres");
        let password = Secret::new(self.either("password", &["POSTGRES_PASSWORD"], ""));
        Kind::Postgres(Postgres {
            port: self.port().unwrap_or(5432),
            database: self.either("database", &["POSTGRES_DB"], &user),
            login: LoginRole { user, password },
        })
    }

    fn valkey(&mut self) -> Kind {
        let command = self.service.container.command.clone().unwrap_or_default();
        let declared = declared(&command);
        let own_port = declared.get("port").and_then(|port| port.parse().ok());
        let password = self
            .option("password")
            .or_else(|| declared.get("requirepass").cloned());
        let database = self.extension.get("database");
        let database = database.and_then(|node| self.lowering.number(node, "database"));
        Kind::Valkey(Valkey {
            port: self.port().or(own_port).unwrap_or(6379),
            password: password.map(Secret::new),
            username: self.option("user"),
            database: database.unwrap_or(0),
            keys: self.extension.get("keys").map(|node| self.keys(node)),
            declared,
        })
    }

    fn keys(&mut self, node: &Node) -> ValkeyKeys {
        self.lowering
            .only_keys(node, &["namespace", "flushed", "kept"], "`keys`");
        let namespace = node
            .get("namespace")
            .and_then(|node| self.lowering.string(node, "namespace"));
        if namespace.is_none() {
            self.lowering.problem(
                &node.at,
                "`keys` has a `namespace`: the first part of every key",
            );
        }
        if namespace.as_ref().is_some_and(String::is_empty) {
            let message = "`namespace` is empty, which would cover every key there is";
            self.lowering.problem(&node.at, message);
        }
        let mut list = |key: &str| {
            let Some(node) = node.get(key) else {
                return Vec::new();
            };
            let prefixes = self.lowering.strings(node, key);
            if prefixes.iter().any(String::is_empty) {
                let message =
                    format!("a prefix under `{key}` is empty, which would cover every key");
                self.lowering.problem(&node.at, message);
            }
            prefixes
        };
        ValkeyKeys {
            namespace: namespace.unwrap_or_default(),
            flushed: list("flushed"),
            kept: list("kept"),
        }
    }

    fn s3(&mut self) -> Kind {
        let users = ["MINIO_ROOT_USER", "RUSTFS_ACCESS_KEY", "ROOT_ACCESS_KEY"];
        let passwords = [
            "MINIO_ROOT_PASSWORD",
            "RUSTFS_SECRET_KEY",
            "ROOT_SECRET_KEY",
        ];
        Kind::S3(S3 {
            port: self.port().unwrap_or(9000),
            access_key: self.either("access_key", &users, "minioadmin"),
            secret_key: Secret::new(self.either("secret_key", &passwords, "minioadmin")),
            region: self.either("region", &["MINIO_REGION"], "us-east-1"),
            bucket: self.option("bucket"),
        })
    }

    fn lakefs(&mut self) -> Kind {
        let listens = self.variable("LAKEFS_LISTEN_ADDRESS");
        let listens = listens.and_then(|address| address.rsplit_once(':')?.1.parse().ok());
        let file = self.option("credentials_file");
        Kind::Lakefs(Lakefs {
            port: self.port().or(listens).unwrap_or(8000),
            credentials_file: file.map(|path| self.lowering.host_path(&path).0),
            admin: self.either("admin", &[], "admin"),
        })
    }

    fn http(&mut self) -> Option<Kind> {
        let path = self.either("path", &[], "/");
        let status = self.extension.get("status");
        let status = status.and_then(|node| self.lowering.number(node, "status"));
        let path = if path.starts_with('/') {
            path
        } else {
            format!("/{path}")
        };
        Some(Kind::Http(HttpProbe {
            port: self.port_or_published()?,
            path,
            status,
        }))
    }

    fn tcp(&mut self) -> Option<Kind> {
        Some(Kind::Tcp(TcpProbe {
            port: self.port_or_published()?,
        }))
    }

    fn exec(&mut self) -> Option<Kind> {
        let Some(command) = self.extension.get("command") else {
            self.lowering.problem(
                &self.extension.at,
                "a service of kind `exec` has a `command`",
            );
            return None;
        };
        let timeout = self.extension.get("timeout");
        let timeout = timeout.and_then(|node| self.lowering.duration(node, "timeout"));
        Some(Kind::Exec(ExecProbe {
            command: self.lowering.command(command, "command")?,
            timeout: timeout.unwrap_or(Duration::from_secs(5)),
        }))
    }
}

/// The configuration that a server's command line declares: `--maxmemory 256mb --save 300 100`.
/// A flag's values are all words up to the next flag; a repeated flag adds to them, as with `save`.
fn declared(command: &[String]) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut current = None;
    for word in command {
        if let Some(flag) = word.strip_prefix("--") {
            current = Some(flag.to_ascii_lowercase());
            found.entry(flag.to_ascii_lowercase()).or_default();
        } else if let Some(value) = current.as_ref().and_then(|flag| found.get_mut(flag)) {
            if !value.is_empty() {
                value.push(' ');
            }
            value.push_str(word);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::stack_file::SCHEMA;
    use crate::stack_file::lower::keys::{SERVICE, TOP};

    #[test]
    fn the_schema_has_the_keys_that_are_read_and_no_others() {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let keys = |place: &str| -> BTreeSet<&str> {
            let properties = schema.pointer(place).and_then(Value::as_object);
            properties.unwrap().keys().map(String::as_str).collect()
        };
        let read = |keys: &[&'static str]| keys.iter().copied().collect::<BTreeSet<&str>>();
        assert_eq!(keys("/properties"), read(TOP));
        assert_eq!(keys("/$defs/service/properties"), read(SERVICE));
        let mut extension = read(&COMMON);
        extension.extend(KINDS.iter().flat_map(|kind| options(kind)));
        assert_eq!(keys("/$defs/extension/properties"), extension);
        let kinds = &schema["$defs"]["extension"]["properties"]["kind"]["enum"];
        assert_eq!(*kinds, Value::from(KINDS.to_vec()));
    }

    #[test]
    fn flags_declare_the_configuration() {
        let command =
            "valkey-server --maxmemory 256mb --save 300 100 --save 60 1000 --appendonly no";
        let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
        let found = declared(&words);
        assert_eq!(found["maxmemory"], "256mb");
        assert_eq!(found["save"], "300 100 60 1000");
        assert_eq!(found["appendonly"], "no");
        assert_eq!(found.len(), 3);
    }
}
