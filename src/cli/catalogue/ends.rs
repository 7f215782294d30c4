//! How runs end.

use super::{Chapter, entry};
use crate::cli::Exit;

pub(super) const ENDS: Chapter = Chapter {
    title: "Ends of runs",
    entries: &[
        entry(
            "reset.needs-yes",
            Exit::Usage,
            "`reset` wipes data, and there is no terminal to ask on.",
            "Say so with `--yes`; `--dry-run` shows what would be lost.",
        ),
        entry(
            "reset.declined",
            Exit::Failed,
            "The question of `reset` was answered with no. Nothing was wiped.",
            "`--yes` does not ask.",
        ),
        entry(
            "reset.unsafe",
            Exit::Conflict,
            "A data directory is, or may be, more than a service's data: the project, a home, behind a symlink, another file system, or filled with something else. Nothing was wiped.",
            "Look at it, and delete what is not needed yourself.",
        ),
        entry(
            "reset.data",
            Exit::Left,
            "A data directory could not be emptied. The message says what is wiped and what is not.",
            "Run `devinfra reset` again when the cause is gone: it goes on from there.",
        ),
        entry(
            "reset.refilled",
            Exit::Left,
            "Something wrote to a service while it was wiped.",
            "Stop what uses the stack, and run `devinfra reset` again.",
        ),
        entry(
            "postgres.wipe",
            Exit::Left,
            "PostgreSQL refused to let go of the database's content, which is as it was.",
            "The message says why; a role that owns everything in the database, or a superuser, may wipe it.",
        ),
        entry(
            "s3.wipe",
            Exit::Left,
            "The S3 store refused to delete what is in the bucket.",
            "The message says why; run `devinfra reset` again when that is gone, or `devinfra reset --hard`.",
        ),
        entry(
            "valkey.wipe",
            Exit::Left,
            "Valkey refused to delete its keys, or to save that they are gone.",
            "Where it can't save, its data directory is not writable, or the disk is full.",
        ),
        entry(
            "hook.failed",
            Exit::Failed,
            "A command of the stack file's `hooks` failed.",
            "The message has its status; what was done before stays. One that took too long, or that waited for the terminal, was ended with all that it had started.",
        ),
        entry(
            "down.left",
            Exit::Left,
            "Something of the stack is still there after `down`.",
            "The message says what; run `devinfra down` again when nothing uses it.",
        ),
        entry(
            "run.interrupted",
            Exit::Interrupted,
            "Ctrl-C, SIGTERM (143) or a closed terminal (129) ended the run; one that changes something, between engine calls.",
            "`devinfra status` shows what exists; `devinfra up` goes on.",
        ),
        entry(
            "internal.plan",
            Exit::Failed,
            "A defect of devinfra.",
            "Report it with what `devinfra report` writes, which leaves passwords and keys out.",
        ),
        entry(
            "internal.panic",
            Exit::Failed,
            "A defect of devinfra, which has ended the run on the spot.",
            "Report it with the place in the message. What was made so far stays, and the next run goes on from there.",
        ),
    ],
};
