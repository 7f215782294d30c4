//! Placeholders such as `{url}` in the variables that a service exports.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{percent_encoded, reachable, url, url_with_credentials};
use crate::model::{Kind, Secret, Service, ServiceName, VariableName};

/// Placeholders whose values are secrets by themselves.
const SECRET: [&str; 2] = ["password", "secret_key"];

/// Whether variables of conventional names are wanted as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Names {
    /// Those of the stack file alone.
    #[default]
    Own,
    /// `DATABASE_URL`, `PGHOST`, `AWS_ACCESS_KEY_ID`, `REDIS_URL`, `LAKECTL_…` and the like, too.
    Standard,
}

/// What placeholders stand for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Values(BTreeMap<&'static str, Secret>);

/// A placeholder that has no value, since the service is published differently now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{variable}` of service `{service}` uses `{{{placeholder}}}`, which has no value as it runs"
)]
pub struct ExportError {
    /// The variable.
    pub variable: VariableName,
    /// The service.
    pub service: ServiceName,
    /// The placeholder.
    pub placeholder: String,
}

impl Values {
    /// The values of a service that is published at this address.
    pub fn of(kind: &Kind, host_ip: IpAddr, port: u16) -> Self {
        let mut values = Self::default();
        values.put("host", &reachable(host_ip).to_string());
        values.put("port", &port.to_string());
        values.option("url", url_with_credentials(kind, host_ip, port).as_deref());
        match kind {
            Kind::Postgres(postgres) => {
                values.put("user", &postgres.login.user);
                values.put("password", postgres.login.password.reveal());
                values.put("database", &postgres.database);
            }
            Kind::Valkey(valkey) => {
                values.option("user", valkey.username.as_deref());
                values.option("password", valkey.password.as_ref().map(Secret::reveal));
                values.put("database", &valkey.database.to_string());
            }
            Kind::S3(s3) => {
                values.option("endpoint", url(kind, host_ip, port).as_deref());
                values.put("access_key", &s3.access_key);
                values.put("secret_key", s3.secret_key.reveal());
                values.put("region", &s3.region);
                values.option("bucket", s3.bucket.as_deref());
            }
            Kind::Lakefs(_) | Kind::Http(_) => {
                values.option("endpoint", url(kind, host_ip, port).as_deref());
            }
            Kind::Tcp(_) | Kind::Exec(_) | Kind::Healthcheck | Kind::Process => {}
        }
        values
    }

    /// Adds keys that are not in the stack file, such as LakeFS's.
    #[must_use]
    pub fn with_keys(mut self, access_key: &str, secret_key: &Secret) -> Self {
        self.put("access_key", access_key);
        self.put("secret_key", secret_key.reveal());
        self
    }

    /// The values that no log should show, in every form in which variables have them.
    pub fn secrets(&self) -> impl Iterator<Item = Secret> {
        let secret = SECRET.iter().filter_map(|name| self.0.get(name));
        let forms = secret.flat_map(|secret| {
            let encoded = percent_encoded(secret.reveal());
            [secret.clone(), Secret::new(encoded)]
        });
        forms.filter(|secret| !secret.reveal().is_empty())
    }

    fn get(&self, placeholder: &str) -> Option<&str> {
        self.0.get(placeholder).map(Secret::reveal)
    }

    /// The conventional variables that have a value.
    fn standard(&self, kind: &Kind) -> BTreeMap<String, Secret> {
        let pairs = standard(kind).iter();
        pairs
            .filter_map(|(variable, name)| {
                Some(((*variable).to_owned(), self.0.get(name)?.clone()))
            })
            .collect()
    }

    fn put(&mut self, name: &'static str, value: &str) {
        self.0.insert(name, Secret::new(value));
    }

    fn option(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }
}

/// The conventional variables of a kind of service, each with its placeholder.
fn standard(kind: &Kind) -> &'static [(&'static str, &'static str)] {
    match kind {
        Kind::Postgres(_) => &[
            ("DATABASE_URL", "url"),
            ("PGHOST", "host"),
            ("PGPORT", "port"),
            ("PGUSER", "user"),
            ("PGPASSWORD", "password"),
            ("PGDATABASE", "database"),
        ],
        Kind::Valkey(_) => &[("REDIS_URL", "url")],
        // Not AWS_ENDPOINT_URL: it would send the requests for every other service here as well.
        Kind::S3(_) => &[
            ("AWS_ENDPOINT_URL_S3", "endpoint"),
            ("AWS_ACCESS_KEY_ID", "access_key"),
            ("AWS_SECRET_ACCESS_KEY", "secret_key"),
            ("AWS_REGION", "region"),
            ("AWS_DEFAULT_REGION", "region"),
        ],
        Kind::Lakefs(_) => &[
            ("LAKECTL_SERVER_ENDPOINT_URL", "endpoint"),
            ("LAKECTL_CREDENTIALS_ACCESS_KEY_ID", "access_key"),
            ("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY", "secret_key"),
        ],
        Kind::Http(_) | Kind::Tcp(_) | Kind::Exec(_) | Kind::Healthcheck | Kind::Process => &[],
    }
}

