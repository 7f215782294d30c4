//! Stacks in one line, and an engine to try plans on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use devinfra::apply::{Outcome, Prober, Question, Run, Stop, apply, observe};
use devinfra::engine::FakeEngine;
use devinfra::event::Silent;
use devinfra::flow::Session;
use devinfra::kinds::{Amount, BootstrapError, Deed, Readiness, WipeError};
use devinfra::model::{
    Bind, Condition, ContainerSpec, Dependency, HostPath, ImageRef, Mount, MountSource,
    NetworkAttachment, NetworkSpec, Observed, ObservedContainer, PortMapping, Service, ServiceName,
    Stack, StackName, Submounts,
};
use devinfra::plan::{Goal, Plan, Refusal, reconcile};
use tokio::time::Instant;

pub(crate) fn name(text: &str) -> ServiceName {
    ServiceName::new(text).unwrap()
}

pub(crate) fn image(text: &str) -> ImageRef {
    ImageRef::parse(text).unwrap()
}

/// A stack `hub` of services on one network, each with an image of its own name.
pub(crate) fn stack(services: &[&str]) -> Stack {
    let services = services
        .iter()
        .map(|service| {
            let mut spec = ContainerSpec::new(format!("hub-{service}"), image(service));
            let network = "default".to_owned();
            spec.networks.push(NetworkAttachment {
                network,
                aliases: Vec::new(),
            });
            (name(service), Service::new(name(service), spec))
        })
        .collect();
    let network = NetworkSpec {
        name: "hub".to_owned(),
        external: false,
        driver: None,
        internal: false,
        labels: BTreeMap::new(),
    };
    Stack {
        files: vec!["/project/devinfra.yaml".to_owned()],
        services,
        networks: [("default".to_owned(), network)].into(),
        ..Stack::new(StackName::new("hub").unwrap(), "/project")
    }
}

/// Changes one service of a stack.
pub(crate) trait Change {
    fn change(self, service: &str, change: impl FnOnce(&mut Service)) -> Self;
    fn depends(self, service: &str, on: &str, condition: Condition) -> Self;
    fn publishes(self, service: &str, port: u16) -> Self;
    fn binds(self, service: &str, path: &str) -> Self;
}

impl Change for Stack {
    fn change(mut self, service: &str, change: impl FnOnce(&mut Service)) -> Self {
        change(self.services.get_mut(&name(service)).unwrap());
        self
    }

    fn depends(self, service: &str, on: &str, condition: Condition) -> Self {
        let dependency = Dependency {
            condition,
            required: true,
        };
        self.change(service, |one| {
            one.depends_on.insert(name(on), dependency);
        })
    }

    fn publishes(self, service: &str, port: u16) -> Self {
        self.change(service, |one| {
            one.container.ports.push(PortMapping::loopback(port, 80));
        })
    }

    fn binds(self, service: &str, path: &str) -> Self {
        let source = MountSource::Bind(Bind {
            source: HostPath(path.into()),
            create: true,
            submounts: Submounts::Seen,
        });
        let target = "/data".to_owned();
        self.change(service, |one| {
            one.container.mounts.push(Mount {
                target,
                source,
                read_only: false,
            });
        })
    }
}

/// Answers "usable" for every service but those named.
pub(crate) struct Answers(pub(crate) Vec<(ServiceName, Readiness)>);

#[async_trait]
impl Prober for Answers {
    async fn probe(
        &self,
        service: &Service,
        _container: &ObservedContainer,
        _timeout: Duration,
    ) -> Readiness {
        let scripted = self.0.iter().find(|(name, _)| *name == service.name);
        scripted.map_or(Readiness::Ready, |(_, answer)| answer.clone())
    }

    async fn bootstrap(
        &self,
        _service: &Service,
        _container: &ObservedContainer,
    ) -> Result<Vec<Deed>, BootstrapError> {
        Ok(Vec::new())
    }

    async fn wipe(
        &self,
        _service: &Service,
        _container: &ObservedContainer,
    ) -> Result<Vec<Amount>, WipeError> {
        Ok(Vec::new())
    }
}

/// An engine that has the images of the stack.
pub(crate) fn engine_for(stack: &Stack) -> FakeEngine {
    let engine = FakeEngine::default();
    for service in stack.services.values() {
        engine.add_image(&service.container.image);
    }
    engine
}

/// A run of a test over the stack.
pub(crate) fn session<'a>(
    stack: &'a Stack,
    engine: &'a FakeEngine,
    stop: &'a Stop,
    lock_directory: &'a PathBuf,
) -> Session<'a> {
    Session {
        stack,
        engine,
        observer: &Silent,
        stop,
        lock_directory,
        command: "a test",
        began: Instant::now(),
    }
}

pub(crate) async fn look(engine: &FakeEngine, stack: &Stack) -> Observed {
    observe(engine, stack, Question::Everything).await.unwrap()
}

pub(crate) async fn plan(engine: &FakeEngine, stack: &Stack, goal: &Goal) -> Plan {
    reconcile(stack, &look(engine, stack).await, goal).unwrap()
}

pub(crate) async fn refusals(engine: &FakeEngine, stack: &Stack, goal: &Goal) -> Vec<Refusal> {
    reconcile(stack, &look(engine, stack).await, goal).unwrap_err()
}

/// Plans and carries out.
pub(crate) async fn reach(engine: &FakeEngine, stack: &Stack, goal: &Goal) -> Outcome {
    reach_with(engine, stack, goal, &Answers(Vec::new())).await
}

pub(crate) async fn reach_with(
    engine: &FakeEngine,
    stack: &Stack,
    goal: &Goal,
    prober: &Answers,
) -> Outcome {
    let observed = look(engine, stack).await;
    let plan = reconcile(stack, &observed, goal).unwrap();
    let run = Run {
        engine,
        stack,
        prober,
        observer: &Silent,
        wait_timeout: Duration::from_secs(2),
        began: Instant::now(),
    };
    let (_stopper, stop) = Stop::new();
    apply(&run, &plan, &observed, &stop).await
}
