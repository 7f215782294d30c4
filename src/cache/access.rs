//! Whether a server may write to its data directory, from what is seen inside its container.

use std::str::FromStr;

/// Prints what [`Access::parse`] reads; `$1` is the server's process id, `$2` its data directory.
const SCRIPT: &str = r#"grep -E '^(Uid|Gid|Groups):' "/proc/$1/status" && stat -c 'Directory: %u %g %a' "$2" && cat /proc/self/mounts"#;

/// What was seen in the container: who the server runs as, and whose its data directory is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The server's effective user.
    pub server_user: u32,
    /// Its groups.
    pub server_groups: Vec<u32>,
    /// The directory's owner.
    pub owner: u32,
    /// The directory's group.
    pub group: u32,
    /// The directory's permission bits.
    pub mode: u32,
    /// Whether the file system below it is mounted read-only.
    pub read_only: bool,
}

impl Access {
    /// The command that looks, for a container that has a shell.
    pub fn command(process_id: u32, directory: &str) -> Vec<String> {
        let words = ["sh", "-c", SCRIPT, "sh", &process_id.to_string(), directory];
        words.map(str::to_owned).into()
    }

    /// Reads what the command printed; `None` when something is missing.
    pub fn parse(output: &str, directory: &str) -> Option<Self> {
        let numbers = |name: &str| -> Option<Vec<u32>> {
            let line = output.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace()
                .map(|word| word.parse().ok())
                .collect()
        };
        // Real, effective, saved, file system.
        let server_user = *numbers("Uid:")?.get(1)?;
        let mut server_groups = numbers("Groups:").unwrap_or_default();
        server_groups.push(*numbers("Gid:")?.get(1)?);
        let line = output
            .lines()
            .find_map(|line| line.strip_prefix("Directory: "))?;
        let mut words = line.split_whitespace();
        Some(Self {
            server_user,
            server_groups,
            owner: next(&mut words)?,
            group: next(&mut words)?,
            mode: u32::from_str_radix(words.next()?, 8).ok()?,
            read_only: is_read_only(output, directory),
        })
    }

    /// Whether the server may make files there.
    pub fn is_writable(&self) -> bool {
        if self.read_only {
            return false;
        }
        let bits = if self.server_user == self.owner {
            self.mode >> 6
        } else if self.server_groups.contains(&self.group) {
            self.mode >> 3
        } else {
            self.mode
        };
        self.server_user == 0 || bits & 0o3 == 0o3
    }
}

fn next<'a, T: FromStr>(words: &mut impl Iterator<Item = &'a str>) -> Option<T> {
    words.next()?.parse().ok()
}

/// Whether the mount with the longest path above the directory has the option `ro`:
/// `/dev/sda1 /data ext4 rw,relatime 0 0`.
fn is_read_only(mounts: &str, directory: &str) -> bool {
    let lines = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (target, options) = (words.next()?, words.nth(1)?);
        let rest = directory.strip_prefix(target.trim_end_matches('/'))?;
        let is_above = rest.is_empty() || rest.starts_with('/');
        is_above.then_some((target.len(), options))
    });
    let covering = lines.max_by_key(|(length, _)| *length);
    covering.is_some_and(|(_, options)| options.split(',').any(|option| option == "ro"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: &str = "Uid:\t999\t999\t999\t999\nGid:\t998\t998\t998\t998\nGroups:\t7 8 \n\
        Directory: 0 7 775\noverlay / overlay rw,relatime 0 0\n/dev/sda1 /data ext4 ro,relatime 0 0\n";

    #[test]
    fn what_the_command_prints_is_read() {
        let expected = Access {
            server_user: 999,
            server_groups: vec![7, 8, 998],
            owner: 0,
            group: 7,
            mode: 0o775,
            read_only: true,
        };
        assert_eq!(Access::parse(SEEN, "/data").unwrap(), expected);
        assert!(!Access::parse(SEEN, "/database").unwrap().read_only);
        assert_eq!(Access::parse("sh: stat: not found", "/data"), None);
    }

    /// | server | owner | group of the server's | mode | writable |
    #[test]
    fn permission_bits_decide_as_the_kernel_does() {
        for (user, owner, in_group, mode, expected) in [
            (999, 999, false, 0o700, true),
            (999, 999, true, 0o577, false),
            (999, 0, true, 0o770, true),
            (999, 0, true, 0o757, false),
            (999, 0, false, 0o757, true),
            (999, 0, false, 0o752, false),
            (0, 999, false, 0o000, true),
        ] {
            let access = Access {
                server_user: user,
                server_groups: if in_group { vec![7] } else { vec![8] },
                owner,
                group: 7,
                mode,
                read_only: false,
            };
            assert_eq!(access.is_writable(), expected, "{access:?}");
        }
    }
}
