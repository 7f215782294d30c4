//! Ports: `"127.0.0.1:8080:80/tcp"` and the long form.
//!
//! Where no address is given, devinfra publishes on 127.0.0.1. Compose publishes on all of the host's
//! addresses then, and so gives everybody on the same network a database with a default password. A
//! published port of 0 is any that is free, as none is.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::Lowering;
use super::values::port;
use crate::model::{PortMapping, Protocol};
use crate::stack_file::interpolate::variable_of;
use crate::stack_file::node::{Node, Value};
use crate::stack_file::problem::Problem;

/// The most ports that one range may stand for.
const MOST_PORTS: usize = 1000;

impl Lowering<'_> {
    pub(super) fn ports(&mut self, node: &Node) -> Vec<PortMapping> {
        let mut all = Vec::new();
        for item in self.sequence(node, "ports") {
            let found = match &item.value {
                Value::Mapping(_) => self.long_port(item),
                _ => self
                    .read_item(item, "ports", short_ports)
                    .unwrap_or_default(),
            };
            if let Some(exposed) = found.iter().find(|mapping| mapping.is_exposed()) {
                let message = format!(
                    "port {} is published on {}, where other machines can reach it",
                    exposed.target, exposed.host_ip
                );
                let help = "leave the address out to publish on 127.0.0.1 only";
                self.warnings
                    .push(Problem::new(&item.at, message).help(help));
            }
            all.extend(found);
        }
        all
    }

    /// The variables that host ports come from, by port: `${DB_PORT:-5432}:5432`.
    pub(super) fn port_variables(
        &self,
        node: &Node,
        ports: &[PortMapping],
    ) -> BTreeMap<u16, String> {
        let Value::Sequence(items) = &node.value else {
            return BTreeMap::new();
        };
        let is_published = |port: &u16| ports.iter().any(|one| one.published == Some(*port));
        let places = items
            .iter()
            .map(|item| &item.get("published").unwrap_or(item).at);
        let forms = places.flat_map(|place| {
            let of_place = self.written.iter().filter(move |(at, _)| at == place);
            of_place.flat_map(|(_, forms)| forms)
        });
        let found = forms.filter_map(|(form, value)| {
            let port = value.parse().ok().filter(is_published)?;
            Some((port, variable_of(form).to_owned()))
        });
        found.collect()
    }

    fn long_port(&mut self, node: &Node) -> Vec<PortMapping> {
        let known = [
            "target",
            "published",
            "host_ip",
            "protocol",
            "mode",
            "name",
            "app_protocol",
        ];
        self.only_keys(node, &known, "a port");
        let Some(target) = node.get("target") else {
            self.problem(
                &node.at,
                "a port has a `target`: the port inside the container",
            );
            return Vec::new();
        };
        let Some(target) = self.text(target, "target") else {
            return Vec::new();
        };
        let mut text = |key: &str| self.text(node.get(key)?, key);
        let mut short = String::new();
        if let Some(ip) = text("host_ip") {
            short = if ip.contains(':') {
                format!("[{ip}]:")
            } else {
                format!("{ip}:")
            };
        }
        match text("published") {
            Some(published) => short.extend([published, ":"]),
            None if !short.is_empty() => short.push(':'),
            None => {}
        }
        short.push_str(target);
        if let Some(protocol) = text("protocol") {
            short.extend(["/", protocol]);
        }
        match short_ports(&short) {
            Ok(found) => found,
            Err(error) => {
                self.problem(&node.at, format!("`ports`: {error}"));
                Vec::new()
            }
        }
    }
}

/// `[[ADDRESS:]PUBLISHED:]TARGET[/PROTOCOL]`, where both ports may be ranges of one length.
fn short_ports(text: &str) -> Result<Vec<PortMapping>, String> {
    let (ports, protocol) = match text.rsplit_once('/') {
        Some((ports, "tcp")) => (ports, Protocol::Tcp),
        Some((ports, "udp")) => (ports, Protocol::Udp),
        Some((_, other)) => return Err(format!("`{other}` is neither `tcp` nor `udp`")),
        None => (text, Protocol::Tcp),
    };
    let (rest, target) = match ports.rsplit_once(':') {
        Some((rest, target)) => (Some(rest), target),
        None => (None, ports),
    };
    let (ip, published) = match rest {
        None => (None, ""),
        Some(rest) => match rest.rsplit_once(':') {
            Some((ip, published)) if !rest.ends_with(']') => (Some(ip), published),
            _ if rest.parse::<IpAddr>().is_ok() || rest.starts_with('[') => (Some(rest), ""),
            _ => (None, rest),
        },
    };
    let host_ip = match ip {
        None => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Some(ip) => ip
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse()
            .map_err(|_not_one| format!("`{ip}` is not an address"))?,
    };
    let targets = range(target)?;
    let published: Vec<Option<u16>> = if matches!(published, "" | "0") {
        vec![None; targets.len()]
    } else {
        range(published)?.into_iter().map(Some).collect()
    };
    if published.len() != targets.len() {
        return Err(format!("`{text}` maps ranges of different lengths"));
    }
    let mapped = targets.into_iter().zip(published);
    Ok(mapped
        .map(|(target, published)| PortMapping {
            target,
            published,
            host_ip,
            protocol,
        })
        .collect())
}

fn range(text: &str) -> Result<Vec<u16>, String> {
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (port(first)?, port(last)?),
        None => (port(text)?, port(text)?),
    };
    let ports: Vec<u16> = (first..=last).collect();
    if ports.is_empty() || ports.len() > MOST_PORTS {
        return Err(format!("`{text}` is no range of 1 to {MOST_PORTS} ports"));
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        short_ports(text)
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn ports_without_an_address_are_published_on_loopback() {
        assert_eq!(shown("8080:80"), ["127.0.0.1:8080:80"]);
        assert_eq!(shown("80"), ["127.0.0.1::80"]);
        assert_eq!(shown("127.0.0.1::80"), ["127.0.0.1::80"]);
        assert_eq!(shown("127.0.0.1:0:80"), ["127.0.0.1::80"]);
        assert_eq!(shown("0.0.0.0:8080:80/udp"), ["0.0.0.0:8080:80/udp"]);
        assert_eq!(shown("[::1]:8080:80"), ["[::1]:8080:80"]);
        assert_eq!(
            shown("3000-3001:80-81"),
            ["127.0.0.1:3000:80", "127.0.0.1:3001:81"]
        );
    }

    #[test]
    fn what_is_no_port_is_refused() {
        for wrong in [
            "",
            "0",
            "99999:80",
            "a:80",
            "1.2.3:80:80",
            "80/sctp",
            "1-2:3",
            "+80",
            "x:1:2",
        ] {
            assert!(short_ports(wrong).is_err(), "{wrong}");
        }
    }
}
