//! The file that keeps the keys of LakeFS's admin, which LakeFS tells only once.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::model::Secret;

/// The variable of the access key's id, as KohakuHub's scripts wrote it.
const ACCESS_KEY: &str = "KOHAKU_HUB_LAKEFS_ACCESS_KEY";
/// The variable of the secret key.
const SECRET_KEY: &str = "KOHAKU_HUB_LAKEFS_SECRET_KEY";
/// Who may read and write the file: its owner.
const OWNER_ONLY: u32 = 0o600;
/// The letters of keys: RFC 4648's base 32, which needs no quotes anywhere.
const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The keys of LakeFS's admin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The access key's id.
    pub access_key: String,
    /// The secret key.
    pub secret_key: Secret,
}

/// A credentials file that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// There is none.
    #[error("there is no credentials file `{}`", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// It can't be read.
    #[error("failed to read the credentials file `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It can't be written.
    #[error("failed to write the credentials file `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It does not have the two keys.
    #[error("the credentials file `{}` has no `{missing}=…` line", path.display())]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// The variable that it lacks.
        missing: &'static str,
    },
    /// The system has no random numbers.
    #[error("failed to make keys: the system gives no random numbers")]
    Random(#[source] getrandom::Error),
}

impl Credentials {
    /// New keys, of LakeFS's own shape: 20 and 40 letters.
    ///
    /// # Errors
    ///
    /// When the system gives no random numbers.
    pub fn generate() -> Result<Self, CredentialsError> {
        Ok(Self {
            access_key: format!("AKIA{}", random_letters::<16>()?),
            secret_key: Secret::new(random_letters::<40>()?),
        })
    }

    /// Reads the file; `None` when there is none.
    ///
    /// # Errors
    ///
    /// When it can't be read, or lacks a key.
    pub fn read(path: &Path) -> Result<Option<Self>, CredentialsError> {
        // A pipe there would be waited on for ever.
        let regular = match fs::metadata(path) {
            Ok(found) if !found.is_file() => Err(io::Error::other("it is no regular file")),
            _ => Ok(()),
        };
        let text = match regular.and_then(|()| fs::read_to_string(path)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                let path = path.to_owned();
                return Err(CredentialsError::Read { path, source });
            }
        };
        let needed = |missing| {
            value_of(&text, missing).ok_or_else(|| CredentialsError::Incomplete {
                path: path.to_owned(),
                missing,
            })
        };
        Ok(Some(Self {
            access_key: needed(ACCESS_KEY)?.to_owned(),
            secret_key: needed(SECRET_KEY)?.into(),
        }))
    }

    /// Writes the file so that it is there as a whole or not at all, whenever the machine stops.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn write(&self, path: &Path) -> Result<(), CredentialsError> {
        let text = format!(
            "{ACCESS_KEY}={}\n{SECRET_KEY}={}\n",
            self.access_key,
            self.secret_key.reveal()
        );
        write_atomically(path, &text).map_err(|source| CredentialsError::Write {
            path: path.to_owned(),
            source,
        })
    }
}

/// The file takes its place by being renamed, and the directory is made durable after it. The name
/// that it has before is always the same, so that a run which was killed leaves nothing that the
/// next one does not take away.
fn write_atomically(path: &Path, text: &str) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(directory)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let fresh = directory.join(name);
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(OWNER_ONLY)
        .open(&fresh)?;
    // The mode above is subject to the umask, which might take away even the owner's rights.
    file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    File::open(directory)?.sync_all()
}

/// The value of a variable, from a line such as `export NAME="value"`; the last one counts.
fn value_of<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let value = |line: &'t str| {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let value = line.strip_prefix(name)?.trim_start().strip_prefix('=')?;
        let value = value.trim();
        let unquoted = ['"', '\'']
            .into_iter()
            .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
        Some(unquoted.unwrap_or(value))
    };
    text.lines()
        .filter_map(value)
        .rfind(|value| !value.is_empty())
}

