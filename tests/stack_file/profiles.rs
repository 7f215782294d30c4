//! Profiles: which services are on.

use insta::assert_snapshot;

use crate::world::World;

const STACK: &str = "services:
  always: {image: example/always}
  debug: {image: example/debug, profiles: [debug, all]}
  tools: {image: example/tools, profiles: [tools, all]}
";

fn services(world: &World) -> String {
    let loaded = world.load().unwrap();
    let names = loaded.stack.services.keys().map(ToString::to_string);
    names.collect::<Vec<String>>().join(" ")
}

#[test]
fn without_a_profile_only_services_without_one_are_on() {
    assert_eq!(services(&World::new().stack(STACK)), "always");
}

#[test]
fn a_profile_switches_its_services_on() {
    let world = World::new().stack(STACK).profile("debug");
    assert_eq!(services(&world), "always debug");
    let world = World::new().stack(STACK).profile("all");
    assert_eq!(services(&world), "always debug tools");
}

#[test]
fn a_service_that_is_named_is_on() {
    let world = World::new().stack(STACK).service("tools");
    assert_eq!(services(&world), "always tools");
}

#[test]
fn the_others_are_known_to_be_off() {
    let loaded = World::new().stack(STACK).profile("debug").load().unwrap();
    let off = loaded.stack.off.iter();
    let off: Vec<String> = off
        .map(|(name, profiles)| format!("{name}: {profiles:?}"))
        .collect();
    assert_eq!(off, ["tools: {\"all\", \"tools\"}"]);
}

#[test]
fn a_service_that_is_off_is_checked_all_the_same() {
    let world = World::new().stack(
        "services:\n  on: {image: example/on}\n  off: {image: example/off, profiles: [x], cpus: none}\n",
    );
    assert_snapshot!(world.part("services"), @"
    error: `cpus`: `none` is not a number of processors such as `1.5`
     --> devinfra.yaml:3:50
      |
    3 |   off: {image: example/off, profiles: [x], cpus: none}
      |                                                  ^^^^
    ");
}
