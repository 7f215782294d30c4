//! A panic is a defect of devinfra. It is told as every failure is, with a code, a result for scripts,
//! and where to report it.
//!
//! A panic's own words may hold anything that was at hand, such as a line of an env file: only those
//! that stand in the source as they are are told. The place says the rest to who knows the source.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write as _};
use std::panic::{self, Location, PanicHookInfo};
use std::process;
use std::sync::{Arc, OnceLock};

use super::Exit;
use super::error::CliError;
use super::output::Output;
use super::render;

/// Who has the last word, once the arguments are understood.
pub(super) type LastWord = Arc<OnceLock<Arc<Output>>>;

/// From now on, a panic of any thread ends the process with status 1.
pub(super) fn listen() -> LastWord {
    let last_word = LastWord::default();
    let kept = Arc::clone(&last_word);
    panic::set_hook(Box::new(move |info| {
        let told = CliError::panicked(place(info.location()), literal(info));
        tell(&told, kept.get());
        #[expect(
            clippy::disallowed_methods,
            clippy::exit,
            reason = "nothing is sound behind a panic, and the system's status for it is no code of ours"
        )]
        process::exit(i32::from(Exit::Failed.status()));
    }));
    last_word
}

/// Tells it, and where it came from when that is asked for with `RUST_BACKTRACE`.
fn tell(told: &CliError, output: Option<&Arc<Output>>) {
    if let Some(output) = output {
        output.tell_scripts_as_it_is(told);
    }
    let backtrace = Backtrace::capture();
    let mut stderr = anstream::AutoStream::auto(io::stderr());
    // Nobody is left to be told that it can't be told.
    writeln!(stderr, "{}", render::for_people(told)).ok();
    if backtrace.status() == BacktraceStatus::Captured {
        writeln!(stderr, "{backtrace}").ok();
    }
}

/// Where it was, without the directories of the machine that devinfra was built on.
fn place(location: Option<&Location<'_>>) -> String {
    let Some(location) = location else {
        return "an unknown place".to_owned();
    };
    let path = location.file();
    // `.../registry/src/NAME/bollard-0.21.1/src/read.rs`, and `/rustc/HASH/library/core/src/str/mod.rs`
    let mut above = ["/registry/src/", "/rustc/"].into_iter();
    let library = above.find_map(|above| path.split_once(above)?.1.split_once('/'));
    let library = library.map(|(_, path)| path);
    let path = library.unwrap_or(path);
    format!("{path}:{}:{}", location.line(), location.column())
}

/// The words of `panic!("...")` with nothing filled in.
fn literal<'a>(info: &'a PanicHookInfo<'_>) -> Option<&'a str> {
    info.payload().downcast_ref::<&'static str>().copied()
}

#[cfg(test)]
mod tests {
    use std::env::current_exe;
    use std::process::{Command, Output as Ended};
    use std::thread;

    use clap::Parser as _;
    use serde_json::Value;

    use super::*;
    use crate::cli::Args;
    use crate::cli::render::Shape;
    use crate::cli::settings::Settings;

    /// Words that nobody may see.
    const PLANTED: &str = "planted-of-an-env-file";

    const HINTS: &str = "\
hint: report it at https://github.com/devinfra/devinfra/issues with this message, the command, and what \
`devinfra report` writes
hint: what was made so far stays, and the next run goes on from there
";

    /// Runs a test below in a process of its own, which ends with it.
    fn panicking(name: &str) -> Ended {
        let mut command = Command::new(current_exe().unwrap());
        command.args(["--ignored", "--nocapture", "--exact"]);
        command.arg(format!("cli::panics::tests::{name}"));
        command.env_remove("RUST_BACKTRACE");
        command.output().unwrap()
    }

    /// What is done first in every such process.
    fn begin(arguments: &[&str]) {
        let args = Args::try_parse_from(arguments).unwrap();
        let shape = Shape::of("up");
        let output = Output::new(&args.global, &Settings::read(), shape);
        listen().set(Arc::new(output)).unwrap();
    }

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    #[ignore = "it panics, and is run by another"]
    fn slices_a_secret() {
        begin(&["devinfra", "--json", "up"]);
        let secret = format!("é{PLANTED}");
        let (_before, _after) = secret.split_at(1);
    }

    #[test]
    #[ignore = "it panics, and is run by another"]
    fn expects_a_number() {
        begin(&["devinfra", "up"]);
        PLANTED.parse::<u16>().map_err(|_error| PLANTED).unwrap();
    }

    #[test]
    #[ignore = "it panics, and is run by another"]
    fn panics_in_a_thread() {
        begin(&["devinfra", "up"]);
        let thread = thread::spawn(|| unreachable!());
        thread.join().unwrap_err();
    }

    #[test]
    #[ignore = "it panics, and is run by another"]
    fn panics_before_the_arguments_are_understood() {
        listen();
        panic!("words of the source");
    }

    #[test]
    fn words_that_are_made_at_run_time_are_not_told() {
        for (name, place) in [
            ("slices_a_secret", "library/core/src/str/"),
            ("expects_a_number", "src/cli/panics.rs:"),
        ] {
            let ended = panicking(name);
            let (stdout, stderr) = (text(&ended.stdout), text(&ended.stderr));
            assert_eq!(ended.status.code(), Some(1), "{stderr}");
            let told = format!("{stdout}{stderr}");
            assert!(!told.contains("planted"), "{told}");
            let (error, hints) = stderr.split_once('\n').unwrap();
            let begin = format!("error: devinfra has a defect, and has ended at `{place}");
            assert!(error.starts_with(&begin), "{error}");
            assert_eq!(hints, HINTS);
        }
    }

    #[test]
    fn scripts_get_a_result() {
        let ended = panicking("slices_a_secret");
        let stdout = text(&ended.stdout);
        let result = stdout.lines().rfind(|line| line.contains("schema"));
        let at = result.unwrap().find("{\"schema\"").unwrap();
        let result: Value = serde_json::from_str(result.unwrap().get(at..).unwrap()).unwrap();
        assert_eq!(result["event"], "result");
        assert_eq!(result["ok"], false);
        assert_eq!(result["error"]["code"], "internal.panic");
    }

    #[test]
    fn words_of_the_source_are_told() {
        for (name, words) in [
            (
                "panics_in_a_thread",
                "internal error: entered unreachable code",
            ),
            (
                "panics_before_the_arguments_are_understood",
                "words of the source",
            ),
        ] {
            let ended = panicking(name);
            let stderr = text(&ended.stderr);
            assert_eq!(ended.status.code(), Some(1), "{stderr}");
            assert_eq!(
                stderr.lines().nth(1),
                Some(&*format!("  Caused by: {words}"))
            );
        }
    }
}
