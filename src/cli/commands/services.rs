//! The services of `devinfra up`, each with what it is doing when the run ends.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::apply::Outcome;
use crate::flow::{FlowError, Standing};
use crate::model::{ContainerState, ObservedContainer, ServiceName, Stack};
use crate::report::{endpoints, millis};

/// The services that a run was to bring up.
#[derive(Clone, Copy)]
pub(super) struct Services<'a> {
    pub(super) stack: &'a Stack,
    pub(super) names: &'a BTreeSet<ServiceName>,
    pub(super) outcome: &'a Outcome,
    /// Where the engine has said it.
    pub(super) standing: Option<&'a Standing>,
}

impl Services<'_> {
    /// The `services` field of the result. A service that was found usable by this run has
    /// `ready_ms`; where the engine did not say what a service is doing, its `state` is null.
    pub(super) fn as_json(&self) -> Value {
        self.names.iter().map(|name| self.one(name)).collect()
    }

    fn one(&self, name: &ServiceName) -> Value {
        let ready = self.outcome.ready.get(name);
        let container = self.standing.and_then(|standing| standing.get(name));
        let state = match (container, self.standing, ready) {
            (Some(container), ..) => Some(container.state.word()),
            (None, Some(_), _) => Some("missing"),
            (None, None, Some(_)) => Some(ContainerState::Running.word()),
            (None, None, None) => None,
        };
        let exit_code = container.and_then(|container| container.state.exit_code());
        let published = container.map(|container| container.ports.as_slice());
        let ports = ready.map(|ready| ready.ports.as_slice()).or(published);
        json!({
            "name": name.as_str(),
            "state": state,
            "exit_code": exit_code,
            "ready_ms": ready.map(|ready| millis(ready.elapsed)),
            "endpoints": endpoints(self.stack.services.get(name), ports.unwrap_or_default()),
        })
    }

    /// The same for people, of a run that went wrong half way. One service alone is told by its
    /// failure.
    pub(super) fn not_up(&self, error: &FlowError) -> Option<String> {
        let FlowError::Failed { failure, .. } = error else {
            return None;
        };
        let standing = self.standing.filter(|_| self.names.len() > 1)?;
        if failure.is_interruption() {
            return None;
        }
        let each = self.names.iter().map(|name| {
            let container = standing.get(name);
            let is_usable = container.is_some_and(ObservedContainer::is_running)
                && self.outcome.ready.contains_key(name);
            let doing = if is_usable {
                "usable".to_owned()
            } else {
                doing(container)
            };
            format!("`{name}` {doing}")
        });
        let each: Vec<String> = each.collect();
        let stack = &self.stack.name;
        Some(format!("stack `{stack}` is not up: {}", each.join(", ")))
    }
}

fn doing(container: Option<&ObservedContainer>) -> String {
    let Some(container) = container else {
        return "missing".to_owned();
    };
    let word = container.state.word();
    match container.state.exit_code() {
        Some(code) => format!("{word} ({code})"),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::apply::ReadyService;
    use crate::model::{ContainerId, StackName};

    /// A run whose end the engine was silent at.
    #[test]
    fn a_state_that_is_not_known_is_none() {
        let stack = Stack::new(StackName::new("hub").unwrap(), "/project");
        let names = ["cache", "db"].map(|name| ServiceName::new(name).unwrap());
        let ready = ReadyService {
            elapsed: Duration::from_millis(40),
            container: ContainerId("1".to_owned()),
            ports: Vec::new(),
        };
        let services = Services {
            stack: &stack,
            outcome: &Outcome {
                ready: [(names[0].clone(), ready)].into(),
                ..Outcome::default()
            },
            names: &names.into(),
            standing: None,
        };
        let one = |name: &str, state: Value, ready_ms: Value| {
            json!({
                "name": name, "state": state, "exit_code": null, "ready_ms": ready_ms,
                "endpoints": [],
            })
        };
        let all = [
            one("cache", json!("running"), json!(40)),
            one("db", Value::Null, Value::Null),
        ];
        assert_eq!(services.as_json(), json!(all));
    }
}
