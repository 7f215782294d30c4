//! No engine: exit status 4 within two seconds, with the socket and why that one.

use std::fs;
use std::os::unix::net::UnixListener;
use std::time::{Duration, SystemTime};

use insta::assert_snapshot;

use crate::devinfra::Devinfra;

const STACK: &str = "name: shop\nservices: {db: {image: postgres:15}}";

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
      Caused by: it was chosen by `DOCKER_HOST`, and does not exist
    hint: start Docker or Podman, or name another engine with `--host` or `DOCKER_HOST`
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
      Caused by: it was chosen by `--host`, and nobody listens on it
      Caused by: Connection refused (os error 111)
    hint: start Docker or Podman, or name another engine with `--host` or `DOCKER_HOST`
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
      Caused by: it was chosen by `--host`, and did not answer within 2 s
    hint: it accepts connections and says nothing: restart it
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
      Caused by: it was chosen by `--host`, and nobody listens on it
      Caused by: Connection refused (os error 111)
    hint: start Docker or Podman, or name another engine with `--host` or `DOCKER_HOST`
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
      Caused by: it was chosen by `--host`, and nobody listens on it
      Caused by: Connection refused (os error 111)
    hint: start Docker or Podman, or name another engine with `--host` or `DOCKER_HOST`
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
    error: engine address `docker.sock`, from `--host`, can't be used: it has no scheme such as `unix://`
    hint: an address is such as `unix:///var/run/docker.sock` or `tcp://127.0.0.1:2375`
    ");
    assert_snapshot!(run("ftp://engine"), @"
    exit: 4
    --- stderr
    error: engine address `ftp://engine`, from `--host`, can't be used: there is no way to reach an engine by `ftp`
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
    error: engine address `context colima`, from `--context` `colima`, can't be used: there is no docker context of this name
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
      Caused by: it was chosen by the current docker context `vm`, and does not exist
    hint: start Docker or Podman, or name another engine with `--host` or `DOCKER_HOST`
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
    {"schema":1,"event":"result","ok":false,"stack":"shop","elapsed_ms":0,"services":[],"error":{"code":"engine.unreachable","message":"no container engine answers at `unix://[DIR]/no.sock`","causes":["it was chosen by `DOCKER_HOST`, and does not exist"],"hints":["start Docker or Podman, or name another engine with `--host` or `DOCKER_HOST`"],"service":null,"log":[],"problems":[],"further":[]}}
    --- stderr
    error: no container engine answers at `unix://[DIR]/no.sock`
      Caused by: it was chosen by `DOCKER_HOST`, and does not exist
    hint: start Docker or Podman, or name another engine with `--host` or `DOCKER_HOST`
    "#);
}

#[test]
fn without_a_stack_file_up_says_which_template_it_uses() {
    assert_snapshot!(Devinfra::new().args(["up"]).run(), @"
    exit: 4
    --- stderr
    no stack file here or above: using the embedded template `kohakuhub` (`devinfra init` writes it down)
    error: no container engine answers at `unix://[DIR]/no.sock`
      Caused by: it was chosen by `DOCKER_HOST`, and does not exist
    hint: start Docker or Podman, or name another engine with `--host` or `DOCKER_HOST`
    ");
}

#[test]
fn a_password_in_an_address_is_never_told() {
    let world = || Devinfra::new().stack(STACK);
    for (run, told) in [
        (
            world().variable("DOCKER_HOST", "tcp://me:hunter2@127.0.0.1:1"),
            "tcp://me:*****@127.0.0.1:1",
        ),
        (
            world().variable("DOCKER_HOST", "gopher://me:hunter2@h"),
            "gopher://me:*****@h",
        ),
        (
            world().variable("DOCKER_HOST", "me:hunter2@h"),
            "me:*****@h",
        ),
        (
            world().args(["--host", "tcp://me:hunter2@127.0.0.1:1"]),
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
            assert!(!shown.contains("hunter2"), "{arguments:?}: {shown}");
        }
    }
}

#[track_caller]
fn run_with(run: &Devinfra, arguments: &[&str]) -> String {
    run.shown(&run.command().args(arguments).output().unwrap())
}
