//! Whether the data is saved, and where to.

use super::Subject;
use crate::cache::{Facts, Finding};
use crate::model::{Mount, MountSource};

pub(super) const STATUS: &str = "persistence.status";
pub(super) const DIRECTORY: &str = "persistence.directory";

pub(super) fn status(facts: &Facts) -> Finding {
    let info = &facts.info;
    let saves = facts
        .setting("save")
        .is_some_and(|points| !points.trim().is_empty());
    let logs = info.is_set("aof_enabled");
    if info.get("rdb_last_bgsave_status") == Some("err") {
        let refuses = saves && facts.setting("stop-writes-on-bgsave-error") != Some("no");
        let (message, meaning) = if refuses {
            (
                "the last save failed, and writes are refused (MISCONF)",
                "the application can't write to the cache until a save succeeds",
            )
        } else {
            (
                "the last save failed",
                "what was written since the last good save is lost when the server ends",
            )
        };
        return Finding::fail(STATUS, message)
            .expected("ok")
            .actual("err")
            .meaning(meaning)
            .hint("see why in its log (a full disk, or a data directory it may not write to), then save with `BGSAVE`");
    }
    if logs && info.get("aof_last_write_status") == Some("err") {
        return Finding::fail(STATUS, "the last write to the append-only file failed")
            .expected("ok")
            .actual("err")
            .meaning("writes are refused until it succeeds")
            .hint("see why in its log: a full disk, or a data directory it may not write to");
    }
    if !facts.saves() {
        return Finding::pass(
            STATUS,
            "nothing is saved: no save points and no append-only file",
        )
        .actual("off");
    }
    let changes: u64 = info
        .number("rdb_changes_since_last_save")
        .unwrap_or_default();
    Finding::pass(
        STATUS,
        format!("the last save is good; {changes} changes since"),
    )
    .expected("ok")
    .actual("ok")
}

pub(super) fn directory(subject: &Subject<'_>, facts: &Facts) -> Finding {
    let Some(directory) = facts.setting("dir") else {
        return Finding::skip(DIRECTORY, "the server does not say its data directory");
    };
    let mounts = &subject.service.container.mounts;
    let declared = subject.options.declared.get("save");
    if mounts.is_empty() && declared.is_none_or(String::is_empty) {
        return Finding::skip(
            DIRECTORY,
            format!("the stack file keeps no data: `{directory}` goes with the container"),
        )
        .actual(directory);
    }
    let Some(mount) = mounts.iter().find(|mount| covers(mount, directory)) else {
        return Finding::fail(
            DIRECTORY,
            format!("`{directory}` is inside the container: nothing is mounted there"),
        )
        .expected("a mount of the stack file")
        .actual(directory)
        .meaning("the data is lost with the container")
        .hint(format!(
            "mount a directory at `{directory}` in the stack file, or start the server with `--dir` of a mount"
        ));
    };
    let source = match &mount.source {
        MountSource::Bind(bind) => format!("bind mount `{}`", bind.source.0.display()),
        MountSource::Volume { name } => format!("volume `{name}`"),
        MountSource::AnonymousVolume | MountSource::Tmpfs(_) => {
            return Finding::fail(
                DIRECTORY,
                format!("`{directory}` does not outlive the container"),
            )
            .expected("a bind mount or a volume")
            .actual("a volume without a name, or memory")
            .meaning("the data is lost with the container")
            .hint("mount a directory of the host or a named volume there in the stack file");
        }
    };
    match subject.access {
        _ if mount.read_only => unwritable(directory, &source, "it is mounted read-only"),
        Some(access) if !access.is_writable() => {
            let why = if access.read_only {
                "it is mounted read-only".to_owned()
            } else {
                format!(
                    "it belongs to {}:{} with mode {:o}, and the server runs as {}",
                    access.owner, access.group, access.mode, access.server_user
                )
            };
            unwritable(directory, &source, &why)
        }
        Some(_) => Finding::pass(
            DIRECTORY,
            format!("`{directory}` is the {source}, and writable"),
        )
        .actual(directory),
        None => {
            Finding::pass(DIRECTORY, format!("`{directory}` is the {source}")).actual(directory)
        }
    }
}

fn unwritable(directory: &str, source: &str, why: &str) -> Finding {
    Finding::fail(
        DIRECTORY,
        format!("the server may not write to `{directory}` ({source}): {why}"),
    )
    .expected("writable by the server")
    .actual(why)
    .meaning("no save succeeds: writes are refused after the first that is tried")
    .hint(
        "give the directory on the host to the server's user, or start the container as root once",
    )
}

fn covers(mount: &Mount, directory: &str) -> bool {
    directory
        .strip_prefix(mount.target.as_str())
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Status;
    use crate::cache::checks::world::World;

    #[test]
    fn a_failed_save_fails_and_says_whether_writes_are_refused() {
        let mut world = World::default();
        assert_eq!(status(&world.facts).status, Status::Pass);
        world.info("rdb_last_bgsave_status:err");
        let found = status(&world.facts);
        assert_eq!(found.status, Status::Fail);
        assert!(found.message.contains("MISCONF"));
        world.configure("stop-writes-on-bgsave-error", "no");
        assert_eq!(status(&world.facts).message, "the last save failed");
    }

    #[test]
    fn a_failed_append_fails() {
        let mut world = World::default();
        world.info("aof_enabled:1\naof_last_write_status:err");
        assert_eq!(status(&world.facts).status, Status::Fail);
    }

    #[test]
    fn the_directory_must_be_a_mount_that_lasts() {
        let mut world = World::default();
        assert_eq!(
            directory(&world.subject(), &world.facts).status,
            Status::Pass
        );
        world.configure("dir", "/data2");
        assert_eq!(
            directory(&world.subject(), &world.facts).status,
            Status::Fail
        );
        world.configure("dir", "/data/deep");
        assert_eq!(
            directory(&world.subject(), &world.facts).status,
            Status::Pass
        );
        world.service.container.mounts[0].source = MountSource::AnonymousVolume;
        assert_eq!(
            directory(&world.subject(), &world.facts).status,
            Status::Fail
        );
    }

    #[test]
    fn data_that_nobody_asked_to_keep_is_not_judged() {
        let mut world = World::default();
        world.service.container.mounts.clear();
        assert_eq!(
            directory(&world.subject(), &world.facts).status,
            Status::Fail
        );
        world.options.declared.clear();
        assert_eq!(
            directory(&world.subject(), &world.facts).status,
            Status::Skip
        );
    }

    #[test]
    fn the_directory_must_be_writable() {
        let mut world = World::default();
        world.access.as_mut().unwrap().owner = 0;
        let found = directory(&world.subject(), &world.facts);
        assert_eq!(found.status, Status::Fail);
        assert_eq!(
            found.actual.as_deref(),
            Some("it belongs to 0:0 with mode 755, and the server runs as 999")
        );
        world.access = None;
        assert_eq!(
            directory(&world.subject(), &world.facts).status,
            Status::Pass
        );
        world.service.container.mounts[0].read_only = true;
        assert_eq!(
            directory(&world.subject(), &world.facts).status,
            Status::Fail
        );
    }
}
