//! A directory with files, and what a stack file in it comes to.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};

use anstream::adapter::strip_str;
use devinfra::model::{ServiceName, StackName};
use devinfra::stack_file::{
    FileSource, LoadError, Loaded, Request, Secrets, load, resolved, to_yaml,
};
use tempfile::TempDir;

/// Files in a temporary directory, and everything that a request may say.
#[must_use]
pub(crate) struct World {
    temporary: Option<TempDir>,
    directory: PathBuf,
    files: Vec<FileSource>,
    environment: BTreeMap<String, String>,
    profiles: Vec<String>,
    named: Vec<ServiceName>,
    env_files: Vec<PathBuf>,
    name: Option<StackName>,
    project_directory: Option<PathBuf>,
}

impl World {
    /// An empty directory named `project`.
    pub(crate) fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let directory = temporary.path().join("project");
        fs::create_dir(&directory).unwrap();
        Self {
            temporary: Some(temporary),
            ..Self::at(&directory)
        }
    }

    /// A directory that exists.
    pub(crate) fn at(directory: &Path) -> Self {
        let environment = [("HOME", "/home/me"), ("SET", "value"), ("EMPTY", "")];
        Self {
            temporary: None,
            directory: directory.to_owned(),
            files: Vec::new(),
            environment: environment
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            profiles: Vec::new(),
            named: Vec::new(),
            env_files: Vec::new(),
            name: None,
            project_directory: None,
        }
    }

    /// Writes a file.
    pub(crate) fn file(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// A path in the current directory.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.directory.join(path)
    }

    /// Writes `devinfra.yaml`.
    pub(crate) fn stack(self, text: &str) -> Self {
        self.file("devinfra.yaml", text)
    }

    /// `-f`.
    pub(crate) fn with(mut self, file: &str) -> Self {
        self.files.push(FileSource::parse(file));
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn profile(mut self, name: &str) -> Self {
        self.profiles.push(name.to_owned());
        self
    }

    pub(crate) fn service(mut self, name: &str) -> Self {
        self.named.push(ServiceName::new(name).unwrap());
        self
    }

    pub(crate) fn env_file(mut self, path: &str) -> Self {
        self.env_files.push(PathBuf::from(path));
        self
    }

    pub(crate) fn name(mut self, name: &str) -> Self {
        self.name = Some(StackName::new(name).unwrap());
        self
    }

    pub(crate) fn project_directory(mut self, path: &str) -> Self {
        self.project_directory = Some(PathBuf::from(path));
        self
    }

    /// Where the current directory is.
    pub(crate) fn inside(mut self, path: &str) -> Self {
        self.directory.push(path);
        fs::create_dir_all(&self.directory).unwrap();
        self
    }

    pub(crate) fn load(&self) -> Result<Loaded, LoadError> {
        load(&Request {
            files: &self.files,
            project_directory: self.project_directory.as_deref(),
            current_directory: &self.directory,
            name: self.name.as_ref(),
            env_files: &self.env_files,
            profiles: &self.profiles,
            named: &self.named,
            environment: &self.environment,
            not_unicode: &BTreeSet::new(),
            defaults: BTreeMap::new(),
        })
    }

    /// The warnings, and the stack as `devinfra config` shows it; or the failure as people see it.
    #[track_caller]
    pub(crate) fn config(&self, secrets: Secrets) -> String {
        let text = match self.load() {
            Ok(loaded) => {
                let mut text = String::new();
                for warning in &loaded.warnings {
                    text.extend(["# warning: ", &warning.message, "\n"]);
                }
                text + &to_yaml(&resolved(&loaded.stack, secrets))
            }
            Err(error) => told(&error),
        };
        self.without_places(&text)
    }

    /// One service's part of it, such as `services.app.environment`; everything else when there
    /// are problems.
    #[track_caller]
    pub(crate) fn part(&self, path: &str) -> String {
        let loaded = match self.load() {
            Ok(loaded) => loaded,
            Err(error) => return self.without_places(&told(&error)),
        };
        let whole = resolved(&loaded.stack, Secrets::Shown);
        let part = path.split('.').try_fold(&whole, |node, key| node.get(key));
        part.map_or_else(
            || "nothing".to_owned(),
            |part| self.without_places(&to_yaml(part)),
        )
    }

    /// Directories differ from machine to machine.
    fn without_places(&self, text: &str) -> String {
        let directory = match &self.temporary {
            Some(temporary) => temporary.path(),
            None => &self.directory,
        };
        text.replace(&*directory.to_string_lossy(), "[DIR]")
    }
}

/// The failure as people see it.
fn told(error: &LoadError) -> String {
    if let Some(rendered) = error.rendered() {
        return strip_str(rendered).to_string();
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(one) = cause {
        text.extend(["\nCaused by: ", &one.to_string()]);
        cause = one.source();
    }
    text
}
