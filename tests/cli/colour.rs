//! `--color` and `NO_COLOR`.

use anstream::adapter::strip_str;
use insta::assert_snapshot;

use crate::devinfra::Devinfra;

fn invalid() -> Devinfra {
    Devinfra::new().stack("services: {db: {image: postgres:15, prots: []}}")
}

#[test]
fn colour_is_for_terminals_only() {
    let plain = invalid().args(["up"]).run();
    assert!(!plain.contains('\u{1b}'), "{plain}");
    for run in [
        invalid().args(["--color", "never", "up"]),
        invalid().variable("NO_COLOR", "1").args(["up"]),
        invalid().variable("TERM", "dumb").args(["up"]),
    ] {
        assert_eq!(run.run(), plain);
    }
}

#[test]
fn colour_can_be_asked_for_and_says_nothing_of_its_own() {
    let run = invalid().args(["--color", "always", "up"]);
    let coloured = run.run();
    assert_eq!(
        strip_str(&coloured).to_string(),
        invalid().args(["up"]).run()
    );
    assert_snapshot!(coloured.escape_debug().to_string().replace("\\n", "\n"), @r"
    exit: 3
    --- stderr
    \u{1b}[1m\u{1b}[91merror\u{1b}[0m\u{1b}[1m: a service has no key `prots`\u{1b}[0m
     \u{1b}[1m\u{1b}[94m--> \u{1b}[0mdevinfra.yaml:1:37
      \u{1b}[1m\u{1b}[94m|\u{1b}[0m
    \u{1b}[1m\u{1b}[94m1\u{1b}[0m \u{1b}[1m\u{1b}[94m|\u{1b}[0m services: {db: {image: postgres:15, prots: []}}
      \u{1b}[1m\u{1b}[94m|\u{1b}[0m                                     \u{1b}[1m\u{1b}[91m^^^^^\u{1b}[0m
      \u{1b}[1m\u{1b}[94m|\u{1b}[0m
      \u{1b}[1m\u{1b}[94m= \u{1b}[0m\u{1b}[1mhelp\u{1b}[0m: did you mean `ports`?
    ");
}

#[test]
fn failures_have_colour_in_their_first_words() {
    let run = Devinfra::new()
        .args(["--color", "always", "-q", "status"])
        .run();
    assert_snapshot!(run.escape_debug().to_string().replace("\\n", "\n"), @r"
    exit: 4
    --- stderr
    \u{1b}[1m\u{1b}[31merror\u{1b}[0m: no container engine answers at `unix://[DIR]/no.sock`
      Caused by: the variable `DOCKER_HOST` names this address, and no socket is there
    \u{1b}[1m\u{1b}[36mhint\u{1b}[0m: start Docker or Podman, or use another engine: change or unset `DOCKER_HOST`, or give `--host`
    ");
}
