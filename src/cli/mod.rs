//! The command line: arguments in, words and an exit status out.

mod args;
mod attach;
pub mod catalogue;
mod commands;
mod ending;
mod error;
mod exit;
mod given;
mod output;
mod panics;
mod passthrough;
mod render;
mod settings;
mod signals;
mod terminal;
mod variables;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{CommandFactory as _, Parser as _};
use tokio::runtime::Builder;

pub use args::Args;
pub use exit::Exit;

use error::CliError;
use output::Output;
use render::Shape;
use settings::Settings;

/// Runs the command line with these arguments, the program's name first.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let last_word = panics::listen();
    let arguments = passthrough::mark(arguments, &Args::command());
    let shape = Shape::of(&passthrough::command(&arguments, &Args::command()));
    let args = match Args::try_parse_from(&arguments) {
        Ok(args) => args,
        Err(error) => return misunderstood(&error, &arguments, shape),
    };
    let settings = Settings::read();
    let output = Arc::new(Output::new(&args.global, &settings, shape));
    last_word.set(Arc::clone(&output)).ok(); // it is the first
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

/// Help and version go to standard output with 0, everything else to standard error; standard output
/// says it too to who asked for JSON.
fn misunderstood(error: &clap::Error, arguments: &[OsString], shape: Shape) -> ExitCode {
    error.print().ok(); // a reader that has gone away wants nothing
    if !error.use_stderr() {
        return Exit::Done.into();
    }
    let mut ours = arguments.iter().take_while(|argument| *argument != "--");
    // `--json=1` is one of those that are not understood.
    let asks_for_json = |argument: &OsString| {
        let argument = argument.to_string_lossy();
        argument == "--json" || argument.starts_with("--json=")
    };
    if ours.any(asks_for_json) {
        let told = CliError::arguments(error);
        let document = shape.failed(None, Duration::ZERO, &told);
        writeln!(io::stdout(), "{document}").ok();
    }
    Exit::Usage.into()
}
