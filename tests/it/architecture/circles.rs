//! The files of a module use one another in one direction, and a type's methods stand in its file.

use std::collections::{BTreeMap, BTreeSet};

use syn::Item;

use super::{
    Crate, Source, Target, assert_exceptions, assert_none, definitions,
    exceptions::SCATTERED,
    is_test,
    paths::{Form, Place},
    sources,
};

type Arrows = BTreeMap<String, BTreeSet<String>>;

#[test]
fn the_files_of_a_module_form_no_circle() {
    let arrows = arrows(sources());
    let circles = circles_of(&arrows);
    let circles: Vec<_> = circles.iter().map(|it| described(it, &arrows)).collect();
    let rule = "no file uses another that uses it, directly or through others";
    assert_none(&circles, rule);
}

#[test]
fn the_methods_of_a_type_stand_in_its_file() {
    let sources = sources();
    let modules = Crate::own();
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| !source.is_test) {
        for item in definitions(&source.syntax().items) {
            let Item::Impl(item) = item else { continue };
            let syn::Type::Path(of) = &*item.self_ty else {
                continue;
            };
            if item.trait_.is_some() || is_test(&item.attrs) {
                continue;
            }
            let segments = of.path.segments.iter();
            let path: Vec<_> = segments.map(|segment| segment.ident.to_string()).collect();
            let Some(Target::Item { module, name }) = modules.resolve(&source.module(), &path)
            else {
                continue;
            };
            let file = modules.file(&module);
            let same_module = module.first().map(String::as_str) == source.top();
            if file != source.file && same_module {
                found.push(format!("{name} of {file} in {}", source.file));
            }
        }
    }
    found.sort();
    assert_exceptions(
        &found,
        &SCATTERED,
        "the methods of a type stand in its file",
    );
}

/// From each file to those of the same module whose items it names.
fn arrows(sources: &[Source]) -> Arrows {
    let modules = Crate::new(sources);
    let mut arrows = Arrows::new();
    for source in sources.iter().filter(|source| !source.is_test) {
        let used = arrows.entry(source.file.clone()).or_default();
        for place in source.places.iter().filter(|place| counts(source, place)) {
            // Naming a module is no use yet; its item that is used resolves by itself.
            let Some(Target::Item { module, .. }) = modules.target(source, place) else {
                continue;
            };
            let file = modules.file(&module);
            if file != source.file && module.first().map(String::as_str) == source.top() {
                used.insert(file.to_owned());
            }
        }
    }
    arrows
}

fn counts(source: &Source, place: &Place) -> bool {
    match place.form {
        Form::Import | Form::Code => true,
        Form::ReExport => !source.is_mod_rs(),
        Form::MethodCall | Form::MethodCallWithArguments => false,
    }
}

/// The sets of files that reach one another, each with more than one file.
fn circles_of(arrows: &Arrows) -> BTreeSet<BTreeSet<String>> {
    let reached: BTreeMap<_, _> = arrows
        .keys()
        .map(|file| (file, reachable(file, arrows)))
        .collect();
    let circle = |file: &String| {
        let others = reached[file].iter();
        let others = others.filter(|other| reached.get(other).is_some_and(|r| r.contains(file)));
        others.cloned().collect::<BTreeSet<_>>()
    };
    let circles = arrows.keys().map(circle);
    circles.filter(|circle| circle.len() > 1).collect()
}

fn reachable(from: &str, arrows: &Arrows) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from.to_owned()];
    while let Some(file) = next.pop() {
        for other in arrows.get(&file).into_iter().flatten() {
            if reached.insert(other.clone()) {
                next.push(other.clone());
            }
        }
    }
    reached
}

/// The circle, one line for each of its files with the files of the circle that it uses.
fn described(circle: &BTreeSet<String>, arrows: &Arrows) -> String {
    let mut text = format!("a circle of {} files:\n", circle.len());
    for file in circle {
        let used: Vec<_> = arrows[file].intersection(circle).cloned().collect();
        text.push_str(&format!("    {file} uses {}\n", used.join(", ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, &str)]) -> Vec<Source> {
        let parse = |(file, text): &(&str, &str)| Source::parse(file, text);
        files.iter().map(parse).collect()
    }

    #[test]
    fn an_item_is_traced_through_re_exports_to_its_file() {
        let sources = files(&[
            ("lib.rs", "mod a; pub use a::B;"),
            (
                "a/mod.rs",
                "mod b; mod c; pub(crate) use b::{B, B as Renamed};",
            ),
            ("a/b.rs", "pub struct B; use super::c::C;"),
            (
                "a/c.rs",
                "pub struct C(super::Renamed, crate::B, std::b::D);",
            ),
        ]);
        let arrows = arrows(&sources);
        assert_eq!(arrows["a/c.rs"], BTreeSet::from(["a/b.rs".to_owned()]));
        assert_eq!(arrows["a/mod.rs"], BTreeSet::new());
        let circle = BTreeSet::from(["a/b.rs".to_owned(), "a/c.rs".to_owned()]);
        assert_eq!(circles_of(&arrows), BTreeSet::from([circle]));
    }

    #[test]
    fn functions_of_a_module_that_is_imported_are_traced() {
        let sources = files(&[
            ("lib.rs", "mod a;"),
            ("a/mod.rs", "mod b; mod c;"),
            ("a/b.rs", "use super::c; fn f() { c::g() }"),
            (
                "a/c.rs",
                "pub fn g() {} #[cfg(test)] mod tests { use super::super::b::f; }",
            ),
        ]);
        let arrows = arrows(&sources);
        assert_eq!(arrows["a/b.rs"], BTreeSet::from(["a/c.rs".to_owned()]));
        assert!(circles_of(&arrows).is_empty());
    }
}
