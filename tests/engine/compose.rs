//! Leaving devinfra costs nothing: Docker Compose takes its stack files, and sees its containers.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::stacks::CACHE;
use crate::support::engine::{self, services};
use crate::support::{Project, variable};

fn socket() -> String {
    let host = variable("DOCKER_HOST").unwrap_or_default();
    let path = host.strip_prefix("unix://").unwrap_or_default();
    let path = if path.is_empty() {
        "/var/run/docker.sock"
    } else {
        path
    };
    path.to_owned()
}

/// What Compose answers. It sees this repository at `/repository`, and the engine.
fn compose(project: &Project, arguments: &[&str]) -> (i64, String) {
    let binds = [
        format!("{}:/repository:ro", env!("CARGO_MANIFEST_DIR")),
        format!("{}:/var/run/docker.sock", socket()),
    ];
    let command: Vec<&str> = [&["docker-compose"], arguments].concat();
    engine::run(&project.name, "COMPOSE_IMAGE", &command, &binds)
}

/// The files of a directory; none for a file.
fn files_of(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn compose_accepts_every_template_and_example() {
    let project = Project::with(CACHE);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let templates = fs::read_dir(root.join("templates")).unwrap();
    let examples = fs::read_dir(root.join("examples")).unwrap();
    let files: Vec<_> = templates
        .map(|entry| entry.unwrap().path())
        .chain(examples.flat_map(|entry| files_of(&entry.unwrap().path())))
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let inside = Path::new("/repository").join(file.strip_prefix(root).unwrap());
        let inside = inside.to_str().unwrap();
        let (code, output) = compose(&project, &["-f", inside, "config", "--quiet"]);
        assert_eq!((code, output.as_str()), (0, ""), "{}", file.display());
    }
}

#[test]
fn compose_lists_the_stack_and_its_containers() {
    let project = Project::with(CACHE);
    project.up();
    let (code, listed) = compose(&project, &["ls", "--format", "json"]);
    assert_eq!(code, 0, "{listed}");
    let stacks: Value = serde_json::from_str(&listed).unwrap();
    let stack = stacks.as_array().unwrap().iter();
    let stack: Vec<_> = stack.filter(|one| one["Name"] == *project.name).collect();
    assert_eq!(stack.len(), 1, "{listed}");
    assert_eq!(stack[0]["Status"], "running(1)");

    let (code, listed) = compose(&project, &["-p", &project.name, "ps", "--format", "json"]);
    assert_eq!(code, 0, "{listed}");
    let container: Value = serde_json::from_str(listed.trim()).unwrap();
    assert_eq!(container["Service"], "cache");
    assert_eq!(container["State"], "running");
    assert_eq!(services(&project.name).len(), 1);
}
