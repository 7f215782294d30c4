//! The promises of README.md and docs/ that can be checked by reading: stack files load, commands
//! exist, links lead somewhere, and the exit codes are the program's.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use clap::CommandFactory as _;
use devinfra::cli::{Args, Exit};
use devinfra::model::{Stack, StackName};
use devinfra::stack_file::{FileSource, Loaded, Request, load};

const PAGES: [&str; 7] = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/architecture.md",
    "docs/cache.md",
    "docs/stack-file.md",
    "docs/errors.md",
];

fn page(name: &str) -> String {
    fs::read_to_string(name).unwrap()
}

/// The blocks of a page that are fenced with this language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("\n```{language}\n");
    page.split(&fence)
        .skip(1)
        .map(|part| part.split("\n```").next().unwrap_or_default().to_owned())
        .collect()
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_stack_file_of_the_readme_loads_without_a_problem() {
    let files = blocks(&page("README.md"), "yaml");
    assert!(!files.is_empty());
    for text in files {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("devinfra.yaml");
        fs::write(&path, text).unwrap();
        let loaded = loaded(FileSource::Path(path), None, directory.path());
        assert!(loaded.warnings.is_empty());
    }
}

/// A stack file, with nothing in the environment.
fn loaded(file: FileSource, name: Option<&StackName>, directory: &Path) -> Loaded {
    let request = Request {
        files: &[file],
        project_directory: None,
        current_directory: directory,
        name,
        env_files: &[],
        profiles: &[],
        named: &[],
        environment: &BTreeMap::new(),
        not_unicode: &BTreeSet::new(),
        defaults: BTreeMap::new(),
    };
    load(&request).unwrap()
}

/// The default stack beside itself, with the env file that the README tells.
#[test]
fn two_checkouts_with_the_readmes_env_file_share_neither_names_nor_ports() {
    let of = |name: Option<&StackName>, env_file: &str| {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(".env"), env_file).unwrap();
        let template = FileSource::Template("kohakuhub".to_owned());
        loaded(template, name, directory.path()).stack
    };
    let env_files = blocks(&page("README.md"), "dotenv");
    let name = StackName::new("hub-two").unwrap();
    let (first, second) = (of(None, ""), of(Some(&name), &env_files[0]));
    let taken: BTreeSet<String> = things_of(&first).collect();
    assert!(taken.contains("port 25432") && taken.contains("network kohakuhub-dev"));
    let twice = things_of(&second).filter(|thing| taken.contains(thing));
    assert_eq!(twice.collect::<Vec<_>>(), Vec::<String>::new());
}

/// What the engine has only once.
fn things_of(stack: &Stack) -> impl Iterator<Item = String> {
    let containers = stack.services.values().map(|service| &service.container);
    let names = containers
        .clone()
        .map(|one| format!("container {}", one.name));
    let ports = containers.flat_map(|one| &one.ports);
    let ports = ports.filter_map(|port| Some(format!("port {}", port.published?)));
    let networks = stack.networks.values();
    let networks = networks.map(|network| format!("network {}", network.name));
    names.chain(ports).chain(networks)
}

#[test]
fn the_readme_names_every_command_and_no_other() {
    let text = page("README.md");
    let table = text.split("## Commands").nth(1).unwrap();
    let table = table.split("\n\n`devinfra COMMAND").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let mut named: Vec<String> = rows
        .filter_map(|row| row.split('|').nth(1))
        .flat_map(|cell| quoted(cell).map(str::to_owned).collect::<Vec<_>>())
        .map(|words| words.trim_start_matches("devinfra ").to_owned())
        .filter(|words| !words.starts_with('-'))
        .map(|words| {
            words
                .split([' ', '['])
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    named.sort();
    named.dedup();
    let arguments = Args::command();
    let mut known: Vec<&str> = arguments
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .map(clap::Command::get_name)
        .collect();
    known.sort_unstable();
    assert_eq!(named, known);
}

#[test]
fn the_readme_has_the_exit_codes_of_the_program() {
    let text = page("README.md");
    let codes: Vec<u8> = [
        Exit::Done,
        Exit::Failed,
        Exit::Usage,
        Exit::StackFile,
        Exit::Engine,
        Exit::Service,
        Exit::Cache,
        Exit::Conflict,
        Exit::Image,
        Exit::Left,
        Exit::Command(126),
        Exit::Command(127),
        Exit::Interrupted,
    ]
    .map(Exit::status)
    .into();
    let table = text.split("## Exit codes").nth(1).unwrap();
    let table = table.split("\n## ").next().unwrap();
    let first = |line: &str| {
        line.trim_matches('|')
            .split('|')
            .next()?
            .trim()
            .parse()
            .ok()
    };
    let told: Vec<u8> = table.lines().filter_map(first).collect();
    assert_eq!(told, codes);
}

#[test]
fn every_link_to_a_file_leads_somewhere() {
    let mut broken = Vec::new();
    for name in PAGES {
        let folder = Path::new(name).parent().unwrap();
        for target in page(name).split("](").skip(1) {
            let target = target.split(')').next().unwrap_or_default();
            let file = target.split('#').next().unwrap_or_default();
            if !target.contains("://") && !file.is_empty() && !folder.join(file).exists() {
                broken.push(format!("{name}: {target}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
