//! What `up` plans.

use devinfra::engine::FakeEngine;
use devinfra::model::{
    Condition, ContainerState, Kind, Lakefs, LoginRole, NetworkId, PortHolder, Postgres, Protocol,
    PullPolicy, S3, Stack, TakenPort,
};
use devinfra::plan::{Adopt, Cause, Goal, Note, Plan, Recreate, Step, Up, reconcile};

use crate::world::{Change as _, engine_for, image, look, name, plan, reach, refusals, stack};

fn up(stack: &Stack) -> Goal {
    Goal::Up(Up::all(stack))
}

#[tokio::test]
async fn everything_missing_is_made() {
    let stack = stack(&["db"]);
    let engine = FakeEngine::default();
    assert_eq!(
        plan(&engine, &stack, &up(&stack)).await.to_string(),
        "pull db:latest (not there)\n\
         create network hub (not there)\n\
         create db (no container)\n\
         start db (no container)\n"
    );
}

#[tokio::test]
async fn a_stack_that_runs_as_wanted_needs_nothing() {
    let stack = stack(&["db", "api"]);
    let engine = engine_for(&stack);
    reach(&engine, &stack, &up(&stack)).await;
    assert!(plan(&engine, &stack, &up(&stack)).await.is_empty());
}

/// LakeFS asks its store whether it takes its keys.
#[tokio::test]
async fn a_lakefs_is_bootstrapped_after_its_store() {
    let lakefs = Kind::Lakefs(Lakefs {
        port: 8000,
        credentials_file: Some("/keys.env".into()),
        admin: "admin".to_owned(),
    });
    let s3 = Kind::S3(S3 {
        port: 9000,
        access_key: "key".to_owned(),
        secret_key: "secret".into(),
        region: "us-east-1".to_owned(),
        bucket: Some("hub".to_owned()),
    });
    let both = stack(&["lakefs", "store"])
        .change("lakefs", |one| one.kind = lakefs)
        .change("store", |one| one.kind = s3);
    let after = |plan: &Plan| -> Vec<String> {
        let found = |step: &&Step| step.to_string().starts_with("bootstrap lakefs");
        let step = plan.steps().iter().find(found).unwrap();
        let before = step.after.iter().filter_map(|id| plan.step(*id));
        before
            .map(|step| {
                step.action
                    .describe(step.service.as_ref().unwrap().as_str())
            })
            .collect()
    };
    let planned = plan(&engine_for(&both), &both, &up(&both)).await;
    assert_eq!(
        after(&planned),
        ["bootstrap store", "wait until lakefs is usable"]
    );
    // A store that needs LakeFS itself is none that LakeFS can wait for.
    let odd = both.depends("store", "lakefs", Condition::Healthy);
    let planned = plan(&engine_for(&odd), &odd, &up(&odd)).await;
    assert_eq!(after(&planned), ["wait until lakefs is usable"]);
}

#[tokio::test]
async fn a_service_starts_after_what_it_depends_on_is_usable() {
    let stack = stack(&["api", "db"]).depends("api", "db", Condition::Healthy);
    let plan = plan(&engine_for(&stack), &stack, &up(&stack)).await;
    let step = |text: &str| {
        let found = |step: &&Step| {
            step.action
                .describe(step.service.as_ref().map_or("", |name| name.as_str()))
                == text
        };
        plan.steps().iter().find(found).unwrap()
    };
    assert!(
        step("start api")
            .after
            .contains(&step("wait until db is usable").id)
    );
    // Making the container needs no dependency, so it is not held up by one.
    assert!(
        !step("create api")
            .after
            .contains(&step("wait until db is usable").id)
    );
}

