//! The labels that say whose an object is, for us and for other tools.
//!
//! Ours begin with `dev.devinfra.`; ownership is decided by them alone. Compose's own labels are
//! written beside them, so that `docker compose ls`, `ps` and `logs` and desktop tools show the
//! stack. They are never read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::model::{
    Fingerprint, FoundStack, Maker, OtherStack, Owner, Service, ServiceName, Stack, StackName,
};

/// The stack's name.
pub const STACK: &str = "dev.devinfra.stack";
/// The project directory, which tells two checkouts with one stack name apart.
pub const DIRECTORY: &str = "dev.devinfra.directory";
/// The service's name.
pub const SERVICE: &str = "dev.devinfra.service";
/// What the container was made of: a [`Fingerprint`].
pub const FINGERPRINT: &str = "dev.devinfra.fingerprint";
/// The version of devinfra that made the object.
pub const VERSION: &str = "dev.devinfra.version";

/// The labels of a service's container, on top of the stack file's own.
pub fn for_container(stack: &Stack, service: &Service) -> BTreeMap<String, String> {
    let fingerprint = Fingerprint::of(&service.container);
    let depends_on: Vec<String> = service
        .depends_on
        .iter()
        .map(|(name, how)| format!("{name}:{}:false", how.condition.word()))
        .collect();
    let mut labels = service.container.labels.clone();
    labels.extend(identity(stack));
    labels.extend(owned([
        (SERVICE, service.name.as_str()),
        (FINGERPRINT, &fingerprint.to_string()),
        ("com.docker.compose.service", service.name.as_str()),
        ("com.docker.compose.container-number", "1"),
        ("com.docker.compose.oneoff", "False"),
        ("com.docker.compose.config-hash", &fingerprint.digest()),
        (
            "com.docker.compose.project.working_dir",
            &stack.directory.to_string_lossy(),
        ),
        (
            "com.docker.compose.project.config_files",
            &stack.files.join(","),
        ),
        ("com.docker.compose.depends_on", &depends_on.join(",")),
    ]));
    labels
}

/// The labels of the stack's network with this key.
pub fn for_network(
    stack: &Stack,
    key: &str,
    own: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    with_key(stack, own, ("com.docker.compose.network", key))
}

/// The labels of the stack's volume with this key.
pub fn for_volume(
    stack: &Stack,
    key: &str,
    own: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    with_key(stack, own, ("com.docker.compose.volume", key))
}

fn with_key(
    stack: &Stack,
    own: &BTreeMap<String, String>,
    key: (&str, &str),
) -> BTreeMap<String, String> {
    let mut labels = own.clone();
    labels.extend(identity(stack));
    labels.extend(owned([key]));
    labels
}

/// The stack that an object with these labels belongs to, and its project directory.
fn stack_of(labels: &BTreeMap<String, String>) -> Option<(StackName, PathBuf)> {
    let name = StackName::new(labels.get(STACK)?).ok()?;
    Some((name, PathBuf::from(labels.get(DIRECTORY)?)))
}

/// The stack that an object with these labels belongs to, among those that were found so far.
pub fn stack_among<'a>(
    stacks: &'a mut BTreeMap<(StackName, PathBuf), FoundStack>,
    labels: &BTreeMap<String, String>,
) -> Option<&'a mut FoundStack> {
    let (name, directory) = stack_of(labels)?;
    let found = stacks.entry((name.clone(), directory.clone()));
    Some(found.or_insert_with(|| FoundStack::new(name, directory)))
}

/// Which of its stack's services a container with these labels belongs to.
pub fn service_of(labels: &BTreeMap<String, String>) -> Option<ServiceName> {
    ServiceName::new(labels.get(SERVICE)?).ok()
}

/// The filter that every object of the stack passes, as an engine's `label` filter takes it.
pub fn filter(stack: &Stack) -> Vec<String> {
    vec![format!("{STACK}={}", stack.name)]
}

/// Whose an object with these labels is, seen from the stack.
pub fn owner(stack: &Stack, labels: &BTreeMap<String, String>) -> Owner {
    match maker(stack, labels) {
        Maker::Ours => service_of(labels).map_or(Owner::Foreign, Owner::Ours),
        Maker::Other(other) => Owner::Elsewhere(other),
        Maker::Foreign => Owner::Foreign,
    }
}

/// Who made an object with these labels, seen from the stack.
pub fn maker(stack: &Stack, labels: &BTreeMap<String, String>) -> Maker {
    if is_ours(stack, labels) {
        return Maker::Ours;
    }
    match (labels.get(STACK), labels.get(DIRECTORY)) {
        (Some(name), Some(directory)) => Maker::Other(OtherStack {
            name: Some(name.clone()).filter(|name| name != stack.name.as_str()),
            directory: directory.into(),
        }),
        _ => Maker::Foreign,
    }
}

/// Whether an object with these labels carries the stack's name, from whatever directory.
pub fn is_of_stack(stack: &Stack, labels: &BTreeMap<String, String>) -> bool {
    labels
        .get(STACK)
        .is_some_and(|name| name == stack.name.as_str())
}

/// Whether a network or volume with these labels was made by this stack.
pub fn is_ours(stack: &Stack, labels: &BTreeMap<String, String>) -> bool {
    is_of_stack(stack, labels)
        && labels
            .get(DIRECTORY)
            .is_some_and(|path| Path::new(path) == stack.directory)
}

fn identity(stack: &Stack) -> BTreeMap<String, String> {
    owned([
        (STACK, stack.name.as_str()),
        (DIRECTORY, &stack.directory.to_string_lossy()),
        (VERSION, env!("CARGO_PKG_VERSION")),
        ("com.docker.compose.project", stack.name.as_str()),
    ])
}

fn owned<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}
