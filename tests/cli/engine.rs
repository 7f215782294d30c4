//! No engine: exit status 4 within two seconds, with the socket and why that one.

use std::fs;
use std::os::unix::net::UnixListener;
use std::time::{Duration, SystemTime};

use insta::assert_snapshot;

use crate::devinfra::Devinfra;

const STACK: &str = "name: shop\nservices: {db: {image: postgres:15, environment: {POSTGRES_PASSWORD: planted-one}}}";

/// What it says, within two seconds and what a busy machine adds to them.
#[track_caller]
fn soon(run: &Devinfra) -> String {
    let began = SystemTime::now();
    let shown = run.run();
    let elapsed = began.elapsed().unwrap();
    assert!(
        elapsed < Duration::from_millis(3500),
        "{elapsed:?}\n{shown}"
    );
    shown
}

#[test]
fn a_socket_that_is_not_there_is_named() {
    let run = |command: &str| soon(&Devinfra::new().stack(STACK).args([command]));
    assert_snapshot!(run("up"), @"
    exit: 4
    --- stderr
    error: no container engine answers at `unix://[DIR]/no.sock`
      Caused by: the variable `DOCKER_HOST` names this address, and no socket is there
    hint: start Docker or Podman, or use another engine: change or unset `DOCKER_HOST`, or give `--host`
    ");
    for command in ["down", "status", "logs"] {
        assert_eq!(run(command), run("up"));
    }
}

#[test]
fn a_socket_that_nobody_listens_on_is_named() {
    let run = Devinfra::new()
        .stack(STACK)
        .args(["--host", "unix://[DIR]/dead.sock", "status"]);
    drop(UnixListener::bind(run.beside("dead.sock")).unwrap());
    assert_snapshot!(soon(&run), @"
    exit: 4
    --- stderr
    error: no container engine answers at `unix://[DIR]/dead.sock`
      Caused by: `--host` names this address, and nobody listens there
      Caused by: Connection refused (os error 111)
    hint: start Docker or Podman, or use another engine: give its address with `--host`
    ");
}

#[test]
fn an_engine_that_takes_a_connection_and_says_nothing_is_named() {
    let run = Devinfra::new()
        .stack(STACK)
        .args(["--host", "unix://[DIR]/silent.sock", "up"]);
    let _listener = UnixListener::bind(run.beside("silent.sock")).unwrap();
    assert_snapshot!(soon(&run), @"
    exit: 4
    --- stderr
    error: no container engine answers at `unix://[DIR]/silent.sock`
      Caused by: `--host` names this address, and nothing was answered within 2 s
    hint: it accepts connections and says nothing: restart it
    hint: or use another engine: give its address with `--host`
    ");
}

#[test]
fn what_is_no_socket_is_named() {
    let run = Devinfra::new()
        .stack(STACK)
        .args(["--host", "unix://[DIR]/project", "status"]);
    assert_snapshot!(soon(&run), @"
    exit: 4
    --- stderr
    error: no container engine answers at `unix://[DIR]/project`
      Caused by: `--host` names this address, and nobody listens there
      Caused by: Connection refused (os error 111)
    hint: start Docker or Podman, or use another engine: give its address with `--host`
    ");
}

#[test]
fn a_port_that_nobody_listens_on_is_named() {
    let run = Devinfra::new()
        .stack(STACK)
        .args(["--host", "tcp://127.0.0.1:1", "status"]);
    assert_snapshot!(soon(&run), @"
    exit: 4
    --- stderr
    error: no container engine answers at `tcp://127.0.0.1:1`
      Caused by: `--host` names this address, and nobody listens there
      Caused by: Connection refused (os error 111)
    hint: start Docker or Podman, or use another engine: give its address with `--host`
    ");
}

#[test]
fn an_address_that_is_none_says_what_one_looks_like() {
    let run = |host: &str| {
        Devinfra::new()
            .stack(STACK)
            .args(["--host", host, "status"])
            .run()
    };
    assert_snapshot!(run("docker.sock"), @"
    exit: 4
    --- stderr
    error: engine address `docker.sock`, which `--host` names, can't be used: it has no scheme such as `unix://`
    hint: an address is such as `unix:///var/run/docker.sock` or `tcp://127.0.0.1:2375`
    ");
    assert_snapshot!(run("ftp://engine"), @"
    exit: 4
    --- stderr
    error: engine address `ftp://engine`, which `--host` names, can't be used: there is no way to reach an engine by `ftp`
    hint: an address is such as `unix:///var/run/docker.sock` or `tcp://127.0.0.1:2375`
    ");
}

#[test]
fn a_context_that_does_not_exist_is_named() {
    let run = Devinfra::new()
        .stack(STACK)
        .args(["--context", "colima", "status"]);
    assert_snapshot!(run.run(), @"
    exit: 4
    --- stderr
    error: docker context `colima`, which `--context` names, can't be used: it does not exist
    hint: list the contexts with `docker context ls`
    ");
}

#[test]
fn the_current_context_is_used_where_nothing_else_is_said() {
    let run = Devinfra::new()
        .stack(STACK)
        .variable("DOCKER_HOST", "")
        .args(["status"]);
    let docker = run.beside("home/.docker");
    let meta = docker.join("contexts/meta/abc");
    fs::create_dir_all(&meta).unwrap();
    fs::write(docker.join("config.json"), r#"{"currentContext":"vm"}"#).unwrap();
    let endpoint = r#"{"Name":"vm","Endpoints":{"docker":{"Host":"unix:///nowhere/vm.sock"}}}"#;
    fs::write(meta.join("meta.json"), endpoint).unwrap();
    assert_snapshot!(soon(&run), @"
    exit: 4
    --- stderr
    error: no container engine answers at `unix:///nowhere/vm.sock`
      Caused by: the current docker context `vm` has this address, and no socket is there
    hint: start Docker or Podman, or use another engine: switch with `docker context use`, or give `--context` or `--host`
    ");
}

/// What is said where `DOCKER_HOST` is not set, and a context `vm` has this endpoint.
fn with_context(endpoint: &str, change: impl FnOnce(Devinfra) -> Devinfra) -> String {
    let run = Devinfra::new().stack(STACK).variable("DOCKER_HOST", "");
    let run = change(run).args(["status"]);
    let meta = run.beside("home/.docker/contexts/meta/abc");
    fs::create_dir_all(&meta).unwrap();
    let text = format!(r#"{{"Name":"vm","Endpoints":{{"docker":{{"Host":"{endpoint}"}}}}}}"#);
    fs::write(meta.join("meta.json"), text).unwrap();
    soon(&run)
}

#[test]
fn a_context_that_was_named_is_told_with_who_has_named_it() {
    let socket = "unix:///nowhere/vm.sock";
    let option = |run: Devinfra| run.args(["--context", "vm"]);
    assert_snapshot!(with_context(socket, option), @"
    exit: 4
    --- stderr
    error: no container engine answers at `unix:///nowhere/vm.sock`
      Caused by: docker context `vm`, which `--context` names, has this address, and no socket is there
    hint: start Docker or Podman, or use another engine: give `--context` another name of `docker context ls`
    ");
    let variable = |run: Devinfra| run.variable("DOCKER_CONTEXT", "vm");
    assert_snapshot!(with_context(socket, variable), @"
    exit: 4
    --- stderr
    error: no container engine answers at `unix:///nowhere/vm.sock`
      Caused by: docker context `vm`, which the variable `DOCKER_CONTEXT` names, has this address, and no socket is there
    hint: start Docker or Podman, or use another engine: change or unset `DOCKER_CONTEXT`, or give `--context` or `--host`
    ");
    let variable = |run: Devinfra| run.variable("DOCKER_CONTEXT", "vm");
    assert_snapshot!(with_context("pigeon://loft", variable), @"
    exit: 4
    --- stderr
    error: engine address `pigeon://loft` of docker context `vm`, which the variable `DOCKER_CONTEXT` names, can't be used: there is no way to reach an engine by `pigeon`
    hint: an address is such as `unix:///var/run/docker.sock` or `tcp://127.0.0.1:2375`
    ");
    assert_snapshot!(with_context("", option), @"
    exit: 4
    --- stderr
    error: docker context `vm`, which `--context` names, can't be used: it has no docker endpoint
    hint: list the contexts with `docker context ls`
    ");
}

#[test]
fn scripts_are_told_as_well() {
    let run = |command: &str| {
        Devinfra::new()
            .stack(STACK)
            .args([command, "--json", "-q"])
            .run()
    };
    assert_snapshot!(run("up"), @r#"
    exit: 4
    --- stdout
    {"schema":1,"event":"result","ok":false,"stack":"shop","elapsed_ms":0,"services":[],"error":{"code":"engine.unreachable","message":"no container engine answers at `unix://[DIR]/no.sock`","causes":["the variable `DOCKER_HOST` names this address, and no socket is there"],"hints":["start Docker or Podman, or use another engine: change or unset `DOCKER_HOST`, or give `--host`"],"service":null,"log":[],"problems":[],"further":[]}}
    --- stderr
    error: no container engine answers at `unix://[DIR]/no.sock`
      Caused by: the variable `DOCKER_HOST` names this address, and no socket is there
    hint: start Docker or Podman, or use another engine: change or unset `DOCKER_HOST`, or give `--host`
    "#);
}

#[test]
fn without_a_stack_file_up_says_which_template_it_uses() {
    assert_snapshot!(Devinfra::new().args(["up"]).run(), @"
    exit: 4
    --- stderr
    no stack file here or above: using the embedded template `kohakuhub` (`devinfra init` writes it down)
    error: no container engine answers at `unix://[DIR]/no.sock`
      Caused by: the variable `DOCKER_HOST` names this address, and no socket is there
    hint: start Docker or Podman, or use another engine: change or unset `DOCKER_HOST`, or give `--host`
    ");
}

#[test]
fn a_password_in_an_address_is_never_told() {
    let world = || Devinfra::new().stack(STACK);
    for (run, told) in [
        (
            world().variable("DOCKER_HOST", "tcp://me:planted-two@127.0.0.1:1"),
            "tcp://me:*****@127.0.0.1:1",
        ),
        (
            world().variable("DOCKER_HOST", "gopher://me:planted-two@h"),
            "gopher://me:*****@h",
        ),
        (
            world().variable("DOCKER_HOST", "me:planted-two@h"),
            "me:*****@h",
        ),
        (
            world().args(["--host", "tcp://me:planted-two@127.0.0.1:1"]),
            "tcp://me:*****@127.0.0.1:1",
        ),
    ] {
        for arguments in [
            &["up"][..],
            &["status", "--json"],
            &["doctor"],
            &["-v", "down"],
        ] {
            let shown = run_with(&run, arguments);
            assert!(shown.contains(told), "{arguments:?}: {shown}");
            assert!(!shown.contains("planted-two"), "{arguments:?}: {shown}");
        }
    }
}

#[track_caller]
fn run_with(run: &Devinfra, arguments: &[&str]) -> String {
    run.shown(&run.output_with(|command| {
        command.args(arguments);
    }))
}
