//! What `reset` does to whom, in which order.

use devinfra::model::{
    Kind, Lakefs, LoginRole, Mount, MountSource, Postgres, S3, ServiceName, Stack,
};
use devinfra::plan::{Adopt, Depth, Goal, Recreate, Reset, Up};

use crate::world::{Change as _, engine_for, name, plan, reach, stack};

/// A database, a store, and what keeps its objects in the store.
fn hub() -> Stack {
    let postgres = Kind::Postgres(Postgres {
        port: 80,
        login: LoginRole {
            user: "hub".to_owned(),
            password: "secret".into(),
        },
        database: "hub".to_owned(),
    });
    let store = Kind::S3(S3 {
        port: 80,
        access_key: "key".to_owned(),
        secret_key: "secret".into(),
        region: "us-east-1".to_owned(),
        bucket: Some("hub".to_owned()),
    });
    let versions = Kind::Lakefs(Lakefs {
        port: 80,
        credentials_file: Some("/project/keys".into()),
        admin: "admin".to_owned(),
    });
    stack(&["db", "store", "versions", "worker"])
        .change("db", |one| one.kind = postgres)
        .change("store", |one| one.kind = store)
        .change("versions", |one| {
            one.kind = versions;
            one.reset_with = vec![name("store")];
            one.data = vec!["/data".to_owned()];
            one.container.mounts = vec![Mount {
                target: "/data".to_owned(),
                source: MountSource::Volume {
                    name: "data".to_owned(),
                },
                read_only: false,
            }];
        })
}

fn reset(stack: &Stack, services: &[&str], depth: Depth) -> Goal {
    let named: Vec<ServiceName> = services.iter().map(|one| name(one)).collect();
    let services = stack.reset_closure(&named);
    let up = stack.closure(&services.iter().cloned().collect::<Vec<_>>());
    Goal::Reset(Reset {
        services,
        up: Up {
            services: up,
            recreate: Recreate::Changed,
            pull: None,
            adopt: Adopt::No,
        },
        depth,
    })
}

async fn planned(services: &[&str], depth: Depth) -> String {
    let stack = hub();
    let engine = engine_for(&stack);
    reach(&engine, &stack, &Goal::Up(Up::all(&stack))).await;
    let goal = reset(&stack, services, depth);
    plan(&engine, &stack, &goal).await.to_string()
}

#[tokio::test]
async fn a_reset_in_place_restarts_nothing_but_what_it_must() {
    insta::assert_snapshot!(planned(&[], Depth::InPlace).await, @r"
    stop hub-versions (asked to reset)
    wipe db (asked to reset)
    wipe store (asked to reset)
    empty the data of versions (asked to reset)
    start versions (asked to reset)
    ");
}

#[tokio::test]
async fn what_only_makes_sense_together_goes_together() {
    let one = planned(&["store"], Depth::InPlace).await;
    assert_eq!(one, planned(&["versions"], Depth::InPlace).await);
    insta::assert_snapshot!(one, @r"
    stop hub-versions (asked to reset)
    wipe store (asked to reset)
    empty the data of versions (asked to reset)
    start versions (asked to reset)
    ");
}

#[tokio::test]
async fn a_hard_reset_makes_services_anew_and_leaves_the_others_alone() {
    insta::assert_snapshot!(planned(&["store"], Depth::Hard).await, @r"
    stop hub-store (asked to reset)
    remove hub-store (asked to reset)
    stop hub-versions (asked to reset)
    remove hub-versions (asked to reset)
    empty the data of versions (asked to reset)
    create store (no container)
    start store (no container)
    create versions (no container)
    start versions (no container)
    ");
}
