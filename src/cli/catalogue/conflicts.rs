//! What is there already, and what should be and is not.

use super::{Chapter, entry};
use crate::cli::Exit;

pub(super) const CONFLICTS: Chapter = Chapter {
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
            "A container or network is that of the same stack in another directory.",
            "Take it down there, or give this one another `--name`. That goes for a directory that is gone, too.",
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
            "A network has the name of the stack's, and was made by somebody else, or for another stack.",
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
};
