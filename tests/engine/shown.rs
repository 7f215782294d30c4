//! What `status` and `logs` show.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use crate::stacks::{CACHE, script};
use crate::support::pty::Pty;
use crate::support::{Project, engine};

#[test]
fn status_tells_what_is_missing_what_runs_and_what_is_usable() {
    let project = Project::with(CACHE);
    let port = project.port("CACHE_PORT");
    let before = project.run(&["status", "--json"]).succeeds().json();
    assert_eq!(before["services"][0]["state"], "missing");
    assert_eq!(before["services"][0]["ready"], false);

    project.up();
    let after = project.run(&["status", "--json"]).succeeds().json();
    assert_eq!(after["schema"], 1);
    assert_eq!(after["stack"], project.name.as_str());
    let mut service = after["services"][0].clone();
    let started = service["started_at"].take();
    assert!(started.as_str().is_some_and(|time| time.starts_with("20")));
    assert_eq!(
        service,
        serde_json::json!({
            "name": "cache",
            "state": "running",
            "ready": true,
            "reason": null,
            "container": format!("{}-cache-1", project.name),
            "image": project.variable("VALKEY_IMAGE"),
            "endpoints": [{
                "host": "127.0.0.1",
                "port": port,
                "target": 6379,
                "url": format!("redis://127.0.0.1:{port}/0"),
            }],
            "started_at": null,
            "exit_code": null,
            "foreign": false,
        })
    );

    engine::kill(&project.container("cache"));
    let dead = project.run(&["status", "--json"]).succeeds().json();
    assert_eq!(dead["services"][0]["state"], "exited");
    assert_eq!(dead["services"][0]["exit_code"], 137);
}

/// Two have answered, and die while the last is still asked; one of them is started again.
#[test]
fn status_does_not_call_usable_what_dies_while_it_asks() {
    const DIES: &str = "(sleep 0.3; kill -9 -1) >/dev/null 2>&1 </dev/null &";
    let serve = |name: &str, port: &str, restart: &str| {
        format!(
            "  {name}:
    image: ${{TOOLS_IMAGE}}
    init: true
    restart: {restart}
    command: [httpd, -f, -p, '8080', -h, /www]
    ports: ['127.0.0.1:${{{port}}}:8080']
    volumes: ['./{name}:/www']
    x-devinfra: {{kind: http, path: /cgi-bin/ask}}
"
        )
    };
    let services = [
        serve("again", "AGAIN_PORT", "always"),
        serve("dead", "DEAD_PORT", "no"),
        serve("slow", "SLOW_PORT", "no"),
    ];
    let project = Project::with(&format!("services:\n{}", services.concat()));
    let all = [("again", DIES), ("dead", DIES), ("slow", "sleep 1.6")];
    for (name, does) in all {
        let directory = project.path().join(name).join("cgi-bin");
        fs::create_dir_all(&directory).unwrap();
        let script = format!(
            "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\n\
             [ -e /www/now ] || exit 0\n{does}\n"
        );
        fs::write(directory.join("ask"), script).unwrap();
        fs::set_permissions(directory.join("ask"), Permissions::from_mode(0o755)).unwrap();
    }
    project.up();
    for (name, _) in all {
        project.write(&format!("{name}/now"), "");
    }
    let status = project.run(&["status", "--json"]).succeeds().json();
    let usable = [0, 1, 2].map(|index| &status["services"][index]["ready"]);
    assert_eq!(usable, [false, false, true], "{status:#}");
    let again = &status["services"][0];
    match again["state"].as_str() {
        Some("running") => assert_eq!(again["reason"], "it was started again while it was asked"),
        state => assert_eq!(state, Some("restarting")), // on a busy machine
    }
    let dead = &status["services"][1];
    let found = (&dead["state"], &dead["exit_code"]);
    assert_eq!(found, (&"exited".into(), &137.into()), "{dead:#}");
}

#[test]
fn status_leaves_images_out_where_they_do_not_fit() {
    let project = Project::with(CACHE);
    project.up();
    let has_images = |columns: u16| {
        let mut pty = Pty::start(project.command(&["status"]), columns, 30);
        pty.shows("redis://");
        assert_eq!(pty.ends(), Some(0), "{}", pty.shown());
        pty.shown().contains("IMAGE")
    };
    assert!(!has_images(60));
    assert!(has_images(200));
    let piped = project.run(&["status"]).succeeds();
    assert!(piped.stdout.contains("IMAGE"), "{piped}");
}

#[test]
fn logs_are_prefixed_and_can_be_cut() {
    let words = "echo one; echo two; echo three; exec httpd -f -p 8080 -h /etc";
    let project = Project::with(&script("kind: http, path: /passwd", words));
    project.up();
    let run = project.run(&["logs"]).succeeds();
    assert_eq!(run.stdout, "worker | one\nworker | two\nworker | three\n");
    let tail = project.run(&["logs", "--tail", "1", "worker"]).succeeds();
    assert_eq!(tail.stdout, "worker | three\n");
    project.down();
    let gone = project.run(&["logs"]).succeeds();
    let words = format!(
        "nothing to show: stack `{}` has no container\n",
        project.name
    );
    assert_eq!((gone.stdout.as_str(), gone.stderr), ("", words));
}

#[test]
fn compose_and_desktop_tools_find_the_stack_by_its_labels() {
    let project = Project::with(CACHE);
    project.up();
    let labels = engine::container(&project.container("cache"));
    let labels = labels.and_then(|found| found.config?.labels).unwrap();
    let compose: BTreeMap<&str, &str> = labels
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix("com.docker.compose.")?, value.as_str())))
        .collect();
    let directory = project.path().display().to_string();
    let file = format!("{directory}/devinfra.yaml");
    assert_eq!(compose["config-hash"].len(), 64);
    let expected = [
        ("project", project.name.as_str()),
        ("service", "cache"),
        ("container-number", "1"),
        ("oneoff", "False"),
        ("project.working_dir", &directory),
        ("project.config_files", &file),
        ("depends_on", ""),
    ];
    for (key, value) in expected {
        assert_eq!(compose.get(key), Some(&value), "{key}");
    }
}
