//! The files under `tests/stacks`, and the snapshots that go with them.

use std::fs;
use std::path::{Path, PathBuf};

use insta::Settings;

/// `tests/stacks/KIND`.
pub(crate) fn directory(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/stacks")
        .join(kind)
}

/// The names of its files, without `.yaml`, in order.
#[track_caller]
pub(crate) fn names(kind: &str) -> Vec<String> {
    stems(&directory(kind), ".yaml")
}

fn stems(directory: &Path, ending: &str) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut stems: Vec<String> = names
        .filter_map(|name| Some(name.strip_suffix(ending)?.to_owned()))
        .collect();
    stems.sort();
    stems
}

/// Compares what `shown` makes of each fixture with its snapshot, of which there are no others.
#[track_caller]
pub(crate) fn compare(kind: &str, shown: impl Fn(&str) -> String) {
    let names = names(kind);
    assert!(!names.is_empty(), "no fixtures in {kind}");
    let mut settings = Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path(Path::new("snapshots").join(kind));
    settings.bind(|| {
        for name in &names {
            insta::assert_snapshot!(name.as_str(), shown(name));
        }
    });
    let snapshots = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stack_file/snapshots");
    assert_eq!(stems(&snapshots.join(kind), ".snap"), names);
}
