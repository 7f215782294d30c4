//! `--help` and `--version`.

use std::time::{Duration, SystemTime};

use insta::{Settings, assert_snapshot};

use crate::devinfra::Devinfra;

/// The commands that the help names.
fn commands(help: &str) -> Vec<String> {
    let section = help.split("Commands:\n").nth(1).unwrap_or_default();
    let lines = section.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names = names.filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// The options that every command has are shown once.
fn without_global_options(help: &str) -> &str {
    help.split("\nGlobal options:").next().unwrap_or_default()
}

/// The help of a command and of those below it.
fn compare(path: &[String]) {
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    let mut run = Devinfra::new();
    for word in &words {
        run = run.args([*word]);
    }
    let help = run.args(["--help"]);
    let name: Vec<&str> = ["help"].into_iter().chain(words).collect();
    let shown = help.run();
    let shown = if path.is_empty() {
        &shown
    } else {
        without_global_options(&shown)
    };
    assert_snapshot!(name.join("-"), shown);
    for command in commands(&help.stdout()) {
        compare(&[path, &[command]].concat());
    }
}

#[test]
fn every_command_has_its_help() {
    let mut settings = Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| compare(&[]));
}

#[test]
fn the_version_is_an_answer() {
    let run = Devinfra::new().args(["--version"]).run();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(run, format!("exit: 0\n--- stdout\ndevinfra {version}\n"));
}

/// What it takes is printed, not judged: tests share the machine with each other.
#[test]
fn help_comes_at_once() {
    let help = Devinfra::new().args(["--help"]);
    let runs = (0..10).map(|_| {
        let began = SystemTime::now();
        assert!(help.output().status.success());
        began.elapsed().unwrap()
    });
    let fastest = runs.min().unwrap();
    println!("fastest of 10: {fastest:?} (the aim is 5 ms)");
    assert!(fastest < Duration::from_secs(1));
}
