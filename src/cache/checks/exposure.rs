//! Whether other machines can reach the server.

use std::net::IpAddr;

use super::Subject;
use crate::cache::{Facts, Finding};

pub(super) fn exposure(subject: &Subject<'_>, facts: Option<&Facts>) -> Finding {
    const CHECK: &str = "exposure";
    let bound = bound(subject);
    let open: Vec<String> = bound
        .iter()
        .filter(|ip| !ip.is_loopback())
        .map(ToString::to_string)
        .collect();
    if bound.is_empty() {
        return Finding::pass(CHECK, "not published");
    }
    if open.is_empty() {
        return Finding::pass(CHECK, "published on loopback only").actual("loopback");
    }
    let at = open.join(", ");
    // What is open is what the server says; before it answers, what is declared has to do.
    let is_open = facts
        .and_then(|facts| facts.open_to_all)
        .unwrap_or(subject.options.password.is_none());
    if is_open {
        Finding::fail(
            CHECK,
            format!("published at {at}, and it asks for no password"),
        )
        .expected("loopback, or a password")
        .actual(at)
        .meaning("every machine on the network can read, change and flush the cache")
        .hint("publish it as `127.0.0.1:PORT:6379`, or start it with `--requirepass`")
    } else {
        Finding::pass(CHECK, format!("published at {at}, protected by a password"))
            .expected("loopback, or a password")
            .actual(at)
    }
}

/// The host's addresses that the port is bound to; those declared while the container does not run.
fn bound(subject: &Subject<'_>) -> Vec<IpAddr> {
    let port = subject.options.port;
    let live = subject.container.map(|container| {
        let ports = container.ports.iter().filter(|one| one.target == port);
        ports.map(|one| one.host_ip).collect::<Vec<IpAddr>>()
    });
    live.filter(|bound| !bound.is_empty()).unwrap_or_else(|| {
        let ports = subject.service.container.ports.iter();
        ports
            .filter(|one| one.target == port)
            .map(|one| one.host_ip)
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Status;
    use crate::cache::checks::world::World;

    #[test]
    fn a_port_open_to_the_network_needs_a_password() {
        let mut world = World::default();
        assert_eq!(
            exposure(&world.subject(), Some(&world.facts)).status,
            Status::Pass
        );
        world.container.as_mut().unwrap().ports[0].host_ip = IpAddr::from([0, 0, 0, 0]);
        assert_eq!(
            exposure(&world.subject(), Some(&world.facts)).status,
            Status::Fail
        );
        assert_eq!(exposure(&world.subject(), None).status, Status::Fail);
        world.facts.open_to_all = Some(false);
        assert_eq!(
            exposure(&world.subject(), Some(&world.facts)).status,
            Status::Pass
        );
    }
}
