//! How long a deleted repository stays in LakeFS's mind.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::double::{Double, GOOD};

fn double() -> Double {
    Double::new().env("BLOCKSTORE_TYPE", "mem").set_up()
}

#[test]
fn a_repository_lingers_for_6_to_7_seconds_after_its_deletion() {
    let double = double();
    assert_eq!(double.create("repo", "mem://hub/repo").status, 201);
    let deletion = Instant::now();
    assert_eq!(double.delete("repo"), 204);
    assert_eq!(double.get("/api/v1/repositories/repo", GOOD).status, 200);
    let not_unique = "409 {\"message\":\"error creating repository: not unique\"}\n";
    assert_eq!(double.create("repo", "mem://hub/again").row(), not_unique);
    while double.create("repo", "mem://hub/again").status == 409 {
        sleep(Duration::from_millis(20));
    }
    let lingering = deletion.elapsed().as_secs_f32();
    assert!((6.0..7.0).contains(&lingering), "{lingering}");
}

#[test]
fn a_repository_untouched_for_9_seconds_does_not_linger() {
    let double = double();
    assert_eq!(double.create("repo", "mem://hub/repo").status, 201);
    sleep(Duration::from_secs(9));
    assert_eq!(double.delete("repo"), 204);
    assert_eq!(double.create("repo", "mem://hub/again").status, 201);
}

#[test]
fn a_restart_ends_the_lingering() {
    let mut double = double();
    assert_eq!(double.create("repo", "mem://hub/repo").status, 201);
    assert_eq!(double.delete("repo"), 204);
    double.stop();
    double.start();
    assert_eq!(double.get("/api/v1/repositories/repo", GOOD).status, 404);
    assert_eq!(double.create("repo", "mem://hub/repo").status, 201);
}
