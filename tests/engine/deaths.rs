//! A service that dies ends `up` at once, with its cause.

use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use crate::stacks::{CACHE, script, silent};
use crate::support::engine::{self, services};
use crate::support::{Project, Run, block_on, clients, until};

const PATIENCE: Duration = Duration::from_secs(30);

/// From the death, as the engine tells its time, to the end of the run.
fn told_after(project: &Project, run: &Run, service: &str) -> Duration {
    let ended = run.ended.duration_since(UNIX_EPOCH).unwrap();
    ended.saturating_sub(engine::died_at(&project.container(service)))
}

/// Whether a process was killed for want of memory is known a moment after its death only: that
/// look takes as long as the engine takes, here beside other tests.
#[track_caller]
fn told_at_once(project: &Project, run: &Run, service: &str) {
    let after = told_after(project, run, service);
    assert!(after < Duration::from_millis(500), "{after:?}\n{run}");
}

/// The best of several runs is within 100 ms, since other tests use the same processors.
#[track_caller]
fn is_told_within_100_ms(project: &Project) -> Run {
    let mut all = Vec::new();
    for _ in 0..10 {
        let run = project.run(&["up"]).exits_with(5);
        all.push(told_after(project, &run, "worker"));
        if all.last() < Some(&Duration::from_millis(100)) {
            return run;
        }
        project.down();
    }
    panic!("told after {all:?}");
}

#[test]
fn a_container_that_exits_at_start_is_told_at_once_with_its_status_and_last_words() {
    let words = "echo preparing; echo can not go on; exit 3";
    let project = Project::with(&script("kind: http, path: /", words));
    let run = is_told_within_100_ms(&project);
    let error = "\
error: `worker` exited with status 3 before it was usable
  Last lines of the log of `worker`:
  | preparing
  | can not go on
hint: read the whole log with `devinfra logs worker`
";
    assert!(run.stderr.ends_with(error), "{run}");
}

#[test]
fn a_container_that_exits_a_little_later_is_told_at_once_even_with_a_status_of_success() {
    let project = Project::with(&script("kind: http, path: /", "sleep 0.3; echo done"));
    let run = is_told_within_100_ms(&project);
    let error = "`worker` exited with status 0 before it was usable";
    assert!(run.stderr.contains(error), "{run}");
    assert!(run.stderr.contains("| done"), "{run}");
}

/// Within 100 ms, or on a busy machine not much later than where nothing else is waited for.
#[test]
fn a_death_is_told_at_once_also_while_other_services_are_waited_for() {
    const NOT_MUCH: Duration = Duration::from_millis(80);
    let other = "  other:
    image: ${TOOLS_IMAGE}
    init: true
    command: [sleep, '600']
    ports: ['127.0.0.1:${OTHER_PORT}:8080']
    x-devinfra: {kind: http}
";
    let worker = script("kind: http, path: /", "sleep 1; echo done; exit 3");
    let (alone, beside) = (
        Project::with(&worker),
        Project::with(&format!("{worker}{other}")),
    );
    let told = |project: &Project| {
        let run = project.run(&["up"]).exits_with(5);
        told_after(project, &run, "worker")
    };
    let mut all = Vec::new();
    for _ in 0..10 {
        all.push((told(&alone), told(&beside)));
        let first = all.iter().map(|(alone, _)| *alone).min().unwrap();
        let second = all.iter().map(|(_, beside)| *beside).min().unwrap();
        if second < Duration::from_millis(100) || second < first + NOT_MUCH {
            return;
        }
    }
    panic!("told after {all:?}");
}

/// A run ends before the engine lists the container as one that has ended.
#[test]
fn the_next_up_starts_what_has_just_died() {
    let words = "[ -e /tried ] && exec httpd -f -p 8080 -h /etc; touch /tried; exit 1";
    let project = Project::with(&script("kind: http, path: /passwd", words));
    project.run(&["up"]).exits_with(5);
    project.up();
}

#[test]
fn a_flood_of_output_holds_nothing_up() {
    let flood = "  flood:
    image: ${TOOLS_IMAGE}
    init: true
    command: [sh, -c, 'timeout 20 yes; sleep 600']
    ports: ['127.0.0.1:${FLOOD_PORT}:8080']
    x-devinfra: {kind: http}
";
    let project = Project::with(&format!("{CACHE}{flood}"));
    let run = project.run(&["up", "--wait-timeout", "2s"]).exits_with(5);
    assert!(run.elapsed < Duration::from_secs(10), "{run}");
    assert!(run.stderr.contains("cache: usable after"), "{run}");
    assert!(
        run.stderr.contains("`flood` was not usable within 2 s"),
        "{run}"
    );

    let long = "head -c 20000000 /dev/zero | tr '\\0' x; exit 7";
    let project = Project::with(&script("kind: http, path: /", long));
    let run = project.run(&["up"]).exits_with(5);
    assert!(run.stderr.contains("exited with status 7"), "{run}");
    assert!(run.stderr.len() < 100_000, "{}", run.stderr.len());
}

#[test]
fn a_container_that_dies_while_it_is_waited_for_is_told_at_once() {
    let project = Project::with(&silent());
    let running = project.start(&["up", "--json"]);
    running.wait_for("not-yet", PATIENCE);
    engine::kill(&project.container("worker"));
    let run = running.wait().exits_with(5);
    told_at_once(&project, &run, "worker");
    let error = &run.result()["error"];
    assert_eq!(error["code"], "service.exited");
    assert_eq!(error["service"], "worker");
    assert_eq!(
        error["message"],
        "`worker` exited with status 137 before it was usable"
    );
}

