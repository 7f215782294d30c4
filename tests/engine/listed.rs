//! The services in `up`'s result: every one, as it is when the run ends.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::stacks::CACHE;
use crate::support::{Project, engine};

/// A worker that dies once the cache is usable, and what needs it.
const DYING: &str = "
  worker:
    image: ${TOOLS_IMAGE}
    init: true
    command: [sh, -c, 'exit 3']
    ports: ['127.0.0.1:${WORKER_PORT}:8080']
    depends_on: {cache: {condition: service_healthy}}
    x-devinfra: {kind: http}
  app:
    image: ${TOOLS_IMAGE}
    init: true
    command: [sleep, '600']
    depends_on: {worker: {condition: service_healthy}}
    x-devinfra: {kind: process}
";

/// The listed services by their names: state, exit status, and whether they are usable.
fn listed(result: &Value) -> Vec<(String, Value, Value, bool)> {
    let services = result["services"].as_array().unwrap().iter();
    services
        .map(|one| {
            let name = one["name"].as_str().unwrap().to_owned();
            let is_usable = !one["ready_ms"].is_null();
            (
                name,
                one["state"].clone(),
                one["exit_code"].clone(),
                is_usable,
            )
        })
        .collect()
}

fn service(
    name: &str,
    state: &str,
    exit_code: Value,
    is_usable: bool,
) -> (String, Value, Value, bool) {
    (name.to_owned(), json!(state), exit_code, is_usable)
}

#[test]
fn a_run_that_fails_lists_every_service_and_says_so_to_people() {
    let project = Project::with(&format!("{CACHE}{DYING}"));
    let result = project.run(&["up", "--json"]).exits_with(5).result();
    assert_eq!(result["error"]["service"], "worker");
    assert_eq!(
        listed(&result),
        [
            service("app", "created", Value::Null, false),
            service("cache", "running", Value::Null, true),
            service("worker", "exited", json!(3), false),
        ]
    );
    let port = project.port("CACHE_PORT");
    assert_eq!(result["services"][1]["endpoints"][0]["port"], port);

    let told = project.run(&["up"]).exits_with(5);
    let line = format!(
        "stack `{}` is not up: `app` created, `cache` usable, `worker` exited (3)\nerror: ",
        project.name
    );
    assert!(told.stderr.contains(&line), "{told}");
}

#[test]
fn a_run_that_is_refused_lists_what_is_there_too() {
    let mut project = Project::with(CACHE);
    project.up();
    project.rewrite(&format!("{CACHE}{DYING}"));
    let _held = TcpListener::bind(("127.0.0.1", project.port("WORKER_PORT"))).unwrap();
    let result = project.run(&["up", "--json"]).exits_with(7).result();
    assert_eq!(result["error"]["code"], "port.taken");
    assert_eq!(
        listed(&result),
        [
            service("app", "missing", Value::Null, false),
            service("cache", "running", Value::Null, false),
            service("worker", "missing", Value::Null, false),
        ]
    );
}

#[test]
fn a_run_that_succeeds_lists_what_has_done_its_work_and_what_is_done_without() {
    let job = "
  job:
    image: ${TOOLS_IMAGE}
    command: ['true']
    x-devinfra: {kind: process}
  after:
    image: ${TOOLS_IMAGE}
    init: true
    command: [sleep, '600']
    depends_on: {job: {condition: service_completed_successfully}}
    x-devinfra: {kind: process}
  spare:
    image: ${TOOLS_IMAGE}
    command: [sh, -c, 'exit 4']
    ports: ['127.0.0.1:${SPARE_PORT}:8080']
    x-devinfra: {kind: http, required: false}
";
    let project = Project::with(&format!("{CACHE}{job}"));
    for what in ["the first run", "one that has little to do"] {
        let result = project.run(&["up", "--json"]).succeeds().result();
        let mut all = listed(&result);
        // Whether what ends as it should counts as usable is not the question here.
        all.iter_mut()
            .filter(|one| one.0 == "job")
            .for_each(|job| job.3 = false);
        assert_eq!(
            all,
            [
                service("after", "running", Value::Null, true),
                service("cache", "running", Value::Null, true),
                service("job", "exited", json!(0), false),
                service("spare", "exited", json!(4), false),
            ],
            "{what}"
        );
    }
    engine::kill(&project.container("cache"));
    let dry = project
        .run(&["up", "--json", "--dry-run"])
        .succeeds()
        .result();
    assert_eq!(
        listed(&dry)[1],
        service("cache", "exited", json!(137), false)
    );
}
