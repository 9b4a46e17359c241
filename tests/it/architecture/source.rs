//! The files of `src`, parsed.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use super::{
    parsing::{definitions, is_test},
    paths::{Place, places},
};

/// A file of the crate.
pub(crate) struct Source {
    /// Relative to `src`, with slashes.
    pub(crate) file: String,
    pub(crate) text: String,
    /// Every path outside test modules; those of `use` groups are written out.
    pub(crate) places: Vec<Place>,
    /// Whether a `#[cfg(test)] mod` declares it.
    pub(crate) is_test: bool,
}

impl Source {
    pub(crate) fn parse(file: &str, text: &str) -> Self {
        Self {
            places: places(&syntax(file, text)),
            file: file.to_owned(),
            text: text.to_owned(),
            is_test: false,
        }
    }

    /// Its syntax tree. It is parsed anew: a tree stays in the thread that made it.
    pub(crate) fn syntax(&self) -> syn::File {
        syntax(&self.file, &self.text)
    }

    /// The module of the crate that it belongs to; none for lib.rs.
    pub(crate) fn top(&self) -> Option<&str> {
        let top = self.file.split('/').next().unwrap_or_default();
        let top = top.strip_suffix(".rs").unwrap_or(top);
        (top != "lib").then_some(top)
    }

    /// The path of its module from the root of the crate: `["tls", "pin"]`.
    pub(crate) fn module(&self) -> Vec<String> {
        let path = self.file.strip_suffix(".rs").expect("a file of Rust");
        let mut module: Vec<String> = path.split('/').map(str::to_owned).collect();
        if matches!(module.last().map(String::as_str), Some("mod") | Some("lib")) {
            module.pop();
        }
        module
    }

    /// Whether it is the `mod.rs` of a directory.
    pub(crate) fn is_mod_rs(&self) -> bool {
        self.file.ends_with("/mod.rs") || self.file == "lib.rs"
    }

    /// `src/file:line: text`, which terminals make a link of.
    pub(crate) fn at(&self, line: usize, text: &str) -> String {
        format!("src/{}:{line}: {text}", self.file)
    }
}

/// All files of the library in the order of their names, read once for all tests.
pub(crate) fn sources() -> &'static [Source] {
    static SOURCES: OnceLock<Vec<Source>> = OnceLock::new();
    SOURCES.get_or_init(read_all)
}

fn read_all() -> Vec<Source> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&src, &mut files);
    files.retain(|file| !file.starts_with(src.join("bin")));
    files.sort();
    assert!(files.len() > 40, "the files of the crate: {files:?}");
    let mut sources: Vec<_> = files.iter().map(|file| read(&src, file)).collect();
    mark_tests(&mut sources);
    sources
}

fn syntax(file: &str, text: &str) -> syn::File {
    syn::parse_file(text).unwrap_or_else(|error| panic!("src/{file} is no Rust: {error}"))
}

fn read(src: &Path, file: &Path) -> Source {
    let name = file.strip_prefix(src).expect("a file below src");
    let name = name.to_str().expect("a name in UTF-8").replace('\\', "/");
    Source::parse(&name, &fs::read_to_string(file).expect("a file of text"))
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a readable directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
}

fn mark_tests(sources: &mut [Source]) {
    let mut test_modules = Vec::new();
    for source in sources.iter() {
        for item in definitions(&source.syntax().items) {
            let syn::Item::Mod(module) = item else {
                continue;
            };
            if is_test(&module.attrs) {
                let mut path = source.module();
                path.push(module.ident.to_string());
                test_modules.push(path);
            }
        }
    }
    for source in sources {
        let module = source.module();
        source.is_test = test_modules.iter().any(|test| module.starts_with(test));
    }
}
