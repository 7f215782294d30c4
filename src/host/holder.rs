//! Who listens on a port. Linux tells it under `/proc`; elsewhere, and of other users' processes,
//! nothing is known.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use crate::model::{PortHolder, Protocol};

/// The longest command that is told.
const COMMAND_LENGTH: usize = 80;

/// The process that listens on the port.
pub(super) fn holder(port: u16, protocol: Protocol) -> Option<PortHolder> {
    let tables = match protocol {
        Protocol::Tcp => ["/proc/net/tcp", "/proc/net/tcp6"],
        Protocol::Udp => ["/proc/net/udp", "/proc/net/udp6"],
    };
    let inode = tables
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .find_map(|table| listening_socket(&table, port, protocol))?;
    let wanted = format!("socket:[{inode}]");
    // Beside the processes there are `self` and much else.
    fs::read_dir("/proc").ok()?.find_map(|entry| {
        let process = entry.ok()?.path();
        let id = process.file_name()?.to_str()?.parse().ok()?;
        has_open(&process, OsStr::new(&wanted)).then(|| named(&process, id))
    })
}

/// The socket that listens on the port, by the format of `proc_net_tcp`: the columns are the slot,
/// the local address with its port in hexadecimal, the remote one, the state, four more, and the
/// inode.
fn listening_socket(table: &str, port: u16, protocol: Protocol) -> Option<u64> {
    let listening = match protocol {
        Protocol::Tcp => "0A",
        Protocol::Udp => "07",
    };
    table.lines().skip(1).find_map(|line| {
        let mut columns = line.split_whitespace().skip(1);
        let (_, found) = columns.next()?.rsplit_once(':')?;
        let state = columns.nth(1)?;
        let inode = columns.nth(5)?;
        let is_port = u16::from_str_radix(found, 16) == Ok(port);
        (is_port && state == listening).then(|| inode.parse().ok())?
    })
}

fn has_open(process: &Path, socket: &OsStr) -> bool {
    let Ok(descriptors) = fs::read_dir(process.join("fd")) else {
        return false; // no process, or somebody else's
    };
    descriptors
        .filter_map(|descriptor| fs::read_link(descriptor.ok()?.path()).ok())
        .any(|target| target.as_os_str() == socket)
}

fn named(process: &Path, id: u32) -> PortHolder {
    let arguments = fs::read(process.join("cmdline")).unwrap_or_default();
    let command = command(&String::from_utf8_lossy(&arguments));
    PortHolder::Process { id, command }
}

/// The program and its arguments, as far as they can be shown: an argument that may be followed by
/// a secret ends it.
fn command(arguments: &str) -> String {
    let mut shown = String::new();
    for argument in arguments.split('\0').filter(|one| !one.is_empty()) {
        let lower = argument.to_lowercase();
        let may_hold_a_secret = ["pass", "secret", "token", "key", "auth", "://"]
            .iter()
            .any(|word| lower.contains(word));
        if !shown.is_empty() && (may_hold_a_secret || shown.len() + argument.len() > COMMAND_LENGTH)
        {
            shown.push_str(" …");
            break;
        }
        if !shown.is_empty() {
            shown.push(' ');
        }
        shown.extend(argument.chars().filter(|letter| !letter.is_control()));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:62A8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4182 1 0000000000000000 100 0 0 10 0
   1: 0100007F:62A9 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 4190 1 0000000000000000 20 4 30 10 -1
";

    #[test]
    fn the_listening_socket_is_found_and_a_connected_one_is_not() {
        assert_eq!(listening_socket(TABLE, 25256, Protocol::Tcp), Some(4182));
        assert_eq!(listening_socket(TABLE, 25257, Protocol::Tcp), None);
    }

    #[test]
    fn a_command_is_cut_before_a_secret_and_where_it_grows_long() {
        assert_eq!(
            command("python3\0-m\0http.server\0"),
            "python3 -m http.server"
        );
        assert_eq!(
            command("valkey-server\0--requirepass\0hunter2\0"),
            "valkey-server …"
        );
        let long = "x".repeat(COMMAND_LENGTH);
        assert_eq!(command(&format!("node\0{long}\0")), "node …");
    }
}
