//! Whether the data that a plan empties is this stack's alone.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{FlowError, Session};
use crate::data::{self, EmptyError};
use crate::model::{HostPath, Mount, MountSource, Service, ServiceName, Stack};
use crate::plan::{Action, Plan};

/// Refuses before anything is deleted when what the plan empties is not this stack's data alone.
pub(super) async fn check_emptied(session: &Session<'_>, plan: &Plan) -> Result<(), FlowError> {
    check_directories(session.stack, plan)?;
    check_volumes(session, plan).await
}

/// Refuses before anything is wiped when a directory is not what it should be, another service
/// that is not wiped has something in it or around it, or another directory to empty has.
fn check_directories(stack: &Stack, plan: &Plan) -> Result<(), FlowError> {
    let wiped: BTreeSet<&ServiceName> = emptied(stack, plan).map(|(one, _)| &one.name).collect();
    let others = stack.services.values();
    let others = others.filter(|other| !wiped.contains(&other.name));
    let kept: Vec<&HostPath> = others
        .flat_map(|other| other.container.mounts.iter().filter_map(Mount::host_path))
        .collect();
    for (service, mount) in emptied(stack, plan) {
        let Some(path) = mount.host_path() else {
            continue;
        };
        let overlaps =
            |kept: &&HostPath| kept.0.starts_with(&path.0) || path.0.starts_with(&kept.0);
        if kept.iter().any(overlaps) {
            let reason = "a service that is not reset has mounted it, something in it, or something around it";
            return Err(unsafe_to_empty(service, path.0.clone(), reason));
        }
        let emptied_too = emptied(stack, plan).filter_map(|(_, mount)| mount.host_path());
        if emptied_too
            .filter(|other| other.0 != path.0)
            .any(|other| overlaps(&other))
        {
            let reason = "another data directory of the stack is in it or around it";
            return Err(unsafe_to_empty(service, path.0.clone(), reason));
        }
        data::check(&path.0, &stack.directory, &service.kind).map_err(|source| {
            FlowError::Unsafe {
                service: service.name.clone(),
                source,
            }
        })?;
    }
    Ok(())
}

/// Refuses before anything is wiped when a volume is somebody else's.
async fn check_volumes(session: &Session<'_>, plan: &Plan) -> Result<(), FlowError> {
    let volumes = emptied(session.stack, plan).filter_map(|(service, mount)| match &mount.source {
        MountSource::Volume { name } => Some((service, session.stack.volumes.get(name)?)),
        _ => None,
    });
    let volumes: Vec<_> = volumes.collect();
    if volumes.is_empty() {
        return Ok(());
    }
    let foreign = session.engine.foreign_volumes(session.stack).await?;
    for (service, volume) in volumes {
        if volume.external || foreign.contains(&volume.name) {
            let reason = "it is a volume that devinfra did not make for this stack";
            return Err(unsafe_to_empty(service, volume.name.clone().into(), reason));
        }
    }
    Ok(())
}

/// The services whose directories and volumes the plan empties, with the mounts that are emptied.
fn emptied<'a>(stack: &'a Stack, plan: &'a Plan) -> impl Iterator<Item = (&'a Service, &'a Mount)> {
    let steps = plan.steps().iter();
    let emptied = steps.filter(|step| step.action == Action::EmptyData);
    let services = emptied.filter_map(|step| stack.services.get(step.service.as_ref()?));
    services.flat_map(|service| service.data_mounts().map(move |mount| (service, mount)))
}

fn unsafe_to_empty(service: &Service, path: PathBuf, reason: &'static str) -> FlowError {
    FlowError::Unsafe {
        service: service.name.clone(),
        source: EmptyError::Unsafe { path, reason },
    }
}
