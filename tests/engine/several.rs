//! Several services that fail in one `up` are all told.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::stacks::script;
use crate::support::Project;

const PATIENCE: Duration = Duration::from_secs(30);

/// A service that runs `words` in a shell, and that nothing waits for.
fn further(name: &str, words: &str) -> String {
    let port = format!("${{{}_PORT}}", name.to_uppercase());
    format!(
        "  {name}:
    image: ${{TOOLS_IMAGE}}
    init: true
    command: [sh, -c, '{words}']
    ports: ['127.0.0.1:{port}:8080']
    x-devinfra: {{kind: http}}
"
    )
}

/// Each failure of a result: the first, and those that came with it.
fn told(result: &Value) -> Vec<Value> {
    let error = &result["error"];
    let mut all = vec![error.clone()];
    all.extend(error["further"].as_array().unwrap().iter().cloned());
    all.sort_by_key(|one| one["service"].to_string());
    all
}

/// What dies at the same time here is a little apart where other tests use the same processors, so one
/// of several runs must be right.
#[track_caller]
fn one_of_several<T>(mut run: impl FnMut() -> Result<T, String>) -> T {
    let mut wrong = Vec::new();
    for _ in 0..10 {
        match run() {
            Ok(right) => return right,
            Err(one) => wrong.push(one),
        }
    }
    panic!("{}", wrong.join("\n"))
}

#[test]
fn services_that_die_at_start_are_all_told_each_with_its_last_words() {
    let first = script("kind: http, path: /", "echo one; exit 3");
    let second = further("second", "echo a; echo b; echo c; echo two; exit 4");
    let third = further("third", "sleep 600");
    let project = Project::with(&format!("{first}{second}{third}"));
    let all = one_of_several(|| {
        let run = project.run(&["up", "--json"]).exits_with(5);
        let all = told(&run.result());
        if all.len() == 2 {
            Ok(all)
        } else {
            Err(run.to_string())
        }
    });
    let (second, worker) = (&all[0], &all[1]);
    assert_eq!(second["code"], "service.exited");
    assert_eq!(
        second["message"],
        "`second` exited with status 4 before it was usable"
    );
    assert_eq!(second["log"], json!(["a", "b", "c", "two"]));
    assert_eq!(
        second["hints"],
        json!(["read the whole log with `devinfra logs second`"])
    );
    assert_eq!(worker["service"], "worker");
    assert_eq!(worker["log"], json!(["one"]));
}

#[test]
fn people_are_told_of_all_that_die_and_then_what_to_do() {
    let first = script("kind: http, path: /", "echo one; exit 3");
    let second = further("second", "echo a; echo b; echo c; echo two; exit 4");
    let project = Project::with(&format!("{first}{second}"));
    let worker = "error: `worker` exited with status 3 before it was usable";
    let other = "error: `second` exited with status 4 before it was usable";
    let run = one_of_several(|| {
        let run = project.run(&["up"]).exits_with(5);
        // Where the other is told first, its log is whole.
        if run.stderr.contains(&format!("{worker}\n")) && run.stderr.ends_with("logs second`\n") {
            Ok(run)
        } else {
            Err(run.to_string())
        }
    });
    let told = format!(
        "{worker}
  Last lines of the log of `worker`:
  | one
{other}
  Last lines of the log of `second`:
  | b
  | c
  | two
hint: read the whole log with `devinfra logs worker`
hint: read the whole log with `devinfra logs second`
"
    );
    assert!(run.stderr.ends_with(&told), "{run}");
}

#[test]
fn services_that_die_while_they_are_waited_for_are_all_told() {
    let waiting = "until [ -e /shared/now ]; do sleep 0.02; done; exit 3";
    let first = script("kind: http, path: /", waiting);
    let stack = format!("{first}{}", further("second", waiting));
    let shared = "    init: true\n    volumes: ['./shared:/shared']\n";
    let project = Project::with(&stack.replace("    init: true\n", shared));
    fs::create_dir(project.path().join("shared")).unwrap();
    one_of_several(|| {
        let running = project.start(&["up", "--json"]);
        let mut waited_for = BTreeSet::new();
        while waited_for.len() < 2 {
            let line = running.wait_for("\"not-yet\"", PATIENCE);
            let event: Value = serde_json::from_str(&line).unwrap();
            waited_for.insert(event["service"].to_string());
        }
        project.write("shared/now", "");
        let run = running.wait().exits_with(5);
        fs::remove_file(project.path().join("shared/now")).unwrap();
        let all = told(&run.result());
        let services = all.iter().filter_map(|one| one["service"].as_str());
        if services.eq(["second", "worker"]) {
            Ok(())
        } else {
            Err(run.to_string())
        }
    });
}
