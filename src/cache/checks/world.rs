//! A healthy server to break in tests.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::{Access, Subject};
use crate::cache::{Facts, Info, Latency, RoundTrip, WithoutTtl};
use crate::model::{
    Bind, ContainerId, ContainerSpec, ContainerState, HostPath, ImageRef, Mount, MountSource,
    ObservedContainer, Owner, Protocol, PublishedPort, Service, ServiceName, Submounts, Valkey,
    ValkeyKeys,
};

const INFO: &str = "valkey_version:8.1.1\nrun_id:aaaa\nloading:0\nrdb_last_bgsave_status:ok\n\
    rdb_changes_since_last_save:3\naof_enabled:0\nused_memory:1048576\nmaxmemory:268435456\n\
    maxmemory_policy:allkeys-lfu\nevicted_keys:0\nmem_fragmentation_ratio:8.10\n\
    db0:keys=11,expires=10,avg_ttl=1\n";

pub(super) struct World {
    pub(super) service: Service,
    pub(super) options: Valkey,
    pub(super) container: Option<ObservedContainer>,
    pub(super) access: Option<Access>,
    pub(super) facts: Facts,
}

impl World {
    pub(super) fn subject(&self) -> Subject<'_> {
        Subject {
            service: &self.service,
            options: &self.options,
            container: self.container.as_ref(),
            address: Some(([127, 0, 0, 1], 26379).into()),
            access: self.access.as_ref(),
        }
    }

    /// Sets fields of INFO.
    pub(super) fn info(&mut self, fields: &str) {
        self.facts.info = Info::parse(&format!("{INFO}{fields}"));
    }

    /// Sets the live value of a setting.
    pub(super) fn configure(&mut self, setting: &str, value: &str) {
        let configuration = self.facts.configuration.as_mut().unwrap();
        configuration.insert(setting.to_owned(), value.to_owned());
    }
}

fn pairs(all: &[(&str, &str)]) -> BTreeMap<String, String> {
    all.iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

impl Default for World {
    fn default() -> Self {
        let name = ServiceName::new("valkey").unwrap();
        let mut spec = ContainerSpec::new("hub-valkey", ImageRef::parse("valkey:8").unwrap());
        spec.mounts.push(Mount {
            target: "/data".to_owned(),
            source: MountSource::Bind(Bind {
                source: HostPath("/project/data".into()),
                create: true,
                submounts: Submounts::Seen,
            }),
            read_only: false,
        });
        let options = Valkey {
            keys: Some(ValkeyKeys {
                namespace: "kh".to_owned(),
                flushed: vec!["list:".to_owned()],
                kept: vec!["lakefs:list:".to_owned()],
            }),
            declared: pairs(&[
                ("save", "300 100"),
                ("appendonly", "no"),
                ("maxmemory", "256mb"),
                ("maxmemory-policy", "allkeys-lfu"),
            ]),
            ..Valkey::at(6379)
        };
        Self {
            service: Service::new(name.clone(), spec),
            options,
            container: Some(container(name)),
            access: Some(Access {
                server_user: 999,
                server_groups: vec![999],
                owner: 999,
                group: 0,
                mode: 0o755,
                read_only: false,
            }),
            facts: facts(),
        }
    }
}

fn container(name: ServiceName) -> ObservedContainer {
    ObservedContainer {
        state: ContainerState::Running,
        status: "Up 3 minutes".to_owned(),
        ports: vec![PublishedPort {
            target: 6379,
            published: 26379,
            host_ip: IpAddr::from([127, 0, 0, 1]),
            protocol: Protocol::Tcp,
        }],
        addresses: vec![IpAddr::from([172, 18, 0, 2])],
        ..ObservedContainer::new(ContainerId("c".repeat(64)), "hub-valkey", Owner::Ours(name))
    }
}

fn facts() -> Facts {
    Facts {
        answered_in: Duration::from_millis(1),
        info: Info::parse(INFO),
        configuration: Ok(pairs(&[
            ("save", "300 100"),
            ("appendonly", "no"),
            ("maxmemory", "268435456"),
            ("maxmemory-policy", "allkeys-lfu"),
            ("dir", "/data"),
            ("stop-writes-on-bgsave-error", "yes"),
        ])),
        local_address: Some(IpAddr::from([172, 18, 0, 2])),
        marker: Some(Ok(Some(b"aaaa".to_vec()))),
        without_ttl: WithoutTtl::default(),
        round_trip: RoundTrip::Done,
        latency: Ok(Latency {
            p50: Duration::from_micros(90),
            p99: Duration::from_micros(300),
        }),
        open_to_all: Some(true),
    }
}
