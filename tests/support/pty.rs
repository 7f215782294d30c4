//! A terminal that a test sits at.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use tokio::time::Instant;

use super::waiting::{pause, until};
use super::watch::Watch;

const PATIENCE: Duration = Duration::from_mins(1);

/// A command that runs on a terminal of its own.
#[derive(Debug)]
pub(crate) struct Pty {
    child: Child,
    /// Our end.
    keyboard: File,
    /// The command's end.
    terminal: File,
    shown: Arc<Mutex<String>>,
    watch: Watch,
}

impl Pty {
    pub(crate) fn start(mut command: Command, columns: u16, rows: u16) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY;
        let terminal = File::from(open(name, flags, Mode::empty()).unwrap());
        let keyboard = File::from(controller);
        let watch = Watch::over(&command);
        let end = || terminal.try_clone().unwrap();
        command.stdin(end()).stdout(end()).stderr(end());
        // Before it begins: it may look at once.
        set_size(&terminal, columns, rows);
        let shown = Arc::new(Mutex::new(String::new()));
        let mut screen = keyboard.try_clone().unwrap();
        let written = Arc::clone(&shown);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = screen.read(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
                written.lock().unwrap().push_str(&text);
            }
        });
        Self {
            child: command.spawn().unwrap(),
            keyboard,
            terminal,
            shown,
            watch,
        }
    }

    pub(crate) fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Changes the size and tells the command, which a terminal of its session would do.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        set_size(&self.terminal, columns, rows);
        self.signal(Signal::WINCH);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Waits until it was shown.
    #[track_caller]
    pub(crate) fn shows(&self, text: &str) {
        until(text, PATIENCE, || {
            self.shown.lock().unwrap().contains(text).then_some(())
        });
    }

    pub(crate) fn shown(&self) -> String {
        self.shown.lock().unwrap().clone()
    }

    /// Whether the terminal reads lines and echoes what is typed, as a shell leaves it.
    pub(crate) fn is_cooked(&self) -> bool {
        let modes = tcgetattr(&self.terminal).unwrap().local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    /// Its exit status, once it has ended.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> Option<i32> {
        let began = Instant::now();
        loop {
            let status = self.child.try_wait().unwrap();
            if let Some(status) = status {
                self.watch.look_at(&self.shown(), "");
                return status.code();
            }
            let goes_on = began.elapsed() > PATIENCE;
            assert!(!goes_on, "it goes on after {:?}", self.shown());
            pause(Duration::from_millis(10));
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.child.kill().ok(); // it has ended, unless the test failed
        self.child.wait().ok();
    }
}

fn set_size(terminal: &File, columns: u16, rows: u16) {
    let size = Winsize {
        ws_col: columns,
        ws_row: rows,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(terminal, size).unwrap();
}
