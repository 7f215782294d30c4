//! Every failure that devinfra tells, once: its stable code, exit status, meaning and remedy.
//!
//! `docs/errors.md` is made of it, and a test holds it against the codes that the source uses.

use std::fmt::Write as _;

use super::Exit;

/// A failure in general; what happened in a run is told by its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Stable; `error.code` in JSON.
    pub code: &'static str,
    /// The exit status of a run that ends with it.
    pub exit: Exit,
    /// What has happened.
    pub meaning: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

/// Failures that have to do with the same thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chapter {
    /// What that is.
    pub title: &'static str,
    /// The failures.
    pub entries: &'static [Entry],
}

/// All failures.
pub const CATALOGUE: &[Chapter] = &[
    Chapter {
        title: "Usage and files",
        entries: &[
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
                "The command for `run` can't be started.",
                "Check its name; there is no shell around it.",
            ),
            entry(
                "file.exists",
                Exit::Conflict,
                "A file is there already, and is not overwritten.",
                "Choose another name with `--output`.",
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
    },
    Chapter {
        title: "Stack file",
        entries: &[
            entry(
                "stack-file.unreadable",
                Exit::StackFile,
                "A stack file or env file could not be read.",
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
    },
    Chapter {
        title: "Engine",
        entries: &[
            entry(
                "engine.unreachable",
                Exit::Engine,
                "No engine answers at the address.",
                "Start Docker or Podman, or name another engine with `--host`. `devinfra doctor` tells which were looked for.",
            ),
            entry(
                "engine.permission-denied",
                Exit::Engine,
                "The engine's socket may not be opened.",
                "Join the group that owns the socket, and log in again.",
            ),
            entry(
                "engine.silent",
                Exit::Engine,
                "The engine accepts connections and says nothing.",
                "Restart it.",
            ),
            entry(
                "engine.address",
                Exit::Engine,
                "The engine's address or context can't be used.",
                "`docker context ls` lists the contexts.",
            ),
            entry(
                "engine.remote",
                Exit::Engine,
                "The engine is on another machine, and what it publishes can't be reached from here.",
                "Run devinfra there, or name an engine of this machine with `--host`.",
            ),
            entry(
                "engine.too-old",
                Exit::Engine,
                "The engine speaks only versions of its API that devinfra does not.",
                "Update the engine: Docker 20.10 and Podman 4 are the oldest that will do.",
            ),
            entry(
                "engine.too-new",
                Exit::Engine,
                "The engine has dropped the versions of its API that devinfra speaks.",
                "Update devinfra.",
            ),
            entry(
                "engine.no-answer",
                Exit::Engine,
                "The engine did not answer one call in time.",
                "Look at its load; `--engine-timeout` gives it more time.",
            ),
            entry(
                "engine.broken-answer",
                Exit::Engine,
                "The engine's answer broke off, or can't be read.",
                "Run the command again; what exists is found again.",
            ),
            entry(
                "engine.not-found",
                Exit::Failed,
                "Something was removed while devinfra worked with it.",
                "Run the command again.",
            ),
            entry(
                "engine.refused",
                Exit::Failed,
                "The engine refused, for a reason without a code of its own.",
                "The engine's own words are in the message.",
            ),
            entry(
                "engine.no-space",
                Exit::Failed,
                "The engine's disk is full.",
                "`docker system df` shows what takes it.",
            ),
        ],
    },
    Chapter {
        title: "Images",
        entries: &[
            entry(
                "image.gone",
                Exit::Image,
                "The registry does not have the image, or hides it.",
                "Check name and tag. MinIO's images have left Docker Hub: `quay.io/minio/minio` has them.",
            ),
            entry(
                "image.login-required",
                Exit::Image,
                "The registry wants a login.",
                "`docker login`, and fetch it with `docker pull`.",
            ),
            entry(
                "image.rate-limited",
                Exit::Image,
                "The registry's pull limit is reached.",
                "Wait, or log in and fetch it with `docker pull`.",
            ),
            entry(
                "image.registry-unreachable",
                Exit::Image,
                "The registry can't be reached.",
                "Check the network and the engine's proxy.",
            ),
            entry(
                "image.wrong-platform",
                Exit::Image,
                "There is no image for this machine's platform.",
                "Choose another tag, or set `platform`.",
            ),
            entry(
                "image.no-space",
                Exit::Image,
                "The engine's disk is too full for the image.",
                "`docker system df` shows what takes it.",
            ),
            entry(
                "image.not-local",
                Exit::Image,
                "The image is not on the engine, and may not be pulled.",
                "Fetch it, or change `pull_policy`.",
            ),
            entry(
                "image.pull-failed",
                Exit::Image,
                "The pull failed for a reason without a code of its own.",
                "The engine's own words are in the message.",
            ),
        ],
    },
    Chapter {
        title: "Conflicts",
        entries: &[
            entry(
                "port.taken",
                Exit::Conflict,
                "A host port that a service publishes is taken; nothing was made.",
                "The message names the process or container that has it. Stop it, or publish another port.",
            ),
            entry(
                "container.foreign",
                Exit::Conflict,
                "A container has a service's name, and devinfra did not make it.",
                "`devinfra up --adopt` takes it over, with its data.",
            ),
            entry(
                "container.name-taken",
                Exit::Conflict,
                "A container of the name was made while devinfra worked.",
                "Run the command again.",
            ),
            entry(
                "stack.elsewhere",
                Exit::Conflict,
                "The same stack is up from another directory.",
                "Take it down there, or give this one another `--name`.",
            ),
            entry(
                "stack.busy",
                Exit::Conflict,
                "Another run of devinfra holds the stack.",
                "The message names it. Wait for it.",
            ),
            entry(
                "stack.lock",
                Exit::Failed,
                "The lock file of the stack can't be used.",
                "The message has its path and the system's reason.",
            ),
            entry(
                "network.foreign",
                Exit::Conflict,
                "A network has the name of the stack's, and devinfra did not make it.",
                "Remove it, use it with `devinfra up --adopt`, or make it `external`.",
            ),
            entry(
                "network.ambiguous",
                Exit::Conflict,
                "Several networks have the name.",
                "Remove all but one, by id.",
            ),
            entry(
                "network.missing",
                Exit::Conflict,
                "An external network does not exist.",
                "Make it, or drop `external`.",
            ),
            entry(
                "network.addresses-exhausted",
                Exit::Conflict,
                "The engine has no address range left for a network.",
                "Remove networks that nobody uses.",
            ),
            entry(
                "volume.missing",
                Exit::Conflict,
                "An external volume does not exist.",
                "Make it, or drop `external`.",
            ),
            entry(
                "stack.not-up",
                Exit::Service,
                "The variables depend on a stack that is up, and it is not.",
                "`devinfra up` brings it up.",
            ),
        ],
    },
    Chapter {
        title: "Services",
        entries: &[
            entry(
                "service.exited",
                Exit::Service,
                "The container ended before it was usable.",
                "Its last lines are in the message; `devinfra logs SERVICE` has all.",
            ),
            entry(
                "service.crash-loop",
                Exit::Service,
                "The container ends, and its restart policy starts it again and again.",
                "`devinfra down SERVICE` ends that; its last lines tell why it ends.",
            ),
            entry(
                "service.oom-killed",
                Exit::Service,
                "The container ran out of memory.",
                "Raise its `mem_limit`.",
            ),
            entry(
                "service.removed",
                Exit::Service,
                "Somebody removed the container.",
                "Run the command again.",
            ),
            entry(
                "service.not-ready",
                Exit::Service,
                "The service was not usable in time.",
                "The last answer and the last lines are in the message; `--wait-timeout` gives it more time.",
            ),
            entry(
                "service.not-running",
                Exit::Service,
                "A command is to run in a service that does not run.",
                "Bring it up with `devinfra up SERVICE`.",
            ),
            entry(
                "service.ambiguous",
                Exit::Usage,
                "Several services are of the kind that the command talks to.",
                "Name one with `--service`.",
            ),
            entry(
                "exec.not-run",
                Exit::Command(127),
                "A command for a container is not there (127), or may not be run (126).",
                "Compare its name with what the image has; for pipes and variables, run `sh -c '...'`.",
            ),
            entry(
                "service.bad-command",
                Exit::Service,
                "The container's command can't be run.",
                "Compare `command` and `entrypoint` with the image.",
            ),
            entry(
                "service.wrong-platform",
                Exit::Service,
                "The image is for another kind of processor.",
                "Choose an image for this machine.",
            ),
            entry(
                "mount.source-missing",
                Exit::Failed,
                "A bind mount's source does not exist.",
                "Make it, or set `create_host_path: true`.",
            ),
            entry(
                "directory.create",
                Exit::Failed,
                "A data directory could not be made.",
                "The message has the system's reason.",
            ),
            entry(
                "data.not-writable",
                Exit::Service,
                "The service's user may not write to its data directory.",
                "Compare `user` with the owner of the directory.",
            ),
            entry(
                "data.disk-full",
                Exit::Service,
                "The disk that a service's data is on is full.",
                "Free space on it.",
            ),
            entry(
                "probe.not-published",
                Exit::Service,
                "The service's port is not published, so it can't be asked.",
                "Add it to `ports`.",
            ),
            entry(
                "probe.exec-command",
                Exit::Service,
                "The probe's command can't be run in the container.",
                "Compare it with what the image has.",
            ),
            entry(
                "probe.no-healthcheck",
                Exit::Service,
                "The kind is `healthcheck`, and the service has none.",
                "Give it one, or another `kind`.",
            ),
            entry(
                "bootstrap.too-slow",
                Exit::Service,
                "The service is usable, and setting it up took too long.",
                "`--wait-timeout` gives it more time.",
            ),
        ],
    },
    Chapter {
        title: "PostgreSQL",
        entries: &[
            entry(
                "postgres.data-version",
                Exit::Service,
                "The data was written by another major version.",
                "Go back to that version, or dump and restore.",
            ),
            entry(
                "postgres.data-layout",
                Exit::Service,
                "Images of version 18 and later want their data mounted elsewhere.",
                "Mount it at `/var/lib/postgresql`.",
            ),
            entry(
                "postgres.data-foreign",
                Exit::Service,
                "The data directory holds other files.",
                "Move them away, or mount another directory.",
            ),
            entry(
                "postgres.data-owner",
                Exit::Service,
                "PostgreSQL refuses the owner or permissions of its data directory.",
                "Compare `user` with the owner.",
            ),
            entry(
                "postgres.data-in-use",
                Exit::Service,
                "Another server uses the data directory.",
                "Stop it.",
            ),
            entry(
                "postgres.no-password",
                Exit::Service,
                "There is no database yet, and no password to make one with.",
                "Set `POSTGRES_PASSWORD`.",
            ),
            entry(
                "postgres.password",
                Exit::Service,
                "The password is refused: data that exists keeps the one that it was made with.",
                "Give the role the new password, or put the old one into the stack file.",
            ),
            entry(
                "postgres.database-missing",
                Exit::Service,
                "The server has no such database: its first start was interrupted.",
                "Make it with `createdb`, or start with empty data.",
            ),
        ],
    },
    Chapter {
        title: "Valkey",
        entries: &[
            entry(
                "valkey.data-version",
                Exit::Service,
                "The data was written by a newer version.",
                "Go back to the image that wrote it.",
            ),
            entry(
                "valkey.data-damaged",
                Exit::Service,
                "The data is damaged.",
                "Restore it, or start with empty data.",
            ),
            entry(
                "valkey.configuration",
                Exit::Service,
                "Valkey refuses an option.",
                "Correct `command`.",
            ),
            entry(
                "valkey.loading",
                Exit::Service,
                "Valkey was still reading its data at the deadline.",
                "`--wait-timeout` gives it the time it says it needs.",
            ),
            entry(
                "valkey.misconf",
                Exit::Service,
                "Valkey can't save its data, and refuses writes.",
                "Make its data directory writable, and see that the disk has space.",
            ),
            entry(
                "cache.check",
                Exit::Cache,
                "A check of the cache failed.",
                "`devinfra cache check` shows every finding with what to do.",
            ),
            entry(
                "cache.refused",
                Exit::Service,
                "The cache's server does not answer, or refuses.",
                "`devinfra cache check` says what is wrong with it.",
            ),
            entry(
                "cache.bootstrap",
                Exit::Service,
                "The cache could not be flushed after a restart.",
                "`devinfra cache check` says what is wrong with it.",
            ),
            entry(
                "cache.keys",
                Exit::Usage,
                "The stack file does not say which keys of the cache are flushed.",
                "Name them under `keys`.",
            ),
            entry(
                "valkey.password",
                Exit::Service,
                "Valkey refuses the credentials.",
                "Compare them with its command.",
            ),
        ],
    },
    Chapter {
        title: "S3 store",
        entries: &[
            entry(
                "s3.credentials",
                Exit::Service,
                "The store refuses the keys.",
                "Compare them with the store's `environment`.",
            ),
            entry(
                "s3.clock-skew",
                Exit::Service,
                "The store's clock is too far from this machine's.",
                "Set the clock.",
            ),
            entry(
                "s3.bucket",
                Exit::Service,
                "The bucket could not be made.",
                "The message has the store's answer.",
            ),
        ],
    },
    Chapter {
        title: "LakeFS",
        entries: &[
            entry(
                "lakefs.not-lakefs",
                Exit::Service,
                "What answers is not LakeFS.",
                "Check the image and the port.",
            ),
            entry(
                "lakefs.setup",
                Exit::Service,
                "LakeFS could not be set up.",
                "The message has its answer.",
            ),
            entry(
                "lakefs.keys-lost",
                Exit::Service,
                "LakeFS is set up, and the file with its keys is gone.",
                "Put the file back, or wipe LakeFS.",
            ),
            entry(
                "lakefs.keys-refused",
                Exit::Service,
                "LakeFS refuses the keys in the file.",
                "Put the keys there that it was set up with, or wipe LakeFS.",
            ),
            entry(
                "lakefs.encryption-key",
                Exit::Service,
                "The encryption key is another than the one LakeFS was set up with.",
                "Set it back to what it was.",
            ),
            entry(
                "lakefs.credentials-file",
                Exit::Service,
                "The file with LakeFS's keys can't be used.",
                "The message says what is wrong with it.",
            ),
            entry(
                "lakefs.data-in-use",
                Exit::Service,
                "Another LakeFS uses the metadata directory.",
                "Stop it.",
            ),
            entry(
                "lakefs.settings",
                Exit::Service,
                "LakeFS lacks settings.",
                "Set them under `environment`.",
            ),
        ],
    },
    Chapter {
        title: "Ends of runs",
        entries: &[
            entry(
                "reset.needs-yes",
                Exit::Usage,
                "`reset` wipes data, and there is no terminal to ask on.",
                "Say so with `--yes`; `--dry-run` shows what would be lost.",
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
                "The message has its status; what was done before stays.",
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
                "Ctrl-C or SIGTERM (143) ended the run between engine calls.",
                "`devinfra status` shows what exists; `devinfra up` goes on.",
            ),
            entry(
                "internal.plan",
                Exit::Failed,
                "A defect of devinfra.",
                "Report it with your stack file.",
            ),
        ],
    },
];

const fn entry(
    code: &'static str,
    exit: Exit,
    meaning: &'static str,
    remedy: &'static str,
) -> Entry {
    Entry {
        code,
        exit,
        meaning,
        remedy,
    }
}

/// The status of a run that ends with this code.
pub(super) fn exit(code: &str) -> Option<Exit> {
    let mut entries = CATALOGUE.iter().flat_map(|chapter| chapter.entries);
    entries
        .find(|entry| entry.code == code)
        .map(|entry| entry.exit)
}

/// The catalogue as a page.
pub fn page() -> String {
    let mut page = String::from(
        "# Failures\n\nEvery failure has a code that stays the same. With `--json` it is \
         `error.code`; the exit status is the same for people and for scripts. This page is made \
         from `src/cli/catalogue.rs`.\n",
    );
    for chapter in CATALOGUE {
        write!(page, "\n## {}\n\n", chapter.title).ok(); // a String takes everything
        page.push_str("| code | exit | what has happened | what to do |\n|---|---|---|---|\n");
        for entry in chapter.entries {
            let (code, exit) = (entry.code, entry.exit.status());
            let (meaning, remedy) = (entry.meaning, entry.remedy);
            writeln!(page, "| `{code}` | {exit} | {meaning} | {remedy} |").ok();
        }
    }
    page
}
