//! `doctor`: what is there to work with, whether anything is up or not. Looks, and changes nothing.

use std::collections::BTreeSet;
use std::path::Path;

use super::Session;
use crate::apply::{Question, half_wiped, observe};
use crate::cache::{Finding, Status};
use crate::engine::{Engine, EngineError};
use crate::host::{free_space, obstacle, owner};
use crate::model::{
    Bind, ContainerState, Maker, Mount, MountSource, Observed, Owner, PullPolicy, Service,
    ServiceName, Stack,
};
use crate::plan::{Cause, Elsewhere, Refusal};

/// A disk with less is too full for anything.
const TOO_FULL: u64 = 100 << 20;
/// A disk with less will not last long.
const NEARLY_FULL: u64 = 2 << 30;

/// What the engine says of itself.
///
/// # Errors
///
/// When it does not answer.
pub async fn examine_engine(engine: &dyn Engine) -> Result<Finding, EngineError> {
    let about = engine.about().await?;
    let address = engine.address();
    Ok(Finding::pass(
        "engine",
        format!(
            "{} {} with API {} at {} ({})",
            about.name,
            about.version,
            about.api_version,
            address.shown(),
            address.chosen_by
        ),
    ))
}

/// What the engine has of the stack, and what is in the way of it.
///
/// # Errors
///
/// When the engine does not answer.
pub async fn examine_stack(session: &Session<'_>) -> Result<Vec<Finding>, EngineError> {
    let stack = session.stack;
    let all = stack.services.keys().cloned().collect();
    let question = Question::UpThoroughly(&all);
    let observed = observe(session.engine, stack, question).await?;
    let mut found = images(stack, &observed);
    found.extend(ports(stack, &observed, session.engine.address().is_local()));
    found.extend(containers(stack, &observed));
    found.extend(networks(stack, &observed));
    if session.engine.address().is_local() {
        found.extend(directories(stack, &observed.half_wiped));
        found.extend(disk(&stack.directory));
    } else {
        let reason = "the engine is on another machine, whose directories can't be seen from here";
        found.push(Finding::new("data", Status::Skip, reason));
    }
    Ok(found)
}

/// What this machine has of the stack's data, where no engine can be asked.
pub fn examine_machine(stack: &Stack) -> Vec<Finding> {
    let mut found = directories(stack, &half_wiped(stack, &BTreeSet::new()));
    found.extend(disk(&stack.directory));
    found
}

fn images(stack: &Stack, observed: &Observed) -> Vec<Finding> {
    let missing = |service: &&Service| {
        let there = observed.images.get(&service.container.image);
        !matches!(there, Some(Some(_)))
    };
    let found: Vec<Finding> = stack
        .services
        .values()
        .filter(missing)
        .map(|service| {
            let image = &service.container.image;
            let told = format!("the engine does not have `{image}` of `{}`", service.name);
            match service.pull_policy {
                PullPolicy::Never => Finding::new("images", Status::Fail, told)
                    .hint(format!("fetch it with `docker pull {image}`")),
                PullPolicy::Missing | PullPolicy::Always => {
                    Finding::new("images", Status::Warn, told)
                        .hint("`devinfra up` fetches it, which takes a registry and time")
                }
            }
        })
        .collect();
    or_passed(found, "images", || "all are on the engine".to_owned())
}

fn ports(stack: &Stack, observed: &Observed, is_local: bool) -> Vec<Finding> {
    if !is_local {
        let reason = "the engine is on another machine: ports are published there, and can't be tried from here";
        return vec![Finding::new("ports", Status::Skip, reason)];
    }
    let mappings = |service: &'_ Service| service.container.ports.clone();
    let found = stack.services.values().flat_map(|service| {
        let mappings = mappings(service);
        let taken = mappings.into_iter().filter_map(|mapping| {
            let taken = observed.taken_port(&mapping)?;
            let holder = taken.holder.as_ref().map_or_else(
                || "somebody that can't be seen".to_owned(),
                ToString::to_string,
            );
            let port = taken.port;
            let told = format!("port {port} of `{}` is held by {holder}", service.name);
            Some(Finding::new("ports", Status::Fail, told).hint(format!(
                "stop that, or publish another port: {}",
                service.port_setting(port)
            )))
        });
        taken.collect::<Vec<_>>()
    });
    or_passed(found.collect(), "ports", || {
        "all are free, or published by this stack".to_owned()
    })
}

