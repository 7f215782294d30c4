//! Whether a port can still be published.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};

use super::holder::holder;
use crate::model::{PortMapping, Protocol, TakenPort};

/// The mappings among these whose host port is taken now, with the process that has it where the
/// system lets us see it.
pub fn taken_ports<'a>(mappings: impl IntoIterator<Item = &'a PortMapping>) -> Vec<TakenPort> {
    let mut found: Vec<TakenPort> = Vec::new();
    for mapping in mappings {
        let Some(port) = mapping.published else {
            continue;
        };
        let (host_ip, protocol) = (mapping.host_ip, mapping.protocol);
        let known = |one: &TakenPort| (one.port, one.protocol) == (port, protocol);
        if !found.iter().any(known) && is_taken(host_ip, port, protocol) {
            found.push(TakenPort {
                port,
                protocol,
                holder: holder(port, protocol),
            });
        }
    }
    found
}

/// Whether somebody listens on the port, so that an engine could not publish it at this address.
///
/// All of the host's addresses are those of both families. A port that may not be bound by this
/// user is not taken: the engine is another user.
pub fn is_taken(host_ip: IpAddr, port: u16, protocol: Protocol) -> bool {
    let addresses: &[IpAddr] = if host_ip.is_unspecified() {
        &[
            IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        ]
    } else {
        &[host_ip]
    };
    addresses.iter().any(|address| {
        let address = SocketAddr::new(*address, port);
        // A listener that is dropped without a connection leaves nothing behind.
        let bound = match protocol {
            Protocol::Tcp => TcpListener::bind(address).map(drop),
            Protocol::Udp => UdpSocket::bind(address).map(drop),
        };
        bound.is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
    })
}

#[cfg(test)]
mod tests {
    use std::process;

    use super::*;
    use crate::model::PortHolder;

    #[test]
    fn a_port_is_taken_as_long_as_somebody_listens_and_the_process_is_named() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let mapping = PortMapping::loopback(port, 80);
        let taken = taken_ports([&mapping, &mapping]);
        assert_eq!(taken.len(), 1);
        if cfg!(target_os = "linux") {
            let Some(PortHolder::Process { id, .. }) = &taken[0].holder else {
                panic!("nobody holds it: {taken:?}");
            };
            assert_eq!(*id, process::id());
        }
    }

    #[test]
    fn a_port_that_nobody_listens_on_is_not_taken() {
        // Somebody else may take a port as soon as it is free, but not each of ten.
        let is_free = |_| {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            drop(listener);
            taken_ports([&PortMapping::loopback(port, 80)]).is_empty()
        };
        assert!((0..10).any(is_free));
    }

    #[test]
    fn a_listener_on_all_addresses_takes_the_port_from_each() {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(is_taken(Ipv4Addr::LOCALHOST.into(), port, Protocol::Tcp));
        assert!(!is_taken(Ipv4Addr::LOCALHOST.into(), port, Protocol::Udp));
    }

    #[test]
    fn all_addresses_are_those_of_both_families() {
        let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
            return; // a machine without IPv6 has one family
        };
        let port = listener.local_addr().unwrap().port();
        assert!(is_taken(Ipv4Addr::UNSPECIFIED.into(), port, Protocol::Tcp));
        assert!(!is_taken(Ipv4Addr::LOCALHOST.into(), port, Protocol::Tcp));
    }
}
