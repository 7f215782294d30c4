//! What `devinfra config` writes is YAML, and a stack file of the same meaning.

use std::fs;

use devinfra::model::Stack;
use devinfra::stack_file::{Secrets, resolved, to_yaml};
use devinfra::templates::TEMPLATES;

use crate::fixtures::{directory, names};
use crate::world::World;

/// The stack of a text that stands where the other one stood.
fn read_again(text: &str, stack: &Stack) -> Stack {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("again.yaml");
    fs::write(&path, text).unwrap();
    let world = World::at(&stack.directory).with(path.to_str().unwrap());
    let directory = stack.directory.to_str().unwrap();
    let again = world.project_directory(directory).load();
    let again = again.unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(again.stack.files, [path.to_str().unwrap()]);
    Stack {
        files: stack.files.clone(),
        // What is off is not written.
        off: stack.off.clone(),
        ..again.stack
    }
}

#[track_caller]
fn assert_round_trip(world: &World) {
    let mut stack = world.load().unwrap().stack;
    // It has values where variables were.
    for service in stack.services.values_mut() {
        service.port_variables.clear();
    }
    let value = resolved(&stack, Secrets::Shown);
    let text = to_yaml(&value);
    assert_eq!(
        serde_yaml::from_str::<serde_yaml::Value>(&text).unwrap(),
        value
    );
    assert_eq!(read_again(&text, &stack), stack, "{text}");
}

#[test]
fn the_configuration_of_every_valid_fixture_means_the_same() {
    let names = names("valid");
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        assert_round_trip(&World::at(&directory("valid")).with(&format!("{name}.yaml")));
    }
}

#[test]
fn the_configuration_of_every_template_means_the_same() {
    for template in TEMPLATES {
        assert_round_trip(&World::new().with(&format!("template:{}", template.name)));
    }
}

#[test]
fn dollar_signs_survive_everywhere() {
    assert_round_trip(&World::new().stack(
        "services:
  app:
    image: example/app
    hostname: a$$b
    user: $$a
    working_dir: /$$a
    command: ['$$a', '$${b}']
    stop_signal: $$a
    volumes: [{type: bind, source: ./$$a, target: /$$a}]
    networks: {$front: {aliases: [$$a]}}
    labels: {l: $$a}
    logging: {driver: $$a, options: {o: $$a}}
    security_opt: [$$a]
networks: {$front: {name: $$a, driver: $$b}}
",
    ));
}

#[test]
fn words_that_yaml_would_take_for_something_else_survive() {
    assert_round_trip(&World::new().stack(
        "services: {app: {image: i, environment: {A: 'null', B: '~', C: '', D: ' x ', E: '1e3',
          F: \"a\\nb\\n\", G: '- x', H: '*x', I: '!x', J: '# x', K: \"\\u2028\\t\", L: '0x1F'},
          command: ['null', '', '- x', \"\\r\"]}}",
    ));
}
