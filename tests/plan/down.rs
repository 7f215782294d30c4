//! What `down` plans.

use devinfra::model::ContainerState;
use devinfra::plan::{Adopt, Down, Goal, Note, Up};
use devinfra::report::note;

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

#[tokio::test]
async fn a_service_that_is_off_goes_too_and_is_not_said_to_have_left_the_stack_file() {
    let mut stack = stack(&["db", "worker"]);
    let engine = engine_for(&stack);
    reach(&engine, &stack, &Goal::Up(Up::all(&stack))).await;
    stack.services.remove(&name("worker")).unwrap();
    stack.off.insert(name("worker"), ["bg".to_owned()].into());
    let down = plan(&engine, &stack, &Goal::Down(Down::all())).await;
    let why = "its profile `bg` is not active";
    assert!(
        down.to_string().contains(&format!(
            "stop hub-worker ({why})\nremove hub-worker ({why})\n"
        )),
        "{down}"
    );
    let up = plan(&engine, &stack, &Goal::Up(Up::all(&stack))).await;
    let told: Vec<String> = up.notes().iter().map(note).collect();
    let expected = format!(
        "container `hub-worker` is for service `worker`, and {why}; `devinfra down` removes it"
    );
    assert_eq!(told, [expected]);
}

/// A reset makes a container of its own where nobody else may delete the data.
#[tokio::test]
async fn what_a_killed_reset_has_left_goes_as_such() {
    let mut stack = stack(&["db"]);
    let helper = name("db").helper();
    let mut service = stack.services[&name("db")].clone();
    service.name = helper.clone();
    service.container.name = "hub-helper".to_owned();
    let left = service.clone();
    stack.services.insert(helper.clone(), service);
    let engine = engine_for(&stack);
    reach(&engine, &stack, &Goal::Up(Up::all(&stack))).await;
    stack.services.remove(&helper).unwrap();
    let down = plan(&engine, &stack, &Goal::Down(Down::all())).await;
    let expected = format!("remove {} (a reset was cut short)", left.container.name);
    assert!(down.to_string().contains(&expected), "{down}");
}
