//! What `down` plans.

use devinfra::model::ContainerState;
use devinfra::plan::{Adopt, Down, Goal, Note, Up};

use crate::world::{engine_for, image, name, plan, reach, stack};

#[tokio::test]
async fn everything_of_the_stack_goes_and_the_network_last() {
    let stack = stack(&["api", "db"]);
    let engine = engine_for(&stack);
    reach(&engine, &stack, &Goal::Up(Up::all(&stack))).await;
    let goal = Goal::Down(Down::all());
    let cause = "(asked to take down)";
    assert_eq!(
        plan(&engine, &stack, &goal).await.to_string(),
        format!(
            "stop hub-api {cause}\nremove hub-api {cause}\nstop hub-db {cause}\n\
             remove hub-db {cause}\nremove network hub {cause}\n"
        )
    );
    reach(&engine, &stack, &goal).await;
    assert!(plan(&engine, &stack, &goal).await.is_empty());
}

#[tokio::test]
async fn a_named_service_goes_alone_and_the_network_stays() {
    let stack = stack(&["api", "db"]);
    let engine = engine_for(&stack);
    reach(&engine, &stack, &Goal::Up(Up::all(&stack))).await;
    let goal = Goal::Down(Down {
        services: [name("db")].into(),
        ..Down::all()
    });
    reach(&engine, &stack, &goal).await;
    assert_eq!(engine.running(), ["hub-api"]);
}

#[tokio::test]
async fn a_frozen_container_is_let_go_before_it_is_asked_to_stop() {
    let stack = stack(&["db"]);
    let engine = engine_for(&stack);
    reach(&engine, &stack, &Goal::Up(Up::all(&stack))).await;
    engine.set_state("hub-db", &ContainerState::Paused);
    let plan = plan(&engine, &stack, &Goal::Down(Down::all())).await;
    assert!(plan.to_string().starts_with("unpause hub-db"), "{plan}");
}

#[tokio::test]
async fn what_is_not_ours_stays_and_is_named() {
    let stack = stack(&["db"]);
    let engine = engine_for(&stack);
    engine.add_foreign_container("hub-db", &image("db"));
    engine.add_foreign_container("other", &image("db"));
    let plan_without = plan(&engine, &stack, &Goal::Down(Down::all())).await;
    assert!(plan_without.is_empty());
    let (service, container) = (name("db"), "hub-db".to_owned());
    assert_eq!(
        plan_without.notes(),
        [Note::ForeignContainer { service, container }]
    );

    let goal = Goal::Down(Down {
        adopt: Adopt::Yes,
        ..Down::all()
    });
    reach(&engine, &stack, &goal).await;
    assert_eq!(engine.running(), ["other"]);
}

#[tokio::test]
async fn a_service_that_left_the_stack_file_goes_too() {
    let before = stack(&["old"]);
    let engine = engine_for(&before);
    reach(&engine, &before, &Goal::Up(Up::all(&before))).await;
    let after = stack(&["db"]);
    let plan = plan(&engine, &after, &Goal::Down(Down::all())).await;
    assert!(
        plan.to_string()
            .starts_with("stop hub-old (no longer in the stack file)"),
        "{plan}"
    );
}
