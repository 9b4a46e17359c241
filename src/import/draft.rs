//! The names, settings and servers of a proxy, collected while its directives are read.
//!
//! A directive rarely decides a setting alone. In nginx, `proxy_ssl_name` is the SNI, the expected
//! name or nothing, by the value of `proxy_ssl_server_name`, which may come later in the file. So
//! directives only fill a draft, and [`OriginDraft::settle`] decides once all of them are read:
//!
//! ```text
//! directives ──rows──> SharedSettings ──copied──> OriginDraft ──settle()──> Settings
//!                      (of a section)             (of one server)             │
//!                                                             keys of the configuration,
//!                                                             and the calls of the code
//! ```
//!
//! The four names of an origin are settled last, from `url`, `dial`, `host` and `tls`.

use serde_json::{Value as Json, json};

use super::{
    answer::{Answer, is_plain},
    has_settings::HasSettings,
    note::Outcome,
    settings::{SettingValue, Settings},
};

/// A `location` or a `backend` on its way to an origin or a group.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// Such as `location /`.
    pub(super) section: String,
    /// Of the first line of the section, from 1.
    pub(super) line: usize,
    /// What all servers have in common.
    pub(super) shared: SharedSettings,
    /// One makes a connector, several make a group.
    pub(super) servers: Vec<OriginDraft>,
    /// Calls of the group's builder, such as `balance(Balance::round_robin())`.
    ///
    /// Empty for a section with one server.
    pub(super) group_calls: Vec<String>,
    /// The prefix of the paths that belong to the section, if it is not `/`.
    ///
    /// Without wildcards: the code nests the proxy below it.
    pub(super) route: Option<String>,
    /// What the program answers in place of the servers.
    pub(super) answer: Option<Answer>,
}

impl Draft {
    /// Whether the code of both is the same, but for their names.
    pub(super) fn has_settings_of(&self, other: &Self) -> bool {
        self.servers == other.servers && self.group_calls == other.group_calls
    }

    /// Adds the path of a section to the code. `Some` if not all paths belong to the section.
    ///
    /// `path` is the prefix of the section, or `None` if it is no prefix: a regular expression, an
    /// exact match, or a matcher by field. Prefixes with characters that a router could take for a
    /// pattern get the general warning, too.
    pub(super) fn add_route(&mut self, path: Option<&str>) -> Option<Outcome> {
        match path {
            Some("/") => None,
            Some(path) if is_plain(path) => {
                self.route = Some(path.to_owned());
                None
            }
            _ => Some(Outcome::warning(
                "with `fallback_service`, all requests reach the origin: a router in front of the \
                 proxy has to select those of this section",
            )),
        }
    }
}

/// The settings of all servers of a section.
///
/// They belong to the section, not to a server: a change after the first `OriginDraft::new` is
/// lost.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedSettings {
    pub(super) settings: Settings,
    pub(super) host: HostChoice,
    pub(super) tls: TlsChoice,
    /// The forwarded fields, if they are not the default ones.
    fields: Option<Vec<&'static str>>,
}

/// The Host that the origin gets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum HostChoice {
    /// The authority of the URL.
    #[default]
    Url,
    /// Checked when its line is read, so that the note has the right line.
    Fixed(String),
    /// The client's.
    Preserve,
    /// The client's, without port and final dot, in lower case.
    ///
    /// As nginx's `$host` and Caddy's `{host}`.
    PreserveName,
}

/// What concerns TLS and becomes one call from several directives.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct TlsChoice {
    pub(super) is_on: bool,
    pub(super) sni: SniChoice,
    /// A name that the certificate must have, if it is not the SNI.
    pub(super) expected_name: Option<String>,
    /// `On` unless the text turns it off, which is a warning.
    pub(super) verify: VerifyChoice,
    /// A path, which is not read here.
    pub(super) roots: Option<String>,
    pub(super) crls: Option<String>,
    /// With its chain, in PEM.
    pub(super) certificate: Option<String>,
    /// The certificate's file, if there is none.
    pub(super) key: Option<String>,
    /// Keys of which the chain must have one, as `sha256/..`.
    pub(super) key_pins: Vec<String>,
    /// Certificates of which the chain must have one, in hexadecimal.
    pub(super) certificate_pins: Vec<String>,
    /// Names of which the certificate must have one, as JSON and as code.
    pub(super) names: Vec<(Json, String)>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum SniChoice {
    Name(String),
    Omit,
    /// The URL's host.
    #[default]
    Url,
}

