//! A double of LakeFS: gives the answers of a real one to the calls devinfra makes, and fails where
//! the real one fails. See README.md for what it leaves out.

mod api;
mod cache;
mod directory;
mod go;
mod log;
mod metadata;
mod run;
mod s3;
mod secret;
mod server;
mod settings;
mod storage;

use std::env::{args, vars_os};
use std::process::ExitCode;

use settings::Environment;

fn main() -> ExitCode {
    let environment = vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    match args().nth(1).as_deref() {
        None | Some("run") => run::run(&Environment(environment)),
        Some(other) => {
            run::say(&format!(
                "unknown command `{other}`: the double only knows `run`"
            ));
            ExitCode::FAILURE
        }
    }
}
