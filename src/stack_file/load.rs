//! From what the command line says to a stack.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::dotenv;
use super::find::{FileSource, nearest};
use super::interpolate::{Interpolator, interpolate};
use super::lower::{Lowering, Wanted};
use super::merge::{drop_resets, merge};
use super::node::{At, Node};
use super::parse::parse;
use super::problem::{Problem, Sources, Warning, render};
use crate::model::{ServiceName, Stack, StackName};
use crate::templates::template;

/// The template that is used where there is no stack file.
const DEFAULT_TEMPLATE: &str = "kohakuhub";
/// The env file that is read where the stack file lists none.
const DEFAULT_ENV_FILE: &str = ".env";

/// What is asked for.
#[derive(Debug)]
pub struct Request<'a> {
    /// Stack files; the nearest one, or else the default template, when there are none.
    pub files: &'a [FileSource],
    /// The project directory, where it is not that of the first file.
    pub project_directory: Option<&'a Path>,
    /// Where relative paths of the command line start.
    pub current_directory: &'a Path,
    /// The stack's name, where it is not the file's.
    pub name: Option<&'a StackName>,
    /// Env files, instead of those that the stack file lists.
    pub env_files: &'a [PathBuf],
    /// Profiles that are on.
    pub profiles: &'a [String],
    /// Services that are named, which switches on their profiles.
    pub named: &'a [ServiceName],
    /// The process's environment.
    pub environment: &'a BTreeMap<String, String>,
    /// Values for variables that nobody sets.
    pub defaults: BTreeMap<String, String>,
}

/// A stack, and how it was come by.
#[derive(Debug)]
pub struct Loaded {
    /// The stack.
    pub stack: Stack,
    /// What is worth a warning.
    pub warnings: Vec<Warning>,
    /// Where it came from.
    pub origin: Origin,
}

/// Where a stack came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Files that were named.
    Named,
    /// The nearest stack file.
    Found,
    /// The default template, for want of a stack file.
    Default,
}

/// Why there is no stack.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file can't be read.
    #[error("failed to read `{}`", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// There is no such template.
    #[error("there is no template `{0}`; `devinfra init --list` shows them")]
    NoTemplate(String),
    /// The stack has no name and its directory has none that could be one.
    #[error("the stack has no name: give it one with `name:` in the stack file, or with `--name`")]
    NoName,
    /// The files have problems.
    #[error("{}", .lines.join("\n"))]
    Invalid {
        /// One line each, with its place.
        lines: Vec<String>,
        /// All of them with the lines they stand on, coloured for a terminal.
        rendered: String,
    },
}

impl LoadError {
    /// The stable code that scripts see.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "stack-file.unreadable",
            Self::NoTemplate(_) => "stack-file.no-template",
            Self::NoName => "stack-file.no-name",
            Self::Invalid { .. } => "stack-file.invalid",
        }
    }

    /// The problems with the lines they stand on, where there are any.
    pub fn rendered(&self) -> Option<&str> {
        match self {
            Self::Invalid { rendered, .. } => Some(rendered),
            Self::Unreadable { .. } | Self::NoTemplate(_) | Self::NoName => None,
        }
    }
}

/// One file that was read.
struct Document {
    shown: String,
    root: Option<Node>,
}

