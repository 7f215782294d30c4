//! Env files: which are read, in which order, and what their lines mean.

use std::os::unix::fs::symlink;
use std::{fs, thread};

use devinfra::stack_file::Secrets;
use insta::assert_snapshot;
use rustix::fs::{CWD, Mode, mkfifoat};

use crate::world::World;

const STACK: &str = "x-devinfra: {env_files: [.env.dev, .env]}
services: {app: {image: i, environment: {A: '${A:-none}', B: '${B:-none}'}}}";

#[test]
fn the_first_listed_file_wins_and_the_environment_beats_both() {
    let world = World::new()
        .stack(STACK)
        .file(".env", "A=from .env\nB=from .env\n")
        .file(".env.dev", "A=from .env.dev\n");
    assert_snapshot!(world.part("services.app.environment"), @"
    A: from .env.dev
    B: from .env
    ");
    let world = world.variable("A", "from the shell");
    assert_snapshot!(world.part("services.app.environment"), @"
    A: from the shell
    B: from .env
    ");
}

#[test]
fn listed_files_that_are_not_there_are_passed_over() {
    let world = World::new().stack(STACK);
    assert_snapshot!(world.part("services.app.environment"), @"
    A: none
    B: none
    ");
}

#[test]
fn listed_files_that_are_there_and_no_files_are_errors() {
    let world = World::new().stack(STACK).file(".env/is-a-directory", "");
    assert_snapshot!(world.part("services.app.environment"), @"
    failed to read `[DIR]/project/.env`
    Caused by: Is a directory (os error 21)
    ");
    let world = World::new().stack(STACK);
    symlink(".env", world.path(".env")).unwrap();
    assert_snapshot!(world.part("services.app.environment"), @"
    failed to read `[DIR]/project/.env`
    Caused by: Too many levels of symbolic links (os error 40)
    ");
}

#[test]
fn a_directory_of_the_usual_name_that_nobody_has_listed_is_passed_over() {
    let unlisted = "services: {app: {image: i, environment: {A: '${A:-none}'}}}";
    let world = World::new().stack(unlisted).file(".env/bin/activate", "");
    assert_snapshot!(world.part("services.app.environment"), @"A: none");
}

#[test]
fn a_pipe_is_read_as_a_file() {
    let world = World::new().stack(STACK);
    let pipe = world.path(".env");
    mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
    let writer = thread::spawn(move || fs::write(pipe, "A=piped\n").unwrap());
    assert_snapshot!(world.part("services.app.environment"), @"
    A: piped
    B: none
    ");
    writer.join().unwrap();
}

#[test]
fn named_files_are_read_instead_and_the_last_wins() {
    let world = World::new()
        .stack(STACK)
        .file(".env", "A=from .env\nB=from .env\n")
        .file("one.env", "A=one\nB=one\n")
        .file("two.env", "B=two\n")
        .env_file("one.env")
        .env_file("two.env");
    assert_snapshot!(world.part("services.app.environment"), @"
    A: one
    B: two
    ");
}

#[test]
fn a_named_file_that_is_not_there_is_an_error() {
    let world = World::new().stack(STACK).env_file("nope.env");
    assert_snapshot!(world.part("services.app.environment"), @"
    failed to read `[DIR]/project/nope.env`
    Caused by: No such file or directory (os error 2)
    ");
}

#[test]
fn without_a_list_the_usual_file_is_read() {
    let world = World::new()
        .stack("services: {app: {image: 'example/app:${TAG}'}}")
        .file(".env", "TAG=7\n");
    assert_snapshot!(world.part("services.app.image"), @"example/app:7");
}

#[test]
fn a_list_can_not_use_variables() {
    let world =
        World::new().stack("x-devinfra: {env_files: ['.env.$SET']}\nservices: {app: {image: i}}");
    assert_snapshot!(world.config(Secrets::Shown), @"
    error: env files are read before variables are known, and can't use them
     --> devinfra.yaml:1:26
      |
    1 | x-devinfra: {env_files: ['.env.$SET']}
      |                          ^^^^^^^^^^^
    ");
}

#[test]
fn a_services_file_is_read_by_the_same_rules() {
    let file = r#"# comment
export EXPORTED=yes
SINGLE='literal $SET # kept' # dropped
DOUBLE="$SET\n\"quoted\" \$SET"
BARE = spaces around # comment
HASH=a#b
ABOVE=${HASH}c
YAML: style
EMPTY=
SET
NOT_SET_ANYWHERE
"#;
    let world = World::new()
        .stack("services: {app: {image: i, env_file: app.env, environment: {BARE: beaten}}}")
        .file("app.env", file);
    assert_snapshot!(world.part("services.app.environment"), @r#"
    ABOVE: a#bc
    BARE: beaten
    DOUBLE: |-
      value
      "quoted" $$SET
    EMPTY: ''
    EXPORTED: yes
    HASH: a#b
    SET: value
    SINGLE: 'literal $$SET # kept'
    YAML: style
    "#);
}

#[test]
fn later_files_of_a_service_win_and_optional_ones_may_be_missing() {
    let world = World::new()
        .stack("services: {app: {image: i, env_file: [a.env, {path: b.env}, {path: c.env, required: false}]}}")
        .file("a.env", "A=a\nB=a\n")
        .file("b.env", "B=b\n");
    assert_snapshot!(world.part("services.app.environment"), @"
    A: a
    B: b
    ");
}

#[test]
fn every_line_that_can_not_be_read_is_shown() {
    let world = World::new().stack(STACK).file(
        ".env.dev",
        "\u{feff}A=$(id)\nB=`id`\n1C=x\nD 'y'\nE='open\nF=\"x\" y\nG=${SET\nH=${REQUIRED:?say so}\n",
    );
    assert_snapshot!(world.config(Secrets::Shown), @r#"
    error: commands are not run here; write their result, or quote the text with '…'
     --> .env.dev:1:2
      |
    1 | ﻿A=*****
      | ^^^^^^^

    error: commands are not run here; write their result, or quote the text with '…'
     --> .env.dev:2:1
      |
    2 | B=****
      | ^^^^^^

    error: `1C` is no name of a variable
     --> .env.dev:3:1
      |
    3 | 1C=*
      | ^^^^

    error: the name is not followed by `=`
     --> .env.dev:4:1
      |
    4 | *****
      | ^^^^^

    error: a single quote is not closed
     --> .env.dev:5:1
      |
    5 | E=*****
      | ^^^^^^^

    error: something stands behind a closing quote
     --> .env.dev:6:1
      |
    6 | F=*****
      | ^^^^^^^

    error: `${` is not closed; a dollar sign itself is written `$$`
     --> .env.dev:7:1
      |
    7 | G=*****
      | ^^^^^^^

    error: required variable `REQUIRED` is missing a value: say so
     --> .env.dev:8:1
      |
    8 | H=*******************
      | ^^^^^^^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn a_services_file_that_can_not_be_read_is_shown_where_it_is_named() {
    let world = World::new()
        .stack("services:\n  app:\n    image: i\n    env_file: [good.env, bad.env, missing.env]\n")
        .file("good.env", "A=1\n")
        .file("bad.env", "A=1\nB=$(id)\n");
    assert_snapshot!(world.config(Secrets::Shown), @"
    error: env file [DIR]/project/bad.env:2: commands are not run here; write their result, or quote the text with '…'
     --> devinfra.yaml:4:26
      |
    4 |     env_file: [good.env, bad.env, missing.env]
      |                          ^^^^^^^

    error: env file `[DIR]/project/missing.env`: No such file or directory (os error 2)
     --> devinfra.yaml:4:35
      |
    4 |     env_file: [good.env, bad.env, missing.env]
      |                                   ^^^^^^^^^^^
    ");
}

#[test]
fn lines_that_double_each_other_have_an_end() {
    let doubling = (1..64).map(|line| format!("A{line}=$A{0}$A{0}\n", line - 1));
    let text: String = ["A0=ha\n".to_owned()].into_iter().chain(doubling).collect();
    let world = World::new().stack(STACK).file(".env", text);
    let error = world.load().unwrap_err().to_string();
    let first = error.lines().next().unwrap();
    assert_eq!(
        first,
        ".env:21:1: it is longer than 1024 KiB with its variables replaced"
    );
}

#[test]
fn no_problem_of_an_env_file_shows_a_value() {
    for line in [
        "PW='hunter2secret",
        "export PW=\"hunter2secret\" hunter2secret",
        "PW=$(cat hunter2secret)",
        "PW=a${hunter2secret!}",
        "hunter2secret and more",
        "PW hunter2secret",
        "2 hunter2secret=",
        "PW=hunter2secret\0",
    ] {
        let told = World::new().stack(STACK).file(".env", line);
        let told = told.config(Secrets::Shown);
        assert!(told.starts_with("error: "), "{line}: {told}");
        assert!(!told.contains("hunter2secret"), "{line}: {told}");
    }
}

/// A variable of a file that has problems is not missing: nobody knows yet.
#[test]
fn variables_of_a_file_that_can_not_be_read_are_not_missing() {
    let stack = "services:
  app:
    image: 'example/app:${TAG}'
    ports: ['${PORT}:80', '90:x']
    environment: {PASSWORD: '${PASSWORD:?set it}', OTHER: '${OTHER:?set it}', UNSET: $UNSET}
    labels: {l: '${OPEN'}
";
    let world = World::new()
        .stack(stack)
        .file(".env", "PASSWORD=secret\nTAG=1\n\nPORT=$(id)\n");
    assert_snapshot!(world.config(Secrets::Shown), @"
    error: `ports`: `x` is not a port: a number from 1 to 65535
     --> devinfra.yaml:4:27
      |
    4 |     ports: ['${PORT}:80', '90:x']
      |                           ^^^^^^

    error: `${` is not closed; a dollar sign itself is written `$$`
     --> devinfra.yaml:6:17
      |
    6 |     labels: {l: '${OPEN'}
      |                 ^^^^^^^^

    error: commands are not run here; write their result, or quote the text with '…'
     --> .env:4:1
      |
    4 | PORT=*****
      | ^^^^^^^^^^
    ");
}