#[tokio::test]
async fn only_the_service_that_changed_is_replaced_and_the_cause_is_named() {
    let old = stack(&["db", "cache"]);
    let engine = engine_for(&old);
    reach(&engine, &old, &up(&old)).await;
    let new = old.change("cache", |service| {
        service.container.image = image("cache:2");
        service
            .container
            .environment
            .insert("A".to_owned(), "1".into());
    });
    engine.add_image(&image("cache:2"));
    let cause = "(image changed: cache:latest -> cache:2, environment changed)";
    assert_eq!(
        plan(&engine, &new, &up(&new)).await.to_string(),
        format!(
            "stop hub-cache {cause}\nremove hub-cache {cause}\ncreate cache {cause}\n\
             start cache {cause}\n"
        )
    );
}

#[tokio::test]
async fn an_image_is_fetched_before_the_container_that_runs_is_stopped() {
    let old = stack(&["db"]);
    let engine = engine_for(&old);
    reach(&engine, &old, &up(&old)).await;
    let new = old.change("db", |service| service.container.image = image("db:2"));
    let plan = plan(&engine, &new, &up(&new)).await;
    let lines: Vec<String> = plan
        .changes()
        .map(|step| step.action.describe("db"))
        .collect();
    assert_eq!(
        lines,
        [
            "pull db:2",
            "stop hub-db",
            "remove hub-db",
            "create db",
            "start db"
        ]
    );
    let stop = plan
        .steps()
        .iter()
        .find(|step| step.action.describe("") == "stop hub-db")
        .unwrap();
    assert_eq!(stop.after.len(), 1);
}

#[tokio::test]
async fn a_stopped_container_is_started_and_a_paused_one_let_go() {
    let stack = stack(&["api", "db"]);
    let engine = engine_for(&stack);
    reach(&engine, &stack, &up(&stack)).await;
    engine.set_state("hub-api", &ContainerState::Paused);
    engine.set_state(
        "hub-db",
        &ContainerState::Exited {
            code: Some(137),
            oom_killed: false,
        },
    );
    assert_eq!(
        plan(&engine, &stack, &up(&stack)).await.to_string(),
        "unpause hub-api (paused)\nstart db (exited with 137)\n"
    );
}

#[tokio::test]
async fn data_that_goes_with_the_container_is_told() {
    let login = LoginRole {
        user: "hub".to_owned(),
        password: "secret".into(),
    };
    let kind = Kind::Postgres(Postgres {
        port: 5432,
        login,
        database: "hub".to_owned(),
    });
    let stack = stack(&["db"]).change("db", |service| service.kind = kind);
    let made = plan(&engine_for(&stack), &stack, &up(&stack)).await;
    let service = name("db");
    assert_eq!(made.notes(), [Note::DataInContainer { service }]);
    let mounted = stack.binds("db", "/data");
    let made = plan(&engine_for(&mounted), &mounted, &up(&mounted)).await;
    assert_eq!(made.notes(), []);
}

#[tokio::test]
async fn a_stopped_container_whose_network_is_gone_is_made_again() {
    let stack = stack(&["db"]);
    let engine = engine_for(&stack);
    reach(&engine, &stack, &up(&stack)).await;
    engine.set_state("hub-db", &ContainerState::Paused);
    let mut observed = look(&engine, &stack).await;
    let mut attached_to = |id: &str| {
        observed.containers[0].networks = vec![NetworkId(id.to_owned())];
        reconcile(&stack, &observed, &up(&stack))
            .unwrap()
            .to_string()
    };
    assert!(attached_to("old").contains("remove hub-db (its network is gone)"));
    // Podman tells the names of networks, where Docker tells their ids.
    assert_eq!(attached_to("hub"), "unpause hub-db (paused)\n");
}

#[tokio::test]
async fn a_restart_loop_is_broken() {
    let stack = stack(&["db"]);
    let engine = engine_for(&stack);
    reach(&engine, &stack, &up(&stack)).await;
    engine.set_state("hub-db", &ContainerState::Restarting);
    let cause = "(restarting over and over)";
    assert_eq!(
        plan(&engine, &stack, &up(&stack)).await.to_string(),
        format!(
            "stop hub-db {cause}\nremove hub-db {cause}\ncreate db {cause}\nstart db {cause}\n"
        )
    );
}

