//! Which file, which project directory, which name.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use devinfra::stack_file::Origin;
use insta::assert_snapshot;
use rustix::fs::{CWD, Mode, mkfifoat};

use crate::world::World;

const STACK: &str = "services: {app: {image: example/app, volumes: ['./data:/data']}}";

/// Its origin, name and where its data lies.
fn chosen(world: &World) -> String {
    let origin = world.load().unwrap().origin;
    let (name, volumes) = (world.part("name"), world.part("services.app.volumes"));
    format!("{origin:?} {name}{volumes}")
}

#[test]
fn the_nearest_stack_file_above_is_found() {
    let world = World::new().stack(STACK).inside("src/deep");
    assert_snapshot!(chosen(&world), @"
    Found project
    - type: bind
      source: [DIR]/project/data
      bind:
        create_host_path: true
      target: /data
    ");
}

#[test]
fn the_short_ending_will_do_and_the_long_one_comes_first() {
    let world = World::new().file("devinfra.yml", "name: short\nservices: {a: {image: a}}");
    assert_snapshot!(world.part("name"), @"short");
    assert_snapshot!(world.stack(STACK).part("name"), @"project");
}

#[test]
fn without_a_stack_file_the_default_template_is_used() {
    let loaded = World::new().load().unwrap();
    assert_eq!(loaded.origin, Origin::Default);
    assert_eq!(loaded.stack.name.as_str(), "kohakuhub-dev");
    assert_eq!(loaded.stack.files, ["template:kohakuhub"]);
}

#[test]
fn a_project_directory_moves_relative_paths_and_the_default_name() {
    let world = World::new()
        .file("infra/stack.yaml", STACK)
        .file("My App/.keep", "")
        .with("infra/stack.yaml");
    assert_snapshot!(chosen(&world), @"
    Named infra
    - type: bind
      source: [DIR]/project/infra/data
      bind:
        create_host_path: true
      target: /data
    ");
    assert_snapshot!(chosen(&world.project_directory("My App")), @"
    Named myapp
    - type: bind
      source: [DIR]/project/My App/data
      bind:
        create_host_path: true
      target: /data
    ");
}

#[test]
fn the_name_of_the_command_line_beats_the_files() {
    let world = World::new().stack(
        "name: file\nservices: {app: {image: a, container_name: '${COMPOSE_PROJECT_NAME}-app'}}",
    );
    assert_snapshot!(world.part("services.app.container_name"), @"file-app");
    assert_snapshot!(world.name("mine").part("services.app.container_name"), @"mine-app");
}

#[test]
fn a_directory_that_can_be_no_name_asks_for_one() {
    let world = World::new().file("___/a.yaml", STACK).with("___/a.yaml");
    assert_snapshot!(world.part("name"), @"the stack has no name: give it one with `name:` in the stack file, or with `--name`");
    assert_snapshot!(world.name("given").part("name"), @"given");
}

/// The default template would be another stack, whose data `reset --hard` deletes.
#[test]
fn a_project_directory_that_is_none_is_an_error() {
    let world = World::new().file("file", "").with("template:minimal");
    assert_snapshot!(World::new().project_directory("nope").part("name"), @"project directory `[DIR]/project/nope` can't be used: No such file or directory (os error 2)");
    assert_snapshot!(world.project_directory("file").part("name"), @"project directory `[DIR]/project/file` can't be used: it is not a directory");
}

#[test]
fn a_stack_file_that_is_no_file_is_not_passed_over() {
    let linked = |target: &str| {
        let world = World::new().file("devinfra.yml", STACK);
        symlink(target, world.path("devinfra.yaml")).unwrap();
        world.part("name")
    };
    assert_snapshot!(linked("nowhere"), @"`[DIR]/project/devinfra.yaml` is a symbolic link to what can't be reached, and a stack file is a regular file");
    assert_snapshot!(linked("devinfra.yaml"), @"`[DIR]/project/devinfra.yaml` is a symbolic link that leads to itself, and a stack file is a regular file");
    assert_snapshot!(linked("devinfra.yml"), @"project");
    let world = World::new().file("devinfra.yaml/x", "").inside("below");
    assert_snapshot!(world.part("name"), @"`[DIR]/project/devinfra.yaml` is a directory, and a stack file is a regular file");
    let world = World::new();
    mkfifoat(CWD, world.path("devinfra.yaml"), Mode::RUSR | Mode::WUSR).unwrap();
    assert_snapshot!(world.part("name"), @"`[DIR]/project/devinfra.yaml` is a pipe, and a stack file is a regular file");
}

/// Labels of an engine's objects are UTF-8: the stack would not know its own again.
#[test]
fn a_project_directory_that_is_not_utf_8_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = temporary.path().join(OsStr::from_bytes(b"p\xff"));
    fs::create_dir(&directory).unwrap();
    let error = World::at(&directory).stack(STACK).load().unwrap_err();
    assert_eq!(error.code(), "usage.project-directory");
    assert!(
        error.to_string().contains("its name is not UTF-8"),
        "{error}"
    );
}