/// The default is `On`, whatever the server's own default is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum VerifyChoice {
    #[default]
    On,
    Off,
    /// The pins alone are trusted.
    ///
    /// Only where the text has pins and no roots.
    Pins,
}

/// One server of a section.
///
/// `settings` begin as a copy of the section's, and the server's own replace them.
#[derive(Debug, PartialEq)]
pub(super) struct OriginDraft {
    pub(super) name: String,
    pub(super) line: usize,
    /// Scheme and authority.
    ///
    /// Without a path: that is mapped by `map_path`.
    pub(super) url: String,
    /// Where to connect, if that is not the URL's authority.
    pub(super) dial: Option<String>,
    /// `None` with a single server, where it has no effect.
    pub(super) weight: Option<u32>,
    pub(super) is_backup: bool,
    pub(super) settings: Settings,
    pub(super) host: HostChoice,
    pub(super) tls: TlsChoice,
}

impl HasSettings for SharedSettings {
    fn settings(&mut self) -> &mut Settings {
        &mut self.settings
    }
}

impl SharedSettings {
    /// Changes the set of forwarded fields that are written.
    ///
    /// Starts from the default set, so that the key is written only if the result differs.
    pub(super) fn forward(&mut self, field: &'static str, is_written: bool) {
        let fields = self.fields.get_or_insert_with(|| DEFAULT_FIELDS.to_vec());
        fields.retain(|other| *other != field);
        if is_written {
            fields.push(field);
        }
        fields.sort_unstable();
        if *fields == DEFAULT_FIELDS {
            self.fields = None;
        }
    }
}

/// The fields that are written by default, sorted.
///
/// They are those of `ForwardedLayer::default`.
const DEFAULT_FIELDS: [&str; 4] = [
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
];

impl OriginDraft {
    pub(super) fn new(shared: &SharedSettings, name: String, line: usize, url: String) -> Self {
        let mut settings = shared.settings.clone();
        if let Some(fields) = &shared.fields {
            let code: Vec<_> = fields.iter().map(|field| variant(field)).collect();
            let value = SettingValue::Both(json!(fields), format!("[{}]", code.join(", ")));
            // The names are those of the configuration.
            let _ = settings.insert("forwarded.fields", value);
        }
        Self {
            name,
            line,
            url,
            dial: None,
            weight: None,
            is_backup: false,
            settings,
            host: shared.host.clone(),
            tls: shared.tls.clone(),
        }
    }

    /// All settings, with those that follow from several directives.
    ///
    /// # Errors
    ///
    /// Why one of the names cannot be used.
    ///
    /// Order matters in one place: the Host follows an SNI by default, so a Host of the URL has to
    /// be written out once an SNI is set.
    ///
    /// | host | sni | keys |
    /// |---|---|---|
    /// | `Url` | none | none |
    /// | `Url` | set | `host`: the URL's authority |
    /// | `Fixed`, equal to the SNI or to the URL | | none: it is the default |
    /// | `Fixed`, another | | `host` |
    /// | `Preserve`, `PreserveName` | | `host_rewrite` |
    pub(super) fn settle(&self) -> Result<Settings, String> {
        let mut settings = self.settings.clone();
        settings.insert("url", self.url.as_str())?;
        if let Some(target) = &self.dial {
            settings.insert("dial", target.as_str())?;
        }
        if self.tls.is_on {
            self.settle_tls(&mut settings)?;
        }
        match &self.host {
            HostChoice::Url => {
                let (_, authority) = self.url.split_once("://").unwrap_or(("", &self.url));
                // The Host would follow an SNI that is set.
                if settings.has("sni") {
                    settings.insert("host", authority)?;
                }
            }
            HostChoice::Fixed(name) => {
                let follows = self.tls.is_on && self.tls.sni == SniChoice::Name(name.clone());
                let is_url = !settings.has("sni")
                    && self.url.split_once("://").is_some_and(|(_, it)| it == name);
                if !follows && !is_url {
                    settings.insert("host", name.as_str())?;
                }
            }
            HostChoice::PreserveName => {
                let code = "HostRewriteLayer::preserve_name()".to_owned();
                settings.insert(
                    "host_rewrite",
                    SettingValue::Both(json!("preserve_name"), code),
                )?;
            }
            HostChoice::Preserve => {
                let code = "HostRewriteLayer::preserve()".to_owned();
                settings.insert("host_rewrite", SettingValue::Both(json!("preserve"), code))?;
            }
        }
        Ok(settings)
    }

