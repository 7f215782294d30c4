//! A working directory that was deleted: nothing is looked for at the root instead.

use std::process::{Command, Stdio};

use insta::assert_snapshot;

use crate::devinfra::Devinfra;

const STACK: &str = "name: shop\nservices: {db: {image: postgres:15}}";

/// What a run says in a directory that is no more; the project is the directory beside it.
fn said(arguments: &[&str]) -> String {
    let world = Devinfra::new().stack(STACK);
    let project = world.project();
    let gone = "mkdir gone && cd gone && rmdir ../gone && exec \"$0\" \"$@\"";
    let mut shell = Command::new("sh");
    let arguments = arguments.iter().map(|one| {
        one.replace(
            "[DIR]",
            world.beside("").to_str().unwrap().trim_end_matches('/'),
        )
    });
    shell
        .args(["-c", gone, env!("CARGO_BIN_EXE_devinfra")])
        .args(arguments)
        .current_dir(world.beside(""))
        .env_clear()
        .env("HOME", world.beside("home"))
        .env("DOCKER_HOST", "unix:///nowhere/engine.sock")
        .stdin(Stdio::null());
    assert!(project.is_dir());
    world.shown(&shell.output().unwrap())
}

#[test]
fn what_is_looked_for_from_there_is_refused() {
    let expected = said(&["up"]);
    assert_snapshot!(expected, @"
    exit: 2
    --- stderr
    error: the working directory does not exist any more
    hint: change to another directory, or name the project's whole path with `--project-directory`
    hint: `devinfra ls` lists what deleted projects have left running
    ");
    for arguments in [
        &["status"][..],
        &["down"],
        &["config"],
        &["--file", "devinfra.yaml", "up"],
        &["--file", "template:minimal", "up"],
        &["--project-directory", "../project", "up"],
        &[
            "--project-directory",
            "[DIR]/project",
            "--env-file",
            ".env",
            "up",
        ],
        &["init"],
        &["man", "--output", "pages"],
        &["report"],
    ] {
        assert_eq!(said(arguments), expected, "{arguments:?}");
    }
}

#[test]
fn what_is_said_whole_is_found() {
    for arguments in [
        &["--project-directory", "[DIR]/project", "config"][..],
        &["--file", "[DIR]/project/devinfra.yaml", "config"],
        &["init", "--output", "[DIR]/project/new.yaml", "minimal"],
        &["init", "--list"],
        &["schema"],
    ] {
        let said = said(arguments);
        assert!(said.starts_with("exit: 0\n"), "{arguments:?}: {said}");
    }
}

#[test]
fn scripts_and_doctor_are_told_too() {
    let told = said(&["up", "--json"]);
    assert!(
        told.contains(r#""code":"usage.working-directory""#),
        "{told}"
    );
    let doctor = said(&["doctor"]);
    assert!(
        doctor.contains("the working directory does not exist any more"),
        "{doctor}"
    );
}
