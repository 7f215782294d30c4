//! Which values of a stack must not be shown to others.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;

use super::Credentials;
use crate::model::{Exports, Kind, Secret, Service, Stack};

/// Parts of a variable's name that say that its value is a secret.
const WORDS: [&str; 6] = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL"];

/// Ends of names whose values say where a secret is: that is no secret.
const PLACES: [&str; 4] = ["_FILE", "_PATH", "_DIR", "_URL"];
/// Words that are no secrets, whatever the name says.
const SETTINGS: [&str; 10] = [
    "true", "false", "yes", "no", "on", "off", "none", "null", "auto", "default",
];
/// The digits that a number needs to be a secret.
const PIN: usize = 6;

/// The passwords and keys of a stack: those of its services' kinds, those in LakeFS' credentials
/// file, variables whose names say so, those of the application included, and passwords in URLs, also
/// in commands and hooks.
///
/// Without those of [`names_alike`].
pub fn secrets(stack: &Stack) -> Vec<Secret> {
    let services: Vec<&Service> = stack.services.values().collect();
    let hooks = &stack.hooks;
    let hooks = [&hooks.after_up, &hooks.after_reset, &hooks.before_down];
    let words = hooks.into_iter().flatten().flatten();
    let in_hooks = words.flat_map(|word| in_urls(word)).map(Secret::new);
    of_services(&services).into_iter().chain(in_hooks).collect()
}

/// What the application is told that the stack file says itself, and nobody else may see.
pub fn written_in(exports: &Exports) -> Vec<Secret> {
    let with = exports.with.iter();
    let with = with.map(|(name, value)| (name, value.as_str()));
    let without = exports.without.iter();
    let without = without.map(|(name, value)| (name, value.as_str()));
    let mut found = Vec::new();
    for (name, value) in with.chain(without) {
        if says_secret(name.as_str()) && !is_setting(value) {
            found.push(value);
        }
        found.extend(in_urls(value));
    }
    // What stands for something else is none by itself.
    found.retain(|text| !text.contains('{'));
    found.into_iter().map(Secret::new).collect()
}

/// The passwords and keys that are names in the stack as well, as in `minioadmin` and `minioadmin`:
/// they are in every endpoint, and to hide them everywhere would garble what people need.
pub fn names_alike(stack: &Stack) -> Vec<Secret> {
    let services: Vec<&Service> = stack.services.values().collect();
    told_apart(&services).1
}

fn of_services(services: &[&Service]) -> Vec<Secret> {
    told_apart(services).0
}

/// The secrets that are no names, and those that are.
fn told_apart(services: &[&Service]) -> (Vec<Secret>, Vec<Secret>) {
    let all = services.iter().flat_map(|one| of_service(one));
    let all: BTreeSet<Secret> = all.filter(|secret| !secret.reveal().is_empty()).collect();
    let names: BTreeSet<&str> = services.iter().flat_map(|one| names(one)).collect();
    all.into_iter()
        .partition(|secret| !names.contains(secret.reveal()))
}

fn of_service(service: &Service) -> Vec<Secret> {
    let mut found = Vec::new();
    for (name, value) in &service.container.environment {
        if says_secret(name) && !is_setting(value.reveal()) {
            found.push(value.clone());
        }
        found.extend(in_urls(value.reveal()).map(Secret::new));
    }
    let spec = &service.container;
    let words = [&spec.entrypoint, &spec.command].into_iter().flatten();
    let passwords = words.flatten().flat_map(|word| in_urls(word));
    found.extend(passwords.map(Secret::new));
    found.extend(written_in(&service.exports));
    match &service.kind {
        Kind::Postgres(options) => {
            login(&mut found, &options.login.user, &options.login.password);
        }
        Kind::Valkey(options) => {
            if let Some(password) = &options.password {
                let user = options.username.as_deref().unwrap_or_default();
                login(&mut found, user, password);
            }
        }
        Kind::S3(options) => login(&mut found, &options.access_key, &options.secret_key),
        Kind::Lakefs(options) => {
            let file = options.credentials_file.as_deref();
            // A file that can't be read tells nobody its secrets.
            let keys = file.and_then(|file| Credentials::read(file).ok().flatten());
            if let Some(keys) = keys {
                login(&mut found, &keys.access_key, &keys.secret_key);
                found.push(Secret::new(keys.access_key));
            }
        }
        Kind::Http(_) | Kind::Tcp(_) | Kind::Exec(_) | Kind::Healthcheck | Kind::Process => {}
    }
    found
}

/// A password, and what HTTP's basic authentication makes of it.
fn login(found: &mut Vec<Secret>, user: &str, password: &Secret) {
    if password.reveal().is_empty() {
        return;
    }
    let pair = format!("{user}:{}", password.reveal());
    found.push(Secret::new(BASE64_STANDARD_NO_PAD.encode(pair)));
    found.push(password.clone());
}

