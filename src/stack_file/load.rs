//! From what the command line says to a stack.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::path::{Path, PathBuf};

use super::dotenv;
use super::error::LoadError;
use super::find::{FileSource, check_directory, exists, nearest};
use super::interpolate::{Findings, Interpolator, Known, interpolate};
use super::lower::{Lowering, Wanted};
use super::merge::{drop_resets, merge};
use super::node::{At, Node, Value};
use super::parse::parse;
use super::problem::{Problem, Sources, Warning, render};
use super::read;
use super::unreadable::Unreadable;
use super::written::Replaced;
use crate::model::{ServiceName, Stack, StackName, clean_path};
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
    /// Variables that the process's environment sets to what is no text.
    pub not_unicode: &'a BTreeSet<String>,
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
    /// The env files that were interpolated from; the last that sets a variable wins.
    pub env_files: Vec<PathBuf>,
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
    env_files: Vec<PathBuf>,
    replaced: Replaced,
    known: Known,
}

/// Reads a stack.
///
/// # Errors
///
/// Everything that is wrong with the files, at once.
pub fn load(request: &Request<'_>) -> Result<Loaded, LoadError> {
    let (files, origin) = chosen_files(request)?;
    let unreadable = Unreadable::new(request.not_unicode);
    let mut reading = Reading::default();
    let documents = reading.documents(request, &files)?;
    let directory = project_directory(request, &files);
    if directory.to_str().is_none() {
        let problem = "its name is not UTF-8, and an engine keeps no other".to_owned();
        return Err(LoadError::NoDirectory {
            path: directory,
            problem,
        });
    }
    let name = stack_name(request, &documents, &directory, &unreadable, &mut reading)?;
    let variables = reading.variables(request, &documents, &directory, &name, &unreadable)?;
    let shown: Vec<String> = documents
        .iter()
        .map(|document| document.shown.clone())
        .collect();
    let mut interpolation = Findings::default();
    let roots = documents.into_iter().filter_map(|document| document.root);
    let mut merged: Option<Node> = None;
    for mut root in roots {
        let interpolator = Interpolator::new(&variables, &unreadable);
        interpolate(&mut root, interpolator, reading.known, &mut interpolation);
        merged = Some(match merged {
            Some(base) => merge(base, root),
            None => root,
        });
    }
    reading.warnings.append(&mut interpolation.warnings);
    reading.replaced = mem::take(&mut interpolation.replaced);
    reading
        .problems
        .extend(interpolation.problems.iter().cloned());
    let Some(mut root) = merged else {
        if reading.problems.is_empty() {
            let message = format!("the stack file is empty: `{}`", shown.join("`, `"));
            reading.problems.push(Problem::nowhere(message));
        }
        return Err(reading.into_error(&unreadable));
    };
    drop_resets(&mut root);
    let mut lowering = Lowering {
        directory: &directory,
        variables: &variables,
        unreadable: &unreadable,
        written: &interpolation.variable,
        problems: Vec::new(),
        warnings: Vec::new(),
        listed: BTreeSet::new(),
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
    let is_further = |problem: &Problem| interpolation.is_judged(problem, reading.known);
    let further = lowering.problems.into_iter().filter(is_further);
    reading.problems.extend(further);
    reading.warnings.extend(lowering.warnings);
    if reading.problems.is_empty() {
        let env_files = mem::take(&mut reading.env_files);
        let warnings = reading.warnings();
        Ok(Loaded {
            stack,
            warnings,
            origin,
            env_files,
        })
    } else {
        Err(reading.into_error(&unreadable))
    }
}

fn chosen_files(request: &Request<'_>) -> Result<(Vec<FileSource>, Origin), LoadError> {
    let mut start = request.current_directory.to_owned();
    if let Some(directory) = request.project_directory {
        start = clean_path(&start.join(directory));
        check_directory(&start)?;
    }
    if !request.files.is_empty() {
        return Ok((request.files.to_vec(), Origin::Named));
    }
    let found = nearest(&start)?.map(|path| (vec![FileSource::Path(path)], Origin::Found));
    Ok(found.unwrap_or_else(|| {
        let template = FileSource::Template(DEFAULT_TEMPLATE.to_owned());
        (vec![template], Origin::Default)
    }))
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
    clean_path(&request.current_directory.join(directory))
}

/// `--name`, else the last file that says `name:`, else the directory's name.
fn stack_name(
    request: &Request<'_>,
    documents: &[Document],
    directory: &Path,
    unreadable: &Unreadable<'_>,
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
        let Some(text) = node.text() else {
            let problem = Problem::new(&node.at, "`name` must be a text");
            reading.problems.push(problem);
            return fallback_name(directory);
        };
        // The name is part of what variables may use, so it can use the environment's alone.
        let mut interpolator = Interpolator::new(request.environment, unreadable);
        let text = interpolator.text(text);
        let named = text.map_err(|error| error.to_string());
        let named = named.and_then(|text| StackName::new(text).map_err(|error| error.to_string()));
        match named {
            Ok(name) => return Ok(name),
            Err(error) => reading
                .problems
                .push(Problem::new(&node.at, format!("`name`: {error}"))),
        }
    }
    fallback_name(directory)
}

