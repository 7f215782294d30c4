//! Taking over from the scripts: their containers go gracefully, and their data stays.

use std::time::Duration;

use http::Method;
use serde_json::Value;

use super::world::{lakefs, make_repositories, variables};
use crate::support::{Project, block_on, clients, engine, until};

const PATIENCE: Duration = Duration::from_mins(1);

const SERVICES: [&str; 4] = ["postgres", "minio", "lakefs", "valkey"];

#[test]
fn what_the_scripts_left_running_is_taken_over_with_its_data() {
    let project = Project::default_stack();
    project.up();
    let told = variables(&project);
    make_repositories(&told);
    let database = clients::hub_database(project.port("DEV_POSTGRES_PORT"));
    block_on(clients::postgres(&database, "CREATE TABLE kept (x int)")).unwrap();
    let scripts = SERVICES.map(|service| {
        let id = project.container(service);
        engine::disown(&project.name, &id)
    });
    let port = project.port("DEV_VALKEY_PORT");
    // A script's `docker rm -f` would lose it: it is in no snapshot yet.
    let key = ["SET", "kh:late", "x", "EX", "999"];
    until("the key is set", PATIENCE, || {
        block_on(clients::valkey::<()>(port, &key)).ok()
    });

    let refused = project.run(&["up"]).exits_with(7);
    assert!(refused.stderr.contains(" up --adopt` to take"), "{refused}");
    assert!(scripts.iter().all(|id| engine::is_running(id)));
    project.run(&["up", "--adopt"]).succeeds();
    assert!(scripts.iter().all(|id| engine::container(id).is_none()));
    let kept = block_on(clients::valkey::<bool>(port, &["EXISTS", "kh:late"]));
    assert_eq!(kept, Ok(true));
    block_on(clients::postgres(&database, "SELECT * FROM kept")).unwrap();
    assert_eq!(variables(&project), told);
    let path = "/repositories/repo-0";
    let (status, body) = block_on(lakefs(&told, Method::GET, path, &Value::Null));
    assert_eq!(status, 200, "{body}");
}