#[tokio::test]
async fn a_job_that_has_run_to_its_end_is_not_run_again() {
    let stack =
        stack(&["api", "migrate"]).depends("api", "migrate", Condition::CompletedSuccessfully);
    let engine = engine_for(&stack);
    engine.die_at_start("hub-migrate", 0);
    let outcome = reach(&engine, &stack, &up(&stack)).await;
    assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
    assert!(plan(&engine, &stack, &up(&stack)).await.is_empty());
}

#[tokio::test]
async fn a_foreign_container_is_refused_and_taken_over_only_when_asked() {
    let stack = stack(&["db"]);
    let engine = engine_for(&stack);
    engine.add_foreign_container("hub-db", &image("db"));
    let found = refusals(&engine, &stack, &up(&stack)).await;
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].to_string(),
        "container `hub-db` exists, and devinfra did not make it"
    );

    let goal = Goal::Up(Up {
        adopt: Adopt::Yes,
        ..Up::all(&stack)
    });
    let cause = "(adopted)";
    assert_eq!(
        plan(&engine, &stack, &goal).await.to_string(),
        format!(
            "stop hub-db {cause}\nremove hub-db {cause}\ncreate network hub (not there)\n\
             create db {cause}\nstart db {cause}\n"
        )
    );
}

#[tokio::test]
async fn the_same_stack_of_another_directory_is_never_taken_over() {
    let mut elsewhere = stack(&["db"]);
    elsewhere.directory = "/".into(); // one that is there on every machine
    let engine = engine_for(&elsewhere);
    reach(&engine, &elsewhere, &up(&elsewhere)).await;
    let mut here = stack(&["db"]);
    here.directory = "/other".into();
    let goal = Goal::Up(Up {
        adopt: Adopt::Yes,
        ..Up::all(&here)
    });
    let found = refusals(&engine, &here, &goal).await;
    assert_eq!(
        found[0].to_string(),
        "container `hub-db` belongs to the same stack in `/`"
    );
}

#[tokio::test]
async fn an_image_that_may_not_be_pulled_is_refused_before_anything_is_done() {
    let stack = stack(&["db"]).change("db", |service| service.pull_policy = PullPolicy::Never);
    let engine = FakeEngine::default();
    let found = refusals(&engine, &stack, &up(&stack)).await;
    assert_eq!(
        found[0].to_string(),
        "image `db:latest` is not on the engine, and may not be pulled (pull policy `never`)"
    );
}

#[tokio::test]
async fn missing_directories_are_made_first() {
    let stack = stack(&["db"]).binds("db", "/nonexistent/devinfra/data");
    let plan = plan(&engine_for(&stack), &stack, &up(&stack)).await;
    assert!(
        plan.to_string().starts_with(
            "create network hub (not there)\n\
             create directory /nonexistent/devinfra/data (not there)\n\
             create db"
        ),
        "{plan}"
    );
}

#[tokio::test]
async fn no_directory_is_made_before_there_is_an_image_to_use_it() {
    let stack = stack(&["db"]).binds("db", "/nonexistent/devinfra/data");
    let plan = plan(&FakeEngine::default(), &stack, &up(&stack)).await;
    let step = |start: &str| {
        let mut steps = plan.steps().iter();
        steps
            .find(|step| step.to_string().starts_with(start))
            .unwrap()
    };
    assert!(step("create directory").after.contains(&step("pull").id));
}

#[tokio::test]
async fn a_service_that_left_the_stack_file_is_left_alone_and_named() {
    let before = stack(&["db", "old"]);
    let engine = engine_for(&before);
    reach(&engine, &before, &up(&before)).await;
    let after = stack(&["db"]);
    let plan = plan(&engine, &after, &up(&after)).await;
    assert!(plan.is_empty());
    let (service, container) = (name("old"), "hub-old".to_owned());
    let why = Cause::Orphan;
    let note = Note::Orphan {
        service,
        container,
        why,
    };
    assert_eq!(plan.notes(), [note]);
}

