//! Ports of containers, and where on the host they are published.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// A transport protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

/// One container port and the host address it is published at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortMapping {
    /// The port the server listens on inside the container.
    pub target: u16,
    /// The host port; `None` lets the engine choose one at each start.
    pub published: Option<u16>,
    /// The host address; loopback unless the stack file says otherwise.
    pub host_ip: IpAddr,
    /// TCP or UDP.
    pub protocol: Protocol,
}

/// A host port that somebody listens on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenPort {
    /// The port.
    pub port: u16,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Who has it, where that can be seen.
    pub holder: Option<PortHolder>,
}

/// Who holds a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortHolder {
    /// A container that publishes it.
    Container {
        /// Its name.
        name: String,
    },
    /// A process of this machine.
    Process {
        /// Its id.
        id: u32,
        /// Its program and arguments, as far as they can be shown.
        command: String,
    },
}

impl PortMapping {
    /// A TCP port published on 127.0.0.1.
    pub fn loopback(published: u16, target: u16) -> Self {
        Self {
            target,
            published: Some(published),
            host_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            protocol: Protocol::Tcp,
        }
    }

    /// Whether other machines can reach the port.
    pub fn is_exposed(&self) -> bool {
        !self.host_ip.is_loopback()
    }
}

impl fmt::Display for PortHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Container { name } => write!(f, "container `{name}`"),
            Self::Process { id, command } => write!(f, "process {id} (`{command}`)"),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

impl fmt::Display for PortMapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host_ip {
            IpAddr::V4(ip) => write!(f, "{ip}:")?,
            IpAddr::V6(ip) => write!(f, "[{ip}]:")?,
        }
        if let Some(published) = self.published {
            write!(f, "{published}")?;
        }
        write!(f, ":{}", self.target)?;
        match self.protocol {
            Protocol::Tcp => Ok(()),
            Protocol::Udp => f.write_str("/udp"),
        }
    }
}
