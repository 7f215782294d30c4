//! Empties the data directories and volumes of a service that does not run.
//!
//! What belongs to this user is deleted here. What belongs to others, such as to a server's own user
//! in its container, is deleted by a container from an image of the stack's own: no further image
//! and no further rights are needed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::Walk;
use super::error::{ApplyError, EmptyProblem};
use super::step::disordered;
use crate::data::{self, Checked, EmptyError};
use crate::engine::EngineError;
use crate::model::{
    AnonymousVolumes, Bind, ContainerSpec, ContainerState, ImageRef, Mount, MountSource, Service,
    ServiceName, Submounts,
};

/// The key of the volumes that say that others are being emptied.
const MARK: &str = "devinfra-wiping";
/// Where the helper sees the directory.
const PLACE: &str = "/devinfra";
/// How often it is looked whether the helper has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Lists the directory, after a look whether it is the one that was checked.
const LIST: &str = r#"[ -z "$1" ] || [ "$(ls -di /devinfra | { read -r inode _; echo "$inode"; })" = "$1" ] || exit 9
cd /devinfra || exit 1
[ "$(ls -A | wc -l)" -lt 5000 ] || { echo "more than 5000 names are in it"; exit 1; }
ls -A && { ls -d $2 2>/dev/null || true; }"#;
/// Empties it in the same way. `rm` follows no symlinks.
const EMPTY: &str = r#"[ -z "$1" ] || [ "$(ls -di /devinfra | { read -r inode _; echo "$inode"; })" = "$1" ] || exit 9
rm -rf /devinfra/* /devinfra/.[!.]* /devinfra/..?*
[ -z "$(ls -A /devinfra)" ]"#;
/// How the scripts say that the directory is another than the one that was checked.
const ANOTHER: i64 = 9;
/// Lines of the helper's output that are read: more than it writes.
const LINES: usize = 100_000;

impl Walk<'_> {
    pub(super) async fn note_wipe(&self, service: &Service) -> Result<(), ApplyError> {
        let binds = service
            .data_mounts()
            .filter_map(|mount| match &mount.source {
                MountSource::Bind(bind) => Some(bind),
                MountSource::Volume { .. }
                | MountSource::AnonymousVolume
                | MountSource::Tmpfs(_) => None,
            });
        for bind in binds {
            let noted = self.note_directory(service, bind).await;
            noted.map_err(|source| ApplyError::Empty {
                service: service.name.clone(),
                source,
            })?;
        }
        let stack = self.run.stack;
        if let Some(mark) = stack.wipe_mark(service) {
            let made = self.run.engine.create_volume(stack, MARK, &mark);
            made.await?;
        }
        Ok(())
    }

    /// What is noted counts as known from then on: so it is looked at before.
    async fn note_directory(&self, service: &Service, bind: &Bind) -> Result<(), EmptyProblem> {
        let (path, project) = (bind.source.0.clone(), self.run.stack.directory.clone());
        let kind = service.kind.clone();
        let looked = spawn_blocking(move || data::check(&path, &project, &kind));
        let looked = looked.await.map_err(|_panicked| EmptyProblem::Disordered)?;
        if let Some(checked) = looked? {
            self.look_as_root(service, bind, &checked).await?;
            checked.note_wiping();
        }
        Ok(())
    }

    pub(super) async fn empty_data(&self, service: &Service) -> Result<(), ApplyError> {
        for mount in service.data_mounts() {
            let emptied = match &mount.source {
                MountSource::Bind(bind) => self.empty_directory(service, bind).await,
                MountSource::Volume { .. } => self
                    .helper(service, &mount.source, EMPTY, None)
                    .await
                    .map(drop),
                // They go with the container.
                MountSource::AnonymousVolume | MountSource::Tmpfs(_) => Ok(()),
            };
            emptied.map_err(|source| ApplyError::Empty {
                service: service.name.clone(),
                source,
            })?;
        }
        let stack = self.run.stack;
        if let Some(mark) = stack.wipe_mark(service) {
            self.run.engine.remove_volume(stack, &mark.name).await?;
        }
        Ok(())
    }

    async fn empty_directory(&self, service: &Service, bind: &Bind) -> Result<(), EmptyProblem> {
        let (path, project) = (bind.source.0.clone(), self.run.stack.directory.clone());
        let kind = service.kind.clone();
        let looked = spawn_blocking(move || {
            let Some(checked) = data::check(&path, &project, &kind)? else {
                return Ok(None);
            };
            if !checked.is_known {
                return Ok(Some(checked));
            }
            match checked.empty() {
                Ok(()) => Ok(None),
                Err(EmptyError::NotPermitted { .. }) => Ok(Some(checked)),
                Err(error) => Err(error),
            }
        });
        let looked = looked.await.map_err(|_panicked| EmptyProblem::Disordered)?;
        if let Some(checked) = looked? {
            self.empty_as_root(service, bind, &checked).await?;
        }
        data::note_wiped(&bind.source.0, &self.run.stack.directory);
        Ok(())
    }

    async fn empty_as_root(
        &self,
        service: &Service,
        bind: &Bind,
        checked: &Checked,
    ) -> Result<(), EmptyProblem> {
        self.look_as_root(service, bind, checked).await?;
        data::check_mounts(&checked.path)?;
        let inode = Some(checked.inode());
        self.helper(service, &hiding(bind), EMPTY, inode).await?;
        Ok(())
    }

    /// Looks into a directory that could not be looked into, whether it is the service's data.
    async fn look_as_root(
        &self,
        service: &Service,
        bind: &Bind,
        checked: &Checked,
    ) -> Result<(), EmptyProblem> {
        if checked.is_known {
            return Ok(());
        }
        data::check_mounts(&checked.path)?;
        let inode = Some(checked.inode());
        let names = self.helper(service, &hiding(bind), LIST, inode).await?;
        Ok(data::check_names(&checked.path, &service.kind, names)?)
    }

    /// Runs a script over the directory or volume, as root of a container; with the first image
    /// that has a shell.
    async fn helper(
        &self,
        service: &Service,
        source: &MountSource,
        script: &str,
        inode: Option<u64>,
    ) -> Result<Vec<String>, EmptyProblem> {
        let others = self.run.stack.services.values();
        let mut images: Vec<&ImageRef> = vec![&service.container.image];
        images.extend(others.map(|other| &other.container.image));
        let mut problem = EmptyProblem::NoImage;
        for image in images {
            let helper = self.helper_service(service, image, source, script, inode);
            match self.run_helper(&helper).await {
                Err(EmptyProblem::Engine(
                    error @ (EngineError::BadCommand { .. }
                    | EngineError::NotFound { .. }
                    | EngineError::Image { .. }),
                )) => {
                    problem = EmptyProblem::Engine(error);
                }
                other => return other,
            }
        }
        Err(problem)
    }

    fn helper_service(
        &self,
        service: &Service,
        image: &ImageRef,
        source: &MountSource,
        script: &str,
        inode: Option<u64>,
    ) -> Service {
        let stack = &self.run.stack.name;
        let name = format!("{stack}-devinfra-wipe-{}-{}", service.name, process::id());
        let mut spec = ContainerSpec::new(name, image.clone());
        spec.entrypoint = Some(vec!["sh".to_owned()]);
        let inode = inode.map(|inode| inode.to_string()).unwrap_or_default();
        let words = ["-c", script, "sh", &inode, &data::witnesses()];
        spec.command = Some(words.map(str::to_owned).to_vec());
        spec.user = Some("0:0".to_owned());
        spec.mounts = vec![Mount {
            target: PLACE.to_owned(),
            source: source.clone(),
            read_only: false,
        }];
        // Labelled as the stack's: one that a killed run leaves is taken away by `down`.
        Service::new(service.name.helper(), spec)
    }

    async fn run_helper(&self, helper: &Service) -> Result<Vec<String>, EmptyProblem> {
        let engine = self.run.engine;
        let id = engine
            .create_container(self.run.stack, helper, &BTreeMap::new())
            .await?;
        let ended = async {
            engine.start_container(&id).await?;
            loop {
                let found = engine.inspect_container(&id).await?;
                match found.map(|container| container.state) {
                    Some(ContainerState::Exited { code, .. }) => return Ok(code),
                    Some(_) => sleep(LOOK_AGAIN).await,
                    None => return Ok(None),
                }
            }
        };
        let ended: Result<Option<i64>, EngineError> = ended.await;
        let lines = engine.log_tail(&id, LINES).await.unwrap_or_default();
        engine
            .remove_container(&id, AnonymousVolumes::Removed)
            .await?;
        match ended? {
            Some(0) => Ok(lines),
            Some(ANOTHER) => Err(EmptyProblem::Another),
            _ => Err(EmptyProblem::Said(lines.join("; "))),
        }
    }

    pub(super) fn remove_data_file(
        &self,
        service: Option<&ServiceName>,
        path: &Path,
    ) -> Result<(), ApplyError> {
        let service = service.cloned().ok_or_else(|| disordered("a service"))?;
        data::remove_file(path, &self.run.stack.directory).map_err(|error| ApplyError::Empty {
            service,
            source: error.into(),
        })
    }
}

/// The directory, without what is mounted inside it.
fn hiding(bind: &Bind) -> MountSource {
    MountSource::Bind(Bind {
        submounts: Submounts::Hidden,
        ..bind.clone()
    })
}
