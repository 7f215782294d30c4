//! Which values of a stack must not be shown to others.

use super::Credentials;
use crate::model::{Kind, Secret, Service, Stack};

/// Parts of a variable's name that say that its value is a secret.
const WORDS: [&str; 6] = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL"];

/// The passwords and keys of a stack: those of its services' kinds, those in LakeFS' credentials
/// file, and variables whose names say so.
pub fn secrets(stack: &Stack) -> Vec<Secret> {
    let mut found: Vec<Secret> = stack.services.values().flat_map(of_service).collect();
    found.retain(|secret| !secret.reveal().is_empty());
    found.sort();
    found.dedup();
    found
}

fn of_service(service: &Service) -> Vec<Secret> {
    let variables = service.container.environment.iter();
    let variables = variables.filter(|(name, _)| says_secret(name));
    let mut found: Vec<Secret> = variables.map(|(_, value)| value.clone()).collect();
    match &service.kind {
        Kind::Postgres(options) => found.push(options.login.password.clone()),
        Kind::Valkey(options) => found.extend(options.password.clone()),
        Kind::S3(options) => found.push(options.secret_key.clone()),
        Kind::Lakefs(options) => {
            let file = options.credentials_file.as_deref();
            // A file that can't be read tells nobody its secrets.
            let keys = file.and_then(|file| Credentials::read(file).ok().flatten());
            if let Some(keys) = keys {
                found.push(Secret::new(keys.access_key));
                found.push(keys.secret_key);
            }
        }
        Kind::Http(_) | Kind::Tcp(_) | Kind::Exec(_) | Kind::Healthcheck | Kind::Process => {}
    }
    found
}

fn says_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    WORDS.iter().any(|word| name.contains(word))
}
