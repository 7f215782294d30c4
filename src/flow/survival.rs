//! `cache check --deep`: a graceful restart of the live server, and what it does to keys.
//!
//! Once the canaries are planted nothing ends this early: a request to stop is heeded between the
//! steps, after the server runs again and the canaries are gone. A run that is killed leaves a
//! server that `devinfra up` starts, and canaries that expire or that the next run removes.

use std::net::SocketAddr;
use std::time::Duration;

use super::cache::{PATIENCE, judge};
use super::carry::{carry_out, failed};
use super::up::UpRequest;
use super::{Cache, Checks, FlowError, Look, Session, StackLock};
use crate::apply::{Failure, Stop};
use crate::cache::{
    BootstrapError as Unflushed, Canaries, Finding, Foreign, Namespace, Refused, Timing, bootstrap,
    not_as_declared, not_tried, survival,
};
use crate::kinds::{BootstrapError, published};
use crate::model::ObservedContainer;
use crate::plan::{Adopt, Recreate};

/// How long another run, and the server's start, are waited for.
const WAIT: Duration = Duration::from_mins(2);

/// Checks a cache, and restarts its server to see what survives.
///
/// # Errors
///
/// As [`super::check_cache`], and when the server does not come up again.
pub async fn check_survival(
    session: &Session<'_>,
    cache: Cache<'_>,
) -> Result<Vec<Finding>, FlowError> {
    let _lock = StackLock::take(session, WAIT).await?;
    let container = cache.container(session).await?;
    let (mut findings, saves) = judge(session, cache, container.as_ref(), Look::Inside).await;
    let request = request(&cache);
    let finding = match (not_tried(&findings, saves), container) {
        (Some(skipped), _) => skipped,
        (None, Some(container)) => {
            let (plan, _) = request.plan(session).await?;
            if plan.is_empty() {
                let experiment = Experiment {
                    session,
                    cache,
                    request: &request,
                };
                experiment.run(&container).await?
            } else {
                not_as_declared()
            }
        }
        (None, None) => not_as_declared(),
    };
    findings.push(finding);
    Ok(findings)
}

fn request(cache: &Cache<'_>) -> UpRequest {
    UpRequest {
        services: vec![cache.service.name.clone()],
        without: Vec::new(),
        recreate: Recreate::Changed,
        pull: None,
        adopt: Adopt::No,
        wait_timeout: WAIT,
        checks: Checks::Skip,
    }
}

struct Experiment<'a> {
    session: &'a Session<'a>,
    cache: Cache<'a>,
    request: &'a UpRequest,
}

impl Experiment<'_> {
    async fn run(&self, container: &ObservedContainer) -> Result<Finding, FlowError> {
        let options = self.cache.options;
        let address = self.address(container)?;
        let keys = match &options.keys {
            Some(_) => Some(self.cache.namespace()?),
            None => None,
        };
        let canaries = Canaries::new(keys.as_ref());
        let foreign = Foreign::take(options, address, PATIENCE, keys.as_ref()).await;
        let foreign = foreign.map_err(|refused| self.refused(refused))?;
        self.stop_asked()?;
        let planted = canaries.plant(options, address, PATIENCE).await;
        if let Err(refused) = planted {
            Canaries::remove(options, address, PATIENCE).await.ok(); // the refusal is told
            return Err(self.refused(refused));
        }
        if let Err(interrupted) = self.stop_asked() {
            let removed = Canaries::remove(options, address, PATIENCE).await;
            removed.map_err(|refused| self.refused(refused))?;
            return Err(interrupted);
        }
        let address = self.restart(container).await?;
        let found = self.look(&canaries, &foreign, address).await;
        let removed = Canaries::remove(options, address, PATIENCE).await;
        let finding = found?;
        removed.map_err(|refused| self.refused(refused))?;
        self.stop_asked()?;
        Ok(finding)
    }

    async fn look(
        &self,
        canaries: &Canaries,
        foreign: &Foreign,
        address: SocketAddr,
    ) -> Result<Finding, FlowError> {
        let options = self.cache.options;
        let lost = canaries.lost(options, address, PATIENCE).await;
        let lost = lost.map_err(|refused| self.refused(refused))?;
        self.flush(canaries.scratch(), address).await?;
        let found = canaries
            .survival(options, address, PATIENCE, (lost, foreign))
            .await;
        Ok(survival(&found.map_err(|refused| self.refused(refused))?))
    }

    async fn flush(&self, scratch: &Namespace, address: SocketAddr) -> Result<(), FlowError> {
        let flushed = bootstrap(self.cache.options, address, scratch, Timing::default()).await;
        flushed.map_err(|error| self.failed(error))?;
        Ok(())
    }

    /// Stops the server with its own signal, and brings it up again as `up` does, which flushes the
    /// application's keys as after any restart. Where the server can be asked then.
    async fn restart(&self, container: &ObservedContainer) -> Result<SocketAddr, FlowError> {
        let (_stopper, never) = Stop::new();
        let session = Session {
            stop: &never,
            ..*self.session
        };
        let grace = self.cache.service.container.stop_grace_period;
        let id = &container.id;
        session.engine.stop_container(id, Some(grace)).await?;
        let (plan, observed) = self.request.plan(&session).await?;
        let mut outcome = carry_out(&session, &plan, &observed, WAIT).await?;
        let name = &self.cache.service.name;
        if let Some(error) = outcome.degraded.remove(name) {
            let service = Some(name.clone());
            return Err(failed(Failure { service, error }, outcome));
        }
        let port = self.cache.options.port;
        let ports = outcome.ready.get(name).map(|ready| ready.ports.as_slice());
        published(ports.unwrap_or_default(), port)
            .ok_or_else(|| self.cache.failed(BootstrapError::NotPublished { port }))
    }

    fn address(&self, container: &ObservedContainer) -> Result<SocketAddr, FlowError> {
        let port = self.cache.options.port;
        published(&container.ports, port)
            .ok_or_else(|| self.cache.failed(BootstrapError::NotPublished { port }))
    }

    fn stop_asked(&self) -> Result<(), FlowError> {
        if self.session.stop.is_asked() {
            Err(FlowError::Interrupted)
        } else {
            Ok(())
        }
    }

    fn refused(&self, refused: Refused) -> FlowError {
        self.failed(Unflushed::Refused(refused))
    }

    fn failed(&self, error: Unflushed) -> FlowError {
        self.cache.failed(BootstrapError::Cache(error))
    }
}
