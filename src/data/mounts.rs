//! Whether something is mounted inside a directory.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::EmptyError;

/// Where Linux lists what is mounted where.
const LIST: &str = "/proc/self/mountinfo";

/// Whether nothing is mounted inside the directory, as far as the system says.
///
/// # Errors
///
/// When something is.
pub(super) fn check_known_mounts(path: &Path) -> Result<(), EmptyError> {
    if cfg!(target_os = "linux") {
        check_mounts(path)
    } else {
        Ok(())
    }
}

/// Whether nothing is mounted inside the directory: a container would see it too.
///
/// # Errors
///
/// When something is, or the system does not say.
pub fn check_mounts(path: &Path) -> Result<(), EmptyError> {
    let refused = |reason| EmptyError::Unsafe {
        path: path.to_owned(),
        reason,
    };
    if !cfg!(target_os = "linux") {
        return Err(refused(
            "some of it belongs to another user, and whether anything is mounted inside it is known on Linux only",
        ));
    }
    let failed = |source| EmptyError::Io {
        path: path.to_owned(),
        source,
    };
    // Mounts are listed by the places they really are at, whatever symlinks lead there.
    let real = fs::canonicalize(path).map_err(failed)?;
    let mounts = fs::read(LIST).map_err(failed)?;
    if mounted_inside(&mounts, &real) {
        return Err(refused("another file system is mounted inside it"));
    }
    Ok(())
}

/// Whether one of the mounts of `/proc/self/mountinfo` is below the directory.
fn mounted_inside(mounts: &[u8], directory: &Path) -> bool {
    let lines = mounts.split(|&byte| byte == b'\n');
    let places = lines.filter_map(|line| line.split(|&byte| byte == b' ').nth(4));
    places.map(unescaped).any(|place| {
        let place = Path::new(OsStr::from_bytes(&place));
        place.starts_with(directory) && place != directory
    })
}

/// The kernel writes blanks, backslashes and the like as a backslash and three octal digits.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let digits = after
            .get(..3)
            .and_then(|digits| str::from_utf8(digits).ok());
        let code = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        if let (b'\\', Some(code)) = (first, code) {
            plain.push(code);
            rest = after.get(3..).unwrap_or_default();
        } else {
            plain.push(*first);
            rest = after;
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_found_by_their_real_names() {
        let listed: &[u8] = b"1 0 8:1 / / rw - ext4\n2 1 8:2 / /r\\1342/a\\040b/in rw - ext4\n\
            3 1 8:3 / /not-\xff-text rw - ext4\n";
        let inside = |path: &str| mounted_inside(listed, Path::new(path));
        assert!(inside(r"/r\2/a b"));
        assert!(inside(r"/r\2"));
        assert!(!inside(r"/r\2/a b/in"));
        assert!(!inside(r"/r\2/a b/i"));
    }
}
