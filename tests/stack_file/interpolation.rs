//! Every form of a variable, in a stack file.

use devinfra::stack_file::Secrets;
use insta::assert_snapshot;

use crate::world::World;

/// What the text becomes where `V` is set, empty and not set.
fn becomes(text: &str) -> String {
    let stack = format!("services: {{app: {{image: i, labels: {{l: '[{text}]'}}}}}}");
    let world = || World::new().stack(&stack);
    [
        world().variable("V", "v"),
        world().variable("V", ""),
        world(),
    ]
    .map(|world| match world.load() {
        Ok(loaded) => {
            let service = loaded.stack.services.values().next().unwrap();
            service.container.labels["l"].clone()
        }
        Err(error) => error.to_string().replace("devinfra.yaml:1:40: ", ""),
    })
    .join(" ")
}

#[test]
fn every_operator_has_its_row() {
    let forms = [
        "$V",
        "${V}",
        "${V:-w}",
        "${V-w}",
        "${V:+w}",
        "${V+w}",
        "${V:?w}",
        "${V?w}",
        "${V:?}",
        "$$V",
        "$${V}",
        "$$$V",
        "${V:-$$}",
        "${V:-${SET:-x}}",
        "${V:-${N:-${SET}}}",
        "${V:+${SET}}",
        "${V:-{}",
        "${V:-a}b}",
        "a$V.b",
        "$V$V",
        "${EMPTY:-$SET}",
        "${V:-:-}",
        "${V-}",
    ];
    let rows = forms.map(|form| format!("{form:<20} {}\n", becomes(form)));
    assert_snapshot!(rows.concat(), @"
    $V                   [v] [] []
    ${V}                 [v] [] []
    ${V:-w}              [v] [w] [w]
    ${V-w}               [v] [] [w]
    ${V:+w}              [w] [] []
    ${V+w}               [w] [w] []
    ${V:?w}              [v] required variable `V` is missing a value: w required variable `V` is missing a value: w
    ${V?w}               [v] [] required variable `V` is missing a value: w
    ${V:?}               [v] required variable `V` is missing a value required variable `V` is missing a value
    $$V                  [$V] [$V] [$V]
    $${V}                [${V}] [${V}] [${V}]
    $$$V                 [$v] [$] [$]
    ${V:-$$}             [v] [$] [$]
    ${V:-${SET:-x}}      [v] [value] [value]
    ${V:-${N:-${SET}}}   [v] [value] [value]
    ${V:+${SET}}         [value] [] []
    ${V:-{}              [v] [{] [{]
    ${V:-a}b}            [vb}] [ab}] [ab}]
    a$V.b                [av.b] [a.b] [a.b]
    $V$V                 [vv] [] []
    ${EMPTY:-$SET}       [value] [value] [value]
    ${V:-:-}             [v] [:-] [:-]
    ${V-}                [v] [] []
    ");
}

#[test]
fn a_variable_that_is_not_set_is_warned_of_once_for_each_place() {
    let world = World::new()
        .stack("services:\n  app:\n    image: example/app\n    labels: {a: '$NO $NO', b: '$NO'}\n");
    assert_snapshot!(world.config(Secrets::Shown), @"
    # warning: devinfra.yaml:4:17: variable `NO` is not set; an empty text is used
    # warning: devinfra.yaml:4:31: variable `NO` is not set; an empty text is used
    name: project
    services:
      app:
        image: example/app:latest
        container_name: project-app-1
        labels:
          a: ' '
          b: ''
        networks:
          default: {}
        restart: no
        stop_grace_period: 10s
        pull_policy: missing
        x-devinfra:
          kind: process
    networks:
      default:
        name: project_default
    ");
}

#[test]
fn a_replaced_value_is_not_replaced_again() {
    let world = World::new()
        .stack("services: {app: {image: i, environment: {A: $V}}}")
        .variable("V", "${SET} $$");
    let service = world
        .load()
        .unwrap()
        .stack
        .services
        .into_values()
        .next()
        .unwrap();
    assert_eq!(service.container.environment["A"].reveal(), "${SET} $$");
}

#[test]
fn forms_in_forms_have_an_end() {
    let text = format!("{}x{}", "${A:-".repeat(200), "}".repeat(200));
    let world = World::new().stack(&format!("services: {{app: {{image: '{text}'}}}}"));
    let error = world.load().unwrap_err().to_string();
    assert_eq!(
        error,
        "devinfra.yaml:1:25: variables are nested more than 32 levels deep"
    );
}

#[test]
fn a_problem_shows_what_is_written_and_not_what_a_variable_holds() {
    for (part, message) in [
        (
            "ports: ['${PW}:5432']",
            "`ports`: `${PW}` is not a port: a number from 1 to 65535",
        ),
        (
            "ports: [{target: 1, published: $PW}]",
            "`ports`: `$PW` is not a port: a number from 1 to 65535",
        ),
        (
            "volumes: ['${PW}:/data']",
            "service `app` mounts volume `${PW}`, which the stack does not define",
        ),
        (
            "init: '${PW:-x}'",
            "`init`: `${PW:-x}` is neither `true` nor `false`",
        ),
    ] {
        let world = World::new()
            .stack(&format!("services: {{app: {{image: i, {part}}}}}"))
            .variable("PW", "hunter2secret");
        let error = world.load().unwrap_err();
        let told: Vec<&str> = error
            .problems()
            .iter()
            .map(|told| told.message.as_str())
            .collect();
        assert_eq!(told, [message], "{part}");
    }
}

fn warnings(world: &World) -> String {
    let warnings = world.load().unwrap().warnings;
    let lines = warnings.iter().map(|warning| format!("{warning}\n"));
    lines.collect()
}

#[test]
fn a_variable_of_a_hooks_own_is_written_with_two_dollars() {
    let world = World::new().stack(
        "x-devinfra:
  hooks:
    after_up:
      - sh -c 'psql \"$DATABASE_URL\" -f seed.sql'
      - sh -c 'psql \"$$DATABASE_URL\" -f seed.sql'
services: {app: {image: i, command: echo $DATABASE_URL}}",
    );
    assert_snapshot!(warnings(&world), @"
    devinfra.yaml:4:9: variable `DATABASE_URL` is not set; an empty text is used; write `$$DATABASE_URL` for a variable of the hook's own
    devinfra.yaml:6:37: variable `DATABASE_URL` is not set; an empty text is used
    ");
}

#[test]
fn a_hook_that_needs_a_shell_is_warned_of() {
    let world = World::new().stack(
        "x-devinfra:
  hooks:
    after_up:
      - make migrate && make seed
      - sh -c 'make migrate && make seed'
      - [grep, '|', file]
services: {app: {image: i}}",
    );
    assert_snapshot!(warnings(&world), @"devinfra.yaml:4:9: hooks run without a shell, so `&&` is a mere argument; write `sh -c '…'`");
}
