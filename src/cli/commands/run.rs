//! `devinfra run`.

use std::io::{Error, ErrorKind};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use super::Context;
use crate::apply::Stop;
use crate::cli::Exit;
use crate::cli::args::data::Run;
use crate::cli::error::CliError;
use crate::event::Silent;
use crate::flow;

/// Becomes the command: its streams, its signals and its exit status are then nobody else's.
pub(super) async fn run(context: &Context<'_>, args: &Run) -> Result<Exit, CliError> {
    let ready = context.ready(&[])?;
    context.warn_if_remote(&ready);
    let (_stopper, stop) = Stop::new();
    let session = context.session(&ready, &Silent, &stop, "devinfra run");
    let found = flow::variables(&session, &[], args.names.names())
        .await
        .map_err(|error| CliError::flow(&error, &ready.stack, Exit::Interrupted))?;
    // There is one: the argument is required.
    let program = args.command.first().cloned().unwrap_or_default();
    let mut command = Command::new(&program);
    command.args(args.command.iter().skip(1));
    for (name, value) in &found.values {
        command.env(name, value.reveal());
    }
    let error: Error = command.exec();
    // As shells have it.
    let exit = Exit::Command(if error.kind() == ErrorKind::NotFound {
        127
    } else {
        126
    });
    Err(CliError::command(&program.to_string_lossy(), exit, &error))
}
