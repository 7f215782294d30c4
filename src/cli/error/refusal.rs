//! What stands in the way of a plan, before anything is done.

use std::collections::BTreeSet;
use std::mem::discriminant;

use super::{CliError, elsewhere, ports};
use crate::cli::Exit;
use crate::flow::FlowError;
use crate::model::{ImageRef, Obstacle, ServiceName, Stack};
use crate::plan::Refusal;
use crate::report::count;

impl CliError {
    /// One failure for all that is in the way: people want to see it at once.
    pub(super) fn refused(error: &FlowError, refusals: &[Refusal], stack: &Stack) -> Self {
        let Some(first) = refusals.first() else {
            return Self::defect(error);
        };
        let (exit, code) = code(first);
        let told = Self::new(exit, code, error);
        let services: BTreeSet<&ServiceName> = refusals.iter().filter_map(service).collect();
        let mut services = services.into_iter();
        let (service, others) = (services.next(), services.next());
        let (message, causes) = match refusals {
            [one] => (one.to_string(), Vec::new()),
            several => (
                summary(several),
                several.iter().map(ToString::to_string).collect(),
            ),
        };
        Self {
            message,
            causes,
            hints: hints(refusals, stack),
            service: service
                .filter(|_| others.is_none())
                .map(ToString::to_string),
            ..told
        }
    }
}

fn code(refusal: &Refusal) -> (Exit, &'static str) {
    match refusal {
        Refusal::ForeignContainer { .. } => (Exit::Conflict, "container.foreign"),
        Refusal::Elsewhere { .. } => (Exit::Conflict, "stack.elsewhere"),
        Refusal::NetworkElsewhere { place, .. } if place.stack.is_none() => {
            (Exit::Conflict, "stack.elsewhere")
        }
        Refusal::PortTaken { .. } => (Exit::Conflict, "port.taken"),
        Refusal::Obstructed { .. } => (Exit::Failed, "directory.blocked"),
        Refusal::ImageNotLocal { .. } => (Exit::Image, "image.not-local"),
        Refusal::ExternalNetworkMissing { .. } => (Exit::Conflict, "network.missing"),
        Refusal::ExternalVolumeMissing { .. } => (Exit::Conflict, "volume.missing"),
        Refusal::ForeignNetwork { .. } | Refusal::NetworkElsewhere { .. } => {
            (Exit::Conflict, "network.foreign")
        }
        Refusal::NetworkAmbiguous { .. } => (Exit::Conflict, "network.ambiguous"),
    }
}

fn service(refusal: &Refusal) -> Option<&ServiceName> {
    match refusal {
        Refusal::ForeignContainer { service, .. }
        | Refusal::Elsewhere { service, .. }
        | Refusal::PortTaken { service, .. }
        | Refusal::Obstructed { service, .. }
        | Refusal::ImageNotLocal { service, .. } => Some(service),
        Refusal::ExternalNetworkMissing { .. }
        | Refusal::ExternalVolumeMissing { .. }
        | Refusal::ForeignNetwork { .. }
        | Refusal::NetworkElsewhere { .. }
        | Refusal::NetworkAmbiguous { .. } => None,
    }
}

/// Several refusals in a line; each has one of its own below it.
fn summary(refusals: &[Refusal]) -> String {
    let number = refusals.len();
    let things = || format!("{} are in the way", count(number, "thing"));
    let Some(first) = refusals.first() else {
        return things();
    };
    let mut kinds = refusals.iter().map(discriminant);
    match first {
        _ if kinds.any(|kind| kind != discriminant(first)) => things(),
        Refusal::PortTaken { .. } => format!("{} are taken", count(number, "host port")),
        Refusal::ForeignContainer { .. } => {
            format!("{number} containers exist that devinfra did not make")
        }
        Refusal::Elsewhere { .. } => {
            format!("{number} containers belong to the same stack in another directory")
        }
        _ => things(),
    }
}

/// What there is to do about all of them, each thing once.
fn hints(refusals: &[Refusal], stack: &Stack) -> Vec<String> {
    let mut hints = Vec::new();
    hints.extend(of_foreign(refusals));
    hints.extend(elsewhere::hints(refusals, stack));
    hints.extend(ports::hints(refusals, stack));
    hints.extend(of_obstacles(refusals));
    let images: BTreeSet<&ImageRef> = refusals.iter().filter_map(image).collect();
    for image in images {
        hints.push(format!(
            "fetch it with `docker pull {image}`, or run `devinfra up --pull missing`"
        ));
    }
    hints.extend(refusals.iter().flat_map(of_missing));
    hints
}