/// What reading collects.
#[derive(Default)]
struct Reading {
    sources: Sources,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

/// Reads a stack.
///
/// # Errors
///
/// Everything that is wrong with the files, at once.
pub fn load(request: &Request<'_>) -> Result<Loaded, LoadError> {
    let (files, origin) = chosen_files(request);
    let mut reading = Reading::default();
    let documents = reading.documents(request, &files)?;
    let directory = project_directory(request, &files);
    let name = stack_name(request, &documents, &directory, &mut reading)?;
    let variables = reading.variables(request, &documents, &directory, &name)?;
    let shown = documents
        .iter()
        .map(|document| document.shown.clone())
        .collect();
    let roots = documents.into_iter().filter_map(|document| document.root);
    let mut merged: Option<Node> = None;
    for mut root in roots {
        let mut interpolator = Interpolator::new(&variables);
        interpolate(
            &mut root,
            &mut interpolator,
            &mut reading.problems,
            &mut reading.warnings,
        );
        merged = Some(match merged {
            Some(base) => merge(base, root),
            None => root,
        });
    }
    let Some(mut root) = merged else {
        if reading.problems.is_empty() {
            reading
                .problems
                .push(Problem::nowhere("the stack file is empty"));
        }
        return Err(reading.into_error());
    };
    drop_resets(&mut root);
    let mut lowering = Lowering {
        directory: &directory,
        variables: &variables,
        problems: Vec::new(),
        warnings: Vec::new(),
    };
    let profiles: BTreeSet<String> = request.profiles.iter().cloned().collect();
    let named = request.named.iter().map(ServiceName::as_str).collect();
    let wanted = Wanted {
        name,
        files: shown,
        profiles: &profiles,
        named,
    };
    let stack = lowering.stack(&root, &wanted);
    reading.problems.extend(lowering.problems);
    reading.warnings.extend(lowering.warnings);
    if reading.problems.is_empty() {
        let warnings = reading.warnings();
        Ok(Loaded {
            stack,
            warnings,
            origin,
        })
    } else {
        Err(reading.into_error())
    }
}

fn chosen_files(request: &Request<'_>) -> (Vec<FileSource>, Origin) {
    if !request.files.is_empty() {
        return (request.files.to_vec(), Origin::Named);
    }
    let start = request.project_directory.map_or_else(
        || request.current_directory.to_owned(),
        |directory| request.current_directory.join(directory),
    );
    match nearest(&start) {
        Some(path) => (vec![FileSource::Path(path)], Origin::Found),
        None => (
            vec![FileSource::Template(DEFAULT_TEMPLATE.to_owned())],
            Origin::Default,
        ),
    }
}

/// `--project-directory`, else the first file's directory, else the current one.
fn project_directory(request: &Request<'_>, files: &[FileSource]) -> PathBuf {
    let directory = match (request.project_directory, files.first()) {
        (Some(directory), _) => directory.to_owned(),
        (None, Some(FileSource::Path(path))) => {
            path.parent().map(Path::to_owned).unwrap_or_default()
        }
        (None, Some(FileSource::Template(_)) | None) => PathBuf::new(),
    };
    super::lower::normalised(&request.current_directory.join(directory))
}

/// `--name`, else the last file that says `name:`, else the directory's name.
fn stack_name(
    request: &Request<'_>,
    documents: &[Document],
    directory: &Path,
    reading: &mut Reading,
) -> Result<StackName, LoadError> {
    if let Some(name) = request.name {
        return Ok(name.clone());
    }
    let node = documents
        .iter()
        .rev()
        .find_map(|document| document.root.as_ref().and_then(|root| root.get("name")));
    if let Some(node) = node {
        // The name is part of what variables may use, so it can use the environment's alone.
        let mut interpolator = Interpolator::new(request.environment);
        let text = interpolator.text(node.text().unwrap_or_default());
        let named = text.map_err(|error| error.to_string());
        let named = named.and_then(|text| StackName::new(text).map_err(|error| error.to_string()));
        match named {
            Ok(name) => return Ok(name),
            Err(error) => reading
                .problems
                .push(Problem::new(&node.at, format!("`name`: {error}"))),
        }
    }
    directory
        .file_name()
        .and_then(|name| StackName::from_directory_name(&name.to_string_lossy()))
        .ok_or(LoadError::NoName)
}

impl Reading {
    fn documents(
        &mut self,
        request: &Request<'_>,
        files: &[FileSource],
    ) -> Result<Vec<Document>, LoadError> {
        let mut documents = Vec::new();
        for file in files {
            let (shown, text) = match file {
                FileSource::Path(path) => {
                    let path = super::lower::normalised(&request.current_directory.join(path));
                    (path.display().to_string(), read(&path)?)
                }
                FileSource::Template(name) => {
                    let found =
                        template(name).ok_or_else(|| LoadError::NoTemplate(name.clone()))?;
                    (format!("template:{name}"), found.text.to_owned())
                }
            };
            let label = short(&shown, request.current_directory);
            let source = self.sources.add(label, text.as_str());
            let (root, problems) = parse(source, &text);
            self.problems.extend(problems);
            documents.push(Document { shown, root });
        }
        Ok(documents)
    }

