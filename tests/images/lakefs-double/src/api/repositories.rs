//! Repositories: list, create, get, delete.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::answer::Answer;
use super::routes::{Asked, Lakefs, failed, now};
use crate::log::Level;
use crate::metadata::Repository;
use crate::storage::Refusal;

const PER_PAGE: usize = 100;
const MAX_PER_PAGE: usize = 1000;
const NAME_RULE: &str = "^[a-z0-9][a-z0-9-]{2,62}$";

impl Lakefs {
    pub(super) fn list_repositories(&self, asked: &Asked) -> Result<Answer, Answer> {
        let amount = amount(&asked.parameter("amount"))?;
        self.authorize(asked)?;
        let prefix = asked.parameter("prefix");
        // The listing reads the metadata, not the cache: a deleted repository is gone at once.
        let mut repositories = self.metadata.repositories_after(&asked.parameter("after"));
        repositories.retain(|repository| repository.id.starts_with(&prefix));
        let has_more = repositories.len() > amount;
        repositories.truncate(amount);
        let last = repositories.last().filter(|_| has_more);
        let answer = json!({
            "pagination": {
                "has_more": has_more,
                "max_per_page": MAX_PER_PAGE,
                "next_offset": last.map_or("", |repository| &repository.id),
                "results": repositories.len(),
            },
            "results": repositories.iter().map(object).collect::<Vec<Value>>(),
        });
        Ok(Answer::json(StatusCode::OK, &answer))
    }

    pub(super) async fn create_repository(&self, asked: &Asked) -> Result<Answer, Answer> {
        let repository = requested(&asked.document()?)?;
        self.authorize(asked)?;
        let not_unique = || {
            Answer::error(
                StatusCode::CONFLICT,
                "error creating repository: not unique",
            )
        };
        if self.cached(&repository.id).is_some() {
            return Err(not_unique());
        }
        let kind = self.storage.kind();
        if !repository
            .storage_namespace
            .starts_with(&format!("{kind}://"))
        {
            let message = format!("failed to match required regex ^{kind}://: invalid namespace");
            return Err(Answer::bad_request(&message));
        }
        self.claim(&repository.storage_namespace).await?;
        self.metadata
            .add(&repository)
            .map_err(|error| failed(&error))?
            .ok_or_else(not_unique)?;
        self.cached(&repository.id);
        Ok(Answer::json(StatusCode::CREATED, &object(&repository)))
    }

    pub(super) fn get_repository(&self, asked: &Asked, name: &str) -> Result<Answer, Answer> {
        self.authorize(asked)?;
        let repository = self.cached(name).ok_or_else(not_found)?;
        Ok(Answer::json(StatusCode::OK, &object(&repository)))
    }

    pub(super) fn delete_repository(&self, asked: &Asked, name: &str) -> Result<Answer, Answer> {
        self.authorize(asked)?;
        // Neither reads the cache nor clears it, which is why a deleted repository lingers there.
        // `force` only matters for read-only repositories, and the double has none.
        self.metadata
            .remove(name)
            .map_err(|error| failed(&error))?
            .ok_or_else(not_found)?;
        Ok(Answer::no_content())
    }

    fn cached(&self, name: &str) -> Option<Repository> {
        self.cache.get(name, || self.metadata.repository(name))
    }

    /// Claims a namespace; where that fails, logs why, and says what LakeFS lets the caller know.
    async fn claim(&self, namespace: &str) -> Result<(), Answer> {
        let Err(refusal) = self.storage.claim(namespace).await else {
            return Ok(());
        };
        let error = refusal.to_string();
        let (reason, told) = match refusal {
            Refusal::InUse(_) => ("already_in_use", error.as_str()),
            Refusal::Inaccessible(_) => ("unknown", "failed to access storage"),
        };
        let fields = [
            ("reason", reason),
            ("error", &error),
            ("storage_namespace", namespace),
        ];
        self.log.line(
            Level::Warning,
            "Could not access storage namespace",
            &fields,
        );
        Err(Answer::bad_request(&format!(
            "failed to create repository: {told}"
        )))
    }
}

/// The repository a body asks for.
fn requested(document: &Value) -> Result<Repository, Answer> {
    let text = |key: &str| {
        document
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let wrong = |place: &str, said: &str| {
        Err(Answer::bad_request(&format!(
            "request body has an error: doesn't match schema \
             #/components/schemas/RepositoryCreation: Error at \"/{place}\": {said}"
        )))
    };
    if !is_name(&text("name")) {
        let said = format!("string doesn't match the regular expression {NAME_RULE}");
        return wrong("name", &said);
    }
    if text("storage_namespace").is_empty() {
        return wrong("storage_namespace", "no value");
    }
    let branch = Some(text("default_branch")).filter(|branch| !branch.is_empty());
    Ok(Repository {
        creation_date: now(),
        default_branch: branch.unwrap_or_else(|| "main".to_owned()),
        id: text("name"),
        storage_namespace: text("storage_namespace"),
    })
}

/// Whether a name follows `NAME_RULE`.
fn is_name(name: &str) -> bool {
    let in_alphabet = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (3..=63).contains(&name.len()) && name.bytes().all(in_alphabet) && !name.starts_with('-')
}

/// How many results a page may have; nothing, 0 and less mean the default.
fn amount(text: &str) -> Result<usize, Answer> {
    let wrong = |said: &str| {
        Err(Answer::bad_request(&format!(
            "parameter \"amount\" in query has an error: {said}"
        )))
    };
    match text.parse::<i64>().map(usize::try_from) {
        Ok(Ok(amount)) if amount > MAX_PER_PAGE => {
            wrong(&format!("number must be at most {MAX_PER_PAGE}"))
        }
        Ok(Ok(amount @ 1..)) => Ok(amount),
        Ok(Ok(0) | Err(_)) => Ok(PER_PAGE),
        Err(_) if text.is_empty() => Ok(PER_PAGE),
        Err(_) => wrong(&format!("value {text} is no integer")),
    }
}

/// A repository as the API shows it.
fn object(repository: &Repository) -> Value {
    json!({
        "creation_date": repository.creation_date,
        "default_branch": repository.default_branch,
        "id": repository.id,
        "read_only": false,
        "storage_id": "",
        "storage_namespace": repository.storage_namespace,
    })
}

fn not_found() -> Answer {
    Answer::error(StatusCode::NOT_FOUND, "repository not found")
}