fn containers(stack: &Stack, observed: &Observed) -> Vec<Finding> {
    let found = observed.containers.iter().filter_map(|container| {
        let name = &container.name;
        let (status, told, hint) = match &container.owner {
            Owner::Elsewhere(other) => {
                let place = Elsewhere::of(observed, other);
                (
                    Status::Fail,
                    format!("`{name}` belongs to {place}"),
                    place.way_out(stack),
                )
            }
            Owner::Foreign => (
                Status::Fail,
                format!(
                    "`{name}` has the name of a service's container, and devinfra did not make it"
                ),
                "take it over with `devinfra up --adopt`; its data is kept".to_owned(),
            ),
            Owner::Ours(helper) if stack.helped_by(helper).is_some() => (
                Status::Warn,
                format!("`{name}` was left by a reset that was killed"),
                "`devinfra up` and `devinfra down` remove it".to_owned(),
            ),
            Owner::Ours(service) if !stack.services.contains_key(service) => {
                let why = match Cause::of_end(stack, service) {
                    off @ Cause::Off { .. } => format!("and {off}"),
                    _ => "which the stack file no longer has".to_owned(),
                };
                (
                    Status::Warn,
                    format!("`{name}` is for service `{service}`, {why}"),
                    "`devinfra down` removes it".to_owned(),
                )
            }
            Owner::Ours(service) => match &container.state {
                ContainerState::Restarting => (
                    Status::Fail,
                    format!("`{name}` is restarted over and over"),
                    format!("see why with `devinfra logs {service}`"),
                ),
                ContainerState::Dead => (
                    Status::Warn,
                    format!("`{name}` is half removed"),
                    "`devinfra down` removes the rest".to_owned(),
                ),
                ContainerState::Created
                | ContainerState::Running
                | ContainerState::Paused
                | ContainerState::Exited { .. }
                | ContainerState::Removing => return None,
            },
        };
        Some(Finding::new("containers", status, told).hint(hint))
    });
    or_passed(found.collect(), "containers", || {
        "none is in the way".to_owned()
    })
}

/// Only what is in the way: that a network is missing is nothing to look at.
fn networks(stack: &Stack, observed: &Observed) -> Vec<Finding> {
    let strangers = stack.networks.values();
    let strangers = strangers.filter_map(|wanted| observed.stranger_network(wanted));
    let told = strangers.map(|network| {
        let name = &network.name;
        if let Maker::Other(other) = &network.maker {
            let place = Elsewhere::of(observed, other);
            let told = format!("`{name}` belongs to {place}");
            return Finding::new("networks", Status::Fail, told).hint(place.way_out(stack));
        }
        let told = format!("`{name}` has the name of the stack's, and devinfra did not make it");
        Finding::new("networks", Status::Fail, told).hint(format!(
            "remove it with `docker network rm {name}`, or use it with `devinfra up --adopt`"
        ))
    });
    told.collect()
}

fn directories(stack: &Stack, half_wiped: &BTreeSet<ServiceName>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut looked_at = 0;
    for service in stack.services.values() {
        for mount in &service.container.mounts {
            if let MountSource::Bind(bind) = &mount.source {
                looked_at += 1;
                found.extend(directory(service, mount, bind));
            }
        }
    }
    found.extend(half_wiped.iter().map(|name| {
        let told = format!("a reset was killed while it deleted the data of `{name}`");
        Finding::new("data", Status::Warn, told).hint("`devinfra up` deletes the rest first")
    }));
    or_passed(found, "data", || match looked_at {
        0 => "there is no bind mount".to_owned(),
        1 => "the bind mount has its source, or gets it from `devinfra up`".to_owned(),
        _ => format!(
            "all {looked_at} bind mounts have their sources, or get them from `devinfra up`"
        ),
    })
}

fn directory(service: &Service, mount: &Mount, bind: &Bind) -> Option<Finding> {
    let (path, name) = (&bind.source, &service.name);
    if let Some(obstacle) = obstacle(service, mount) {
        let hint = obstacle.way_out();
        let refusal = Refusal::Obstructed {
            service: name.clone(),
            path: path.0.clone(),
            obstacle,
        };
        return Some(Finding::new("data", Status::Fail, refusal.to_string()).hint(hint));
    }
    match owner(&path.0) {
        Ok(owner) => {
            // Images that begin as root hand their directory over themselves.
            let user = service.container.user.as_deref()?;
            let user: u32 = user.split(':').next()?.parse().ok()?;
            let is_other = user != 0 && user != owner;
            is_other.then(|| {
                let told = format!("`{path}` belongs to user {owner}, and `{name}` runs as {user}");
                Finding::new("data", Status::Warn, told).hint(format!(
                    "give it to that user: `sudo chown -R {user} {path}`"
                ))
            })
        }
        Err(_missing) if !path.0.exists() && bind.create => None,
        Err(error) => Some(
            Finding::new(
                "data",
                Status::Fail,
                format!("`{path}` of `{name}`: {error}"),
            )
            .hint("make it, or set `create_host_path: true` on the mount"),
        ),
    }
}

fn disk(directory: &Path) -> Option<Finding> {
    let free = free_space(directory)?;
    let told = format!("{} are free for `{}`", size(free), directory.display());
    let status = match free {
        0..TOO_FULL => Status::Fail,
        TOO_FULL..NEARLY_FULL => Status::Warn,
        _ => return Some(Finding::pass("disk", told)),
    };
    Some(Finding::new("disk", status, told).hint("`docker system df` shows what the engine takes"))
}

/// "1.5 GiB", "20 MiB".
fn size(bytes: u64) -> String {
    const GIB: u64 = 1 << 30;
    if bytes >= GIB {
        format!("{}.{} GiB", bytes / GIB, bytes % GIB * 10 / GIB)
    } else {
        format!("{} MiB", bytes >> 20)
    }
}

fn or_passed(
    found: Vec<Finding>,
    check: &'static str,
    message: impl FnOnce() -> String,
) -> Vec<Finding> {
    if found.is_empty() {
        vec![Finding::pass(check, message())]
    } else {
        found
    }
}
