//! `env`, `run` and hooks: what the application is told of the services.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use super::{FlowError, Session, check_names};
use crate::apply::{Question, observe};
use crate::kinds::{Credentials, CredentialsError, Names, Values, left_out, resolve, written_in};
use crate::model::{Kind, Observed, ObservedContainer, Secret, Service, ServiceName};

/// What the application is told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Variables {
    /// Values by the names of their variables.
    pub values: BTreeMap<String, Secret>,
    /// What must not be seen in a log, in the forms in which the values have it.
    pub secrets: BTreeSet<Secret>,
}

/// The variables of the named services, or of all, with the ports and keys they have now.
///
/// | the service's container | the service tells | its variables |
/// |---|---|---|
/// | runs | | `exports` |
/// | does not run | something, and it is required | an error: the stack is not up |
/// | does not run | and it is not required | as where it is missing |
/// | is missing | `exports_without` | those: the service is left out |
/// | is missing | `exports`, and it is required | an error: the stack is not up |
/// | is missing | `exports`, and it is not required | none |
///
/// Where nothing runs at all, nothing is left out: the stack is not up.
///
/// # Errors
///
/// When the engine does not answer, the stack is not up, or a value can't be made.
pub async fn variables(
    session: &Session<'_>,
    services: &[ServiceName],
    names: Names,
) -> Result<Variables, FlowError> {
    let stack = session.stack;
    check_names(stack, services)?;
    let mut observed = observe(session.engine, stack, Question::Containers).await?;
    look_again(session, &mut observed).await;
    let named = |service: &&Service| services.is_empty() || services.contains(&service.name);
    let told: Vec<&Service> = stack.services.values().filter(named).collect();
    check_up(&told, &observed)?;
    let mut variables = Variables::default();
    for service in told {
        let container = observed.container_of(&service.name);
        // What the stack can do without may have died; then it is left out.
        match container.filter(|one| service.required || one.is_running()) {
            Some(container) => variables.add(service, container, names)?,
            None => variables.values.extend(left_out(service)),
        }
        variables.secrets.extend(written_in(&service.exports));
    }
    Ok(variables)
}

/// The listing still calls a container running that has ended a tenth of a second ago.
async fn look_again(session: &Session<'_>, observed: &mut Observed) {
    let running = observed
        .containers
        .iter_mut()
        .filter(|one| one.is_running());
    let looks = running.map(async |container| {
        let found = session.engine.inspect_container(&container.id).await;
        if let Ok(Some(found)) = found
            && !found.is_running()
        {
            container.state = found.state;
        }
    });
    join_all(looks).await;
}

/// Refuses when a service is down that the application needs.
fn check_up(services: &[&Service], observed: &Observed) -> Result<(), FlowError> {
    let runs = |service: &&&Service| {
        let container = observed.container_of(&service.name);
        container.is_some_and(ObservedContainer::is_running)
    };
    let any_runs = services.iter().any(|service| runs(&service));
    let is_down = |service: &&&Service| {
        let exports = &service.exports;
        match observed.container_of(&service.name) {
            Some(container) => {
                let tells = !exports.with.is_empty() || !exports.without.is_empty();
                service.required && tells && !container.is_running()
            }
            None if exports.without.is_empty() => service.required && !exports.with.is_empty(),
            None => false,
        }
    };
    let down: Vec<_> = services
        .iter()
        .filter(|service| !any_runs || is_down(service))
        .map(|service| {
            let container = observed.container_of(&service.name);
            let state = container.map(|container| container.state.clone());
            (service.name.clone(), state)
        })
        .collect();
    if down.is_empty() {
        Ok(())
    } else {
        Err(FlowError::NotUp(down))
    }
}

impl Variables {
    fn add(
        &mut self,
        service: &Service,
        container: &ObservedContainer,
        names: Names,
    ) -> Result<(), FlowError> {
        let Some(mut values) = values(service, container) else {
            return Ok(());
        };
        if let Kind::Lakefs(options) = &service.kind
            && let Some(file) = &options.credentials_file
        {
            let keys = Credentials::read(file).and_then(|found| {
                let path = file.clone();
                found.ok_or(CredentialsError::Missing { path })
            });
            let keys = keys.map_err(|source| FlowError::Keys {
                service: service.name.clone(),
                source,
            })?;
            values = values.with_keys(&keys.access_key, &keys.secret_key);
        }
        self.secrets.extend(values.secrets());
        self.values.extend(resolve(service, &values, names)?);
        Ok(())
    }
}

/// What placeholders stand for, with the port that the engine says; the first published port where
/// the kind has none of its own.
fn values(service: &Service, container: &ObservedContainer) -> Option<Values> {
    let asked = service.kind.port();
    let ports = &container.ports;
    let port = match asked {
        Some(asked) => ports.iter().find(|port| port.target == asked),
        None => ports.first(),
    };
    Some(match port {
        Some(port) => Values::of(&service.kind, port.host_ip, port.published),
        // Without a port, variables may still be plain texts.
        None if asked.is_none() => Values::default(),
        None => return None,
    })
}
