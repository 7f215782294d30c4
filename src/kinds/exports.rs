//! Placeholders such as `{url}` in the variables that a service exports.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{percent_encoded, reachable, url, url_with_credentials};
use crate::model::{Kind, Secret, Service};

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

/// A value that can't be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// A placeholder that the kind does not have.
    #[error(
        "`{variable}` of service `{service}` uses `{{{placeholder}}}`, but a service of kind `{kind}` has {known}"
    )]
    Unknown {
        /// The variable.
        variable: String,
        /// The service.
        service: String,
        /// The placeholder.
        placeholder: String,
        /// The kind.
        kind: &'static str,
        /// The placeholders it has.
        known: String,
    },
    /// A brace that is not closed.
    #[error(
        "`{variable}` of service `{service}` has a `{{` without its `}}`; a brace itself is written twice"
    )]
    Unclosed {
        /// The variable.
        variable: String,
        /// The service.
        service: String,
    },
    /// A name that no shell takes.
    #[error(
        "service `{service}` exports `{variable}`, but a name has letters, digits and `_` only, and no digit in front"
    )]
    Name {
        /// The variable.
        variable: String,
        /// The service.
        service: String,
    },
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

    fn put(&mut self, name: &'static str, value: &str) {
        self.0.insert(name, Secret::new(value));
    }

    fn option(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }
}

/// The conventional variables of a kind of service.
fn standard(kind: &Kind) -> &'static [(&'static str, &'static str)] {
    match kind {
        Kind::Postgres(_) => &[
            ("DATABASE_URL", "{url}"),
            ("PGHOST", "{host}"),
            ("PGPORT", "{port}"),
            ("PGUSER", "{user}"),
            ("PGPASSWORD", "{password}"),
            ("PGDATABASE", "{database}"),
        ],
        Kind::Valkey(_) => &[("REDIS_URL", "{url}")],
        // Not AWS_ENDPOINT_URL: it would send the requests for every other service here as well.
        Kind::S3(_) => &[
            ("AWS_ENDPOINT_URL_S3", "{endpoint}"),
            ("AWS_ACCESS_KEY_ID", "{access_key}"),
            ("AWS_SECRET_ACCESS_KEY", "{secret_key}"),
            ("AWS_REGION", "{region}"),
            ("AWS_DEFAULT_REGION", "{region}"),
        ],
        Kind::Lakefs(_) => &[
            ("LAKECTL_SERVER_ENDPOINT_URL", "{endpoint}"),
            ("LAKECTL_CREDENTIALS_ACCESS_KEY_ID", "{access_key}"),
            ("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY", "{secret_key}"),
        ],
        Kind::Http(_) | Kind::Tcp(_) | Kind::Exec(_) | Kind::Healthcheck | Kind::Process => &[],
    }
}

/// The variables that `service` exports, with their placeholders replaced. `{{` and `}}` are braces.
/// What the stack file says comes before what is conventional.
///
/// # Errors
///
/// When a value uses a placeholder that the service's kind does not have, or a name is none.
pub fn resolve(
    service: &Service,
    values: &Values,
    names: Names,
) -> Result<BTreeMap<String, Secret>, ExportError> {
    let standard = match names {
        Names::Own => &[],
        Names::Standard => standard(&service.kind),
    };
    let own = service.exports.with.iter();
    let own = own.map(|(variable, template)| (variable.as_str(), template.as_str()));
    let mut resolved = BTreeMap::new();
    for (variable, template) in standard.iter().copied().chain(own) {
        check_name(service, variable)?;
        let value = Secret::new(filled(service, variable, template, values)?);
        resolved.insert(variable.to_owned(), value);
    }
    Ok(resolved)
}

/// The variables that tell the application that `service` is left out.
///
/// # Errors
///
/// When a name is none.
pub fn left_out(service: &Service) -> Result<BTreeMap<String, Secret>, ExportError> {
    let mut resolved = BTreeMap::new();
    for (variable, value) in &service.exports.without {
        check_name(service, variable)?;
        resolved.insert(variable.clone(), Secret::new(value));
    }
    Ok(resolved)
}

fn check_name(service: &Service, variable: &str) -> Result<(), ExportError> {
    let takes = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if !variable.is_empty()
        && variable.chars().all(takes)
        && !variable.starts_with(|first: char| first.is_ascii_digit())
    {
        return Ok(());
    }
    Err(ExportError::Name {
        variable: variable.to_owned(),
        service: service.name.to_string(),
    })
}

fn filled(
    service: &Service,
    variable: &str,
    template: &str,
    values: &Values,
) -> Result<String, ExportError> {
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        if let Some(after) = from.strip_prefix("{{") {
            text.push('{');
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            text.push('}');
            rest = after;
        } else if let Some(after) = from.strip_prefix('}') {
            text.push('}');
            rest = after;
        } else {
            let inside = from
                .strip_prefix('{')
                .and_then(|inside| inside.split_once('}'));
            let (name, after) = inside.ok_or_else(|| ExportError::Unclosed {
                variable: variable.to_owned(),
                service: service.name.to_string(),
            })?;
            let value = values.0.get(name).ok_or_else(|| ExportError::Unknown {
                variable: variable.to_owned(),
                service: service.name.to_string(),
                placeholder: name.to_owned(),
                kind: service.kind.word(),
                known: values
                    .0
                    .keys()
                    .map(|key| format!("`{{{key}}}`"))
                    .collect::<Vec<_>>()
                    .join(" "),
            })?;
            text.push_str(value.reveal());
            rest = after;
        }
    }
    text.push_str(rest);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ContainerSpec, ImageRef, ServiceName, TcpProbe};

    fn exported(template: &str) -> Result<String, ExportError> {
        let spec = ContainerSpec::new("c", ImageRef::parse("i").unwrap());
        let mut service = Service::new(ServiceName::new("s").unwrap(), spec);
        service.kind = Kind::Tcp(TcpProbe { port: 1 });
        service
            .exports
            .with
            .insert("V".to_owned(), template.to_owned());
        let values = Values::of(&service.kind, IpAddr::from([127, 0, 0, 1]), 99);
        Ok(resolve(&service, &values, Names::Own)?["V"]
            .reveal()
            .to_owned())
    }

    #[test]
    fn placeholders_are_replaced_and_doubled_braces_kept() {
        assert_eq!(exported("{host}:{port}").unwrap(), "127.0.0.1:99");
        assert_eq!(exported("{{{port}}}").unwrap(), "{99}");
        assert_eq!(exported("plain").unwrap(), "plain");
    }

    #[test]
    fn a_name_that_no_shell_takes_is_refused() {
        let spec = ContainerSpec::new("c", ImageRef::parse("i").unwrap());
        let mut service = Service::new(ServiceName::new("s").unwrap(), spec);
        for name in ["", "1A", "A-B", "A B", "A;id", "Ä"] {
            service.exports.without = [(name.to_owned(), String::new())].into();
            assert!(left_out(&service).is_err(), "{name}");
        }
        service.exports.without = [("_a1".to_owned(), String::new())].into();
        assert_eq!(left_out(&service).unwrap().len(), 1);
    }

    #[test]
    fn what_can_not_be_replaced_is_named() {
        assert_eq!(
            exported("{bucket}").unwrap_err().to_string(),
            "`V` of service `s` uses `{bucket}`, but a service of kind `tcp` has `{host}` `{port}` `{url}`"
        );
        assert!(matches!(
            exported("{host"),
            Err(ExportError::Unclosed { .. })
        ));
    }
}
