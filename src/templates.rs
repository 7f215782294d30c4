//! The stack files inside the program: a table over `templates/`.

/// A stack file that `devinfra init` writes and that `template:NAME` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// What it is called by.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// The stack file.
    pub text: &'static str,
}

/// All templates; the first is the one that is used where there is no stack file.
pub const TEMPLATES: &[Template] = &[
    Template {
        name: "kohakuhub",
        summary: "KohakuHub's infrastructure: Postgres, MinIO, LakeFS, Valkey",
        text: include_str!("../templates/kohakuhub.yaml"),
    },
    Template {
        name: "postgres-valkey",
        summary: "a database and a cache",
        text: include_str!("../templates/postgres-valkey.yaml"),
    },
    Template {
        name: "minimal",
        summary: "one Postgres, as small as a stack file gets",
        text: include_str!("../templates/minimal.yaml"),
    },
];

/// The template of this name.
pub fn template(name: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|template| template.name == name)
}
