//! Any service.

use super::{Chapter, entry};
use crate::cli::Exit;

pub(super) const SERVICES: Chapter = Chapter {
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
            "mount.wrong-type",
            Exit::Failed,
            "A file is mounted where the image has a directory, or a directory where it has a file.",
            "The message has both paths. Mount a file onto a file, and a directory onto a directory.",
        ),
        entry(
            "directory.blocked",
            Exit::Failed,
            "A directory that a service mounts can't be there: a file has its place or is on the way, a symlink leads nowhere or in a circle, or a directory lets you not in. Nothing was made.",
            "The message says where. Move it away, or mount another directory.",
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
};
