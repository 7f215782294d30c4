//! Stack files with problems: exit status 3, and every problem with its place.

use insta::assert_snapshot;

use crate::devinfra::{Devinfra, fixture};

fn five_mistakes() -> Devinfra {
    Devinfra::new().stack(&fixture("invalid/five_different_mistakes.yaml"))
}

#[test]
fn five_mistakes_are_told_at_once_with_their_places() {
    assert_snapshot!(five_mistakes().args(["up"]).run(), @r#"
    exit: 3
    --- stderr
    error: `name`: name contains `S`, but may only contain `a-z`, `0-9`, `_` and `-`
     --> devinfra.yaml:1:7
      |
    1 | name: Shop
      |       ^^^^

    error: a service has no key `prots`
     --> devinfra.yaml:5:5
      |
    5 |     prots: ["5432:5432"]
      |     ^^^^^
      |
      = help: did you mean `ports`?

    error: service `db` mounts volume `data`, which the stack does not define
     --> devinfra.yaml:6:15
      |
    6 |     volumes: ["data:/var/lib/postgresql/data"]
      |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: declare it under `volumes:` at the top level

    error: `ports`: `80000` is not a port: a number from 1 to 65535
     --> devinfra.yaml:9:13
      |
    9 |     ports: ["80000:80"]
      |             ^^^^^^^^^^

    error: service `api` depends on `databse`, which is not a service of the stack
      --> devinfra.yaml:10:18
       |
    10 |     depends_on: [databse]
       |                  ^^^^^^^
    "#);
    for command in ["down", "status", "logs", "config"] {
        assert_eq!(
            five_mistakes().args([command]).run(),
            five_mistakes().args(["up"]).run()
        );
    }
}

#[test]
fn scripts_get_one_line_for_each_mistake() {
    let run = five_mistakes().args(["up", "--json", "-q"]).run();
    let (document, story) = run.split_once("--- stderr\n").unwrap();
    assert_snapshot!(document, @r#"
    exit: 3
    --- stdout
    {"schema":1,"event":"result","ok":false,"stack":null,"elapsed_ms":0,"services":[],"error":{"code":"stack-file.invalid","message":"the stack file has 5 problems","causes":["devinfra.yaml:1:7: `name`: name contains `S`, but may only contain `a-z`, `0-9`, `_` and `-`","devinfra.yaml:5:5: a service has no key `prots`","devinfra.yaml:6:15: service `db` mounts volume `data`, which the stack does not define","devinfra.yaml:9:13: `ports`: `80000` is not a port: a number from 1 to 65535","devinfra.yaml:10:18: service `api` depends on `databse`, which is not a service of the stack"],"hints":[],"service":null,"log":[],"problems":[{"file":"devinfra.yaml","line":1,"column":7,"message":"`name`: name contains `S`, but may only contain `a-z`, `0-9`, `_` and `-`","help":null},{"file":"devinfra.yaml","line":5,"column":5,"message":"a service has no key `prots`","help":"did you mean `ports`?"},{"file":"devinfra.yaml","line":6,"column":15,"message":"service `db` mounts volume `data`, which the stack does not define","help":"declare it under `volumes:` at the top level"},{"file":"devinfra.yaml","line":9,"column":13,"message":"`ports`: `80000` is not a port: a number from 1 to 65535","help":null},{"file":"devinfra.yaml","line":10,"column":18,"message":"service `api` depends on `databse`, which is not a service of the stack","help":null}],"further":[]}}
    "#);
    let people = five_mistakes().args(["up"]).run();
    assert!(people.ends_with(story), "{run}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    assert_snapshot!(Devinfra::new().args(["-f", "nope.yaml", "up"]).run(), @"
    exit: 3
    --- stderr
    error: failed to read `[DIR]/project/nope.yaml`
      Caused by: No such file or directory (os error 2)
    ");
}

#[test]
fn an_env_file_that_can_not_be_read_is_an_invalid_stack() {
    let run = Devinfra::new()
        .stack("services: {db: {image: postgres:15}}")
        .file(".env", "PASSWORD=$(pass show db)\n")
        .args(["config"]);
    assert_snapshot!(run.run(), @"
    exit: 3
    --- stderr
    error: commands are not run here; write their result, or quote the text with '…'
     --> .env:1:1
      |
    1 | PASSWORD=***************
      | ^^^^^^^^^^^^^^^^^^^^^^^^
    ");
}

/// Logs of CI jobs are read by many.
#[test]
fn a_problem_is_shown_without_the_secret_beside_it() {
    let run = Devinfra::new()
        .stack("services: {db: {image: postgres:15, environment: {DB_PASSWORD: planted, X: [1]}}}")
        .file(".env", "API_TOKEN=\"planted\nB=1\n")
        .args(["config"]);
    let told = run.run();
    assert!(!told.contains("planted"), "{told}");
    assert!(told.contains("{DB_PASSWORD: *******, X: [1]}"), "{told}");
}

#[test]
fn problems_are_annotations_at_their_places() {
    let run = Devinfra::new()
        .stack("services:\n  db: {image: postgres:15, prots: []}\n  web: {}")
        .args(["--progress", "github", "config"]);
    let told = run.run();
    let placed: Vec<&str> = told.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!(
        placed,
        [
            "::error file=devinfra.yaml,line=2,col=28,title=devinfra%3A stack-file.invalid::a service has no key `prots`%0Ahelp: did you mean `ports`?",
            "::error file=devinfra.yaml,line=3,col=3,title=devinfra%3A stack-file.invalid::service `web` has no `image`",
        ]
    );
}

#[test]
fn warnings_are_part_of_the_story() {
    let run = || {
        Devinfra::new()
            .stack("name: shop\nversion: '3'\nservices: {db: {image: postgres:15, ports: ['0.0.0.0:1:2'], user: $WHO}}")
    };
    assert_snapshot!(run().args(["status"]).run(), @"
    exit: 4
    --- stderr
    warning: devinfra.yaml:2:10: `version` is obsolete and has no effect
    warning: devinfra.yaml:3:45: port 2 is published on 0.0.0.0, where other machines can reach it; leave the address out to publish on 127.0.0.1 only
    warning: devinfra.yaml:3:67: variable `WHO` is not set; an empty text is used
    error: no container engine answers at `unix://[DIR]/no.sock`
      Caused by: the variable `DOCKER_HOST` names this address, and no socket is there
    hint: start Docker or Podman, or use another engine: change or unset `DOCKER_HOST`, or give `--host`
    ");
    assert_snapshot!(run().args(["status", "--quiet"]).run(), @"
    exit: 4
    --- stderr
    error: no container engine answers at `unix://[DIR]/no.sock`
      Caused by: the variable `DOCKER_HOST` names this address, and no socket is there
    hint: start Docker or Podman, or use another engine: change or unset `DOCKER_HOST`, or give `--host`
    ");
}