#[tokio::test]
async fn a_network_that_somebody_else_made_is_refused_unless_it_is_adopted() {
    let stack = stack(&["cache", "db"]);
    let engine = engine_for(&stack);
    engine.add_foreign_network("hub");
    let found = refusals(&engine, &stack, &up(&stack)).await;
    assert_eq!(found.len(), 1, "told once: {found:?}");
    assert_eq!(
        found[0].to_string(),
        "network `hub` exists, and devinfra did not make it"
    );
    let adopting = Goal::Up(Up {
        adopt: Adopt::Yes,
        ..Up::all(&stack)
    });
    let note = Note::ForeignNetwork {
        network: "hub".to_owned(),
        place: None,
    };
    let adopted = plan(&engine, &stack, &adopting).await;
    assert_eq!(
        adopted.to_string(),
        "create cache (no container)\nstart cache (no container)\n\
         create db (no container)\nstart db (no container)\n"
    );
    assert_eq!(adopted.notes(), [note]);
    // What was adopted stays so: the next run goes on with the network that is in use.
    reach(&engine, &stack, &adopting).await;
    let mut observed = look(&engine, &stack).await;
    observed.containers.retain(|one| one.name != "hub-db");
    let next = reconcile(&stack, &observed, &up(&stack)).unwrap();
    assert_eq!(
        next.to_string(),
        "create db (no container)\nstart db (no container)\n"
    );
}

#[tokio::test]
async fn an_external_network_is_somebody_elses() {
    let mut stack = stack(&["db"]);
    for network in stack.networks.values_mut() {
        network.external = true;
    }
    let engine = engine_for(&stack);
    engine.add_foreign_network("hub");
    let plan = plan(&engine, &stack, &up(&stack)).await;
    assert_eq!(plan.notes(), []);
}

#[tokio::test]
async fn a_network_name_that_several_have_is_refused() {
    let stack = stack(&["db"]);
    let engine = engine_for(&stack);
    engine.add_foreign_network("hub");
    engine.add_foreign_network("hub");
    let found = refusals(&engine, &stack, &up(&stack)).await;
    assert_eq!(
        found[0].to_string(),
        "network name `hub` is ambiguous: 2 networks have it"
    );
}

#[tokio::test]
async fn recreate_replaces_what_need_not_be() {
    let stack = stack(&["db"]);
    let engine = engine_for(&stack);
    reach(&engine, &stack, &up(&stack)).await;
    let goal = Goal::Up(Up {
        recreate: Recreate::All,
        ..Up::all(&stack)
    });
    assert_eq!(plan(&engine, &stack, &goal).await.changes().count(), 4);
}

#[tokio::test]
async fn a_port_that_somebody_else_holds_is_refused_before_anything_is_made() {
    let stack = stack(&["api", "db"]).publishes("db", 5432);
    let engine = engine_for(&stack);
    let mut observed = look(&engine, &stack).await;
    observed.taken_ports = vec![TakenPort {
        port: 5432,
        protocol: Protocol::Tcp,
        holder: Some(PortHolder::Process {
            id: 7,
            command: "postgres".to_owned(),
        }),
    }];
    let refusals = reconcile(&stack, &observed, &up(&stack)).unwrap_err();
    let told: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["host port 5432, which `db` publishes, is taken by process 7 (`postgres`)"]
    );
}

#[tokio::test]
async fn a_port_that_the_stacks_own_container_holds_is_no_obstacle() {
    let stack = stack(&["api", "db"]).publishes("db", 5432);
    let engine = engine_for(&stack);
    reach(&engine, &stack, &up(&stack)).await;
    // The port moves from one service to the other.
    let moved = stack
        .change("db", |db| db.container.ports.clear())
        .publishes("api", 5432);
    let mut observed = look(&engine, &moved).await;
    observed.taken_ports = vec![TakenPort {
        port: 5432,
        protocol: Protocol::Tcp,
        holder: Some(PortHolder::Container {
            name: "hub-db".to_owned(),
        }),
    }];
    assert!(reconcile(&moved, &observed, &up(&moved)).is_ok());
}
