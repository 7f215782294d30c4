//! The secrets of the test stacks, which are all planted: see [`super::watch`].

/// The password of the databases.
pub(crate) const DATABASE: &str = "planted-of-the-database";
/// The secret key of the object stores.
pub(crate) const STORE: &str = "planted-of-the-store";
/// The key that LakeFS encrypts its users' keys with.
pub(crate) const ENCRYPTION: &str = "planted-of-lakefs";
