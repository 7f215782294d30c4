//! A service that failed: its code, what its last words tell, and the ways out.

use super::CliError;
use crate::apply::{ApplyError, ExitReason};
use crate::cli::Exit;
use crate::kinds::{Known, Never, recognise};
use crate::model::{Kind, Mount, RestartPolicy, Service, ServiceName, Stack};

/// What commands in hints are about.
pub(super) struct About<'a> {
    name: &'a str,
    service: Option<&'a Service>,
}

impl<'a> About<'a> {
    pub(super) fn new(stack: &'a Stack, name: &'a ServiceName) -> Self {
        Self {
            name: name.as_str(),
            service: stack.services.get(name),
        }
    }

    fn container(&self) -> &str {
        self.service
            .map_or(self.name, |service| &service.container.name)
    }

    /// The role that logs in to a PostgreSQL server.
    fn role(&self) -> &str {
        match self.service.map(|service| &service.kind) {
            Some(Kind::Postgres(options)) => &options.login.user,
            _ => "postgres",
        }
    }

    /// Where its data is: host directories, or its name where it has none.
    fn data(&self) -> String {
        let mounts = self.service.map_or(&[][..], |one| &one.container.mounts);
        let paths: Vec<String> = mounts
            .iter()
            .filter_map(Mount::host_path)
            .map(|path| format!("`{path}`"))
            .collect();
        if paths.is_empty() {
            format!("the data of `{}`", self.name)
        } else {
            paths.join(", ")
        }
    }

    /// What to do about a server's password that the stack file leaves empty.
    fn empty_password(&self) -> Option<String> {
        let service = self.service?;
        let Kind::Postgres(options) = &service.kind else {
            return None;
        };
        let is_set = service
            .container
            .environment
            .contains_key("POSTGRES_PASSWORD");
        let is_empty = options.login.password.reveal().is_empty();
        (is_set && is_empty).then(|| {
            format!(
                "`POSTGRES_PASSWORD` of `{}` is empty: give it a value, or set the variable that it takes",
                self.name
            )
        })
    }

    fn restarts(&self) -> Option<&'static str> {
        match self.service?.container.restart {
            RestartPolicy::No => None,
            RestartPolicy::Always => Some("always"),
            RestartPolicy::UnlessStopped => Some("unless-stopped"),
            RestartPolicy::OnFailure { .. } => Some("on-failure"),
        }
    }

    fn wipe(&self) -> String {
        format!(
            "or start with empty data: `devinfra reset --hard {}`",
            self.name
        )
    }

    fn whole_log(&self) -> String {
        format!("read the whole log with `devinfra logs {}`", self.name)
    }
}

/// The container ended before it was usable.
pub(super) fn exited(
    error: &ApplyError,
    reason: ExitReason,
    log: &[String],
    about: &About<'_>,
) -> CliError {
    let told = |code| CliError {
        log: log.to_vec(),
        ..CliError::new(Exit::Service, code, error)
    };
    let code = match reason {
        ExitReason::Removed => return told("service.removed").hint("run the command again"),
        ExitReason::Exited {
            oom_killed: true, ..
        } => {
            return told("service.oom-killed").hint(format!(
                "give `{}` more memory with `mem_limit` in the stack file",
                about.name
            ));
        }
        ExitReason::Exited { code, .. } => code,
    };
    if let Some(known) = recognise(log.iter().map(String::as_str)) {
        return of_known(told(known.code()), &known, about);
    }
    if let Some(126 | 127) = code {
        return told("service.bad-command").hint(COMPARE_COMMAND);
    }
    let mut failed = if let Some(policy) = about.restarts() {
        told("service.crash-loop")
            .cause(format!(
                "its restart policy `{policy}` starts it again and again"
            ))
            .hint(format!("end that with `devinfra down {}`", about.name))
    } else {
        told("service.exited")
    };
    if code == Some(137) {
        failed = failed.cause("it was killed (SIGKILL): by somebody, or for want of memory");
    }
    failed.hint(about.whole_log())
}

/// The service was not usable in time.
pub(super) fn not_ready(
    error: &ApplyError,
    reason: &str,
    log: &[String],
    about: &About<'_>,
) -> CliError {
    let told = |code| CliError {
        log: log.to_vec(),
        causes: vec![reason.to_owned()],
        ..CliError::new(Exit::Service, code, error)
    };
    let lines = [reason].into_iter().chain(log.iter().map(String::as_str));
    match recognise(lines) {
        Some(known) => of_known(told(known.code()), &known, about),
        None => told("service.not-ready")
            .hint(about.whole_log())
            .hint("give it more time with `--wait-timeout`"),
    }
}

