//! `env` and `run` on a real engine.

use std::process::Command;

use super::world::variables;
use crate::support::{Project, engine};

#[test]
fn nothing_is_printed_unless_the_stack_is_up() {
    let project = Project::default_stack();
    let run = project.run(&["env"]).exits_with(5);
    assert_eq!(run.stdout, "");
    project.up();
    assert_eq!(variables(&project)["KOHAKU_HUB_CACHE_ENABLED"], "true");
    engine::kill(&project.container("postgres"));
    let run = project.run(&["env"]).exits_with(5);
    assert_eq!(run.stdout, "");
}

#[test]
fn a_service_that_is_left_out_is_told_as_such() {
    let project = Project::default_stack();
    project.run(&["up", "--without", "valkey"]).succeeds();
    let told = variables(&project);
    assert_eq!(told["KOHAKU_HUB_CACHE_ENABLED"], "false");
    assert!(told.get("KOHAKU_HUB_CACHE_URL").is_none());
}

#[test]
fn a_shell_evaluates_what_is_printed_and_run_passes_everything_through() {
    let project = Project::default_stack();
    project.up();
    let told = project.run(&["env"]).succeeds().stdout;
    let script = format!("{told}printf %s \"$KOHAKU_HUB_DATABASE_URL\"");
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    let url = String::from_utf8(output.stdout).unwrap();
    assert_eq!(variables(&project)["KOHAKU_HUB_DATABASE_URL"], url);
    let script = "printf %s \"$KOHAKU_HUB_DATABASE_URL\"; exit 42";
    let run = project
        .run(&["run", "--", "sh", "-c", script])
        .exits_with(42);
    assert_eq!(run.stdout.trim_end(), url);
    project.run(&["run", "no-such-command"]).exits_with(127);
}
