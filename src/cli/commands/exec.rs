//! `devinfra exec`, and its shortcuts `devinfra psql` and `devinfra valkey-cli`.

use std::slice;

use super::Context;
use super::context::Ready;
use crate::apply::{Question, observe};
use crate::cli::Exit;
use crate::cli::args::{Client, Exec};
use crate::cli::attach::{Target, attach};
use crate::cli::error::CliError;
use crate::cli::signals::look;
use crate::cli::terminal;
use crate::engine::ExecRequest;
use crate::flow::FlowError;
use crate::kinds::{Program, client};
use crate::model::{ContainerState, Secret, ServiceName};

pub(super) async fn run(context: &Context<'_>, args: &Exec) -> Result<Exit, CliError> {
    let environment = args.environment.iter();
    let environment = environment.map(|text| variable(context, text));
    let environment = environment.collect::<Result<_, _>>()?;
    let ready = context.ready(slice::from_ref(&args.service))?;
    let request = ExecRequest {
        command: args.command.clone(),
        user: args.user.clone(),
        working_directory: args.workdir.clone(),
        environment,
        terminal: (!args.no_tty && terminal::is_there()).then(terminal::size),
    };
    run_in(context, &ready, &args.service, &request).await
}

/// Runs the program that talks to a kind of service, inside the container of the one that has it.
pub(super) async fn run_client(
    context: &Context<'_>,
    program: Program,
    args: &Client,
) -> Result<Exit, CliError> {
    let ready = context.ready(args.service.as_slice())?;
    let services = ready.stack.services.values();
    let mut found = services.filter_map(|service| {
        let wanted = args
            .service
            .as_ref()
            .is_none_or(|name| *name == service.name);
        let request = client(&service.kind, program, &args.arguments)?;
        wanted.then(|| (service.name.clone(), request))
    });
    let (first, further) = (found.next(), found.next());
    let Some((service, request)) = first.filter(|_| further.is_none()) else {
        return Err(CliError::which_service(
            program,
            &ready.stack,
            args.service.as_ref(),
        ));
    };
    let request = ExecRequest {
        terminal: terminal::is_there().then(terminal::size),
        ..request
    };
    run_in(context, &ready, &service, &request).await
}

async fn run_in(
    context: &Context<'_>,
    ready: &Ready,
    service: &ServiceName,
    request: &ExecRequest,
) -> Result<Exit, CliError> {
    if !ready.stack.services.contains_key(service) {
        let error = FlowError::UnknownService {
            name: service.clone(),
            known: ready.stack.services.keys().cloned().collect(),
        };
        return Err(CliError::flow(&error, &ready.stack, Exit::Interrupted));
    }
    let observing = observe(&ready.engine, &ready.stack, Question::Containers);
    let observed = async { observing.await.map_err(|error| CliError::engine(&error)) };
    let observed = look(observed).await?;
    let container = observed.container_of(service);
    let state = container.map(|container| &container.state);
    let Some(container) = container.filter(|_| state == Some(&ContainerState::Running)) else {
        return Err(CliError::not_running(service, state));
    };
    let target = Target {
        engine: &ready.engine,
        service,
        container: &container.id,
        output: context.output,
    };
    attach(target, request).await
}

/// `NAME=VALUE`, or `NAME` alone for what our own environment has.
fn variable(context: &Context<'_>, text: &str) -> Result<(String, Secret), CliError> {
    if let Some((name, value)) = text.split_once('=') {
        return Ok((name.to_owned(), Secret::new(value)));
    }
    let value = context.settings.text(text)?.unwrap_or_default();
    Ok((text.to_owned(), Secret::new(value)))
}