    /// What values may use: the environment, over the env files, over the stack's name, over the
    /// defaults.
    fn variables(
        &mut self,
        request: &Request<'_>,
        documents: &[Document],
        directory: &Path,
        name: &StackName,
    ) -> Result<BTreeMap<String, String>, LoadError> {
        let mut variables = request.defaults.clone();
        variables.insert("COMPOSE_PROJECT_NAME".to_owned(), name.to_string());
        let files = if request.env_files.is_empty() {
            listed_env_files(documents, directory)
        } else {
            request
                .env_files
                .iter()
                .map(|file| request.current_directory.join(file))
                .collect()
        };
        // The first file that sets a variable wins, so the last is laid down first.
        for path in files.iter().rev() {
            let text = read(path)?;
            match dotenv::parse(&text, request.environment) {
                Ok(values) => variables.extend(values),
                Err(errors) => {
                    let label = short(&path.display().to_string(), request.current_directory);
                    let source = self.sources.add(label, text.as_str());
                    self.problems.extend(errors.into_iter().map(|error| {
                        let end = text.len();
                        let start = error.offset.min(end);
                        Problem::new(
                            &At {
                                source,
                                range: start..end,
                            },
                            error.message,
                        )
                    }));
                }
            }
        }
        variables.extend(request.environment.clone());
        Ok(variables)
    }

    fn warnings(&self) -> Vec<Warning> {
        let mut lines: Vec<String> = self
            .warnings
            .iter()
            .map(|warning| warning.line(&self.sources))
            .collect();
        lines.dedup();
        lines
            .into_iter()
            .map(|message| Warning { message })
            .collect()
    }

    fn into_error(mut self) -> LoadError {
        self.problems
            .sort_by_key(|problem| problem.at.as_ref().map(|at| (at.source, at.range.start)));
        self.problems.dedup();
        LoadError::Invalid {
            lines: self
                .problems
                .iter()
                .map(|problem| problem.line(&self.sources))
                .collect(),
            rendered: render(&self.problems, &self.sources),
        }
    }
}

/// The env files that the stack files list and that exist, in the order of the list.
fn listed_env_files(documents: &[Document], directory: &Path) -> Vec<PathBuf> {
    let listed = documents
        .iter()
        .rev()
        .find_map(|document| document.root.as_ref()?.get("x-devinfra")?.get("env_files"));
    let names: Vec<String> = match listed.map(|node| &node.value) {
        Some(super::node::Value::Sequence(items)) => items
            .iter()
            .filter_map(Node::text)
            .map(str::to_owned)
            .collect(),
        Some(super::node::Value::Scalar(scalar)) => vec![scalar.text.clone()],
        _ => vec![DEFAULT_ENV_FILE.to_owned()],
    };
    names
        .iter()
        .map(|name| directory.join(name))
        .filter(|path| path.is_file())
        .collect()
}

fn read(path: &Path) -> Result<String, LoadError> {
    fs::read_to_string(path).map_err(|source| LoadError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

/// The path as a person in the current directory would write it.
fn short(path: &str, current_directory: &Path) -> String {
    Path::new(path).strip_prefix(current_directory).map_or_else(
        |_elsewhere| path.to_owned(),
        |below| below.display().to_string(),
    )
}
