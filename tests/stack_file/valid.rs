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
