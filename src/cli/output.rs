//! The two streams: standard output is the answer, standard error is the story.

use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anstream::{AutoStream, ColorChoice};
use serde_json::Value;
use tokio::time::Instant;
use tracing_subscriber::filter::LevelFilter;

use super::Exit;
use super::args::global::{Colour, Global, Progress};
use super::error::CliError;
use super::given::Given;
use super::render::{self, Shape};
use super::settings::Settings;
use crate::kinds::{names_alike, secrets};
use crate::model::Stack;
use crate::report::{Colours, Everyone, Github, JsonLines, Mask, Plain, Tty, annotation};

/// Where a command's words go.
#[derive(Debug)]
pub(super) struct Output {
    /// Whether the answer is JSON.
    pub(super) json: bool,
    /// Whether a document or result was written.
    answered: AtomicBool,
    /// Why the answer could not be written, where it could not.
    unwritten: OnceLock<io::Error>,
    progress: Progress,
    shape: Shape,
    /// The options that hints repeat.
    pub(super) given: Given,
    /// The stack's name, once it is known.
    stack: Mutex<Option<String>>,
    /// Hides the secrets of the stack, once they are known.
    mask: Mutex<Arc<Mask>>,
    /// When the run began.
    pub(super) began: Instant,
}

impl Output {
    pub(super) fn new(global: &Global, settings: &Settings, shape: Shape) -> Self {
        match global.color {
            Colour::Auto => {}
            Colour::Always => ColorChoice::Always.write_global(),
            Colour::Never => ColorChoice::Never.write_global(),
        }
        let progress = if global.quiet {
            Progress::Quiet
        } else {
            progress(global, settings, io::stderr().is_terminal())
        };
        Self {
            json: global.json,
            answered: AtomicBool::new(false),
            unwritten: OnceLock::new(),
            progress,
            shape,
            given: Given::new(global),
            stack: Mutex::default(),
            mask: Mutex::default(),
            began: Instant::now(),
        }
    }

    /// From now on, this is the stack that answers are about, and the secrets that it has now are
    /// hidden in whatever is told. They may become more: LakeFS's keys are made while it is set up.
    pub(super) fn is_about(&self, stack: &Stack) {
        let name = stack.name.to_string();
        *self.stack.lock().unwrap_or_else(PoisonError::into_inner) = Some(name);
        let mask = Mask::new(secrets(stack)).and_alike(names_alike(stack));
        let mask = Arc::new(mask);
        *self.mask.lock().unwrap_or_else(PoisonError::into_inner) = mask;
    }

