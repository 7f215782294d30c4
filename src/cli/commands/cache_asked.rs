//! What every cache command begins with: the stack, and which of its caches is meant.

use super::Context;
use super::context::Ready;
use crate::apply::Stop;
use crate::cli::Exit;
use crate::cli::args::cache::Which;
use crate::cli::error::CliError;
use crate::cli::signals::Signals;
use crate::event::Observer;
use crate::flow::{Cache, FlowError, Session};
use crate::model::ServiceName;

/// What every cache command begins with.
pub(super) struct Asked {
    named: Option<ServiceName>,
    ready: Ready,
    signals: Signals,
    stop: Stop,
}

impl Asked {
    pub(super) fn new(context: &Context<'_>, which: &Which) -> Result<Self, CliError> {
        let named = which.service.clone();
        let services: Vec<ServiceName> = named.iter().cloned().collect();
        let ready = context.ready(&services)?;
        let (signals, stop) = Signals::listen(context.output);
        Ok(Self {
            named,
            ready,
            signals,
            stop,
        })
    }

    pub(super) fn cache(&self) -> Result<Cache<'_>, CliError> {
        Cache::choose(&self.ready.stack, self.named.as_ref()).map_err(|error| self.told(&error))
    }

    pub(super) fn session<'s>(
        &'s self,
        context: &'s Context<'_>,
        observer: &'s dyn Observer,
        command: &'s str,
    ) -> Session<'s> {
        context.session(&self.ready, observer, &self.stop, command)
    }

    pub(super) fn told(&self, error: &FlowError) -> CliError {
        CliError::flow(error, &self.ready.stack, self.signals.exit())
    }

    /// The exit status of a run that a signal has ended.
    pub(super) fn interrupted(&self) -> Exit {
        self.signals.exit()
    }

    /// Waits until somebody asks to stop.
    pub(super) async fn stopped(&self) {
        self.stop.asked().await;
    }
}
