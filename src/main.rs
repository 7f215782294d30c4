//! The devinfra binary.

use std::env::args_os;
use std::process::ExitCode;

use devinfra::cli;

fn main() -> ExitCode {
    cli::main(args_os())
}
