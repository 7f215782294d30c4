//! Whether a path is a directory, or can become one.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::model::{ByteSize, Mount, MountSource, Obstacle, PathProblem, Right, Service};

/// What keeps the source of the service's mount from being there or being made, as far as it can be
/// seen. Where it is data, it has to be a directory.
///
/// What is missing is an obstacle only where it can't be made. What the system does not let us see is
/// one where we are to make it: the engine may see more.
pub fn obstacle(service: &Service, mount: &Mount) -> Option<Obstacle> {
    let MountSource::Bind(bind) = &mount.source else {
        return None;
    };
    let path = &bind.source.0;
    let holds_data = service.data.contains(&mount.target);
    let mut way: Vec<&Path> = path.ancestors().collect();
    way.reverse();
    for at in way {
        let problem = match fs::metadata(at) {
            Ok(found) if found.is_dir() => continue,
            Ok(_file) if at == path && !holds_data => return None,
            Ok(found) => no_directory(&found),
            Err(error) => match (Errno::from_io_error(&error)?, fs::read_link(at)) {
                (Errno::LOOP, _) => PathProblem::Circle,
                (Errno::NOENT | Errno::NOTDIR, Ok(target)) => PathProblem::Nowhere { target },
                (Errno::NOENT, Err(_missing)) if bind.create => {
                    return denied(at.parent()?, Right::Make);
                }
                (Errno::ACCESS, _) if bind.create => return denied(at.parent()?, Right::Enter),
                _ => return None,
            },
        };
        let at = at.to_owned();
        return Some(Obstacle { at, problem });
    }
    None
}

fn no_directory(found: &Metadata) -> PathProblem {
    if found.is_file() {
        PathProblem::File(ByteSize(found.len()))
    } else {
        PathProblem::Special
    }
}

/// The directory, where its permissions are against it. What else may be, such as a read-only file
/// system, is for the system to say.
fn denied(directory: &Path, right: Right) -> Option<Obstacle> {
    let asked = match right {
        Right::Enter => Access::EXEC_OK,
        Right::Make => Access::EXEC_OK | Access::WRITE_OK,
    };
    let refused = accessat(CWD, directory, asked, AtFlags::EACCESS).err()?;
    let found = fs::metadata(directory).ok()?;
    (refused == Errno::ACCESS).then(|| Obstacle {
        at: directory.to_owned(),
        problem: PathProblem::Denied {
            right,
            user: geteuid().as_raw(),
            owner: found.uid(),
            mode: found.mode() & 0o7777,
        },
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::tempdir;

    use super::*;
    use crate::model::{Bind, ContainerSpec, HostPath, ImageRef, ServiceName, Submounts};

    /// What is wrong with `path` in a directory that has a file `file`, a directory `real/in`, and
    /// symlinks: `link` to `real`, `dead` to nothing, and `round` to itself.
    fn found(path: &str, how: &[How]) -> Option<(String, PathProblem)> {
        let root = tempdir().unwrap();
        let root = root.path();
        fs::write(root.join("file"), "four").unwrap();
        fs::create_dir_all(root.join("real/in")).unwrap();
        for (link, target) in [("link", "real"), ("dead", "gone"), ("round", "round")] {
            symlink(target, root.join(link)).unwrap();
        }
        let spec = ContainerSpec::new("hub-db-1", ImageRef::parse("i").unwrap());
        let mut service = Service::new(ServiceName::new("db").unwrap(), spec);
        let bind = Bind {
            source: HostPath(root.join(path)),
            create: how.contains(&How::Made),
            submounts: Submounts::Seen,
        };
        let mount = Mount {
            target: "/data".to_owned(),
            source: MountSource::Bind(bind),
            read_only: false,
        };
        if how.contains(&How::Data) {
            service.data.push(mount.target.clone());
        }
        let obstacle = obstacle(&service, &mount)?;
        let at = obstacle.at.strip_prefix(root).unwrap();
        Some((at.display().to_string(), obstacle.problem))
    }

    #[derive(PartialEq)]
    enum How {
        /// It is made where it is missing.
        Made,
        /// It is the service's data.
        Data,
    }

    #[test]
    fn a_directory_is_fine_and_so_is_one_that_can_be_made() {
        for path in ["real", "real/in", "link/in", "real/new/one", "link/new"] {
            assert_eq!(found(path, &[How::Made, How::Data]), None, "{path}");
        }
        // What is not to be made is missed by the engine.
        assert_eq!(found("real/new/one", &[How::Data]), None);
    }

    #[test]
    fn a_file_is_an_obstacle_to_data_and_on_the_way() {
        let file = Some(("file".to_owned(), PathProblem::File(ByteSize(4))));
        assert_eq!(found("file", &[How::Made, How::Data]), file);
        assert_eq!(found("file/data", &[]), file);
        // Many a configuration is a file that is mounted.
        assert_eq!(found("file", &[How::Made]), None);
    }

    #[test]
    fn a_symlink_that_leads_to_nothing_is_an_obstacle_wherever_it_is() {
        let target = "gone".into();
        let nowhere = Some(("dead".to_owned(), PathProblem::Nowhere { target }));
        assert_eq!(found("dead", &[How::Made]), nowhere);
        assert_eq!(found("dead/data", &[How::Data]), nowhere);
        let circle = Some(("round".to_owned(), PathProblem::Circle));
        assert_eq!(found("round", &[How::Made, How::Data]), circle);
        assert_eq!(found("round/data", &[How::Made, How::Data]), circle);
    }
}
