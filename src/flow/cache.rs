//! The cache commands: which container it is, and what is asked of the server in it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::timeout;

use super::{FlowError, Session, need_local};
use crate::apply::{Question, observe};
use crate::cache::{
    Access, Bootstrapped, Census, Facts, Finding, Namespace, Refused, Stats, Subject, Timing,
    bootstrap, check, gather, take_census, take_stats,
};
use crate::engine::Engine;
use crate::kinds::{BootstrapError, published};
use crate::model::{
    ContainerState, Kind, ObservedContainer, PublishedPort, Service, ServiceName, Stack, Valkey,
};

/// How long a server may take to answer one question.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// A cache of the stack: a service of kind `valkey`.
#[derive(Debug, Clone, Copy)]
pub struct Cache<'a> {
    /// The service.
    pub service: &'a Service,
    /// Its options.
    pub options: &'a Valkey,
}

impl<'a> Cache<'a> {
    /// Every cache of the stack.
    pub fn all(stack: &'a Stack) -> impl Iterator<Item = Self> {
        stack.services.values().filter_map(Self::of)
    }

    /// The service as a cache; `None` when it is of another kind.
    pub fn of(service: &'a Service) -> Option<Self> {
        match &service.kind {
            Kind::Valkey(options) => Some(Self { service, options }),
            _ => None,
        }
    }

    /// The cache that is meant: the one that is named, or the only one there is.
    ///
    /// # Errors
    ///
    /// When the name is none of a cache, or none is named and there is not exactly one.
    pub fn choose(stack: &'a Stack, named: Option<&ServiceName>) -> Result<Self, FlowError> {
        let mut meant =
            Self::all(stack).filter(|cache| named.is_none_or(|name| *name == cache.service.name));
        match (meant.next(), meant.next()) {
            (Some(cache), None) => Ok(cache),
            _ => Err(FlowError::WhichCache {
                named: named.cloned(),
                known: Self::all(stack)
                    .map(|cache| cache.service.name.clone())
                    .collect(),
            }),
        }
    }

    /// Its container, asked of the engine.
    pub(super) async fn container(
        &self,
        session: &Session<'_>,
    ) -> Result<Option<ObservedContainer>, FlowError> {
        need_local(session)?;
        let observed = observe(session.engine, session.stack, Question::Containers).await?;
        Ok(observed.container_of(&self.service.name).cloned())
    }

    /// Where the server can be asked. Without a container that runs that is where the stack file
    /// says, so that whatever answers there can be told.
    fn address(&self, container: Option<&ObservedContainer>) -> Option<SocketAddr> {
        container
            .and_then(|container| published(&container.ports, self.options.port))
            .or_else(|| published(&self.declared_ports(), self.options.port))
    }

    /// Where the server in its running container can be asked: never another's, because what is
    /// asked there changes something.
    pub(super) async fn running(&self, session: &Session<'_>) -> Result<SocketAddr, FlowError> {
        let container = self.container(session).await?;
        let state = container.as_ref().map(|container| &container.state);
        if state != Some(&ContainerState::Running) {
            return Err(FlowError::CacheDown {
                service: self.service.name.clone(),
                state: state.map(ContainerState::word),
            });
        }
        let port = self.options.port;
        container
            .and_then(|container| published(&container.ports, port))
            .ok_or_else(|| self.failed(BootstrapError::NotPublished { port }))
    }

    pub(super) fn namespace(&self) -> Result<Namespace, FlowError> {
        let Some(keys) = &self.options.keys else {
            let service = self.service.name.clone();
            return Err(FlowError::NoCacheKeys { service });
        };
        Namespace::new(keys).map_err(|error| self.failed(error.into()))
    }

    pub(super) fn failed(&self, source: BootstrapError) -> FlowError {
        FlowError::Bootstrap {
            service: self.service.name.clone(),
            source,
        }
    }

    fn refused(&self, refused: Refused) -> FlowError {
        let service = self.service.name.clone();
        FlowError::CacheRefused { service, refused }
    }

    fn declared_ports(&self) -> Vec<PublishedPort> {
        let ports = self.service.container.ports.iter();
        ports
            .filter_map(|port| {
                Some(PublishedPort {
                    target: port.target,
                    published: port.published?,
                    host_ip: port.host_ip,
                    protocol: port.protocol,
                })
            })
            .collect()
    }
}