/// The directory's name, as far as it can be one.
fn fallback_name(directory: &Path) -> Result<StackName, LoadError> {
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
                    let path = clean_path(&request.current_directory.join(path));
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
        unreadable: &Unreadable<'_>,
    ) -> Result<BTreeMap<String, String>, LoadError> {
        let mut variables = request.defaults.clone();
        variables.insert("COMPOSE_PROJECT_NAME".to_owned(), name.to_string());
        // The later one is laid over the earlier: of those on the command line the last wins, as
        // with Compose, and of those that the stack file lists the first.
        let files: Vec<PathBuf> = if request.env_files.is_empty() {
            let listed = self.listed_env_files(documents, directory);
            listed.into_iter().rev().collect()
        } else {
            let named = request.env_files.iter();
            named
                .map(|file| request.current_directory.join(file))
                .collect()
        };
        for path in &files {
            let text = read(path)?;
            let (values, errors) = dotenv::lines(&text, request.environment, unreadable);
            variables.extend(values);
            if errors.is_empty() {
                continue;
            }
            self.known = Known::Some;
            let label = short(&path.display().to_string(), request.current_directory);
            let source = self.sources.add_env_file(label, text.as_str());
            self.problems.extend(errors.into_iter().map(|error| {
                let end = text.len();
                let range = error.offset.min(end)..end;
                Problem::new(&At { source, range }, error.message)
            }));
        }
        self.env_files = files;
        variables.extend(request.environment.clone());
        Ok(variables)
    }

    /// The env files that the stack files list and that exist, in the order of the list. What can't
    /// be read is no file that is not there.
    fn listed_env_files(&mut self, documents: &[Document], directory: &Path) -> Vec<PathBuf> {
        let listed = documents
            .iter()
            .rev()
            .find_map(|document| document.root.as_ref()?.get("x-devinfra")?.get("env_files"));
        // Where nobody has listed it, a directory of that name is somebody's virtual environment.
        let is_there = !directory.join(DEFAULT_ENV_FILE).is_dir();
        let default = is_there.then_some(DEFAULT_ENV_FILE);
        let names: Vec<&str> = match listed.map(|node| (node, &node.value)) {
            Some((_, Value::Sequence(items))) => items
                .iter()
                .filter_map(|item| self.env_file(item))
                .collect(),
            Some((node, Value::Scalar(_))) => self.env_file(node).into_iter().collect(),
            _ => default.into_iter().collect(),
        };
        let paths = names.into_iter().map(|name| directory.join(name));
        paths.filter(|path| exists(path)).collect()
    }

    fn env_file<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        let name = node.text()?;
        if name.contains('$') {
            let message = "env files are read before variables are known, and can't use them";
            self.problems.push(Problem::new(&node.at, message));
            return None;
        }
        Some(name)
    }

    fn warnings(mut self) -> Vec<Warning> {
        for warning in &mut self.warnings {
            warning.message = self.replaced.as_written(&warning.message, &self.sources);
        }
        self.warnings.sort_by_key(Problem::order);
        self.warnings.dedup();
        let warnings = self.warnings.iter();
        warnings
            .map(|warning| Warning {
                message: warning.with_help(&self.sources),
            })
            .collect()
    }

    fn into_error(mut self, unreadable: &Unreadable<'_>) -> LoadError {
        for problem in &mut self.problems {
            problem.message = self.replaced.as_written(&problem.message, &self.sources);
        }
        self.problems.sort_by_key(Problem::order);
        self.problems.dedup();
        LoadError::Invalid {
            problems: self
                .problems
                .iter()
                .map(|problem| problem.told(&self.sources))
                .collect(),
            rendered: render(&self.problems, &self.sources),
            is_environment: unreadable.is_used(),
        }
    }
}

fn read(path: &Path) -> Result<String, LoadError> {
    read::read(path).map_err(|source| LoadError::Unreadable {
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
