//! Host ports that somebody else has: the ways out.

use std::collections::BTreeSet;

use crate::model::{PortHolder, PortSetting, Stack};
use crate::plan::Refusal;
use crate::report::list;

/// Docker's program that holds a published port.
const PROXY: &str = "docker-proxy";

/// What there is to do about ports that are taken.
pub(super) fn hints(refusals: &[Refusal], stack: &Stack) -> Vec<String> {
    let (mut hints, mut settings) = (Vec::new(), Vec::new());
    let (mut containers, mut processes) = (BTreeSet::new(), BTreeSet::new());
    for refusal in refusals {
        let Refusal::PortTaken {
            service,
            port,
            holder,
        } = refusal
        else {
            continue;
        };
        let service = stack.services.get(service);
        settings.extend(service.map(|service| service.port_setting(*port)));
        match holder {
            Some(PortHolder::Container { name }) => {
                containers.insert(name.clone());
            }
            Some(PortHolder::Process { command, .. }) if command.contains(PROXY) => {
                hints.push(format!(
                    "the engine publishes {port} for a container that is about to end: run the command again"
                ));
            }
            Some(PortHolder::Process { id, .. }) => {
                processes.insert(id.to_string());
            }
            None => hints.push(format!(
                "find who holds it: `sudo ss -tanp 'sport = :{port}'`"
            )),
        }
    }
    for (command, holders) in [("docker stop", containers), ("kill", processes)] {
        let them = if holders.len() == 1 { "it" } else { "them" };
        let holders: Vec<String> = holders.into_iter().collect();
        if !holders.is_empty() {
            hints.push(format!("stop {them}: `{command} {}`", holders.join(" ")));
        }
    }
    hints.extend(other_ports("or publish", &settings));
    hints
}

/// Where other ports are asked for.
pub(super) fn other_ports(publish: &str, settings: &[PortSetting<'_>]) -> Vec<String> {
    if let [one] = settings {
        return vec![format!("{publish} another port: {one}")];
    }
    let (mut variables, mut services) = (BTreeSet::new(), BTreeSet::new());
    for setting in settings {
        match setting {
            PortSetting::Variable(name) => variables.insert(*name),
            PortSetting::Ports(service) => services.insert(service.as_str()),
        };
    }
    let mut hints = Vec::new();
    if !variables.is_empty() {
        let variables = list(&variables);
        hints.push(format!(
            "{publish} other ports: set {variables} in the environment or an env file"
        ));
    }
    if !services.is_empty() {
        let services = list(&services);
        hints.push(format!(
            "{publish} other ports: change `ports` of {services} in the stack file"
        ));
    }
    hints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ServiceName, StackName};

    #[test]
    fn nobody_is_told_to_end_a_program_of_the_engines() {
        let stack = Stack::new(StackName::new("shop").unwrap(), "/shop");
        let hints = |command: &str| {
            let holder = PortHolder::Process {
                id: 7,
                command: command.to_owned(),
            };
            let refusal = Refusal::PortTaken {
                service: ServiceName::new("db").unwrap(),
                port: 5432,
                holder: Some(holder),
            };
            hints(&[refusal], &stack)
        };
        assert_eq!(hints("/usr/bin/postgres -D /data"), ["stop it: `kill 7`"]);
        assert_eq!(
            hints("/usr/sbin/docker-proxy -proto tcp -host-port 5432"),
            [
                "the engine publishes 5432 for a container that is about to end: run the command again"
            ]
        );
    }
}
