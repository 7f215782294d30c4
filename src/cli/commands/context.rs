//! What most commands need: the stack, the engine, and who is told.

use std::path::PathBuf;
use std::sync::Arc;

use crate::apply::Stop;
use crate::cli::Exit;
use crate::cli::args::global::Global;
use crate::cli::error::CliError;
use crate::cli::output::Output;
use crate::cli::settings::Settings;
use crate::cli::signals::Signals;
use crate::engine::{Deadlines, Docker, Engine as _};
use crate::event::{Observer, Silent};
use crate::flow::{FlowError, Session, check_names};
use crate::model::{ServiceName, Stack};
use crate::report::Everyone;
use crate::stack_file::{LoadError, Loaded, Origin, load};

/// Where commands get everything from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) global: &'a Global,
    pub(super) settings: &'a Settings,
    pub(super) output: &'a Arc<Output>,
}

/// A stack and an engine.
pub(super) struct Ready {
    pub(super) stack: Stack,
    pub(super) engine: Docker,
    lock_directory: PathBuf,
}

/// A command that changes the stack: signals are heard, and what happens is told.
pub(super) struct Begun {
    pub(super) ready: Ready,
    pub(super) stop: Stop,
    signals: Signals,
    observer: Option<Everyone>,
    command: &'static str,
}

impl Begun {
    pub(super) fn session<'s>(&'s self, context: &'s Context<'_>) -> Session<'s> {
        let observer: &dyn Observer = match &self.observer {
            Some(observer) => observer,
            None => &Silent,
        };
        context.session(&self.ready, observer, &self.stop, self.command)
    }

    /// Tells no more of what happens, so that the answer comes behind it.
    pub(super) fn end(&mut self) {
        self.observer = None;
    }

    pub(super) fn failed(&self, error: &FlowError) -> CliError {
        CliError::flow(error, &self.ready.stack, self.signals.exit())
    }
}

impl Context<'_> {
    /// Reads the stack file; warnings are told, and that there is none. `named` services switch on their profiles.
    pub(super) fn load(&self, named: &[ServiceName]) -> Result<Loaded, CliError> {
        let loaded = self.read(named)?;
        for warning in &loaded.warnings {
            self.output.warn(warning);
        }
        if loaded.origin == Origin::Default {
            self.output.say(format_args!(
                "no stack file here or above: using the embedded template `kohakuhub` \
                 (`devinfra init` writes it down)"
            ));
        }
        Ok(loaded)
    }

    /// Reads the stack file, and tells nothing.
    pub(super) fn read(&self, named: &[ServiceName]) -> Result<Loaded, CliError> {
        let request = self.settings.stack_request(self.global, named)?;
        let loaded = load(&request.as_request());
        let loaded = loaded.map_err(|error| CliError::stack_file(&error))?;
        self.output.is_about(&loaded.stack);
        Ok(loaded)
    }

    /// Prepares the connection to the engine.
    pub(super) fn engine(&self) -> Result<Docker, CliError> {
        let wishes = self.settings.engine_wishes(self.global)?;
        let connected = wishes.decide().and_then(Docker::connect);
        let engine = connected.map_err(|error| CliError::engine(&error))?;
        let engine = engine.with_logins(wishes.logins());
        Ok(engine.with_deadlines(Deadlines::within(self.global.engine_timeout)))
    }

    pub(super) fn with_stack(&self, stack: Stack, engine: Docker) -> Ready {
        Ready {
            stack,
            engine,
            lock_directory: self.settings.lock_directory(),
        }
    }

    /// Reads the stack file and prepares the connection to the engine.
    pub(super) fn ready(&self, named: &[ServiceName]) -> Result<Ready, CliError> {
        self.ready_if(named, |stack| check_names(stack, named))
    }

    /// The same, where `check` has nothing against the stack.
    pub(super) fn ready_if(
        &self,
        named: &[ServiceName],
        check: impl FnOnce(&Stack) -> Result<(), FlowError>,
    ) -> Result<Ready, CliError> {
        let loaded = self.load(named)?;
        // Before the engine is asked: a name that is misspelt is so without one.
        check(&loaded.stack)
            .map_err(|error| CliError::flow(&error, &loaded.stack, Exit::Interrupted))?;
        let engine = self.engine()?;
        Ok(self.with_stack(loaded.stack, engine))
    }

    /// Says that what services publish is not on this machine, where that is so.
    pub(super) fn warn_if_remote(&self, ready: &Ready) {
        let address = ready.engine.address();
        if !address.is_local() {
            self.output.warn(format_args!(
                "the engine at `{}` is on another machine, and so are the ports of the services",
                address.shown()
            ));
        }
    }

    /// Begins a command that changes the stack.
    pub(super) fn begin(
        &self,
        command: &'static str,
        named: &[ServiceName],
    ) -> Result<Begun, CliError> {
        Ok(self.begin_with(command, self.ready(named)?))
    }

    /// Begins a command that changes a stack that was read already.
    pub(super) fn begin_with(&self, command: &'static str, ready: Ready) -> Begun {
        let (signals, stop) = Signals::listen(self.output);
        Begun {
            ready,
            stop,
            signals,
            observer: Some(self.output.observer(command)),
            command,
        }
    }

    /// What `--project-directory` leads to, where nothing is there.
    pub(super) fn gone_directory(&self) -> Option<PathBuf> {
        let request = self.settings.stack_request(self.global, &[]).ok()?;
        match load(&request.as_request()) {
            Err(LoadError::NoDirectory { path, .. }) if !path.exists() => Some(path),
            _ => None,
        }
    }

    pub(super) fn session<'s>(
        &'s self,
        ready: &'s Ready,
        observer: &'s dyn Observer,
        stop: &'s Stop,
        command: &'s str,
    ) -> Session<'s> {
        Session {
            stack: &ready.stack,
            engine: &ready.engine,
            observer,
            stop,
            lock_directory: &ready.lock_directory,
            command,
            began: self.output.began,
        }
    }
}