/// So many letters that nobody can guess.
pub(super) fn random_letters<const COUNT: usize>() -> Result<String, CredentialsError> {
    let mut bytes = [0_u8; COUNT];
    getrandom::fill(&mut bytes).map_err(CredentialsError::Random)?;
    // 256 is a multiple of 32, so every letter is as likely as any other.
    let letter = |byte: &u8| LETTERS.get(usize::from(byte % 32)).copied();
    Ok(bytes.iter().filter_map(letter).map(char::from).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use tempfile::tempdir;

    use super::*;

    #[test]
    fn keys_come_back_as_they_were_written_and_only_the_owner_can_read_them() {
        let directory = tempdir().unwrap();
        let path = directory.path().join("hub-meta/dev/lakefs/credentials.env");
        let keys = Credentials::generate().unwrap();
        assert_eq!(Credentials::read(&path).unwrap(), None);
        keys.write(&path).unwrap();
        assert_eq!(Credentials::read(&path).unwrap(), Some(keys));
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    /// Opened for reading, it would be waited on until somebody writes to it.
    #[test]
    fn a_pipe_in_the_place_of_the_file_is_told_at_once() {
        let directory = tempdir().unwrap();
        let path = directory.path().join("credentials.env");
        mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).unwrap();
        let (tell, told) = channel();
        let asked = path.clone();
        thread::spawn(move || tell.send(Credentials::read(&asked)).ok());
        let read = told.recv_timeout(Duration::from_secs(30));
        let error = read.expect("it must not hang").unwrap_err();
        assert!(matches!(error, CredentialsError::Read { path: of, .. } if of == path));
    }

    /// A run that was killed between writing and renaming leaves the file under its first name.
    #[test]
    fn what_a_killed_run_left_is_taken_away() {
        let directory = tempdir().unwrap();
        let path = directory.path().join("credentials.env");
        fs::write(directory.path().join("credentials.env.new"), "KOHAKU").unwrap();
        let keys = Credentials::generate().unwrap();
        keys.write(&path).unwrap();
        let names: Vec<_> = fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["credentials.env"]);
        assert_eq!(Credentials::read(&path).unwrap(), Some(keys));
    }

    #[test]
    fn files_are_read_as_shells_read_them() {
        for text in [
            "KOHAKU_HUB_LAKEFS_ACCESS_KEY=id\nKOHAKU_HUB_LAKEFS_SECRET_KEY=s/e+c=\n",
            "# keys\r\nexport KOHAKU_HUB_LAKEFS_ACCESS_KEY='id'\r\nKOHAKU_HUB_LAKEFS_SECRET_KEY=\"s/e+c=\"\r\n",
        ] {
            assert_eq!(value_of(text, ACCESS_KEY), Some("id"));
            assert_eq!(value_of(text, SECRET_KEY), Some("s/e+c="));
        }
        assert_eq!(value_of("KOHAKU_HUB_LAKEFS_ACCESS_KEY=", ACCESS_KEY), None);
        assert_eq!(
            value_of("KOHAKU_HUB_LAKEFS_ACCESS_KEYS=x", ACCESS_KEY),
            None
        );
    }

    #[test]
    fn a_file_without_a_key_is_named_with_what_it_lacks() {
        let directory = tempdir().unwrap();
        let path = directory.path().join("credentials.env");
        fs::write(&path, "KOHAKU_HUB_LAKEFS_ACCESS_KEY=id\n").unwrap();
        let error = Credentials::read(&path).unwrap_err().to_string();
        assert!(
            error.ends_with("has no `KOHAKU_HUB_LAKEFS_SECRET_KEY=…` line"),
            "{error}"
        );
    }

    #[test]
    fn keys_have_lakefs_shape_and_differ() {
        let (one, other) = (
            Credentials::generate().unwrap(),
            Credentials::generate().unwrap(),
        );
        assert_eq!(one.access_key.len(), 20);
        assert_eq!(one.secret_key.reveal().len(), 40);
        assert_ne!(one, other);
    }
}
