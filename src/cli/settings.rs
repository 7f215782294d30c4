//! What the environment says. The only place that reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::io;
use std::path::{Path, PathBuf};

use rustix::process::{getgid, getuid};

use super::args::global::Global;
use super::error::CliError;
use crate::engine::Wishes;
use crate::model::{ServiceName, StackName};
use crate::stack_file::{FileSource, Request};

/// The environment, read once.
#[derive(Debug)]
pub(super) struct Settings {
    /// Environment variables that are valid Unicode.
    environment: BTreeMap<String, String>,
    /// Variables that are set to something else.
    not_unicode: BTreeSet<String>,
    /// Who only says whole paths can do without.
    current_directory: io::Result<PathBuf>,
}

/// A request for a stack file, with what it borrows.
#[derive(Debug)]
pub(super) struct StackRequest<'a> {
    settings: &'a Settings,
    current_directory: &'a Path,
    global: &'a Global,
    named: &'a [ServiceName],
    files: Vec<FileSource>,
    name: Option<StackName>,
}

/// Variables that stand for options that are not given; an empty one is none.
const FILES: &str = "DEVINFRA_FILE";
const NAME: &str = "DEVINFRA_NAME";

impl StackRequest<'_> {
    pub(super) fn as_request(&self) -> Request<'_> {
        Request {
            files: &self.files,
            project_directory: self.global.project_directory.as_deref(),
            current_directory: self.current_directory,
            name: self.name.as_ref(),
            env_files: &self.global.env_files,
            profiles: &self.global.profiles,
            named: self.named,
            environment: &self.settings.environment,
            not_unicode: &self.settings.not_unicode,
            defaults: identity(),
        }
    }
}

/// The user who runs devinfra, for containers whose data is to be theirs.
fn identity() -> BTreeMap<String, String> {
    let user = getuid().as_raw();
    let group = getgid().as_raw();
    [("DEVINFRA_UID", user), ("DEVINFRA_GID", group)]
        .map(|(name, id)| (name.to_owned(), id.to_string()))
        .into()
}

fn stack_name(text: &str) -> Result<StackName, CliError> {
    let name = StackName::new(text);
    name.map_err(|error| CliError::usage("usage.name", format!("`{NAME}` is `{text}`: {error}")))
}

impl Settings {
    pub(super) fn read() -> Self {
        let (mut environment, mut not_unicode) = (BTreeMap::new(), BTreeSet::new());
        for (name, value) in env::vars_os() {
            match (name.into_string(), value.into_string()) {
                (Ok(name), Ok(value)) => drop(environment.insert(name, value)),
                (Ok(name), Err(_other)) => drop(not_unicode.insert(name)),
                (Err(_other), _) => {}
            }
        }
        Self {
            environment,
            not_unicode,
            current_directory: env::current_dir(),
        }
    }

    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.environment
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// A variable that decides: one that can't be read must not mean another.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, CliError> {
        if self.not_unicode.contains(name) {
            return Err(CliError::not_unicode(name));
        }
        Ok(self.variable(name))
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.variable(name).map(PathBuf::from)
    }

    pub(super) fn is_set(&self, name: &str) -> bool {
        self.variable(name).is_some()
    }

    /// The path, from the working directory on.
    ///
    /// # Errors
    ///
    /// When the working directory is needed, and was deleted.
    pub(super) fn whole(&self, path: &Path) -> Result<PathBuf, CliError> {
        if path.is_absolute() {
            return Ok(path.to_owned());
        }
        Ok(self.current_directory()?.join(path))
    }

    fn current_directory(&self) -> Result<&Path, CliError> {
        let current = self.current_directory.as_deref();
        current.map_err(CliError::working_directory)
    }

    /// Where a stack file and its project are looked for. Nothing is where all that is said is whole
    /// paths.
    fn start(&self, global: &Global, files: &[FileSource]) -> Result<&Path, CliError> {
        let directory = global.project_directory.as_deref();
        let is_said = match (directory, files.first()) {
            (Some(directory), _) => directory.is_absolute(),
            (None, Some(FileSource::Path(path))) => path.is_absolute(),
            (None, Some(FileSource::Template(_)) | None) => false,
        };
        let is_whole = |file: &FileSource| match file {
            FileSource::Path(path) => path.is_absolute(),
            FileSource::Template(_) => true,
        };
        let mut env_files = global.env_files.iter();
        if is_said && files.iter().all(is_whole) && env_files.all(|file| file.is_absolute()) {
            return Ok(self.current_directory.as_deref().unwrap_or(Path::new("/")));
        }
        self.current_directory()
    }

    /// What was said about the engine.
    ///
    /// # Errors
    ///
    /// When `DOCKER_HOST` or `DOCKER_CONTEXT` decides, and is no text.
    pub(super) fn engine_wishes(&self, global: &Global) -> Result<Wishes, CliError> {
        let (mut docker_host, mut docker_context) = (None, None);
        if global.host.is_none() && global.context.is_none() {
            docker_host = self.text("DOCKER_HOST")?.map(str::to_owned);
            if docker_host.is_none() {
                docker_context = self.text("DOCKER_CONTEXT")?.map(str::to_owned);
            }
        }
        Ok(Wishes {
            host: global.host.clone(),
            context: global.context.clone(),
            docker_host,
            docker_context,
            docker_config: self.path("DOCKER_CONFIG"),
            home: self.path("HOME"),
            runtime_directory: self.path("XDG_RUNTIME_DIR"),
            config_home: self.path("XDG_CONFIG_HOME"),
            registry_auth_file: self.path("REGISTRY_AUTH_FILE"),
        })
    }

    /// What is asked of the stack file reader.
    ///
    /// # Errors
    ///
    /// When `DEVINFRA_NAME` is no name, it or `DEVINFRA_FILE` is no text, or the working directory is
    /// needed and was deleted.
    pub(super) fn stack_request<'a>(
        &'a self,
        global: &'a Global,
        named: &'a [ServiceName],
    ) -> Result<StackRequest<'a>, CliError> {
        let files: Vec<&str> = if global.files.is_empty() {
            self.text(FILES)?.unwrap_or_default().split(',').collect()
        } else {
            global.files.iter().map(String::as_str).collect()
        };
        let files = files.into_iter().filter(|file| !file.is_empty());
        let files: Vec<FileSource> = files.map(FileSource::parse).collect();
        let name = self.stack_name(global)?;
        Ok(StackRequest {
            settings: self,
            current_directory: self.start(global, &files)?,
            global,
            named,
            files,
            name,
        })
    }

    /// The stack's name, where the command line or the environment says it.
    ///
    /// # Errors
    ///
    /// When `DEVINFRA_NAME` is no name, or no text.
    pub(super) fn stack_name(&self, global: &Global) -> Result<Option<StackName>, CliError> {
        match &global.name {
            Some(name) => Ok(Some(name.clone())),
            None => self.text(NAME)?.map(stack_name).transpose(),
        }
    }

    /// Where locks are kept: a directory of this user's that survives the run.
    pub(super) fn lock_directory(&self) -> PathBuf {
        let state = self
            .path("XDG_RUNTIME_DIR")
            .or_else(|| self.path("XDG_STATE_HOME"))
            .or_else(|| self.path("HOME").map(|home| home.join(".local/state")));
        // What all users share holds a directory for each.
        let shared = || env::temp_dir().join(format!("devinfra-{}", getuid().as_raw()));
        state.map_or_else(shared, |state| state.join("devinfra"))
    }
}
