//! When a service counts as usable, by its kind, and what waits for it.

use std::fs;
use std::time::Duration;

use http::Method;

use crate::stacks::script;
use crate::support::engine::{self, services};
use crate::support::{Project, block_on, clients};

/// Comes up after half a second; until then nobody listens, though the engine's proxy does.
const LATE: &str = "sleep 0.5; exec httpd -f -p 8080 -h /etc";

/// Brings up a worker of this kind that listens late, and fetches a page from it at once.
#[track_caller]
fn usable_when_it_answers(stack: &str) {
    let project = Project::with(stack);
    project.up();
    let url = format!("http://127.0.0.1:{}/passwd", project.port("WORKER_PORT"));
    let page = block_on(clients::http(Method::GET, &url, ""));
    assert_eq!(page.map(|(status, _)| status), Ok(200));
}

#[test]
fn http_waits_for_an_answer() {
    usable_when_it_answers(&script("kind: http, path: /passwd, status: 200", LATE));
}

#[test]
fn tcp_is_not_fooled_by_the_engines_proxy() {
    usable_when_it_answers(&script("kind: tcp", LATE));
}

#[test]
fn exec_waits_for_its_command_inside_the_container() {
    let probe = "kind: exec, command: [wget, -q, -O, /dev/null, 'http://127.0.0.1:8080/passwd']";
    usable_when_it_answers(&script(probe, LATE));
}

#[test]
fn a_health_check_is_waited_for_where_nothing_better_is_known() {
    let check = "healthcheck: {test: [CMD, wget, -q, -O, /dev/null, 'http://127.0.0.1:8080/passwd'], interval: 200ms}";
    let stack = script("kind: healthcheck", LATE);
    usable_when_it_answers(&stack.replace("init: true", check));
}

#[test]
fn a_command_that_can_not_be_run_inside_the_container_ends_the_wait() {
    let project = Project::with(&script("kind: exec, command: [no-such-command]", LATE));
    let run = project.run(&["up", "--json"]).exits_with(5);
    assert_eq!(run.result()["error"]["code"], "probe.exec-command");
}

#[test]
fn a_service_starts_when_its_dependencies_are_as_far_as_it_asks() {
    let project = Project::with(
        "\
services:
  prepare:
    image: ${TOOLS_IMAGE}
    command: [sh, -c, 'sleep 0.3; echo prepared > /shared/prepared']
    volumes: ['./shared:/shared']
  server:
    image: ${TOOLS_IMAGE}
    init: true
    command: [sh, -c, 'sleep 0.3; exec httpd -f -p 8080 -h /etc']
    ports: ['127.0.0.1:${SERVER_PORT}:8080']
    x-devinfra: {kind: http, path: /passwd}
  application:
    image: ${TOOLS_IMAGE}
    init: true
    command: [sh, -c, 'cat /shared/prepared && wget -q -O /shared/page http://server:8080/passwd && exec sleep 600']
    volumes: ['./shared:/shared']
    depends_on:
      prepare: {condition: service_completed_successfully}
      server: {condition: service_healthy}
    x-devinfra: {kind: exec, command: [test, -s, /shared/page]}
",
    );
    project.up();
    let page = fs::read_to_string(project.path().join("shared/page")).unwrap();
    assert!(page.starts_with("root:"), "{page}");
    // What has run to its end is not run again.
    let before = services(&project.name);
    assert_eq!(project.up().events()[0]["steps"], serde_json::json!([]));
    assert_eq!(services(&project.name), before);
    let told = project.run(&["status"]).succeeds();
    let prepare = told.stdout.lines().find(|line| line.starts_with("prepare"));
    assert!(
        prepare.is_some_and(|line| line.contains(" done ")),
        "{told}"
    );
}

#[test]
fn a_dependency_that_does_not_complete_is_told_and_nothing_starts_after_it() {
    let project = Project::with(
        "\
services:
  prepare:
    image: ${TOOLS_IMAGE}
    command: [sh, -c, 'echo no luck; exit 2']
  application:
    image: ${TOOLS_IMAGE}
    init: true
    command: [sleep, '600']
    depends_on: {prepare: {condition: service_completed_successfully}}
",
    );
    let run = project.run(&["up", "--json"]).exits_with(5);
    let error = &run.result()["error"];
    assert_eq!(error["service"], "prepare");
    assert_eq!(error["log"], serde_json::json!(["no luck"]));
    let application = services(&project.name).remove("application");
    assert!(!application.is_some_and(|id| engine::is_running(&id)));
}

#[test]
fn a_named_volume_outlives_down() {
    let stack = "\
volumes:
  kept:
services:
  cache:
    image: ${VALKEY_IMAGE}
    command: valkey-server --save 300 100 --appendonly no
    ports: ['127.0.0.1:${CACHE_PORT}:6379']
    volumes: ['kept:/data']
    x-devinfra: {kind: valkey}
";
    let project = Project::with(stack);
    let port = project.port("CACHE_PORT");
    project.up();
    let set = block_on(clients::valkey(
        port,
        &["SET", "late", "value", "EX", "600"],
    ));
    assert_eq!(set, Ok("OK".to_owned()));
    project.down();
    assert_eq!(project.objects().named_volumes.len(), 1);
    project.up();
    let kept = block_on(clients::valkey(port, &["GET", "late"]));
    assert_eq!(kept, Ok(Some("value".to_owned())));
}

#[test]
fn a_port_on_the_ipv6_loopback_is_asked_there() {
    if fs::read_to_string("/proc/net/if_inet6")
        .unwrap_or_default()
        .is_empty()
    {
        return eprintln!("this machine has no IPv6");
    }
    let stack = script("kind: http, path: /passwd", LATE);
    let project = Project::with(&stack.replace("127.0.0.1:", "[::1]:"));
    let run = project.up();
    let endpoint = run.result()["services"][0]["endpoints"][0].clone();
    assert_eq!(endpoint["host"], "::1");
    let url = format!("http://[::1]:{}/passwd", project.port("WORKER_PORT"));
    let page = block_on(clients::http(Method::GET, &url, ""));
    assert_eq!(page.map(|(status, _)| status), Ok(200));
}

#[test]
fn an_image_that_is_not_there_and_may_not_be_pulled_is_told_before_anything_is_made() {
    let project = Project::with(
        "\
services:
  worker:
    image: devinfra-test/no-such-image:1
    pull_policy: never
",
    );
    let run = project.run(&["up", "--json"]).exits_with(8);
    assert!(run.elapsed < Duration::from_secs(10), "{run}");
    assert_eq!(run.result()["error"]["code"], "image.not-local");
    assert_eq!(project.objects(), engine::Objects::default());
}