#[test]
fn a_container_that_dies_during_a_second_up_is_told_at_once() {
    let stack = script("kind: http, path: /ready", "exec httpd -f -p 8080 -h /www");
    let stack = stack.replace(
        "    init: true\n",
        "    init: true\n    volumes: ['./www:/www']\n",
    );
    let project = Project::with(&stack);
    fs::create_dir(project.path().join("www")).unwrap();
    project.write("www/ready", "yes");
    project.up();
    fs::remove_file(project.path().join("www/ready")).unwrap();
    let running = project.start(&["up", "--json"]);
    running.wait_for("/ready answers 404", PATIENCE);
    engine::kill(&project.container("worker"));
    let run = running.wait().exits_with(5);
    told_at_once(&project, &run, "worker");
}

#[test]
fn a_frozen_container_is_let_go_on_and_stopped_with_grace() {
    let project = Project::with(CACHE);
    let port = project.port("CACHE_PORT");
    project.up();
    let id = project.container("cache");
    engine::freeze(&id);
    let dry = project.run(&["up", "--dry-run"]).succeeds();
    let name = format!("{}-cache-1", project.name);
    assert_eq!(dry.stdout, format!("would unpause {name} (paused)\n"));
    project.up();
    assert_eq!(project.container("cache"), id);

    let set: String = block_on(clients::valkey(
        port,
        &["SET", "late", "value", "EX", "600"],
    ))
    .unwrap();
    assert_eq!(set, "OK");
    engine::freeze(&id);
    project.down();
    project.up();
    let kept: Option<String> = block_on(clients::valkey(port, &["GET", "late"])).unwrap();
    assert_eq!(kept.as_deref(), Some("value"));
}

#[test]
fn a_container_out_of_memory_is_told_as_such() {
    let hungry = "x=x; while true; do x=$x$x; done";
    let stack = script("kind: http, path: /", hungry)
        .replace("    init: true\n", "    init: true\n    mem_limit: 16m\n");
    let project = Project::with(&stack);
    let error = project.run(&["up", "--json"]).exits_with(5).result()["error"].clone();
    assert_eq!(error["code"], "service.oom-killed");
    assert_eq!(
        error["message"],
        "`worker` ran out of memory and was killed before it was usable"
    );
}

#[test]
fn a_container_that_its_restart_policy_starts_again_and_again_has_died() {
    let stack = script("kind: http, path: /", "echo again; exit 4")
        .replace("    init: true\n", "    init: true\n    restart: always\n");
    let project = Project::with(&stack);
    // How soon is not measured: while the engine starts the container again, it answers nothing.
    let run = project.run(&["up", "--json"]).exits_with(5);
    let error = &run.result()["error"];
    assert_eq!(error["code"], "service.crash-loop");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("exited with status 4"), "{message}");
    assert_eq!(error["log"][0], "again");
    project.down();
}

#[test]
fn a_service_that_is_never_usable_is_told_by_its_deadline_with_the_last_reason() {
    let project = Project::with(&silent());
    let run = project
        .run(&["up", "--json", "--wait-timeout", "2s"])
        .exits_with(5);
    assert!(run.elapsed < Duration::from_secs(10), "{run}");
    let error = &run.result()["error"];
    assert_eq!(error["code"], "service.not-ready");
    assert_eq!(error["message"], "`worker` was not usable within 2 s");
    assert_eq!(error["causes"], serde_json::json!(["it does not answer"]));
}

#[test]
fn a_container_that_somebody_removes_is_told() {
    let project = Project::with(&silent());
    let running = project.start(&["up", "--json"]);
    running.wait_for("not-yet", PATIENCE);
    engine::remove(&project.container("worker"));
    let error = running.wait().exits_with(5).result()["error"].clone();
    assert!(
        ["service.removed", "service.exited"]
            .map(Into::into)
            .contains(&error["code"]),
        "{error}"
    );
    until("the container is gone", PATIENCE, || {
        services(&project.name).is_empty().then_some(())
    });
}

#[test]
fn what_an_earlier_run_of_the_container_wrote_is_not_quoted() {
    let words = "cat /words/said; exec httpd -f -p 8080 -h /words";
    let stack = script("kind: http, path: /ready", words).replace(
        "    init: true\n",
        "    init: true\n    volumes: ['./words:/words']\n",
    );
    let project = Project::with(&stack);
    fs::create_dir(project.path().join("words")).unwrap();
    project.write("words/ready", "yes");
    project.write("words/said", "of the first run\n");
    project.up();
    engine::kill(&project.container("worker"));
    project.write("words/said", "of the second run\n");
    fs::remove_file(project.path().join("words/ready")).unwrap();
    let run = project
        .run(&["up", "--json", "--wait-timeout", "2s"])
        .exits_with(5);
    let error = &run.result()["error"];
    assert_eq!(error["code"], "service.not-ready");
    assert_eq!(error["log"], serde_json::json!(["of the second run"]));
}

/// The engine starts it again and again, and most looks find it running.
#[test]
fn a_process_that_fails_a_moment_after_each_start_is_not_called_usable() {
    let stack = script("kind: process", "sleep 0.2; exit 3");
    let stack = stack.replace("    init: true\n", "    init: true\n    restart: always\n");
    let project = Project::with(&stack);
    let run = project.run(&["up", "--json"]).exits_with(5);
    assert_eq!(run.result()["error"]["code"], "service.crash-loop");
}
