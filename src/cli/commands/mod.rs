//! One file per command, all of one shape: arguments in, answer out, or a failure.

mod cache;
mod cache_asked;
mod cache_stats;
mod checks;
mod config;
mod context;
mod doctor;
mod down;
mod env;
mod exec;
mod generated;
mod init;
mod logs;
mod ls;
mod planned;
mod report;
mod reset;
mod run;
mod services;
mod status;
mod up;

use std::sync::Arc;

use super::Exit;
use super::args::{Args, Command};
use super::error::CliError;
use super::output::Output;
use super::settings::Settings;
use super::signals::look;
use crate::kinds::Program;
use context::Context;

/// Runs the command that was asked for.
pub(super) async fn run(
    args: &Args,
    settings: &Settings,
    output: &Arc<Output>,
) -> Result<Exit, CliError> {
    let context = Context {
        global: &args.global,
        settings,
        output,
    };
    match &args.command {
        Command::Up(up) => up::run(&context, up).await,
        Command::Down(down) => down::run(&context, down).await,
        Command::Reset(reset) => reset::run(&context, reset).await,
        Command::Status => look(status::run(&context)).await,
        Command::Ls => look(ls::run(&context)).await,
        Command::Doctor => look(doctor::run(&context)).await,
        Command::Logs(logs) => logs::run(&context, logs).await,
        Command::Env(env) => look(env::run(&context, env)).await,
        Command::Run(run) => look(run::run(&context, run)).await,
        Command::Cache(cache) => cache::run(&context, cache).await,
        Command::Exec(exec) => exec::run(&context, exec).await,
        Command::Psql(client) => exec::run_client(&context, Program::Psql, client).await,
        Command::ValkeyCli(client) => exec::run_client(&context, Program::ValkeyCli, client).await,
        Command::Config(config) => config::run(&context, config),
        Command::Init(init) => init::run(&context, init),
        Command::Report(report) => look(report::run(&context, report)).await,
        Command::Completions { shell } => Ok(generated::completions(&context, *shell)),
        Command::Man(pages) => generated::man(&context, pages),
        Command::Schema => Ok(generated::schema(&context)),
    }
}
