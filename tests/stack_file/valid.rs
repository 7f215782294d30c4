//! What the valid fixtures mean.

use devinfra::stack_file::Secrets;

use crate::fixtures::{compare, directory};
use crate::world::World;

#[test]
fn every_valid_fixture_means_what_its_snapshot_says() {
    compare("valid", |name| {
        let world = World::at(&directory("valid")).with(&format!("{name}.yaml"));
        world.config(Secrets::Redacted)
    });
}

#[test]
fn the_variables_that_host_ports_come_from_are_known() {
    let world = World::new().variable("STORE", "9000").stack(
        "services:
  app:
    image: example/app
    ports:
      - ${DB:-5432}:5432
      - {target: 9000, published: $STORE}
      - 127.0.0.1:${A:-${B:-8080}}:80
      - 127.0.0.1:${ANY:-0}:82
",
    );
    let stack = world.load().unwrap().stack;
    let service = stack.services.values().next().unwrap();
    let found: Vec<(u16, &str)> = service
        .port_variables
        .iter()
        .map(|(port, name)| (*port, name.as_str()))
        .collect();
    assert_eq!(found, [(5432, "DB"), (8080, "A"), (9000, "STORE")]);
}