/// What devinfra shows of a service in any case.
fn names(service: &Service) -> Vec<&str> {
    let mut names = vec![
        service.name.as_str(),
        service.container.name.as_str(),
        service.kind.word(),
    ];
    match &service.kind {
        Kind::Postgres(options) => names.extend([&*options.login.user, &*options.database]),
        Kind::Valkey(options) => names.extend(options.username.as_deref()),
        Kind::S3(options) => {
            names.push(&options.access_key);
            names.extend(options.bucket.as_deref());
        }
        Kind::Lakefs(options) => names.push(&options.admin),
        Kind::Http(_) | Kind::Tcp(_) | Kind::Exec(_) | Kind::Healthcheck | Kind::Process => {}
    }
    names
}

/// The passwords of each `scheme://user:password@host`.
fn in_urls(text: &str) -> impl Iterator<Item = &str> {
    text.split("://").skip(1).filter_map(|rest| {
        let authority = rest.split(['/', '?', '#', ' ', '\'', '"']).next()?;
        let (login, _) = authority.rsplit_once('@')?;
        Some(login.split_once(':')?.1)
    })
}

/// Whether the name of a variable, a field or an option says that its value is a secret.
pub fn says_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let is_place = PLACES.iter().any(|end| name.ends_with(end));
    !is_place && WORDS.iter().any(|word| name.contains(word))
}

/// Whether a value only sets something about a secret: `TOKEN_TTL: 3600`, `SECRET_ROTATION: true`.
fn is_setting(value: &str) -> bool {
    let is_number = value.chars().all(|letter| letter.is_ascii_digit());
    SETTINGS.contains(&value.to_ascii_lowercase().as_str()) || (is_number && value.len() < PIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        ContainerSpec, ImageRef, LoginRole, Postgres, ServiceName, Template, VariableName,
    };

    fn service(password: &str, variables: &[(&str, &str)]) -> Service {
        let spec = ContainerSpec::new("shop-db", ImageRef::parse("postgres").unwrap());
        let mut service = Service::new(ServiceName::new("db").unwrap(), spec);
        service.kind = Kind::Postgres(Postgres {
            port: 5432,
            login: LoginRole {
                user: "clerk".to_owned(),
                password: password.into(),
            },
            database: "shop".to_owned(),
        });
        for (name, value) in variables {
            let variables = &mut service.container.environment;
            variables.insert((*name).to_owned(), Secret::new(*value));
        }
        service
    }

    fn found(service: &Service) -> Vec<String> {
        let secrets = of_services(&[service]).into_iter();
        secrets.map(|secret| secret.reveal().to_owned()).collect()
    }

    #[test]
    fn variables_are_secrets_by_their_names_and_urls_by_their_passwords() {
        let service = service(
            "",
            &[
                ("APP_TOKEN", "of-a-token"),
                ("MODE", "fast"),
                ("TOKEN_TTL", "3600"),
                ("SECRET_ROTATION", "True"),
                ("API_KEY_FILE", "/run/secrets/key"),
                ("UPSTREAM", "amqp://me:of-a-url@host:1/x"),
            ],
        );
        assert_eq!(found(&service), ["of-a-token", "of-a-url"]);
    }

    #[test]
    fn passwords_in_urls_of_commands_and_of_what_is_exported_are_secrets_too() {
        let mut service = service("", &[]);
        let words = [
            "sh",
            "-c",
            "psql 'postgres://a:of-one@h/x' && curl http://b:of-two@h",
        ];
        service.container.command = Some(words.map(str::to_owned).into());
        let exports = &mut service.exports;
        for (name, value) in [
            ("API_URL", "http://me:of-three@{host}:{port}"),
            ("DATABASE_URL", "postgres://{user}:{password}@{host}"),
            ("API_TOKEN", "of-four"),
            ("API_KEY", "{key}"),
        ] {
            let name = VariableName::new(name).unwrap();
            exports.with.insert(name, Template::parse(value).unwrap());
        }
        let name = VariableName::new("CACHE_SECRET").unwrap();
        exports.without.insert(name, "of-five".to_owned());
        assert_eq!(
            found(&service),
            ["of-five", "of-four", "of-one", "of-three", "of-two"]
        );
    }

    #[test]
    fn a_password_that_is_a_name_as_well_is_none() {
        assert_eq!(found(&service("clerk", &[])), ["Y2xlcms6Y2xlcms"]);
        let (_, alike) = told_apart(&[&service("clerk", &[("API_KEY", "shop")])]);
        assert_eq!(alike, ["clerk", "shop"].map(Secret::new));
        assert_eq!(found(&service("other", &[])), ["Y2xlcms6b3RoZXI", "other"]);
    }
}
