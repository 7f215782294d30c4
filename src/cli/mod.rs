//! The command line: arguments in, words and an exit status out.

mod args;
mod attach;
mod cache_args;
pub mod catalogue;
mod commands;
mod data_args;
mod error;
mod exit;
mod global_args;
mod output;
mod passthrough;
mod render;
mod settings;
mod signals;
mod terminal;
mod variables;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use tokio::runtime::Builder;

pub use args::Args;
pub use exit::Exit;

use error::CliError;
use output::Output;
use settings::Settings;

/// Runs the command line with these arguments, the program's name first.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = passthrough::mark(arguments, &Args::command());
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => {
            // Help and version go to standard output with 0, everything else to standard error.
            error.print().ok();
            return if error.use_stderr() {
                Exit::Usage.into()
            } else {
                Exit::Done.into()
            };
        }
    };
    let settings = Settings::read();
    let output = Output::new(&args.global, &settings);
    output::start_tracing(args.global.verbose);
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output.fail(&CliError::runtime(&error)),
    };
    let ended = runtime.block_on(commands::run(&args, &settings, &output));
    // A question that nobody has answered still reads the terminal: it is not waited for.
    runtime.shutdown_background();
    match ended {
        Ok(exit) => output.end(exit),
        Err(error) => output.fail(&error),
    }
}
