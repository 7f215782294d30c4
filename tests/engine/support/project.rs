//! A project directory with a stack of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use super::engine::{self, Objects};
use super::{Run, Running, images, ports, secrets, variable};

/// The host ports of the default stack, by their variables.
const DEFAULT_PORTS: &[&str] = &[
    "DEV_POSTGRES_PORT",
    "DEV_MINIO_PORT",
    "DEV_MINIO_CONSOLE_PORT",
    "DEV_LAKEFS_PORT",
    "DEV_VALKEY_PORT",
];

/// A project. When it is dropped, its stack and everything a test made beside it are removed.
#[derive(Debug)]
pub(crate) struct Project {
    /// The stack's name, which no other has.
    pub(crate) name: String,
    root: TempDir,
    home: PathBuf,
    files: Vec<String>,
    environment: BTreeMap<String, String>,
}

impl Project {
    /// A project with this stack file.
    ///
    /// In its text, a variable whose name ends in `_PORT` is a host port of this project's own, and
    /// `${TOOLS_IMAGE}` and its like are the images of [`images`].
    pub(crate) fn with(stack: &str) -> Self {
        images::require(|variable| stack.contains(variable));
        let mut project = Self::empty();
        project.reserve_ports(stack);
        project.write("devinfra.yaml", stack);
        project
    }

    /// A project with the default stack.
    pub(crate) fn default_stack() -> Self {
        images::require(|_every| true);
        let mut project = Self::empty();
        for name in DEFAULT_PORTS {
            project.set(name, &ports::reserve().to_string());
        }
        project.set("DEV_POSTGRES_PASSWORD", secrets::DATABASE);
        project.set("DEV_MINIO_ROOT_PASSWORD", secrets::STORE);
        project.set("DEV_LAKEFS_ENCRYPT_SECRET_KEY", secrets::ENCRYPTION);
        project.files.push("template:kohakuhub".to_owned());
        if !images::from_registry() {
            let offline = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/images/offline.yaml");
            project.files.push(offline.to_owned());
        }
        project
    }

    fn empty() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let root = tempfile::tempdir().unwrap();
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let name = format!(
            "devinfra-test-{}-{}-{:x}",
            process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed),
            since_epoch.subsec_micros(),
        );
        let home = root.path().join("home");
        fs::create_dir(&home).unwrap();
        fs::create_dir(root.path().join("project")).unwrap();
        let mut project = Self {
            name: name.clone(),
            root,
            home,
            files: Vec::new(),
            environment: BTreeMap::new(),
        };
        project.set("DEVINFRA_NAME", &name);
        project.set("COMPOSE_PROJECT_NAME", &name);
        for (variable, image) in images::all() {
            project.set(variable, image);
        }
        project
    }

    /// The same stack, under the same name and for the same user, in another directory.
    pub(crate) fn twin(&self) -> Self {
        let mut twin = Self::empty();
        twin.name.clone_from(&self.name);
        twin.home.clone_from(&self.home);
        twin.files.clone_from(&self.files);
        twin.environment.clone_from(&self.environment);
        if let Ok(stack) = fs::read_to_string(self.path().join("devinfra.yaml")) {
            twin.write("devinfra.yaml", &stack);
        }
        twin
    }

    /// A twin whose user has locks of their own.
    pub(crate) fn twin_of_another_user(&self) -> Self {
        let mut twin = self.twin();
        twin.home = twin.outside().join("home");
        twin
    }

    fn reserve_ports(&mut self, stack: &str) {
        let words = stack.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
        let names: BTreeSet<&str> = words.filter(|word| word.ends_with("_PORT")).collect();
        for name in names {
            if !self.environment.contains_key(name) {
                self.set(name, &ports::reserve().to_string());
            }
        }
    }

    /// Replaces the stack file.
    pub(crate) fn rewrite(&mut self, stack: &str) {
        self.reserve_ports(stack);
        self.write("devinfra.yaml", stack);
    }

    /// Merges another stack file over the others.
    pub(crate) fn merge(&mut self, file: &str, text: &str) {
        self.write(file, text);
        self.files
            .push(self.path().join(file).display().to_string());
    }

    /// Sets an environment variable of all runs to come.
    pub(crate) fn set(&mut self, variable: &str, value: &str) {
        self.environment
            .insert(variable.to_owned(), value.to_owned());
    }

    /// The value of an environment variable of the runs.
    #[track_caller]
    pub(crate) fn variable(&self, name: &str) -> &str {
        let value = self.environment.get(name);
        value.unwrap_or_else(|| panic!("`{name}` is not set"))
    }

    /// The host port behind a variable.
    #[track_caller]
    pub(crate) fn port(&self, variable: &str) -> u16 {
        self.variable(variable).parse().unwrap()
    }

    /// The project directory.
    pub(crate) fn path(&self) -> PathBuf {
        self.root.path().join("project")
    }

    /// A directory of this test's that is not the project's.
    pub(crate) fn outside(&self) -> &Path {
        self.root.path()
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, file: &str, text: &str) {
        fs::write(self.path().join(file), text).unwrap();
    }

    /// The binary, ready to run in the project directory with the project's environment alone.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_devinfra"));
        command.env_clear().current_dir(self.path());
        command.env("HOME", &self.home).env("NO_COLOR", "1");
        for passed_on in ["DOCKER_HOST", "PATH"] {
            if let Some(value) = variable(passed_on) {
                command.env(passed_on, value);
            }
        }
        command.envs(&self.environment);
        for file in &self.files {
            command.args(["--file", file]);
        }
        if !self.files.is_empty() {
            command.arg("--project-directory").arg(self.path());
        }
        command.args(args);
        command
    }

    /// Runs devinfra to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.start(args).wait()
    }

    /// Starts devinfra.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running::start(self.command(args))
    }

    /// Brings everything up, which must succeed.
    #[track_caller]
    pub(crate) fn up(&self) -> Run {
        self.run(&["up", "--json"]).succeeds()
    }

    /// Takes everything down, which must succeed.
    #[track_caller]
    pub(crate) fn down(&self) -> Run {
        self.run(&["down", "--json"]).succeeds()
    }

    /// What the engine has of the stack.
    pub(crate) fn objects(&self) -> Objects {
        engine::objects(&self.name)
    }

    /// The id of the service's container.
    #[track_caller]
    pub(crate) fn container(&self, service: &str) -> String {
        let mut all = engine::services(&self.name);
        let found = all.remove(service);
        found.unwrap_or_else(|| panic!("`{service}` has no container; there are {all:?}"))
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if thread::panicking() {
            for (service, id) in engine::services(&self.name) {
                eprintln!("--- log of `{service}`\n{}", engine::log(&id));
            }
        }
        engine::clean_up(&self.name);
    }
}