/// The service answers, and will never be usable as it is.
pub(super) fn never(
    error: &ApplyError,
    never: &Never,
    log: &[String],
    about: &About<'_>,
) -> CliError {
    let told = CliError {
        log: log.to_vec(),
        ..CliError::new(Exit::Service, never.code(), error)
    };
    let (name, container, role) = (about.name, about.container(), about.role());
    match never {
        Never::NotPublished { port } => {
            told.hint(format!("publish it: add `{port}` to `ports` of `{name}`"))
        }
        Never::PostgresPassword { .. } if about.empty_password().is_some() => {
            let hint = about.empty_password();
            hint.into_iter().fold(told, CliError::hint)
        }
        Never::PostgresPassword { .. } => told
            .cause("data that exists keeps the password that it was made with; `POSTGRES_PASSWORD` counts at the first start only")
            .hint(format!(
                "give the role the password of the stack file: `docker exec -it {container} psql -U {role} -d postgres -c '\\password {role}'`; or put the old one into the stack file or env file"
            ))
            .hint(about.wipe()),
        Never::PostgresDatabaseMissing { database } => told
            .cause("a first start that was interrupted leaves a server without it, and later starts do not make it")
            .hint(format!(
                "make it with `docker exec {container} createdb -U {role} {database}`"
            ))
            .hint(about.wipe()),
        Never::ValkeyPassword { .. } => told.hint(format!(
            "compare `password` under `x-devinfra` of `{name}` with the `--requirepass` of its command"
        )),
        Never::ValkeyCannotSave => told
            .hint(format!(
                "make {} writable for the server, and see that its disk has space",
                about.data()
            ))
            .hint(format!("then have it save again: `docker exec {container} valkey-cli BGSAVE`")),
        Never::S3Credentials { .. } => told.hint(format!(
            "compare `access_key` and `secret_key` under `x-devinfra` of `{name}` with its `environment`"
        )),
        Never::S3ClockSkew => told.hint(
            "set this machine's clock; after a sleep, restarting the engine's virtual machine does it",
        ),
        Never::NotLakefs { .. } => {
            told.hint(format!("check the image and the published port of `{name}`"))
        }
        Never::ExecCommand { .. } => told.hint(format!(
            "compare `command` under `x-devinfra` of `{name}` with what its image has"
        )),
        Never::NoHealthcheck => told.hint(format!(
            "give `{name}` a `healthcheck`, or another `kind` under `x-devinfra`"
        )),
    }
}

const COMPARE_COMMAND: &str =
    "compare `command` and `entrypoint` in the stack file with what the image has";

fn of_known(told: CliError, known: &Known, about: &About<'_>) -> CliError {
    let told = told.cause(known.to_string());
    let (name, data) = (about.name, about.data());
    match known {
        Known::PostgresDataVersion { data: version, .. } => told
            .hint(format!(
                "go back to an image of PostgreSQL {version}, and move the data with `pg_dumpall` from there"
            ))
            .hint(about.wipe()),
        Known::PostgresDataLayout => told.hint(
            "mount the data at `/var/lib/postgresql` instead; data of an older version must be dumped and restored",
        ),
        Known::PostgresForeignFiles => told.hint(format!(
            "move away what is in {data}, or mount another directory"
        )),
        Known::PostgresNoPassword => told.hint(about.empty_password().unwrap_or_else(|| {
            format!("set `POSTGRES_PASSWORD` under `environment` of `{name}`")
        })),
        Known::PostgresDataOwner => told
            .hint(format!("compare `user` of `{name}` with the owner of {data}"))
            .hint(about.wipe()),
        Known::PostgresDataInUse => told.hint(format!(
            "stop the other server that uses {data}; `docker ps` lists containers"
        )),
        Known::ValkeyDataVersion { .. } => told
            .hint("go back to the image that wrote the data: an older version never reads a newer one's")
            .hint(about.wipe()),
        Known::ValkeyDataDamaged => told
            .hint(format!(
                "restore {data} from a copy; `valkey-check-rdb` says what is wrong with it"
            ))
            .hint(about.wipe()),
        Known::ValkeyConfiguration { .. } | Known::BadCommand => told.hint(COMPARE_COMMAND),
        Known::ValkeyLoading => told.hint(
            "give it the time that it says it needs with `--wait-timeout`; it goes on loading meanwhile",
        ),
        Known::LakefsDataInUse => told.hint(format!(
            "stop the other LakeFS that uses {data}; `docker ps` lists containers"
        )),
        Known::LakefsSettings { .. } => told.hint(format!(
            "set them under `environment` of `{name}`: `database.type` is `LAKEFS_DATABASE_TYPE`"
        )),
        Known::DiskFull => told.hint("free space: `docker system df` shows what takes it, `df -h` on which disk"),
        Known::NotWritable { .. } => told.hint(format!(
            "compare `user` of `{name}` with the owner of {data}, or give them to that user with `sudo chown`"
        )),
        Known::WrongProcessor => told.hint(format!(
            "choose an image for this machine, or set `platform` of `{name}` where the engine emulates it"
        )),
    }
}
