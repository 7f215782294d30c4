//! What `examples/` shows can be done.

use std::fs;
use std::path::Path;

use clap::Parser as _;
use devinfra::cli::Args;

use crate::devinfra::Devinfra;

fn example(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(path);
    fs::read_to_string(path).unwrap()
}

#[test]
fn every_stack_is_read_without_a_warning() {
    let web_app = Devinfra::new().stack(&example("web-app/devinfra.yaml"));
    let hub = Devinfra::new().file("override.yaml", &example("kohakuhub/override.yaml"));
    let hub = hub.args(["-f", "template:kohakuhub", "-f", "override.yaml"]);
    for run in [web_app, hub] {
        let shown = run.args(["config"]).run();
        assert!(shown.starts_with("exit: 0\n--- stdout\n"), "{shown}");
        assert!(!shown.contains("--- stderr"), "{shown}");
    }
}

/// A file of the name that is found by itself is a whole stack; what is laid over one has another.
#[test]
fn only_whole_stacks_have_the_name_that_is_found() {
    let mut found = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")).unwrap() {
        let path = entry.unwrap().path().join("devinfra.yaml");
        if path.exists() {
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains("\nname: "), "{}", path.display());
            found += 1;
        }
    }
    assert!(found > 0);
}

#[test]
fn every_command_of_the_ci_examples_is_understood() {
    let mut commands = 0;
    for file in ["ci/github-actions.yml", "ci/gitlab-ci.yml"] {
        for line in example(file).lines() {
            let Some((_, line)) = line.split_once("devinfra ").filter(|_| is_command(line)) else {
                continue;
            };
            // What the shell or the CI makes of the rest is theirs.
            let line = line.split(['$', '>', '|', ')']).next().unwrap();
            let words = ["devinfra"].into_iter().chain(line.split_whitespace());
            let parsed = Args::try_parse_from(words);
            assert!(parsed.is_ok(), "{file}: {line}: {}", parsed.unwrap_err());
            commands += 1;
        }
    }
    assert!(commands >= 8, "only {commands} commands were found");
}

fn is_command(line: &str) -> bool {
    let line = line.trim_start();
    let is_install = line.contains("cargo install");
    !is_install
        && (line.starts_with("run: ")
            || line.starts_with("- devinfra ")
            || line.starts_with("- variables")
            || line.starts_with("- test "))
}
