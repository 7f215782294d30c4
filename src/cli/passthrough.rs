//! `devinfra psql -f script.sql`: what follows the name of such a command is its program's, also
//! where devinfra has an option of the same name.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};

/// The commands whose arguments are another program's.
const PROGRAMS: [&str; 2] = ["psql", "valkey-cli"];

/// Puts `--` behind the name of such a command and behind our own options that follow it at once,
/// so that everything after is left alone.
pub(super) fn mark(
    arguments: impl IntoIterator<Item = OsString>,
    command: &Command,
) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let named = subcommand(&arguments, command);
    let name = named.and_then(|place| arguments.get(place)?.to_str());
    if let Some(place) = named.filter(|_| name.is_some_and(|name| PROGRAMS.contains(&name))) {
        let own = own_options(arguments.get(place + 1..).unwrap_or_default());
        if let Some(own) = own {
            arguments.insert(place + 1 + own, OsString::from("--"));
        }
    }
    arguments
}

/// The name of the command; empty where there is none.
pub(super) fn command(arguments: &[OsString], command: &Command) -> String {
    let name = subcommand(arguments, command).and_then(|place| arguments.get(place));
    name.map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// How many of the arguments are our own: `--service NAME`. `None` when help is asked for.
fn own_options(arguments: &[OsString]) -> Option<usize> {
    match arguments.first().and_then(|first| first.to_str()) {
        Some("--help" | "-h" | "--") => None,
        Some("--service") => Some(arguments.len().min(2)),
        Some(first) if first.starts_with("--service=") => Some(1),
        Some(_) | None => Some(0),
    }
}

/// Where the name of the subcommand is: behind the global options and their values.
fn subcommand(arguments: &[OsString], command: &Command) -> Option<usize> {
    let mut place = 1;
    while let Some(argument) = arguments.get(place) {
        let text = argument.to_string_lossy();
        if !text.starts_with('-') {
            return Some(place);
        }
        place += if value_follows(&text, command) { 2 } else { 1 };
    }
    None
}

/// Whether an option's value is an argument of its own: `-f FILE`, but not `-fFILE`.
fn value_follows(option: &str, command: &Command) -> bool {
    let takes_value = |found: Option<&Arg>| {
        found.is_some_and(|arg| matches!(arg.get_action(), ArgAction::Set | ArgAction::Append))
    };
    let mut all = command.get_arguments();
    if let Some(long) = option.strip_prefix("--") {
        return takes_value(all.find(|arg| arg.get_long() == Some(long)));
    }
    // `-qf FILE`: the last of several letters; one that has its value attached comes before it.
    let letters: Vec<char> = option.chars().skip(1).collect();
    let with_value = letters.iter().position(|letter| {
        takes_value(
            command
                .get_arguments()
                .find(|arg| arg.get_short() == Some(*letter)),
        )
    });
    with_value.is_some_and(|place| place + 1 == letters.len())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Args;

    fn marked(line: &str) -> String {
        let arguments = line.split(' ').map(OsString::from);
        let marked = mark(arguments, &Args::command());
        let marked = marked.iter().map(|argument| argument.to_string_lossy());
        marked.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_follows_is_the_programs() {
        for (line, expected) in [
            ("devinfra psql -f x.sql", "devinfra psql -- -f x.sql"),
            ("devinfra psql", "devinfra psql --"),
            ("devinfra psql --help", "devinfra psql --help"),
            ("devinfra -f psql psql -q", "devinfra -f psql psql -- -q"),
            ("devinfra -qf psql up", "devinfra -qf psql up"),
            ("devinfra -fx psql -q", "devinfra -fx psql -- -q"),
            ("devinfra --name=a psql -q", "devinfra --name=a psql -- -q"),
            ("devinfra --name psql status", "devinfra --name psql status"),
            (
                "devinfra -v valkey-cli --service b -n 2",
                "devinfra -v valkey-cli --service b -- -n 2",
            ),
            ("devinfra exec db psql -f x", "devinfra exec db psql -f x"),
        ] {
            assert_eq!(marked(line), expected);
        }
    }
}
