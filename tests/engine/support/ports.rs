//! Host ports that no other test uses.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File};
use std::net::TcpListener;
use std::process;
use std::sync::{Mutex, PoisonError};

/// Below the range from which the system gives ports to outgoing connections: one of those would
/// take a port between its reservation and its use. Above the default stack's ports are none here.
const FROM: u16 = 11_000;
const TO: u16 = 19_999;

/// Reserves a port until this process ends.
///
/// Other test processes see that through a locked file, and other programs are noticed by trying to
/// listen.
pub(crate) fn reserve() -> u16 {
    static HELD: Mutex<BTreeMap<u16, File>> = Mutex::new(BTreeMap::new());
    let directory = env::temp_dir().join("devinfra-test-ports");
    fs::create_dir_all(&directory).unwrap();
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    // Processes start at different places, so that they seldom meet.
    let ports = TO - FROM;
    let start = u16::try_from(process::id() * 97 % u32::from(ports)).unwrap();
    for step in 0..ports {
        let port = FROM + (start + step) % ports;
        if held.contains_key(&port) || TcpListener::bind(("127.0.0.1", port)).is_err() {
            continue;
        }
        let Ok(file) = File::create(directory.join(port.to_string())) else {
            continue; // another user's
        };
        if file.try_lock().is_ok() {
            held.insert(port, file);
            return port;
        }
    }
    panic!("no port is free between {FROM} and {TO}");
}
