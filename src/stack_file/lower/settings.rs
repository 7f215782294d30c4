//! The smaller settings of a container: restart policy, limits, health check, logging.

use std::collections::BTreeMap;

use super::Lowering;
use crate::model::{
    Condition, Dependency, DeviceLimits, Healthcheck, Logging, PullPolicy, RestartPolicy,
    ServiceName, Ulimit,
};
use crate::stack_file::node::{Node, Value};

impl Lowering<'_> {
    pub(super) fn restart(&mut self, node: &Node) -> Option<RestartPolicy> {
        self.read(node, "restart", |text| match text {
            "no" | "false" => Ok(RestartPolicy::No),
            "always" => Ok(RestartPolicy::Always),
            "unless-stopped" => Ok(RestartPolicy::UnlessStopped),
            "on-failure" => Ok(RestartPolicy::OnFailure { max_retries: None }),
            other => match other.strip_prefix("on-failure:").map(str::parse) {
                Some(Ok(times)) => Ok(RestartPolicy::OnFailure {
                    max_retries: Some(times),
                }),
                _ => Err(format!(
                    "`{other}` is none of `no`, `always`, `unless-stopped`, `on-failure[:TIMES]`"
                )),
            },
        })
    }

    pub(super) fn pull_policy(&mut self, node: &Node) -> Option<PullPolicy> {
        self.read(node, "pull_policy", |text| match text {
            "missing" | "if_not_present" => Ok(PullPolicy::Missing),
            "always" => Ok(PullPolicy::Always),
            "never" => Ok(PullPolicy::Never),
            other => Err(format!("`{other}` is none of `missing`, `always`, `never`")),
        })
    }

    pub(super) fn ulimits(&mut self, node: &Node) -> BTreeMap<String, Ulimit> {
        let mut found = BTreeMap::new();
        for (key, value) in self.mapping(node, "ulimits").unwrap_or_default() {
            let limit = if value.text().is_some() {
                self.number(value, &key.text).map(|both| Ulimit {
                    soft: both,
                    hard: both,
                })
            } else {
                self.only_keys(value, &["soft", "hard"], "a ulimit");
                let part = |lowering: &mut Self, part: &str| {
                    value.get(part).and_then(|node| lowering.number(node, part))
                };
                let (soft, hard) = (part(self, "soft"), part(self, "hard"));
                soft.or(hard).map(|one| Ulimit {
                    soft: soft.unwrap_or(one),
                    hard: hard.unwrap_or(one),
                })
            };
            if let Some(limit) = limit {
                found.insert(key.text.clone(), limit);
            }
        }
        found
    }

    /// `mem_limit`, `cpus`, `pids_limit`, and the same under `deploy.resources.limits`.
    pub(super) fn limits(&mut self, service: &Node) -> DeviceLimits {
        let mut limits = DeviceLimits::default();
        if let Some(deploy) = service.get("deploy") {
            self.only_keys(deploy, &["resources"], "`deploy`");
            if let Some(resources) = deploy.get("resources") {
                self.only_keys(resources, &["limits"], "`deploy.resources`");
                if let Some(node) = resources.get("limits") {
                    self.only_keys(
                        node,
                        &["cpus", "memory", "pids"],
                        "`deploy.resources.limits`",
                    );
                    limits.memory = node
                        .get("memory")
                        .and_then(|node| self.size(node, "memory"));
                    limits.milli_cpus = node.get("cpus").and_then(|node| self.cpus(node));
                    limits.pids = node.get("pids").and_then(|node| self.number(node, "pids"));
                }
            }
        }
        if let Some(node) = service.get("mem_limit") {
            limits.memory = self.size(node, "mem_limit");
        }
        if let Some(node) = service.get("cpus") {
            limits.milli_cpus = self.cpus(node);
        }
        if let Some(node) = service.get("pids_limit") {
            limits.pids = self.number(node, "pids_limit");
        }
        limits
    }

    /// `0.5`, `2`: processors, to a thousandth.
    fn cpus(&mut self, node: &Node) -> Option<u64> {
        self.read(node, "cpus", |text| {
            milli_cpus(text)
                .ok_or_else(|| format!("`{text}` is not a number of processors such as `1.5`"))
        })
    }

    pub(super) fn logging(&mut self, node: &Node) -> Logging {
        self.only_keys(node, &["driver", "options"], "`logging`");
        let options = node
            .get("options")
            .map(|node| self.pairs(node, "options", "="));
        Logging {
            driver: node
                .get("driver")
                .and_then(|node| self.string(node, "driver")),
            options: options.unwrap_or_default(),
        }
    }

    pub(super) fn healthcheck(&mut self, node: &Node) -> Option<Healthcheck> {
        let known = [
            "test",
            "interval",
            "timeout",
            "retries",
            "start_period",
            "start_interval",
            "disable",
        ];
        if !self.only_keys(node, &known, "`healthcheck`") {
            return None;
        }
        let disabled = node
            .get("disable")
            .and_then(|node| self.boolean(node, "disable"));
        if disabled == Some(true) {
            return Some(Healthcheck::Disabled);
        }
        let Some(test) = node.get("test") else {
            self.problem(&node.at, "a health check has a `test`");
            return None;
        };
        let test = match &test.value {
            Value::Scalar(scalar) => vec!["CMD-SHELL".to_owned(), scalar.text.clone()],
            _ => self.strings(test, "test"),
        };
        match test.first().map(String::as_str) {
            Some("NONE") => return Some(Healthcheck::Disabled),
            Some("CMD" | "CMD-SHELL") if test.len() > 1 => {}
            _ => {
                let problem = "a health check's `test` is a text, or begins with `CMD`, `CMD-SHELL` or `NONE`";
                self.problem(&node.at, problem);
                return None;
            }
        }
        let time = |lowering: &mut Self, key: &str| {
            node.get(key).and_then(|node| lowering.duration(node, key))
        };
        Some(Healthcheck::Command {
            test,
            interval: time(self, "interval"),
            timeout: time(self, "timeout"),
            retries: node
                .get("retries")
                .and_then(|node| self.number(node, "retries")),
            start_period: time(self, "start_period"),
            start_interval: time(self, "start_interval"),
        })
    }

    /// `depends_on`: a sequence of names, or a mapping with conditions.
    pub(super) fn depends_on(&mut self, node: &Node) -> BTreeMap<ServiceName, Dependency> {
        let mut found = BTreeMap::new();
        let started = Dependency {
            condition: Condition::Started,
            required: true,
        };
        if let Value::Sequence(items) = &node.value {
            for item in items {
                if let Some(name) =
                    self.read_item(item, "depends_on", |text| ServiceName::new(text))
                {
                    found.insert(name, started);
                }
            }
            return found;
        }
        for (key, value) in self.entries(node, "depends_on") {
            self.only_keys(value, &["condition", "required"], "a dependency");
            let condition = value.get("condition").and_then(|node| {
                self.read(node, "condition", |text| match text {
                    "service_started" => Ok(Condition::Started),
                    "service_healthy" => Ok(Condition::Healthy),
                    "service_completed_successfully" => Ok(Condition::CompletedSuccessfully),
                    other => Err(format!(
                        "`{other}` is none of `service_started`, `service_healthy`, \
                         `service_completed_successfully`"
                    )),
                })
            });
            let required = value
                .get("required")
                .and_then(|node| self.boolean(node, "required"));
            match ServiceName::new(key.text.as_str()) {
                Ok(name) => {
                    let condition = condition.unwrap_or(Condition::Started);
                    let required = required.unwrap_or(true);
                    found.insert(
                        name,
                        Dependency {
                            condition,
                            required,
                        },
                    );
                }
                Err(error) => self.problem(&key.at, format!("`depends_on`: {error}")),
            }
        }
        found
    }
}

/// `1.5` as 1500; finer parts than a thousandth are cut off.
fn milli_cpus(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let are_digits = |text: &str| text.chars().all(|letter| letter.is_ascii_digit());
    if !are_digits(whole) || !are_digits(part) {
        return None;
    }
    let whole: u64 = format!("0{whole}").parse().ok()?;
    let thousandths: u64 = format!("{part:0<3}").get(..3)?.parse().ok()?;
    let total = whole.checked_mul(1000)?.checked_add(thousandths)?;
    (total > 0).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_counted_in_thousandths() {
        assert_eq!(milli_cpus("1.5"), Some(1500));
        assert_eq!(milli_cpus("2"), Some(2000));
        assert_eq!(milli_cpus(".25"), Some(250));
        for wrong in [
            "",
            "0",
            "0.0001",
            "1.+5",
            "1.5x",
            "-1",
            "18446744073709551.999",
        ] {
            assert_eq!(milli_cpus(wrong), None, "{wrong}");
        }
    }
}
