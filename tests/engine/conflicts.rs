//! What is not ours is left alone, and said.

use std::fs;
use std::net::TcpListener;

use serde_json::json;

use crate::stacks::CACHE;
use crate::support::engine::{self, Objects, foreign_container, foreign_network};
use crate::support::{Project, block_on, clients};

#[test]
fn a_port_that_another_process_holds_is_named_and_does_not_block_the_next_run() {
    let project = Project::with(CACHE);
    let port = project.port("CACHE_PORT");
    let holder = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let run = project.run(&["up", "--json"]).exits_with(7);
    let error = &run.result()["error"];
    assert_eq!(error["code"], "port.taken");
    assert_eq!(error["service"], "cache");
    let message = error["message"].as_str().unwrap();
    let taken = format!("host port {port}, which `cache` publishes, is taken");
    assert!(message.starts_with(&taken), "{message}");
    drop(holder);
    project.up();
    let pong: String = block_on(clients::valkey(port, &["PING"])).unwrap();
    assert_eq!(pong, "PONG");
}

#[test]
fn a_port_that_another_container_holds_is_named() {
    let holder = Project::with(CACHE);
    holder.up();
    let mut project = Project::with(CACHE);
    project.set("CACHE_PORT", holder.variable("CACHE_PORT"));
    let error = project.run(&["up", "--json"]).exits_with(7).result()["error"].clone();
    assert_eq!(error["code"], "port.taken");
    let port = holder.port("CACHE_PORT");
    assert_eq!(
        error["message"],
        format!(
            "host port {port}, which `cache` publishes, is taken by container `{}-cache-1`",
            holder.name
        )
    );
    project.down();
    assert_eq!(project.objects(), Objects::default());
}

#[test]
fn a_foreign_container_of_the_same_name_is_refused_and_never_touched() {
    let project = Project::with(CACHE);
    let name = format!("{}-cache-1", project.name);
    let foreign = foreign_container(&project.name, &name, None);

    let run = project.run(&["up"]).exits_with(7);
    let error = format!(
        "\
error: container `{name}` exists, and devinfra did not make it
hint: run `devinfra up --adopt` to take it over: it is stopped gracefully, replaced, and its data kept
hint: or remove it yourself: `docker rm {name}`
"
    );
    assert!(run.stderr.ends_with(&error), "{run}");
    project.down();
    assert!(engine::is_running(&foreign));
    assert_eq!(project.objects(), Objects::default(), "nothing was made");
}

#[test]
fn adopting_replaces_a_foreign_container_and_down_adopts_too() {
    let project = Project::with(CACHE);
    let name = format!("{}-cache-1", project.name);
    let foreign = foreign_container(&project.name, &name, None);
    project.run(&["up", "--adopt", "--json"]).succeeds();
    assert!(engine::container(&foreign).is_none());
    assert!(engine::is_running(&project.container("cache")));
    project.down();

    let foreign = foreign_container(&project.name, &name, None);
    project.run(&["down", "--adopt", "--json"]).succeeds();
    assert!(engine::container(&foreign).is_none());
}

#[test]
fn what_an_adopted_container_keeps_in_a_volume_without_a_name_stays() {
    let project = Project::with(CACHE);
    let name = format!("{}-cache-1", project.name);
    let (foreign, volume) = engine::foreign_server(&project.name, &name, "VALKEY_IMAGE");
    let note = format!("what `{name}` keeps in volumes without a name stays there");
    let dry = project.run(&["up", "--adopt", "--dry-run"]).succeeds();
    assert!(dry.stderr.contains(&note), "{dry}");
    let up = project.run(&["up", "--adopt"]).succeeds();
    assert!(engine::container(&foreign).is_none());
    assert!(up.stderr.contains(&note), "{up}");
    assert!(up.stderr.contains(&volume), "{up}");
    project.down();
    assert!(engine::volume_exists(&volume));
    engine::remove_volume(&volume);
}

#[test]
fn a_foreign_network_is_refused_unless_it_is_adopted_and_left() {
    let project = Project::with(CACHE);
    let network = foreign_network(&project.name, &format!("{}_default", project.name));
    let run = project.run(&["up", "--json"]).exits_with(7);
    assert_eq!(run.result()["error"]["code"], "network.foreign");
    assert_eq!(project.objects(), Objects::default(), "nothing was made");
    project.run(&["up", "--adopt", "--json"]).succeeds();
    project.up();
    project
        .run(&["reset", "--hard", "--yes", "--json"])
        .succeeds();
    project.down();
    assert!(engine::network_exists(&network));
}

#[test]
fn the_same_stack_in_another_directory_is_refused_and_left_alone() {
    let first = Project::with(CACHE);
    first.up();
    let id = first.container("cache");
    let second = first.twin();
    let run = second.run(&["up", "--json"]).exits_with(7);
    let error = &run.result()["error"];
    assert_eq!(error["code"], "stack.elsewhere");
    let hint = error["hints"][0].as_str().unwrap();
    assert!(hint.contains(&first.path().display().to_string()), "{hint}");
    let down = second.run(&["down"]).succeeds();
    assert!(down.stderr.contains("is left alone"), "{down}");
    assert!(engine::is_running(&id));
}