    /// For a server with `http://` nothing of this is written, whatever the directives said.
    fn settle_tls(&self, settings: &mut Settings) -> Result<(), String> {
        let tls = &self.tls;
        match &tls.sni {
            SniChoice::Url => {}
            SniChoice::Omit => settings.insert("omit_sni", SettingValue::Flag)?,
            SniChoice::Name(name) => settings.insert("sni", name.as_str())?,
        }
        if let Some(name) = &tls.expected_name {
            settings.insert("expected_name", name.as_str())?;
        }
        if let Some(policy) = tls.policy() {
            settings.insert("verify", policy)?;
        }
        if let Some(chain) = &tls.certificate {
            let key = tls.key.as_ref().unwrap_or(chain);
            let json = json!({ "chain": { "file": chain }, "key": { "file": key } });
            let code = format!("ClientIdentity::pem_files({chain:?}, {key:?})");
            settings.insert("client_identity", SettingValue::Both(json, code))?;
        }
        Ok(())
    }
}

impl TlsChoice {
    /// `None` if the default policy is meant: verification with the system's roots.
    fn policy(&self) -> Option<SettingValue> {
        if self.verify == VerifyChoice::Off {
            let json = json!({ "danger": { "certificate": "accept_any" } });
            return Some(SettingValue::Both(
                json,
                "danger::accept_any_certificate()".to_owned(),
            ));
        }
        let (mut json, mut code) = self.trust();
        if let Some(path) = &self.crls {
            json["crls"] = json!({ "pem_files": [path] });
            code += &format!(".crls(Crls::pem_file({path:?}))");
        }
        if !self.names.is_empty() {
            let (names, calls): (Vec<_>, Vec<_>) = self.names.iter().cloned().unzip();
            json["expecting_any"] = Json::Array(names);
            code += &format!(".expecting_any([{}])", calls.join(", "));
        }
        (json != json!({})).then_some(SettingValue::Both(json, code))
    }

    /// The trusted roots and pins.
    ///
    /// With [`VerifyChoice::Pins`], the first pin replaces the roots, and the others are added to
    /// it.
    fn trust(&self) -> (Json, String) {
        let (keys, certificates) = (&self.key_pins, &self.certificate_pins);
        let keys_as_calls = keys.iter().map(|pin| ("pin", pin));
        let mut pins = keys_as_calls.chain(certificates.iter().map(|pin| ("certificate_pin", pin)));
        let mut json = json!({});
        let mut names = ["and_pins", "and_certificate_pins"];
        let mut code = match &self.roots {
            Some(path) => {
                json["roots"] = json!({ "pem_files": [path] });
                format!("VerifyPolicy::roots(Roots::pem_file({path:?}))")
            }
            None => "VerifyPolicy::native_roots()".to_owned(),
        };
        if let (VerifyChoice::Pins, Some((kind, pin))) = (self.verify, pins.next()) {
            json = json!({});
            names = ["pinned", "pinned_certificates"];
            let call = match kind {
                "pin" => "pinned",
                _ => "pinned_certificate",
            };
            code = format!("VerifyPolicy::{call}({pin:?}.parse()?)");
        }
        for (kind, pin) in pins {
            code += &format!(".and_{kind}({pin:?}.parse()?)");
        }
        for (name, pins) in names.into_iter().zip([keys, certificates]) {
            if !pins.is_empty() {
                json[name] = json!(pins);
            }
        }
        (json, code)
    }
}

/// `X-Real-IP` becomes `ForwardedField::XRealIp`.
fn variant(field: &str) -> String {
    let words = field.split('-').map(|word| match word {
        "IP" => "Ip",
        word => word,
    });
    format!("ForwardedField::{}", words.collect::<String>())
}
