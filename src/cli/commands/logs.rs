//! `devinfra logs`.

use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use anstream::AutoStream;
use jiff::{SignedDuration, Timestamp};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::json;
use tokio::time::sleep;

use super::Context;
use crate::cli::Exit;
use crate::cli::args::Logs;
use crate::cli::error::CliError;
use crate::cli::signals::Signals;
use crate::engine::{LogLine, LogStream};
use crate::event::Silent;
use crate::flow::{FlowError, LogsRequest, Told, logs};
use crate::model::{ServiceName, StackName};
use crate::report::{Mask, Prefixes, list};

/// How often it is looked whether the reader is still there, while nothing is written.
const LOOK: Duration = Duration::from_millis(200);
/// How long what was written already may take to be told when somebody asks to stop.
const TO_END: Duration = Duration::from_millis(200);

pub(super) async fn run(context: &Context<'_>, args: &Logs) -> Result<Exit, CliError> {
    let request = LogsRequest {
        services: args.services.clone(),
        tail: args.tail,
        since: args.since.as_deref().map(since).transpose()?,
        follow: args.follow,
    };
    let ready = context.ready(&args.services)?;
    let (signals, stop) = Signals::listen(context.output);
    let session = context.session(&ready, &Silent, &stop, "devinfra logs");
    let mut printer = Printer {
        context,
        args,
        prefixes: Prefixes::new(ready.stack.services.keys(), &args.services),
        mask: context.output.mask(),
        output: BufWriter::new(AutoStream::auto(io::stdout())),
        following: false,
        is_lacking: false,
        stack: &ready.stack.name,
    };
    let mut tell = |told| printer.tell(told);
    let read = tokio::select! {
        read = logs(&session, &request, &mut tell) => read,
        () = reader_gone() => Ok(()),
        // It is under way, unless the engine is silent.
        () = async {
            stop.asked().await;
            sleep(TO_END).await;
        } => Err(FlowError::Interrupted),
    };
    let written = printer.output.flush();
    context.output.note(written);
    match read {
        Ok(()) => Ok(Exit::Done),
        // Ctrl-C is how following ends: there is nothing to tell about it.
        Err(FlowError::Interrupted) => Ok(signals.exit()),
        Err(error) => Err(CliError::flow(&error, &ready.stack, signals.exit())),
    }
}

/// Waits until nobody reads standard output any more: `devinfra logs -f | grep -m 1 ready` ends
/// when `grep` does, not with the next line.
async fn reader_gone() {
    loop {
        let stdout = io::stdout();
        let mut asked = [PollFd::new(&stdout, PollFlags::empty())];
        let answered = poll(&mut asked, Some(&Timespec::default()));
        let [stdout] = asked;
        if answered.is_ok() && stdout.revents().contains(PollFlags::ERR) {
            return;
        }
        sleep(LOOK).await;
    }
}

/// Writes lines as they come.
struct Printer<'a, W: Write> {
    context: &'a Context<'a>,
    args: &'a Logs,
    prefixes: Prefixes,
    mask: Arc<Mask>,
    output: W,
    following: bool,
    /// Whether some log can't be read.
    is_lacking: bool,
    stack: &'a StackName,
}

impl<W: Write> Printer<'_, W> {
    fn tell(&mut self, told: Told) -> ControlFlow<()> {
        let output = &self.context.output;
        match told {
            Told::Line { service, line } => return self.line(&service, &line),
            Told::Unreadable { service, error } => {
                self.is_lacking = true;
                let error = CliError::engine(&error);
                let why = error.causes.first().unwrap_or(&error.message);
                output.warn(format_args!("the log of `{service}` can't be read: {why}"));
            }
            Told::Died { service, exit_code } => {
                let with = exit_code.map(|code| format!(" with {code}"));
                let with = with.unwrap_or_default();
                output.say(format_args!("{}exited{with}", self.prefixes.of(&service)));
            }
            Told::Started { service } => {
                output.say(format_args!("{}started", self.prefixes.of(&service)));
            }
            Told::NoContainer => output.say(match self.args.services.as_slice() {
                [] => format!("nothing to show: stack `{}` has no container", self.stack),
                some => format!("nothing to show: there is no container of {}", list(some)),
            }),
            Told::Following(containers) => {
                self.following = true;
                // A log that can't be read is that of a container.
                if containers == 0 && !self.is_lacking {
                    output.say("nothing is running yet; waiting for it");
                }
            }
        }
        let written = self.output.flush();
        self.goes_on(written)
    }

    fn line(&mut self, service: &ServiceName, line: &LogLine) -> ControlFlow<()> {
        let text = self.mask.apply(&line.text);
        let written = if self.context.output.json {
            let line = json!({
                "schema": 1,
                "service": service.as_str(),
                "stream": match line.stream {
                    LogStream::Stdout => "stdout",
                    LogStream::Stderr => "stderr",
                },
                "timestamp": line.timestamp,
                "text": text,
            });
            writeln!(self.output, "{line}")
        } else {
            let time = line.timestamp.as_deref().filter(|_| self.args.timestamps);
            let time = time.map(|time| format!("{time} ")).unwrap_or_default();
            let prefix = self.prefixes.of(service);
            writeln!(self.output, "{prefix}{time}{}", in_one_line(&text))
        };
        self.goes_on(written)?;
        if self.following {
            let written = self.output.flush();
            return self.goes_on(written);
        }
        ControlFlow::Continue(())
    }

    /// A reader that has gone away wants no more; on a full disk, no more can be had.
    fn goes_on(&self, written: io::Result<()>) -> ControlFlow<()> {
        let goes_on = written.is_ok();
        self.context.output.note(written);
        if goes_on {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }
}

/// The text without what would move the cursor, such as a carriage return that writes over the
/// service's name. Escape sequences stay: they are colours.
fn in_one_line(text: &str) -> String {
    let moves = |letter: char| letter.is_control() && !matches!(letter, '\t' | '\u{1b}');
    text.replace(moves, "")
}

/// A duration before now, or a time, as seconds of the Unix time.
fn since(text: &str) -> Result<i64, CliError> {
    let time = match text.parse::<SignedDuration>() {
        Ok(duration) => Timestamp::now().checked_sub(duration),
        Err(_no_duration) => text.parse(),
    };
    time.map(Timestamp::as_second).map_err(|_unreadable| {
        CliError::usage(
            "usage.since",
            format!("`{text}` is neither a duration such as `10m` nor a time such as `2026-11-23T20:00:00Z`"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_line_moves_the_cursor() {
        for (text, shown) in [
            ("10%\r20%\u{8}\u{7}", "10%20%"),
            ("a\tb", "a\tb"),
            ("\u{1b}[31mred\u{1b}[0m", "\u{1b}[31mred\u{1b}[0m"),
            ("grüße", "grüße"),
        ] {
            assert_eq!(in_one_line(text), shown);
        }
    }
}