#[test]
fn a_network_of_the_same_stack_in_another_directory_is_told_with_it() {
    let first = Project::with(CACHE);
    first.up();
    engine::remove(&first.container("cache"));
    let second = first.twin();
    let error = second.run(&["up", "--json"]).exits_with(7).result()["error"].clone();
    assert_eq!(error["code"], "stack.elsewhere");
    let (network, directory) = (format!("{}_default", first.name), first.path());
    let directory = directory.display();
    assert_eq!(
        error["message"],
        format!("network `{network}` belongs to the same stack in `{directory}`")
    );
    assert_eq!(
        error["hints"],
        json!([
            format!(
                "take it down there: `devinfra --project-directory {directory} --name {} down`",
                first.name
            ),
            "or have both: give this stack another name with `--name`",
        ])
    );
    let doctor = second.run(&["doctor"]).exits_with(1);
    assert!(
        doctor.stdout.contains("belongs to the same stack in"),
        "{doctor}"
    );
    first.down();
    second.up();
}

/// Who has moved or deleted a project can't go there any more.
#[test]
fn what_a_directory_that_is_gone_has_left_is_told_with_the_way_to_remove_it() {
    let first = Project::with(CACHE);
    first.up();
    let second = first.twin();
    fs::remove_dir_all(first.path()).unwrap();
    let (name, directory) = (&first.name, first.path());
    let directory = directory.display();
    let words = format!("--project-directory {directory} --name {name} down");
    let hint = format!("take down what is left of it: `devinfra {words}`");
    let told = || {
        let result = second.run(&["up", "--json"]).exits_with(7).result();
        assert_eq!(result["error"]["code"], "stack.elsewhere");
        assert_eq!(result["error"]["hints"], json!([hint]));
        result["error"]["message"].clone()
    };
    let message = |what: &str| {
        json!(format!(
            "{what} belongs to the same stack in `{directory}`, which does not exist any more"
        ))
    };
    assert_eq!(told(), message(&format!("container `{name}-cache-1`")));
    engine::remove(&first.container("cache"));
    assert_eq!(told(), message(&format!("network `{name}_default`")));
    let doctor = second.run(&["doctor"]).exits_with(1);
    assert!(doctor.stdout.contains("take down what is left"), "{doctor}");

    let words: Vec<&str> = words.split(' ').collect();
    second.run(&words).succeeds();
    second.up();
}

#[test]
fn a_network_of_another_stack_is_told_with_that() {
    let named = format!("{CACHE}networks: {{default: {{name: '${{NETWORK}}'}}}}\n");
    let mut first = Project::with(&named);
    let network = format!("{}-shared", first.name);
    first.set("NETWORK", &network);
    first.up();
    let mut second = Project::with(&named);
    second.set("NETWORK", &network);
    let error = second.run(&["up", "--json"]).exits_with(7).result()["error"].clone();
    assert_eq!(error["code"], "network.foreign");
    assert_eq!(
        error["message"],
        format!(
            "network `{network}` belongs to stack `{}` in `{}`",
            first.name,
            first.path().display()
        )
    );
    let up = second.run(&["up", "--adopt"]).succeeds();
    let note = format!("network `{network}` belongs to stack `{}`", first.name);
    assert!(up.stderr.contains(&note), "{up}");
    second.down();
}

/// The hints of the two refusals are all that is needed.
#[test]
fn a_second_checkout_is_told_how_to_be_up_beside_the_first() {
    let first = Project::with(CACHE);
    first.up();
    let id = first.container("cache");
    let mut second = first.twin();
    let refused = second.run(&["up"]).exits_with(7);
    for hint in ["`--name`", "set `CACHE_PORT`"] {
        assert!(refused.stderr.contains(hint), "{refused}");
    }
    second.name = format!("{}-second", first.name);
    second.set("DEVINFRA_NAME", &second.name.clone());
    second.set("COMPOSE_PROJECT_NAME", &second.name.clone());
    let refused = second.run(&["up"]).exits_with(7);
    assert!(refused.stderr.contains("set `CACHE_PORT`"), "{refused}");
    // Any that is free.
    second.set("CACHE_PORT", "0");
    let port = second.up().result()["services"][0]["endpoints"][0]["port"].clone();
    let port = u16::try_from(port.as_u64().unwrap()).unwrap();
    let pong: String = block_on(clients::valkey(port, &["PING"])).unwrap();
    assert_eq!(pong, "PONG");
    second.down();
    assert!(engine::is_running(&id));
}

#[test]
fn a_container_and_a_network_of_another_stack_are_its_own_and_not_adopted() {
    let first = Project::with(CACHE);
    first.up();
    let id = first.container("cache");
    let mut second = first.twin();
    second.name = format!("{}-second", first.name);
    second.set("DEVINFRA_NAME", &second.name.clone());
    second.set("CACHE_PORT", "0");
    second.write(
        "devinfra.yaml",
        &format!(
            "services: {{cache: {{image: '${{VALKEY_IMAGE}}', container_name: {name}-cache-1, x-devinfra: {{kind: valkey}}}}}}
networks: {{default: {{name: {name}_default}}}}
",
            name = first.name
        ),
    );
    let refused = second.run(&["up", "--adopt"]).exits_with(7);
    let owner = format!(
        "belongs to stack `{}` in `{}`",
        first.name,
        first.path().display()
    );
    assert!(refused.stderr.contains(&owner), "{refused}");
    assert!(!refused.stderr.contains("did not make it"), "{refused}");
    second.run(&["down", "--adopt"]).succeeds();
    assert!(engine::is_running(&id));
    engine::kill(&id);
    second.run(&["down", "--adopt"]).succeeds();
    assert_eq!(first.objects().networks.len(), 1);
}