    /// Hides secrets in what others have written.
    pub(super) fn mask(&self) -> Arc<Mask> {
        let mask = self.mask.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&mask)
    }

    /// Whoever tells the story of this run of `command`.
    pub(super) fn observer(&self, command: &str) -> Everyone {
        let mut everyone = Everyone::masked(self.mask());
        if self.json {
            everyone.add(JsonLines::new(io::stdout()));
        }
        match self.progress {
            Progress::Tty => {
                let colours = match AutoStream::choice(&io::stderr()) {
                    ColorChoice::Never => Colours::Off,
                    _ => Colours::On,
                };
                everyone.add(Tty::new(colours));
            }
            Progress::Github => {
                let stderr = AutoStream::auto(io::stderr());
                everyone.add(Github::new(command, self.began, stderr));
            }
            Progress::Plain => {
                everyone.add(Plain::new(self.began, AutoStream::auto(io::stderr())));
            }
            Progress::Auto | Progress::Quiet => {}
        }
        everyone
    }

    /// Writes the answer. A reader that has gone away is no failure of ours; a full disk is one, which
    /// [`Self::end`] tells.
    pub(super) fn answer(&self, text: impl Display) {
        self.note(self.try_answer(text));
    }

    /// Writes the answer, and says whether anybody still reads: what goes on for ever must end then.
    pub(super) fn try_answer(&self, text: impl Display) -> io::Result<()> {
        let mut stdout = AutoStream::auto(io::stdout()).lock();
        write!(stdout, "{}", self.mask().apply(&text.to_string()))?;
        stdout.flush()
    }

    /// Whether the answer goes to a terminal, where it can be drawn over.
    #[expect(clippy::unused_self, reason = "only who has the output may ask")]
    pub(super) fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// The exit status of a run that ended so, which is a failure when its answer is lost.
    pub(super) fn end(&self, exit: Exit) -> ExitCode {
        match self.unwritten.get() {
            Some(error) => self.fail(&CliError::answer(error)),
            None => exit.into(),
        }
    }

    /// Writes an answer that programs read: not a byte of it is taken for colour, or hidden.
    pub(super) fn answer_plain(&self, text: impl Display) {
        let mut stdout = io::stdout().lock();
        let written = write!(stdout, "{text}").and_then(|()| stdout.flush());
        self.note(written);
    }

    /// Keeps why an answer was not written, for [`Self::end`].
    pub(super) fn note(&self, written: io::Result<()>) {
        if let Err(error) = written
            && error.kind() != ErrorKind::BrokenPipe
        {
            self.unwritten.set(error).ok(); // the first says it
        }
    }

    /// Writes a question, whose answer is typed behind it.
    #[expect(
        clippy::unused_self,
        reason = "only who has the output may write to the streams"
    )]
    pub(super) fn ask(&self, text: impl Display) {
        write!(io::stderr(), "{text}").ok();
    }

    /// Writes a command to the CI system that runs us, also when quiet.
    #[expect(
        clippy::unused_self,
        reason = "only who has the output may write to the streams"
    )]
    pub(super) fn command(&self, text: impl Display) {
        write!(io::stderr(), "{text}").ok();
    }

    /// Writes the answer as one JSON document on one line.
    pub(super) fn answer_json(&self, value: &Value) {
        self.answer_json_with_secrets(&self.mask().apply_json(value));
    }

    /// The same for an answer that is asked for its secrets.
    pub(super) fn answer_json_with_secrets(&self, value: &Value) {
        self.answered.store(true, Ordering::Relaxed);
        self.answer_plain(format_args!("{value}\n"));
    }

    /// Writes a line of the story.
    pub(super) fn say(&self, text: impl Display) {
        if self.progress != Progress::Quiet {
            let text = self.mask().apply(&text.to_string());
            writeln!(AutoStream::auto(io::stderr()), "{text}").ok();
        }
    }

    /// Writes a warning, in colour where that is wanted.
    pub(super) fn warn(&self, text: impl Display) {
        if self.progress == Progress::Github {
            return self.say(annotation("warning", "devinfra", &text.to_string()));
        }
        let style = anstyle::AnsiColor::Yellow.on_default().bold();
        self.say(format_args!("{style}warning{style:#}: {text}"));
    }

    /// Writes the failure of something that the run went on without.
    pub(super) fn warn_of(&self, error: &CliError) {
        let error = &self.repeated(error);
        if self.progress == Progress::Github {
            self.say(annotation("warning", "devinfra", &error.message));
        }
        self.say(render::as_warning(error));
    }

    /// The failure with hints that mean the same stack as this run.
    fn repeated(&self, error: &CliError) -> CliError {
        let hints = error.hints.iter();
        let further = error.further.iter();
        CliError {
            hints: hints.map(|hint| self.given.repeated_in(hint)).collect(),
            further: further.map(|one| self.repeated(one)).collect(),
            ..error.clone()
        }
    }

    /// The failure as the `error` field of a result.
    pub(super) fn told(&self, error: &CliError) -> Value {
        render::for_scripts(&self.repeated(error))
    }

    /// The result that ends this run's answer, with fields of its own.
    pub(super) fn result(
        &self,
        stack: &Stack,
        of_its_own: Value,
        error: Option<&CliError>,
    ) -> Value {
        let error = error.map(|error| self.told(error));
        let elapsed = self.began.elapsed();
        render::result(
            Some(stack.name.as_str()),
            elapsed,
            of_its_own,
            error.as_ref(),
        )
    }

    /// Writes the failure where JSON was asked for and none was written: a script that reads it must
    /// not find nothing.
    pub(super) fn tell_scripts(&self, error: &CliError) {
        if self.json && !self.answered.load(Ordering::Relaxed) {
            let stack = self.stack.lock().unwrap_or_else(PoisonError::into_inner);
            let elapsed = self.began.elapsed();
            let error = &self.repeated(error);
            self.answer_json(&self.shape.failed(stack.as_deref(), elapsed, error));
        }
    }

    /// The same for a failure without secrets, where nothing else can be relied on any more: whatever
    /// is locked stays so.
    pub(super) fn tell_scripts_as_it_is(&self, error: &CliError) {
        if self.json && !self.answered.load(Ordering::Relaxed) {
            let stack = self.stack.try_lock().ok();
            let stack = stack.and_then(|stack| stack.clone());
            let elapsed = self.began.elapsed();
            let answer = self.shape.failed(stack.as_deref(), elapsed, error);
            self.answer_json_with_secrets(&answer);
        }
    }

    /// Writes the failure, also when quiet, for scripts as well, and returns its exit status.
    pub(super) fn fail(&self, error: &CliError) -> ExitCode {
        self.tell_scripts(error);
        let mut stderr = AutoStream::auto(io::stderr());
        let (mask, error) = (self.mask(), &self.repeated(error));
        writeln!(stderr, "{}", mask.apply(&render::for_people(error))).ok();
        if self.progress == Progress::Github {
            writeln!(stderr, "{}", mask.apply(&render::for_github(error))).ok();
        }
        error.exit.into()
    }
}

/// How progress is shown, where it is not asked to be quiet.
///
/// | asked | where | shown |
/// |---|---|---|
/// | auto | GitHub Actions | github |
/// | auto | another CI, a pipe, a terminal that can't move its cursor, with `-v` | plain |
/// | auto | a terminal | tty |
/// | tty | not on a terminal | plain |
/// | another | anywhere | what was asked |
fn progress(global: &Global, settings: &Settings, on_terminal: bool) -> Progress {
    let movable = on_terminal && settings.variable("TERM") != Some("dumb");
    match global.progress {
        Progress::Auto if settings.variable("GITHUB_ACTIONS") == Some("true") => Progress::Github,
        // Lines of `-v` would be drawn over.
        Progress::Auto if movable && !settings.is_set("CI") && global.verbose == 0 => Progress::Tty,
        Progress::Auto => Progress::Plain,
        Progress::Tty if !on_terminal => Progress::Plain,
        chosen => chosen,
    }
}

/// Tells what is asked of the engine, when asked to: `-v` and `-vv`.
pub(super) fn start_tracing(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(AutoStream::choice(&io::stderr()) != ColorChoice::Never)
        .init();
}
