//! What `reset` does to whom, in which order.

use std::collections::BTreeMap;
use std::process;

use devinfra::engine::{Engine as _, FakeEngine};
use devinfra::model::{
    Kind, Lakefs, LoginRole, Mount, MountSource, Postgres, S3, ServiceName, Stack, VolumeSpec,
};
use devinfra::plan::{Adopt, Depth, Down, Goal, Note, Recreate, Reset, Up, reconcile};

use crate::world::{Change as _, engine_for, look, name, plan, reach, stack};

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

/// Plans `up` where a killed run has left the data of these services half deleted.
async fn resumed(engine: &FakeEngine, half_wiped: &[&str]) -> (String, Vec<Note>) {
    let stack = hub();
    let mut observed = look(engine, &stack).await;
    observed.half_wiped = half_wiped.iter().map(|one| name(one)).collect();
    let plan = reconcile(&stack, &observed, &Goal::Up(Up::all(&stack))).unwrap();
    (plan.to_string(), plan.notes().to_vec())
}

#[tokio::test]
async fn an_up_deletes_first_what_a_killed_hard_reset_has_left() {
    let stack = hub();
    let engine = engine_for(&stack);
    reach(&engine, &stack, &Goal::Up(Up::all(&stack))).await;
    reach(&engine, &stack, &Goal::Down(Down::all())).await;
    let (plan, notes) = resumed(&engine, &["db", "versions"]).await;
    insta::assert_snapshot!(plan, @r"
    empty the data of db (a reset was cut short)
    create network hub (not there)
    create db (no container)
    start db (no container)
    create store (no container)
    start store (no container)
    wipe store (a reset was cut short)
    create versions (no container)
    empty the data of versions (a reset was cut short)
    start versions (no container)
    create worker (no container)
    start worker (no container)
    ");
    let services = vec![name("db"), name("versions")];
    assert_eq!(notes.first(), Some(&Note::HalfWiped { services }));
}

/// The index is stopped, and noted as going; whether the store was emptied, nobody knows.
#[tokio::test]
async fn an_up_wipes_the_store_of_an_index_that_is_half_gone() {
    let stack = hub();
    let engine = engine_for(&stack);
    reach(&engine, &stack, &Goal::Up(Up::all(&stack))).await;
    let observed = look(&engine, &stack).await;
    let index = observed.container_of(&name("versions")).unwrap();
    engine.stop_container(&index.id, None).await.unwrap();
    let (plan, _) = resumed(&engine, &["versions"]).await;
    insta::assert_snapshot!(plan, @r"
    wipe store (a reset was cut short)
    empty the data of versions (a reset was cut short)
    start versions (exited with 0)
    ");
}

/// Killed while it noted what goes: of two that make sense together only, one is noted.
#[tokio::test]
async fn an_up_empties_the_index_of_a_store_that_is_half_gone() {
    let engine = engine_for(&hub());
    let (plan, _) = resumed(&engine, &["store"]).await;
    let empties = |line: &&str| line.starts_with("empty");
    let emptied: Vec<&str> = plan.lines().filter(empties).collect();
    assert_eq!(
        emptied,
        [
            "empty the data of store (a reset was cut short)",
            "empty the data of versions (a reset was cut short)",
        ]
    );
}

#[tokio::test]
async fn the_data_of_a_service_that_runs_is_nothing_to_finish() {
    let stack = hub();
    let engine = engine_for(&stack);
    reach(&engine, &stack, &Goal::Up(Up::all(&stack))).await;
    assert_eq!(
        resumed(&engine, &["db", "store", "versions"]).await,
        (String::new(), Vec::new())
    );
}

#[tokio::test]
async fn a_container_that_a_killed_reset_has_left_goes_before_its_work_is_done_again() {
    let stack = hub();
    let engine = engine_for(&stack);
    let mut helper = stack.services[&name("db")].clone();
    helper.name = helper.name.helper();
    helper.container.name = "hub-devinfra-wipe-db-1".to_owned();
    helper.container.networks = Vec::new();
    let networks = BTreeMap::new();
    let made = engine.create_container(&stack, &helper, &networks).await;
    engine.start_container(&made.unwrap()).await.unwrap();
    let (plan, notes) = resumed(&engine, &[]).await;
    insta::assert_snapshot!(plan, @r"
    stop hub-devinfra-wipe-db-1 (a reset was cut short)
    remove hub-devinfra-wipe-db-1 (a reset was cut short)
    empty the data of db (a reset was cut short)
    create network hub (not there)
    create db (no container)
    start db (no container)
    create store (no container)
    start store (no container)
    create versions (no container)
    start versions (no container)
    create worker (no container)
    start worker (no container)
    ");
    let services = vec![name("db")];
    assert_eq!(notes.first(), Some(&Note::HalfWiped { services }));
    let hard = Goal::Reset(Reset {
        services: [name("db")].into(),
        up: Up::all(&stack),
        depth: Depth::Hard,
    });
    let observed = look(&engine, &stack).await;
    let plan = reconcile(&stack, &observed, &hard).unwrap().to_string();
    assert!(
        plan.starts_with("stop hub-devinfra-wipe-db-1 (asked to reset)\n"),
        "{plan}"
    );
}

/// A helper that mounts a volume before it is made would make one that is nobody's.
#[tokio::test]
async fn a_volume_is_made_before_it_is_emptied() {
    let mut stack = hub();
    let volume = VolumeSpec {
        name: "hub-data".to_owned(),
        external: false,
        labels: BTreeMap::new(),
    };
    stack.volumes.insert("data".to_owned(), volume);
    let engine = engine_for(&stack);
    let goal = reset(&stack, &["versions"], Depth::Hard);
    let plan = plan(&engine, &stack, &goal).await;
    let find = |wanted: &str| {
        let mut steps = plan.steps().iter();
        let found = steps.find(|step| step.to_string().starts_with(wanted));
        found.unwrap_or_else(|| panic!("no `{wanted}` in {plan}"))
    };
    let made = find("create volume hub-data").id;
    assert!(find("empty the data of versions").after.contains(&made));
}

/// A named volume has no place for a note beside it: another volume is the note.
#[tokio::test]
async fn a_volume_is_noted_as_going_from_before_its_first_deletion_until_after_the_last() {
    let stack = hub();
    let engine = engine_for(&stack);
    reach(&engine, &stack, &Goal::Up(Up::all(&stack))).await;
    let helper = format!("hub-devinfra-wipe-versions-{}", process::id());
    engine.die_at_start(&helper, 0);
    for depth in [Depth::InPlace, Depth::Hard] {
        engine.take_calls();
        let outcome = reach(&engine, &stack, &reset(&stack, &["versions"], depth)).await;
        assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
        let calls = engine.take_calls();
        let at = |wanted: &str| {
            let found = calls.iter().position(|call| call.starts_with(wanted));
            found.unwrap_or_else(|| panic!("no `{wanted}` in {calls:?}"))
        };
        let noted = at("create volume hub_versions-devinfra-wiping");
        let forgotten = at("remove volume hub_versions-devinfra-wiping");
        let emptied = at(&format!("remove {helper}"));
        let started = calls.iter().rposition(|call| call == "start hub-versions");
        assert!(noted < at(&format!("start {helper}")), "{calls:?}");
        assert!(emptied < forgotten, "{calls:?}");
        assert!(Some(forgotten) < started, "{calls:?}");
    }
}

#[tokio::test]
async fn a_volume_that_is_noted_as_going_is_half_wiped() {
    let stack = hub();
    let engine = engine_for(&stack);
    let versions = &stack.services[&name("versions")];
    let mark = stack.wipe_mark(versions).unwrap();
    engine.create_volume(&stack, "mark", &mark).await.unwrap();
    let half_wiped = look(&engine, &stack).await.half_wiped;
    assert_eq!(half_wiped, [name("versions")].into());
    // What the stack file calls so is data.
    let mut stack = stack;
    stack.volumes.insert("odd".to_owned(), mark);
    let versions = &stack.services[&name("versions")];
    assert_eq!(stack.wipe_mark(versions), None);
    assert!(look(&engine, &stack).await.half_wiped.is_empty());
}

/// What is noted is deleted by the next run, whatever becomes of this one.
#[tokio::test]
async fn that_data_goes_is_noted_when_its_deletion_can_begin_and_not_before() {
    let stack = hub();
    let engine = engine_for(&stack);
    let plan = plan(&engine, &stack, &reset(&stack, &[], Depth::InPlace)).await;
    let find = |wanted: &str| {
        let mut steps = plan.steps().iter();
        let found = steps.find(|step| step.to_string().starts_with(wanted));
        found.unwrap_or_else(|| panic!("no `{wanted}` in {plan}"))
    };
    let noted = find("note that the data of versions is wiped");
    let usable = find("wait until store is usable").id;
    assert_eq!(noted.after, [usable]);
    assert!(find("wipe store").after.contains(&noted.id));
    let emptied = find("empty the data of versions");
    assert!(emptied.after.contains(&find("wipe store").id));
    assert!(find("start versions").after.contains(&emptied.id));
}
