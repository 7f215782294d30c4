//! Files as text, with bounds on what is taken into memory and on how long it is waited for.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// No stack file or env file comes near this; a device or a log named by mistake passes it.
const LARGEST: u64 = 4 << 20;

/// How long a pipe has to be written to its end: `<(a command)` takes its time, and one that nobody
/// writes to never ends.
const PATIENCE: Duration = Duration::from_secs(10);

/// The text of a file.
///
/// # Errors
///
/// What the system says, that the file is too large or not UTF-8, and from which line on, or that it
/// is a pipe which is not written to its end.
pub(super) fn read(path: &Path) -> io::Result<String> {
    text(read_within(path, PATIENCE)?)
}

fn read_within(path: &Path, patience: Duration) -> io::Result<Vec<u8>> {
    let is_waited_for = |found: fs::Metadata| !found.is_file() && !found.is_dir();
    if !fs::metadata(path).is_ok_and(is_waited_for) {
        return bytes(path);
    }
    let (done, waiting) = mpsc::channel();
    let piped = path.to_owned();
    // Opening a pipe waits for a writer, and nothing but the end of the program ends that.
    thread::spawn(move || done.send(bytes(&piped)));
    waiting.recv_timeout(patience).unwrap_or_else(|_late| {
        let message = format!(
            "it is a pipe that was not written to its end within {} s",
            patience.as_secs_f64()
        );
        Err(io::Error::new(ErrorKind::TimedOut, message))
    })
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    if bytes.len() as u64 > LARGEST {
        let message = format!("it is larger than {} MiB", LARGEST >> 20);
        return Err(io::Error::new(ErrorKind::FileTooLarge, message));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let lines = error.as_bytes().iter().take(valid);
        let line = lines.filter(|&&byte| byte == b'\n').count() + 1;
        io::Error::new(ErrorKind::InvalidData, format!("line {line} is not UTF-8"))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use rustix::fs::{CWD, Mode, mkfifoat};
    use tempfile::tempdir;

    use super::*;

    #[test]
    fn a_pipe_that_nobody_writes_to_is_given_up() {
        let directory = tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
        let error = read_within(&pipe, Duration::from_millis(50)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it is a pipe that was not written to its end within 0.05 s"
        );
    }

    #[test]
    fn a_pipe_that_is_written_to_is_read_to_its_end() {
        let directory = tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
        let writer = pipe.clone();
        thread::spawn(move || {
            let mut file = File::options().write(true).open(writer).unwrap();
            file.write_all(b"A=1\n").unwrap();
        });
        let read = read_within(&pipe, Duration::from_mins(1)).unwrap();
        assert_eq!(text(read).unwrap(), "A=1\n");
    }
}
