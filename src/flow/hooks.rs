//! Commands of the stack file's that run on the host at certain moments.
//!
//! They run without the stack's lock, so that they may use devinfra themselves.

use std::io;
use std::path::Path;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::group::{GRACE, Group};
use super::{FlowError, Session, variables};
use crate::event::Event;
use crate::kinds::Names;
use crate::model::{Moment, ServiceName};

/// How long what a hook has written may still take to arrive when it has ended.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Runs the hooks of this moment one after the other, in the project directory, with the variables
/// of the services; returns how many there were.
///
/// # Errors
///
/// When the variables can't be had, or a hook can't be run or fails: the ones after it do not run.
pub(super) async fn run_hooks(
    session: &Session<'_>,
    moment: Moment,
    services: &[ServiceName],
) -> Result<usize, FlowError> {
    let hooks = session.stack.hooks.at(moment);
    if hooks.is_empty() {
        return Ok(0);
    }
    let variables = variables(session, services, Names::Own).await?;
    for words in hooks {
        let Some((program, arguments)) = words.split_first() else {
            continue;
        };
        let text = words.join(" ");
        session.observer.on(Event::Hook {
            moment,
            command: text.clone(),
        });
        let failed = |problem: HookProblem| FlowError::Hook {
            moment,
            command: text.clone(),
            problem,
        };
        let mut command = Command::new(program);
        let values = variables.values.iter();
        let directory = &session.stack.directory;
        command
            .args(arguments)
            .current_dir(directory)
            .envs(values.map(|(name, value)| (name, value.reveal())))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let child = command
            .spawn()
            .map_err(|error| failed(HookProblem::not_run(words, directory, error)))?;
        match end(session, child).await? {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(failed(HookProblem::Status(status))),
            Err(problem) => return Err(failed(problem)),
        }
    }
    Ok(hooks.len())
}

/// Why a hook did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum HookProblem {
    /// There is no such program.
    #[error("there is no program `{program}`")]
    NoProgram {
        /// What was to be run.
        program: String,
        /// Whether the command is one for a shell.
        for_shell: bool,
    },
    /// It could not be run.
    #[error(transparent)]
    NotRun(io::Error),
    /// It ended badly.
    #[error("it ended with {0}")]
    Status(ExitStatus),
    /// It did not end in time.
    #[error("it did not end within {} s", .0.as_secs_f64())]
    TooLong(Duration),
    /// It was stopped for using the terminal.
    #[error("it waits for the terminal, which hooks don't have")]
    WantsTerminal,
}

impl HookProblem {
    fn not_run(words: &[String], directory: &Path, error: io::Error) -> Self {
        let Some(program) = words.first() else {
            return Self::NotRun(error);
        };
        // A script whose interpreter is missing is not found either.
        let exists = program.contains('/') && directory.join(program).exists();
        if error.kind() != io::ErrorKind::NotFound || exists {
            return Self::NotRun(error);
        }
        let joins = |word: &String| {
            let is_joint = matches!(word.as_str(), "&&" | "||" | "|" | "&" | ">" | ">>" | "<");
            is_joint || word.ends_with(';')
        };
        Self::NoProgram {
            program: program.clone(),
            for_shell: program.contains(['=', '$', ' ']) || words.iter().any(joins),
        }
    }
}

/// Waits for the end of the child, telling what it writes.
async fn end(
    session: &Session<'_>,
    mut child: Child,
) -> Result<Result<ExitStatus, HookProblem>, FlowError> {
    let patience = session.stack.hooks.timeout;
    let group = Group::of(&child);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let run = async {
        let mut telling =
            pin!(async { tokio::join!(tell(session, stdout), tell(session, stderr)) });
        let ended = tokio::select! {
            biased;
            status = child.wait() => Some(status),
            _told = &mut telling => None,
        };
        match ended {
            // What it started in the background may hold its streams open for ever.
            Some(status) => {
                timeout(LAST_WORDS, telling).await.ok();
                status
            }
            None => child.wait().await,
        }
    };
    let mut run = pin!(run);
    let cut_short = tokio::select! {
        status = &mut run => {
            group.let_go();
            return Ok(status.map_err(HookProblem::NotRun));
        }
        () = session.stop.asked() => Err(FlowError::Interrupted),
        () = sleep(patience) => Ok(Err(HookProblem::TooLong(patience))),
        () = group.waits_for_terminal() => Ok(Err(HookProblem::WantsTerminal)),
    };
    let told = timeout(GRACE + 2 * LAST_WORDS, run);
    tokio::join!(group.end(session.stop), told).1.ok(); // its status matters no more
    cut_short
}

async fn tell(session: &Session<'_>, stream: Option<impl AsyncRead + Unpin>) {
    let Some(stream) = stream else { return };
    let mut lines = BufReader::new(stream).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line).into_owned();
        session.observer.on(Event::HookWrote { line });
    }
}
