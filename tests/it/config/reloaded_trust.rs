//! A reload of a connector to which code has added what no file can hold.

use std::{fs, path::Path};

use cdn_origin::{
    CdnOriginConnector, SpkiPin, VerifyPolicy, config::OriginConfig, connector::CdnOriginBuilder,
    tls::ClientIdentity,
};

use super::read;
use crate::support::Authority;

fn pin(byte: u8) -> SpkiPin {
    SpkiPin::sha256([byte; 32])
}

/// The keys of what runs.
fn written(connector: &CdnOriginConnector) -> String {
    let config = OriginConfig::try_from(&connector.to_builder()).unwrap();
    toml::to_string(&config).unwrap()
}

fn identity(folder: &Path) -> [String; 2] {
    let certified = Authority::new().issue(&["client.test"]);
    let [chain, key] = ["chain.pem", "key.pem"].map(|name| folder.join(name));
    fs::write(&chain, certified.cert_pem()).unwrap();
    fs::write(&key, certified.key_pem()).unwrap();
    [chain, key].map(|path| path.display().to_string())
}

#[test]
fn a_reload_keeps_what_is_the_same_in_both_files() {
    let folder = tempfile::tempdir().unwrap();
    let [chain, key] = identity(folder.path());
    let file = |keys: &str| -> OriginConfig { read(&format!("url = 'https://a.test'\n{keys}")) };
    let pinned = format!("verify.pinned = ['{}']", pin(2));
    let with_identity =
        format!("client_identity = {{ chain.file = '{chain}', key.file = '{key}' }}");

    let mut running = file("");
    let builder = CdnOriginBuilder::try_from(&running).unwrap();
    let connector = builder
        .verify(VerifyPolicy::pinned(pin(1)))
        .build()
        .unwrap();
    let reloaded = running.reload(&file(&with_identity), &connector).unwrap();
    assert_eq!(reloaded.changed, ["client_identity"]);
    let text = written(&connector);
    assert!(text.contains(&pin(1).to_string()), "{text}");
    assert!(text.contains(&chain), "{text}");

    let mut running = file("");
    let builder = CdnOriginBuilder::try_from(&running).unwrap();
    let builder = builder.client_identity(ClientIdentity::pem_files(&chain, &key));
    let connector = builder.build().unwrap();
    let reloaded = running.reload(&file(&pinned), &connector).unwrap();
    assert_eq!(reloaded.changed, ["verify"]);
    let text = written(&connector);
    assert!(text.contains(&pin(2).to_string()), "{text}");
    assert!(text.contains(&chain), "{text}");

    // What the file has had, and has no longer, is taken away.
    let reloaded = running.reload(&file(&with_identity), &connector).unwrap();
    assert_eq!(reloaded.changed, ["verify", "client_identity"]);
    running.reload(&file(""), &connector).unwrap();
    assert_eq!(written(&connector), "url = \"https://a.test\"\n");
}
