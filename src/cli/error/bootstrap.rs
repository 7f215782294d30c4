//! Ways out where a service is usable, and what the application needs in it could not be done.

use crate::kinds::{BootstrapError, CredentialsError};

pub(super) fn bootstrap_hints(error: &BootstrapError) -> Vec<String> {
    const WIPE: &str = "or wipe LakeFS, and the bucket with its objects, with `devinfra reset lakefs`: the keys are made anew";
    match error {
        BootstrapError::LakefsKeysLost { file } => {
            vec![format!("put `{}` back", file.display()), WIPE.to_owned()]
        }
        BootstrapError::LakefsKeysRefused { file, .. } => vec![
            format!(
                "put the keys into `{}` that this LakeFS was set up with",
                file.display()
            ),
            WIPE.to_owned(),
        ],
        BootstrapError::LakefsStore { .. } => vec![
            "LAKEFS_BLOCKSTORE_S3_ENDPOINT and the keys beside it must be those of the store, whose host is the name of its service".to_owned(),
            "`devinfra status` says whether the store runs".to_owned(),
        ],
        BootstrapError::LakefsEncryptionKey => vec![
            "set LAKEFS_AUTH_ENCRYPT_SECRET_KEY (DEV_LAKEFS_ENCRYPT_SECRET_KEY in the default stack) back to what it was".to_owned(),
            WIPE.to_owned(),
        ],
        BootstrapError::LakefsCredentials(CredentialsError::Incomplete { path, .. }) => vec![
            format!("put the line back into `{}`", path.display()),
        ],
        BootstrapError::Cache(_) => {
            vec!["`devinfra cache check` says what is wrong with the cache".to_owned()]
        }
        BootstrapError::Namespace(_) => {
            vec!["name it under `keys` of the cache in the stack file".to_owned()]
        }
        BootstrapError::LakefsCredentials(_)
        | BootstrapError::LakefsSetup { .. }
        | BootstrapError::NotPublished { .. }
        | BootstrapError::TooSlow(_)
        | BootstrapError::Bucket { .. } => Vec::new(),
    }
}
