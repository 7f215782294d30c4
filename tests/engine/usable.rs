//! When `up` returns, the next connection succeeds.

use http::Method;

use crate::stacks::THREE;
use crate::support::clients::{self, Store, http, hub_database};
use crate::support::{Project, block_on, engine};

/// One attempt each, all at once, in the instant in which `up` has returned.
#[track_caller]
fn connect_to_three(project: &Project) {
    let database = hub_database(project.port("DATABASE_PORT"));
    let store = Store::new(project.port("STORE_PORT"), "hub-storage");
    let cache = project.port("CACHE_PORT");
    let (database, store, cache) = block_on(async {
        tokio::join!(
            clients::postgres(&database, "SELECT 1"),
            store.put("hello", "world"),
            clients::valkey::<String>(cache, &["PING"]),
        )
    });
    assert_eq!(database, Ok(vec!["1".to_owned()]));
    assert_eq!(store, Ok(()));
    assert_eq!(cache, Ok("PONG".to_owned()));
}

#[test]
fn after_a_cold_up_of_the_default_stack_every_client_connects_at_its_first_attempt() {
    let project = Project::default_stack();
    project.up();
    let database = hub_database(project.port("DEV_POSTGRES_PORT"));
    let store = Store::new(project.port("DEV_MINIO_PORT"), "hub-storage");
    let cache = project.port("DEV_VALKEY_PORT");
    let lakefs = format!(
        "http://127.0.0.1:{}/api/v1/setup_lakefs",
        project.port("DEV_LAKEFS_PORT")
    );
    let (database, store, cache, lakefs) = block_on(async {
        tokio::join!(
            clients::postgres(&database, "SELECT current_database()"),
            store.put("hello", "world"),
            clients::valkey::<String>(cache, &["PING"]),
            http(Method::GET, &lakefs, ""),
        )
    });
    assert_eq!(database, Ok(vec!["kohakuhub_dev".to_owned()]));
    assert_eq!(store, Ok(()));
    assert_eq!(cache, Ok("PONG".to_owned()));
    assert_eq!(lakefs.map(|(status, _)| status), Ok(200));
}

#[test]
fn a_cold_up_is_truthful_every_time() {
    for _ in 0..4 {
        let project = Project::with(THREE);
        project.up();
        connect_to_three(&project);
    }
}

#[test]
fn an_up_on_existing_data_is_truthful_every_time() {
    let project = Project::with(THREE);
    for _ in 0..4 {
        project.up();
        connect_to_three(&project);
        project.down();
    }
}

#[test]
fn an_up_after_a_crash_waits_until_the_data_is_loaded() {
    let project = Project::with(THREE);
    project.up();
    for service in ["database", "store", "cache"] {
        engine::kill(&project.container(service));
    }
    project.up();
    connect_to_three(&project);
}
