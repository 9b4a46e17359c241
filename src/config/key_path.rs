//! The path of a key in a file.

/// The path of a key in a table. That of the template begins at the root of the file already.
pub(super) fn path_within(table: &str, key: &str) -> String {
    match () {
        () if key.is_empty() => table.to_owned(),
        () if table.is_empty() || key.starts_with("template.") => key.to_owned(),
        () => format!("{table}.{key}"),
    }
}

/// These keys of a table, with its path.
pub(super) fn paths_within(
    table: &str,
    keys: impl IntoIterator<Item = impl AsRef<str>>,
) -> Vec<String> {
    let paths = keys.into_iter().map(|key| path_within(table, key.as_ref()));
    paths.collect()
}