/// The variables that `service` exports, with their placeholders replaced. What the stack file says
/// comes before what is conventional.
///
/// # Errors
///
/// When a value uses a placeholder that has no value.
pub fn resolve(
    service: &Service,
    values: &Values,
    names: Names,
) -> Result<BTreeMap<String, Secret>, ExportError> {
    let mut resolved = match names {
        Names::Own => BTreeMap::new(),
        Names::Standard => values.standard(&service.kind),
    };
    for (variable, template) in &service.exports.with {
        let filled = template.fill(|name| values.get(name));
        let value = filled.map_err(|placeholder| ExportError {
            variable: variable.clone(),
            service: service.name.clone(),
            placeholder: placeholder.to_owned(),
        })?;
        resolved.insert(variable.to_string(), Secret::new(value));
    }
    Ok(resolved)
}

/// The variables that tell the application that `service` is left out.
pub fn left_out(service: &Service) -> BTreeMap<String, Secret> {
    let own = service.exports.without.iter();
    own.map(|(variable, value)| (variable.to_string(), Secret::new(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;
    use crate::model::{
        ContainerSpec, ExecProbe, HttpProbe, ImageRef, Lakefs, LoginRole, Postgres, S3, TcpProbe,
        Template, Valkey,
    };

    /// Every kind, with all its options or with as few as there can be.
    fn kinds(given: bool) -> Vec<Kind> {
        let option = |text: &str| given.then(|| text.to_owned());
        vec![
            Kind::Postgres(Postgres {
                port: 5432,
                login: LoginRole {
                    user: "u".to_owned(),
                    password: "p".into(),
                },
                database: "d".to_owned(),
            }),
            Kind::Valkey(Valkey {
                password: given.then(|| "p".into()),
                username: option("u"),
                ..Valkey::at(6379)
            }),
            Kind::S3(S3 {
                port: 9000,
                access_key: "a".to_owned(),
                secret_key: "s".into(),
                region: "r".to_owned(),
                bucket: option("b"),
            }),
            Kind::Lakefs(Lakefs {
                port: 8000,
                credentials_file: given.then(|| PathBuf::from("/keys")),
                admin: "admin".to_owned(),
            }),
            Kind::Http(HttpProbe {
                port: 80,
                path: "/".to_owned(),
                status: None,
            }),
            Kind::Tcp(TcpProbe { port: 1 }),
            Kind::Exec(ExecProbe {
                command: Vec::new(),
                timeout: Duration::from_secs(1),
            }),
            Kind::Healthcheck,
            Kind::Process,
        ]
    }

    /// The model says which placeholders there are, this file what they stand for.
    #[test]
    fn every_placeholder_of_a_kind_has_a_value_and_no_other() {
        for kind in kinds(true).iter().chain(&kinds(false)) {
            let mut values = Values::of(kind, IpAddr::from([127, 0, 0, 1]), 99);
            if let Kind::Lakefs(options) = kind
                && options.credentials_file.is_some()
            {
                values = values.with_keys("a", &"s".into());
            }
            let mut known = kind.placeholders().to_vec();
            known.retain(|name| kind.lacks(name).is_none());
            known.sort_unstable();
            let found: Vec<_> = values.0.keys().copied().collect();
            assert_eq!(found, known, "{kind:?}");
        }
    }

    #[test]
    fn a_placeholder_without_a_value_is_named() {
        let spec = ContainerSpec::new("c", ImageRef::parse("i").unwrap());
        let mut service = Service::new(ServiceName::new("s").unwrap(), spec);
        let (name, template) = (VariableName::new("V"), Template::parse("{port}"));
        service.exports.with = [(name.unwrap(), template.unwrap())].into();
        assert_eq!(
            resolve(&service, &Values::default(), Names::Own)
                .unwrap_err()
                .to_string(),
            "`V` of service `s` uses `{port}`, which has no value as it runs"
        );
    }
}
