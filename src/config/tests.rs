//! The committed JSON schema is that of the keys.

use std::{env, fs, path::Path};

use super::OriginConfig;

/// `BLESS=1 cargo test --all-features --lib config` writes the schema.
#[test]
fn the_committed_schema_has_all_keys() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/schema.json");
    let schema = schemars::schema_for!(OriginConfig);
    let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
    if env::var_os("BLESS").is_some() {
        fs::write(&path, &text).expect("the schema can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(committed, text, "BLESS=1 writes it anew");
}
