//! What holds for every stack and every engine.

use std::collections::BTreeSet;

use devinfra::engine::FakeEngine;
use devinfra::model::{Condition, ContainerState, Owner, Stack};
use devinfra::plan::{Action, Adopt, Down, Goal, Plan, Up, reconcile};
use proptest::prelude::*;
use tokio::runtime::Builder;

use crate::world::{Change as _, engine_for, image, look, name, reach, stack};

const SERVICES: [&str; 4] = ["a", "b", "c", "d"];

/// What may have happened to each service before the plan is made.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Past {
    Nothing,
    Running,
    Stopped,
    Paused,
    Restarting,
    Dead,
    OtherImage,
    Foreign,
}

fn past() -> impl Strategy<Value = Past> {
    prop_oneof![
        Just(Past::Nothing),
        Just(Past::Running),
        Just(Past::Stopped),
        Just(Past::Paused),
        Just(Past::Restarting),
        Just(Past::Dead),
        Just(Past::OtherImage),
        Just(Past::Foreign),
    ]
}

/// Edges from later services to earlier ones, so that there is no circle.
fn edges() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0..4_usize, 0..4_usize), 0..6)
        .prop_map(|pairs| pairs.into_iter().filter(|(from, to)| from > to).collect())
}

fn with_edges(edges: &[(usize, usize)]) -> Stack {
    edges.iter().fold(stack(&SERVICES), |stack, (from, to)| {
        stack.depends(SERVICES[*from], SERVICES[*to], Condition::Healthy)
    })
}

async fn lived(stack: &Stack, pasts: &[Past]) -> FakeEngine {
    let engine = engine_for(stack);
    let before = pasts
        .iter()
        .zip(SERVICES)
        .fold(stack.clone(), |stack, (past, service)| {
            engine.add_image(&image("old"));
            match past {
                Past::OtherImage => stack.change(service, |one| one.container.image = image("old")),
                _ => stack,
            }
        });
    let made: BTreeSet<_> = pasts
        .iter()
        .zip(SERVICES)
        .filter(|(past, _)| !matches!(past, Past::Nothing | Past::Foreign))
        .map(|(_, service)| name(service))
        .collect();
    if !made.is_empty() {
        reach(
            &engine,
            &before,
            &Goal::Up(Up {
                services: made,
                ..Up::all(&before)
            }),
        )
        .await;
    }
    for (past, service) in pasts.iter().zip(SERVICES) {
        let container = format!("hub-{service}");
        let state = match past {
            Past::Foreign => {
                engine.add_foreign_container(&container, &image("old"));
                continue;
            }
            Past::Nothing | Past::Running | Past::OtherImage => continue,
            Past::Stopped => ContainerState::Exited {
                code: Some(1),
                oom_killed: false,
            },
            Past::Paused => ContainerState::Paused,
            Past::Restarting => ContainerState::Restarting,
            Past::Dead => ContainerState::Dead,
        };
        engine.set_state(&container, &state);
    }
    engine
}

fn run<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// Every step comes after the steps that it waits for.
fn is_ordered(plan: &Plan) -> bool {
    plan.steps()
        .iter()
        .all(|step| step.after.iter().all(|before| before < &step.id))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_a_plan_leads_to_needs_no_plan(edges in edges(), pasts in prop::collection::vec(past(), 4)) {
        run(async {
            let stack = with_edges(&edges);
            let engine = lived(&stack, &pasts).await;
            let goal = Goal::Up(Up { adopt: Adopt::Yes, ..Up::all(&stack) });
            let outcome = reach(&engine, &stack, &goal).await;
            assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
            let again = reconcile(&stack, &look(&engine, &stack).await, &goal).unwrap();
            assert!(again.is_empty(), "{again}");
            assert_eq!(engine.running().len(), SERVICES.len());
        });
    }

    #[test]
    fn every_dependency_is_usable_before_its_dependent_starts(edges in edges()) {
        run(async {
            let stack = with_edges(&edges);
            let observed = look(&engine_for(&stack), &stack).await;
            let plan = reconcile(&stack, &observed, &Goal::Up(Up::all(&stack))).unwrap();
            prop_assert!(is_ordered(&plan));
            for (from, to) in &edges {
                let of = |service: usize, wanted: fn(&Action) -> bool| {
                    let step = plan.steps().iter().find(|step| {
                        step.service == Some(name(SERVICES[service])) && wanted(&step.action)
                    });
                    step.unwrap()
                };
                let start = of(*from, |action| matches!(action, Action::StartContainer { .. }));
                let ready = of(*to, |action| matches!(action, Action::AwaitReady { .. }));
                prop_assert!(start.after.contains(&ready.id));
            }
            Ok(())
        })?;
    }

    #[test]
    fn nothing_foreign_is_ever_in_a_plan(edges in edges(), pasts in prop::collection::vec(past(), 4)) {
        run(async {
            let stack = with_edges(&edges);
            let observed = look(&lived(&stack, &pasts).await, &stack).await;
            let foreign: Vec<_> = observed
                .containers
                .iter()
                .filter(|container| container.owner == Owner::Foreign)
                .map(|container| container.id.clone())
                .collect();
            for goal in [Goal::Up(Up::all(&stack)), Goal::Down(Down::all())] {
                let Ok(plan) = reconcile(&stack, &observed, &goal) else {
                    assert!(!foreign.is_empty());
                    continue;
                };
                for step in plan.steps() {
                    if let Action::StopContainer { container, .. }
                    | Action::RemoveContainer { container, .. }
                    | Action::UnpauseContainer { container } = &step.action
                    {
                        assert!(!foreign.contains(&container.id));
                    }
                }
            }
        });
    }

    #[test]
    fn down_leaves_nothing_of_ours(edges in edges(), pasts in prop::collection::vec(past(), 4)) {
        run(async {
            let stack = with_edges(&edges);
            let engine = lived(&stack, &pasts).await;
            reach(&engine, &stack, &Goal::Down(Down::all())).await;
            let observed = look(&engine, &stack).await;
            assert!(observed.containers.iter().all(|one| one.owner == Owner::Foreign));
            assert!(observed.networks.is_empty());
        });
    }
}
