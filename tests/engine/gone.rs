//! `down` loses nothing and leaves nothing.

use std::fs;
use std::net::TcpStream;
use std::time::Duration;

use crate::stacks::{CACHE, THREE};
use crate::support::engine::{self, Objects, foreign_container};
use crate::support::{Project, block_on, clients};

#[test]
fn nothing_is_left_after_down_not_even_volumes_without_a_name() {
    let project = Project::with(THREE);
    project.up();
    let before = project.objects();
    assert_eq!(before.containers.len(), 3);
    assert_eq!(before.networks.len(), 1);
    // The store's, by the image's VOLUME.
    assert_eq!(before.anonymous_volumes.len(), 1);
    let result = project.down().result();
    assert_eq!(before.still_there(), Objects::default());
    assert_eq!(
        result["removed"],
        serde_json::json!({"containers": 3, "networks": 1, "volumes": 1})
    );
    assert_eq!(result["left"], serde_json::json!([]));
}

#[test]
fn a_key_written_right_before_down_is_there_after_the_next_up() {
    let project = Project::with(CACHE);
    let port = project.port("CACHE_PORT");
    project.up();
    // One change is far from what `save 300 100` would write by itself.
    let set: String = block_on(clients::valkey(
        port,
        &["SET", "late", "value", "EX", "600"],
    ))
    .unwrap();
    assert_eq!(set, "OK");
    project.down();
    project.up();
    let kept: Option<String> = block_on(clients::valkey(port, &["GET", "late"])).unwrap();
    assert_eq!(kept.as_deref(), Some("value"));
}

#[test]
fn postgres_is_shut_down_and_needs_no_recovery() {
    let project = Project::with(THREE);
    let database = clients::hub_database(project.port("DATABASE_PORT"));
    project.up();
    // A client that stays connected must not keep it from ending.
    let idle = project.port("DATABASE_PORT");
    let idle = TcpStream::connect(("127.0.0.1", idle)).unwrap();
    block_on(clients::postgres(
        &database,
        "CREATE TABLE kept AS SELECT 7 AS seven",
    ))
    .unwrap();
    project.down();
    drop(idle);
    project.up();
    let log = engine::log(&project.container("database"));
    assert!(log.contains("database system was shut down at"), "{log}");
    assert!(!log.contains("recovery"), "{log}");
    let kept = block_on(clients::postgres(&database, "SELECT seven FROM kept"));
    assert_eq!(kept, Ok(vec!["7".to_owned()]));
}

#[test]
fn what_can_not_be_removed_is_named_and_the_next_down_finishes() {
    let project = Project::with(CACHE);
    project.up();
    let network = format!("{}_default", project.name);
    let guest = format!("{}-guest", project.name);
    let id = foreign_container(&project.name, &guest, Some(&network));

    let run = project.run(&["down", "--json"]).exits_with(9);
    let result = run.result();
    assert_eq!(
        result["left"],
        serde_json::json!([{"kind": "network", "name": network}])
    );
    assert_eq!(result["error"]["code"], "down.left");
    assert!(engine::is_running(&id), "the guest is not ours");

    engine::kill(&id);
    engine::disconnect(&network, &id);
    project.down();
    assert_eq!(project.objects(), Objects::default());
}

#[test]
fn a_down_of_nothing_says_that_there_is_nothing() {
    let project = Project::with(CACHE);
    let run = project.run(&["down"]).succeeds();
    let nothing = format!(
        "nothing to do: nothing of stack `{}` exists\n",
        project.name
    );
    assert_eq!(run.stderr, nothing);
    assert!(run.elapsed < Duration::from_secs(5), "{run}");
}

#[test]
fn what_a_deleted_checkout_has_left_is_listed_and_taken_down() {
    let (left, other) = (Project::with(CACHE), Project::with(CACHE));
    left.up();
    other.up();
    let directory = left.path();
    fs::remove_dir_all(&directory).unwrap();

    let listed = other.run(&["ls", "--json"]).succeeds().json();
    let of = |project: &Project| {
        let stacks = listed["stacks"].as_array().unwrap().iter();
        let mut stacks = stacks.filter(|stack| stack["name"] == project.name.as_str());
        (stacks.next().unwrap().clone(), stacks.count())
    };
    for (project, gone) in [(&left, true), (&other, false)] {
        let (stack, further) = of(project);
        assert_eq!(further, 0, "{listed:#}");
        assert_eq!(stack["gone"], gone);
        assert_eq!(
            stack["directory"],
            project.path().display().to_string().as_str()
        );
        let service = &stack["services"][0];
        assert_eq!(
            (&service["name"], &service["state"]),
            (&"cache".into(), &"running".into())
        );
        assert_eq!(service["endpoints"][0]["port"], project.port("CACHE_PORT"));
        assert_eq!(stack["networks"].as_array().unwrap().len(), 1);
    }
    // The command that the listing names.
    let ls = other.run(&["ls"]).succeeds();
    let words = format!(
        "--project-directory {} --name {} down",
        directory.display(),
        left.name
    );
    assert!(ls.stderr.contains(&format!("`devinfra {words}`")), "{ls}");
    let words: Vec<&str> = words.split(' ').collect();
    let down = other.run(&words).succeeds();
    assert!(
        down.stderr.contains("is gone: what is left of stack"),
        "{down}"
    );
    assert!(!down.stderr.contains("stack file"), "{down}");
    // It went with the directory.
    assert!(!down.stderr.contains("data kept"), "{down}");
    assert_eq!(left.objects(), Objects::default());
    assert_eq!(other.objects().containers.len(), 1);
    assert!(!other.run(&["ls"]).succeeds().stdout.contains(&left.name));
    // Now there is nothing of that directory.
    other.run(&words).exits_with(2);
}
