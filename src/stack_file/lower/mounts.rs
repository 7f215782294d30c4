//! Mounts: `./data:/data:ro`, the long form, and `tmpfs`.

use super::Lowering;
use crate::model::{Bind, ByteSize, HostPath, Mount, MountSource, Submounts, Tmpfs, clean_path};
use crate::stack_file::node::{Node, Value};

impl Lowering<'_> {
    /// The mounts, each with the part that says it.
    pub(super) fn mounts<'n>(&mut self, node: &'n Node) -> Vec<(&'n Node, Mount)> {
        let items = self.sequence(node, "volumes");
        let found = items.iter().filter_map(|item| {
            let mount = match &item.value {
                Value::Mapping(_) => self.long_mount(item),
                _ => self.short_mount(item),
            };
            Some((item, mount?))
        });
        found.collect()
    }

    /// The mounts themselves, with a problem for each whose target an earlier one has.
    pub(super) fn mounted_once(&mut self, mounts: Vec<(&Node, Mount)>) -> Vec<Mount> {
        let mut found: Vec<Mount> = Vec::new();
        for (node, mount) in mounts {
            if found.iter().any(|earlier| earlier.target == mount.target) {
                self.problem(&node.at, format!("`{}` is mounted twice", mount.target));
            }
            found.push(mount);
        }
        found
    }

    /// `TARGET`, `SOURCE:TARGET` or `SOURCE:TARGET:MODE`.
    fn short_mount(&mut self, node: &Node) -> Option<Mount> {
        let text = self.item_text(node, "volumes")?;
        let parts: Vec<&str> = text.split(':').collect();
        let (source, target, mode) = match parts.as_slice() {
            [target] => (None, *target, "rw"),
            [source, target] => (Some(*source), *target, "rw"),
            [source, target, mode] => (Some(*source), *target, *mode),
            _ => {
                self.problem(
                    &node.at,
                    format!("`{text}` has too many colons: write SOURCE:TARGET:MODE"),
                );
                return None;
            }
        };
        let mut read_only = false;
        for option in mode.split(',') {
            match option {
                "rw" | "z" | "Z" => {}
                "ro" => read_only = true,
                other => {
                    self.problem(&node.at, format!("mode `{other}` is neither `rw` nor `ro`"));
                    return None;
                }
            }
        }
        let source = match source {
            None => MountSource::AnonymousVolume,
            Some(source) if is_path(source) => MountSource::Bind(Bind {
                source: self.host_path(source),
                create: true,
                submounts: Submounts::Seen,
            }),
            Some(source) => MountSource::Volume {
                name: source.to_owned(),
            },
        };
        Some(Mount {
            target: self.target(node, target)?,
            source,
            read_only,
        })
    }

    fn long_mount(&mut self, node: &Node) -> Option<Mount> {
        let known = [
            "type",
            "source",
            "target",
            "read_only",
            "bind",
            "volume",
            "tmpfs",
        ];
        self.only_keys(node, &known, "a mount");
        let Some(target) = node.get("target").and_then(Node::text) else {
            self.problem(
                &node.at,
                "a mount has a `target`: the path inside the container",
            );
            return None;
        };
        for (part, known) in [
            ("bind", &["create_host_path"][..]),
            ("volume", &[]),
            ("tmpfs", &["size", "mode"]),
        ] {
            if let Some(node) = node.get(part) {
                self.only_keys(node, known, &format!("`{part}`"));
            }
        }
        let source = node
            .get("source")
            .and_then(|node| self.text(node, "source"));
        let read_only = node
            .get("read_only")
            .and_then(|node| self.boolean(node, "read_only"))
            .unwrap_or(false);
        let kind = node.get("type").and_then(|node| self.text(node, "type"));
        let kind = kind.unwrap_or("volume");
        let source = match (kind, source) {
            ("bind", Some(source)) => {
                let create = node
                    .get("bind")
                    .and_then(|bind| bind.get("create_host_path"));
                let create = create.and_then(|node| self.boolean(node, "create_host_path"));
                let source = self.host_path(source);
                MountSource::Bind(Bind {
                    source,
                    create: create.unwrap_or(true),
                    submounts: Submounts::Seen,
                })
            }
            ("bind", None) => {
                self.problem(
                    &node.at,
                    "a bind mount has a `source`: the path on the host",
                );
                return None;
            }
            ("volume", Some(source)) => MountSource::Volume {
                name: source.to_owned(),
            },
            ("volume", None) => MountSource::AnonymousVolume,
            ("tmpfs", Some(source)) => {
                let message = format!("a tmpfs mount has no `source`, such as `{source}`");
                self.problem(&node.at, message);
                return None;
            }
            ("tmpfs", None) => MountSource::Tmpfs(self.tmpfs_options(node)),
            (other, _) => {
                self.problem(
                    &node.at,
                    format!("a mount's type is `bind`, `volume` or `tmpfs`, not `{other}`"),
                );
                return None;
            }
        };
        Some(Mount {
            target: self.target(node, target)?,
            source,
            read_only,
        })
    }

    fn tmpfs_options(&mut self, node: &Node) -> Tmpfs {
        let Some(options) = node.get("tmpfs") else {
            return Tmpfs::default();
        };
        let size = options.get("size").and_then(|node| self.size(node, "size"));
        let mode = options.get("mode").and_then(|node| {
            self.read(node, "mode", |text| {
                let digits = text.trim_start_matches("0o");
                u32::from_str_radix(digits, 8)
                    .map_err(|_not_one| format!("`{text}` is no octal mode"))
            })
        });
        Tmpfs { size, mode }
    }

    /// The service's `tmpfs` key: `/run` or `/run:size=64m,mode=1777`.
    pub(super) fn tmpfs<'n>(&mut self, node: &'n Node) -> Vec<(&'n Node, Mount)> {
        let mut found = Vec::new();
        for (node, text) in self.texts(node, "tmpfs") {
            let (target, options) = text.split_once(':').unwrap_or((text, ""));
            let mut tmpfs = Tmpfs::default();
            for option in options.split(',').filter(|option| !option.is_empty()) {
                match option.split_once('=') {
                    Some(("size", size)) => match ByteSize::parse(size) {
                        Ok(size) => tmpfs.size = Some(size),
                        Err(error) => self.problem(&node.at, format!("`tmpfs`: {error}")),
                    },
                    Some(("mode", mode)) => match u32::from_str_radix(mode, 8) {
                        Ok(mode) => tmpfs.mode = Some(mode),
                        Err(_not_one) => {
                            self.problem(&node.at, format!("`tmpfs`: `{mode}` is no octal mode"));
                        }
                    },
                    _ => self.problem(
                        &node.at,
                        format!("tmpfs option `{option}` is not supported"),
                    ),
                }
            }
            if let Some(target) = self.target(node, target) {
                let mount = Mount {
                    target,
                    source: MountSource::Tmpfs(tmpfs),
                    read_only: false,
                };
                found.push((node, mount));
            }
        }
        found
    }

    fn target(&mut self, node: &Node, target: &str) -> Option<String> {
        if !target.starts_with('/') {
            self.problem(
                &node.at,
                format!("mount target `{target}` is not an absolute path"),
            );
            return None;
        }
        let trimmed = target.trim_end_matches('/');
        Some(if trimmed.is_empty() {
            "/".to_owned()
        } else {
            trimmed.to_owned()
        })
    }

    /// An absolute path on the host: relative ones start from the project directory, `~` is the
    /// user's home.
    pub(super) fn host_path(&self, text: &str) -> HostPath {
        let home = self.variables.get("HOME");
        let expanded = match (text.strip_prefix('~'), home) {
            (Some(below), Some(home)) if below.is_empty() || below.starts_with('/') => {
                format!("{home}{below}")
            }
            _ => text.to_owned(),
        };
        HostPath(clean_path(&self.directory.join(expanded)))
    }
}

/// What Compose takes for a path, and not for the name of a volume.
fn is_path(source: &str) -> bool {
    source.starts_with(['.', '/', '~'])
}
