//! The fuzz targets. Their code is a part of the tests, which run it on the committed corpora.

#[path = "../../tests/it/fuzzing/targets/mod.rs"]
pub mod targets;
