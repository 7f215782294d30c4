//! Wrong usage: exit status 2, and nothing on standard output.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use insta::assert_snapshot;
use serde_json::Value;

use crate::devinfra::Devinfra;

const STACK: &str = "services: {db: {image: postgres:15, environment: {POSTGRES_PASSWORD: planted-one}}, web: {image: caddy:2}}";

#[test]
fn no_command_shows_the_help() {
    let run = Devinfra::new().run();
    assert!(
        run.starts_with("exit: 2\n--- stderr\nBring a project's local infrastructure up"),
        "{run}"
    );
}

#[test]
fn a_command_that_does_not_exist_is_named() {
    assert_snapshot!(Devinfra::new().args(["stauts"]).run(), @"
    exit: 2
    --- stderr
    error: unrecognized subcommand 'stauts'

      tip: a similar subcommand exists: 'status'

    Usage: devinfra [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn a_service_that_does_not_exist_is_named_without_an_engine() {
    let run = |command: &str| Devinfra::new().stack(STACK).args([command, "bd"]).run();
    assert_snapshot!(run("up"), @"
    exit: 2
    --- stderr
    error: `bd` is no service of the stack
    hint: the services are `db` and `web`
    ");
    assert_eq!(run("down"), run("up"));
    assert_eq!(run("logs"), run("up"));
}

#[test]
fn what_is_named_and_left_out_is_refused_without_an_engine() {
    let up = || Devinfra::new().stack(STACK).args(["up"]);
    assert_snapshot!(up().args(["db", "--without", "db"]).run(), @"
    exit: 2
    --- stderr
    error: `db` is to be brought up and left out at once
    hint: either name `db` or leave it out
    ");
    assert_snapshot!(up().args(["--without", "db", "--without", "web"]).run(), @"
    exit: 2
    --- stderr
    error: every service is left out, so there is nothing to bring up
    hint: bring down with `devinfra down` what is not wanted any more
    ");
}

#[test]
fn a_name_that_is_none_states_the_rule() {
    assert_snapshot!(Devinfra::new().args(["--name", "My Shop", "config"]).run(), @"
    exit: 2
    --- stderr
    error: invalid value 'My Shop' for '--name <NAME>': name contains `M`, but may only contain `a-z`, `0-9`, `_` and `-`

    For more information, try '--help'.
    ");
    assert_snapshot!(Devinfra::new().args(["up", "-x"]).run(), @"
    exit: 2
    --- stderr
    error: unexpected argument '-x' found

      tip: to pass '-x' as a value, use '-- -x'

    Usage: devinfra up [OPTIONS] [SERVICE]...

    For more information, try '--help'.
    ");
}

#[test]
fn a_name_of_the_environment_is_held_to_the_rule_and_an_empty_one_is_none() {
    let named = |name: &str| {
        let run = Devinfra::new().stack(STACK).args(["config"]);
        run.variable("DEVINFRA_NAME", name)
    };
    assert_snapshot!(named("My Shop").run(), @"
    exit: 2
    --- stderr
    error: `DEVINFRA_NAME` is `My Shop`: name contains `M`, but may only contain `a-z`, `0-9`, `_` and `-`
    ");
    let told: Value = serde_json::from_str(&named("My Shop").args(["--json"]).stdout()).unwrap();
    assert_eq!(told["error"]["code"], "usage.name");
    assert!(named("mine").stdout().starts_with("name: mine\n"));
    let unnamed = Devinfra::new().stack(STACK).args(["config"]).run();
    assert_eq!(named("").variable("DEVINFRA_FILE", "").run(), unnamed);
    let option = named("My Shop").args(["--name", "given"]);
    assert!(option.stdout().starts_with("name: given\n"));
}

/// Another engine or another stack must not be meant instead.
#[test]
fn a_variable_that_is_not_utf_8_is_refused_where_it_decides() {
    let run = |name: &str, arguments: &[&str]| {
        let run = Devinfra::new().stack(STACK).args(arguments);
        run.shown(&run.output_with(|command| {
            command.env(name, OsStr::from_bytes(b"\xff"));
        }))
    };
    for (name, command) in [
        ("DOCKER_HOST", "status"),
        ("DEVINFRA_NAME", "config"),
        ("DEVINFRA_FILE", "config"),
    ] {
        let told = format!(
            "exit: 2\n--- stderr\nerror: `{name}` is not UTF-8\n\
             hint: set it anew, or unset it\n"
        );
        assert_eq!(run(name, &[command]), told);
    }
    let told = run("DOCKER_HOST", &["status", "--json"]);
    assert!(told.contains(r#""code":"usage.environment""#), "{told}");
    let named = run("DEVINFRA_NAME", &["--name", "given", "config"]);
    assert!(named.starts_with("exit: 0\n"), "{named}");
}

/// Neither its default nor the env file's value may be taken in its place.
#[test]
fn a_variable_that_is_not_utf_8_is_refused_where_the_stack_file_uses_it() {
    let run = |environment: &str, env_file: &str, arguments: &[&str]| {
        let stack = STACK.replace(
            "environment: {POSTGRES_PASSWORD: planted-one}",
            &format!("environment: {environment}"),
        );
        let run = Devinfra::new().stack(&stack).file(".env", env_file);
        let run = run.args(arguments);
        run.shown(&run.output_with(|command| {
            command.env("GREETING", OsStr::from_bytes(b"\xff"));
        }))
    };
    assert_snapshot!(run("{A: '${GREETING:-hello}'}", "GREETING=hi", &["config"]), @r"
    exit: 2
    --- stderr
    error: `GREETING` in the environment is not UTF-8: set it anew, or unset it
     --> devinfra.yaml:1:54
      |
    1 | services: {db: {image: postgres:15, environment: {A: '${GREETING:-hello}'}}, web: {image: caddy:2}}
      |                                                      ^^^^^^^^^^^^^^^^^^^^
    ");
    assert_snapshot!(run("[GREETING]", "", &["config"]), @r"
    exit: 2
    --- stderr
    error: `GREETING` in the environment is not UTF-8: set it anew, or unset it
     --> devinfra.yaml:1:51
      |
    1 | services: {db: {image: postgres:15, environment: [GREETING]}, web: {image: caddy:2}}
      |                                                   ^^^^^^^^
    ");
    assert_snapshot!(run("{A: $OTHER}", "OTHER=$GREETING\nGREETING\n", &["config"]), @r"
    exit: 2
    --- stderr
    error: `GREETING` in the environment is not UTF-8: set it anew, or unset it
     --> .env:1:1
      |
    1 | OTHER=*********
      | ^^^^^^^^^^^^^^^

    error: `GREETING` in the environment is not UTF-8: set it anew, or unset it
     --> .env:2:1
      |
    2 | ********
      | ^^^^^^^^
    ");
    let null = run("{GREETING: }", "", &["config"]);
    assert!(null.contains("--> devinfra.yaml:1:51"), "{null}");
    let exec = run("{}", "", &["exec", "-e", "GREETING", "db", "env"]);
    let words = "exit: 2\n--- stderr\nerror: `GREETING` is not UTF-8\n";
    assert!(exec.starts_with(words), "{exec}");
    let told = run("{A: $GREETING}", "", &["config", "--json"]);
    assert!(told.contains(r#""code":"usage.environment""#), "{told}");
    let unused = run("{A: '${HOME:-$GREETING}'}", "GREETING=hi", &["config"]);
    assert!(unused.starts_with("exit: 0\n"), "{unused}");
}

#[test]
fn a_project_directory_that_does_not_exist_is_no_other_stack() {
    let run = Devinfra::new().args(["--project-directory", "nope", "reset", "--hard", "--yes"]);
    assert_snapshot!(run.run(), @"
    exit: 2
    --- stderr
    error: project directory `[DIR]/project/nope` can't be used: No such file or directory (os error 2)
    ");
    let told: Value = serde_json::from_str(&run.args(["--json"]).stdout()).unwrap();
    assert_eq!(told["error"]["code"], "usage.project-directory");
}

#[test]
fn a_time_beyond_all_clocks_is_refused() {
    let run = Devinfra::new().args(["up", "--wait-timeout", "18446744073709551615"]);
    assert_snapshot!(run.run(), @"
    exit: 2
    --- stderr
    error: invalid value '18446744073709551615' for '--wait-timeout <DURATION>': it is longer than a year

    For more information, try '--help'.
    ");
}

#[test]
fn two_engines_at_once_are_refused() {
    let run = Devinfra::new().args(["--host", "unix:///a", "--context", "b", "status"]);
    assert_snapshot!(run.run(), @"
    exit: 2
    --- stderr
    error: the argument '--host <URL>' cannot be used with '--context <NAME>'

    Usage: devinfra --host <URL> <COMMAND>

    For more information, try '--help'.
    ");
}
