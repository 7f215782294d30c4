//! What was typed, and the files that were named.

use super::{Chapter, entry};
use crate::cli::Exit;

pub(super) const USAGE: Chapter = Chapter {
    title: "Usage and files",
    entries: &[
        entry(
            "usage.arguments",
            Exit::Usage,
            "The command line is not understood.",
            "`devinfra --help` lists the commands, and `--help` behind one what it takes.",
        ),
        entry(
            "service.unknown",
            Exit::Usage,
            "A service was named that the stack does not have.",
            "The message lists the services.",
        ),
        entry(
            "service.needed",
            Exit::Usage,
            "A service is left out that another one needs.",
            "Leave out both with `--without`.",
        ),
        entry(
            "service.left-out",
            Exit::Usage,
            "Nothing is left of what is to be brought up.",
            "Leave out fewer services with `--without`.",
        ),
        entry(
            "cache.which",
            Exit::Usage,
            "The stack has no cache, or several and none was named.",
            "Name one, or set `kind: valkey` on the service that is one.",
        ),
        entry(
            "template.unknown",
            Exit::Usage,
            "There is no template of this name.",
            "`devinfra init --list` lists them.",
        ),
        entry(
            "usage.name",
            Exit::Usage,
            "`DEVINFRA_NAME` is no name of a stack.",
            "The message states the rule.",
        ),
        entry(
            "usage.environment",
            Exit::Usage,
            "A variable of the environment that devinfra is set by, or that the stack file uses, is not UTF-8.",
            "Set it anew, or unset it.",
        ),
        entry(
            "usage.working-directory",
            Exit::Usage,
            "The directory that devinfra was run in does not exist any more.",
            "Change to another one, or name the project's whole path with `--project-directory`.",
        ),
        entry(
            "usage.project-directory",
            Exit::Usage,
            "`--project-directory` names no directory.",
            "Check its path: nothing else is used in its place.",
        ),
        entry(
            "usage.since",
            Exit::Usage,
            "`--since` is neither a duration nor a time.",
            "Write `10m`, or `2026-11-23T20:00:00Z`.",
        ),
        entry(
            "exports.invalid",
            Exit::StackFile,
            "A service's `exports` can't be resolved.",
            "Run `devinfra up`: the service was published differently when it was made.",
        ),
        entry(
            "run.command",
            Exit::Command(127),
            "The command for `run` is not there (127), or may not be run (126).",
            "Check its name; there is no shell around it.",
        ),
        entry(
            "file.exists",
            Exit::Conflict,
            "A file is there already, and is not overwritten.",
            "Choose another name: `--output` of `devinfra init`, or the file of `devinfra report`, which writes over its own.",
        ),
        entry(
            "answer.write",
            Exit::Failed,
            "The answer could not be written to standard output.",
            "The message has the system's reason, such as a full disk.",
        ),
        entry(
            "file.write",
            Exit::Failed,
            "A file could not be written.",
            "The message has the system's reason.",
        ),
        entry(
            "system.runtime",
            Exit::Failed,
            "The system gave devinfra no event loop.",
            "Look for limits on open files: `ulimit -n`.",
        ),
    ],
};

pub(super) const STACK_FILE: Chapter = Chapter {
    title: "Stack file",
    entries: &[
        entry(
            "stack-file.unreadable",
            Exit::StackFile,
            "A stack file or env file could not be read, or is none: a directory, a link to nothing.",
            "Check its path and permissions.",
        ),
        entry(
            "stack-file.no-template",
            Exit::StackFile,
            "`template:NAME` names no template.",
            "`devinfra init --list` lists them.",
        ),
        entry(
            "stack-file.no-name",
            Exit::StackFile,
            "The stack has no name, and none can be made of the directory's.",
            "Set `name` in the stack file, or `--name`.",
        ),
        entry(
            "stack-file.invalid",
            Exit::StackFile,
            "The stack file says something that devinfra does not understand.",
            "Every problem is shown with its line and what to write instead.",
        ),
    ],
};