/// How much is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// What the server and the engine say.
    Outside,
    /// Whether the server may write to its data directory as well, by a command in its container,
    /// which takes the engine a tenth of a second.
    Inside,
}

/// Checks a cache in whatever state it is.
///
/// # Errors
///
/// When the engine does not answer, or a stop is asked. What the server does or does not answer is
/// a finding.
pub async fn check_cache(
    session: &Session<'_>,
    cache: Cache<'_>,
    look: Look,
) -> Result<Vec<Finding>, FlowError> {
    unless_stopped(session, async {
        let container = cache.container(session).await?;
        Ok(judge(session, cache, container.as_ref(), look).await.0)
    })
    .await
}

/// Flushes what must not survive a restart of the server, unless that was done for this run of it.
///
/// # Errors
///
/// When the cache is not up, names no keys, or does not take the flush; see [`FlowError`].
pub async fn bootstrap_cache(
    session: &Session<'_>,
    cache: Cache<'_>,
) -> Result<Bootstrapped, FlowError> {
    let namespace = cache.namespace()?;
    unless_stopped(session, async {
        let address = cache.running(session).await?;
        let done = bootstrap(cache.options, address, &namespace, Timing::default()).await;
        done.map_err(|error| cache.failed(BootstrapError::Cache(error)))
    })
    .await
}

/// Counts what [`bootstrap_cache`] would flush, and changes nothing.
///
/// # Errors
///
/// As [`bootstrap_cache`].
pub async fn count_cache(session: &Session<'_>, cache: Cache<'_>) -> Result<Census, FlowError> {
    let namespace = cache.namespace()?;
    unless_stopped(session, async {
        let address = cache.running(session).await?;
        let counted = take_census(cache.options, address, &namespace, PATIENCE).await;
        counted.map_err(|refused| cache.refused(refused))
    })
    .await
}

/// Looks at a cache and at up to `limit` of its keys.
///
/// # Errors
///
/// When the cache is not up, or does not answer.
pub async fn measure_cache(
    session: &Session<'_>,
    cache: Cache<'_>,
    limit: u64,
) -> Result<Stats, FlowError> {
    unless_stopped(session, async {
        let address = cache.running(session).await?;
        let measured = take_stats(cache.options, address, limit, PATIENCE).await;
        measured.map_err(|refused| cache.refused(refused))
    })
    .await
}

/// What comes of it, unless somebody asks to stop: nothing of it is worth waiting for then.
async fn unless_stopped<T>(
    session: &Session<'_>,
    work: impl Future<Output = Result<T, FlowError>>,
) -> Result<T, FlowError> {
    tokio::select! {
        () = session.stop.asked() => Err(FlowError::Interrupted),
        done = work => done,
    }
}

/// Checks a cache whose container is known already; says whether its server saves as well.
pub(super) async fn judge(
    session: &Session<'_>,
    cache: Cache<'_>,
    container: Option<&ObservedContainer>,
    look: Look,
) -> (Vec<Finding>, bool) {
    let address = cache.address(container);
    let port = cache.options.port;
    let answer = match address {
        Some(address) => gather(cache.options, address, PATIENCE).await,
        None => Err(Refused::NotPublished { port }),
    };
    let access = match (&answer, container) {
        (Ok(facts), Some(container)) if look == Look::Inside => {
            look_inside(session.engine, container, facts).await
        }
        _ => None,
    };
    let subject = Subject {
        service: cache.service,
        options: cache.options,
        container,
        address,
        access: access.as_ref(),
    };
    let saves = answer.as_ref().is_ok_and(Facts::saves);
    (check(&subject, &answer), saves)
}

/// Whether the server may write to its data directory; `None` where the container has no shell, or
/// does not answer in time.
async fn look_inside(
    engine: &dyn Engine,
    container: &ObservedContainer,
    facts: &Facts,
) -> Option<Access> {
    let directory = facts.configuration.as_ref().ok()?.get("dir")?;
    let command = Access::command(facts.info.number("process_id")?, directory);
    let asked = timeout(PATIENCE, engine.exec(&container.id, &command));
    let done = asked.await.ok()?.ok()?;
    Access::parse(&done.output, directory)
}