/// For a network that is not of this stack.
const SHARED: &str = "use it for this stack with `devinfra up --adopt`, or say `external: true` in the stack file where it is shared";

/// What there is to do about networks and volumes.
fn of_missing(refusal: &Refusal) -> Vec<String> {
    match refusal {
        Refusal::ExternalNetworkMissing { network } => {
            vec![format!("make it with `docker network create {network}`")]
        }
        Refusal::ExternalVolumeMissing { volume } => {
            vec![format!("make it with `docker volume create {volume}`")]
        }
        Refusal::ForeignNetwork { network } => vec![
            format!(
                "remove it when nobody needs it, and the stack gets its own: `docker network rm {network}`"
            ),
            SHARED.to_owned(),
        ],
        Refusal::NetworkElsewhere { place, .. } if place.stack.is_some() => vec![SHARED.to_owned()],
        Refusal::NetworkAmbiguous { network, .. } => vec![format!(
            "list them with `docker network ls --filter name={network}`, and remove all but one by id"
        )],
        Refusal::ForeignContainer { .. }
        | Refusal::Elsewhere { .. }
        | Refusal::NetworkElsewhere { .. }
        | Refusal::PortTaken { .. }
        | Refusal::Obstructed { .. }
        | Refusal::ImageNotLocal { .. } => Vec::new(),
    }
}

fn of_foreign(refusals: &[Refusal]) -> Vec<String> {
    let names = refusals.iter().filter_map(|refusal| match refusal {
        Refusal::ForeignContainer { container, .. } => Some(container.as_str()),
        _ => None,
    });
    let names: Vec<&str> = names.collect();
    let adopted = match names.as_slice() {
        [] => return Vec::new(),
        [_] => "take it over: it is stopped gracefully, replaced, and its data kept",
        _ => "take them over: they are stopped gracefully, replaced, and their data kept",
    };
    let them = if names.len() == 1 { "it" } else { "them" };
    vec![
        format!("run `devinfra up --adopt` to {adopted}"),
        format!("or remove {them} yourself: `docker rm {}`", names.join(" ")),
    ]
}

/// One thing on the way may be in the way of several services.
fn of_obstacles(refusals: &[Refusal]) -> BTreeSet<String> {
    let obstacles = refusals.iter().filter_map(|refusal| match refusal {
        Refusal::Obstructed { obstacle, .. } => Some(obstacle),
        _ => None,
    });
    obstacles.map(Obstacle::way_out).collect()
}

fn image(refusal: &Refusal) -> Option<&ImageRef> {
    match refusal {
        Refusal::ImageNotLocal { image, .. } => Some(image),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ContainerSpec, PortHolder, Service, StackName};

    fn stack() -> Stack {
        let service = |name: &str| {
            let image = ImageRef::parse("db").unwrap();
            let container = ContainerSpec::new(name.to_owned(), image);
            Service::new(ServiceName::new(name).unwrap(), container)
        };
        let mut db = service("db");
        db.port_variables.insert(5432, "DB_PORT".to_owned());
        let services = [db, service("store")];
        Stack {
            services: services.map(|one| (one.name.clone(), one)).into(),
            ..Stack::new(StackName::new("shop").unwrap(), "/shop")
        }
    }

    fn taken(name: &str, port: u16, holder: PortHolder) -> Refusal {
        Refusal::PortTaken {
            service: ServiceName::new(name).unwrap(),
            port,
            holder: Some(holder),
        }
    }

    #[test]
    fn several_taken_ports_have_a_line_each_and_one_hint_for_each_way_out() {
        let other = || PortHolder::Container {
            name: "other".to_owned(),
        };
        let refusals = vec![
            taken("db", 5432, other()),
            taken("store", 9000, other()),
            taken("store", 9001, other()),
        ];
        let told = CliError::refused(&FlowError::Refused(refusals.clone()), &refusals, &stack());
        assert_eq!(told.message, "3 host ports are taken");
        assert_eq!(
            told.causes,
            [
                "host port 5432, which `db` publishes, is taken by container `other`",
                "host port 9000, which `store` publishes, is taken by container `other`",
                "host port 9001, which `store` publishes, is taken by container `other`",
            ]
        );
        assert_eq!(
            told.hints,
            [
                "stop it: `docker stop other`",
                "or publish other ports: set `DB_PORT` in the environment or an env file",
                "or publish other ports: change `ports` of `store` in the stack file",
            ]
        );
        assert_eq!(told.service, None);
    }

    #[test]
    fn what_can_not_be_is_told_as_a_defect() {
        let told = CliError::refused(&FlowError::Refused(Vec::new()), &[], &stack());
        assert_eq!(told.code, "internal.plan");
    }
}
