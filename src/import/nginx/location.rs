//! A block with `proxy_pass`, and the values of its directives so far.
//!
//! The rows fill in a [`Location`] in any order; [`Location::finish`] makes the draft. What follows
//! from several directives is decided there:
//!
//! | `proxy_ssl_server_name` | `proxy_ssl_name` | the import |
//! |---|---|---|
//! | `on`, or absent | absent | SNI of the URL |
//! | `on`, or absent | a name | that name in SNI |
//! | `off` | absent | no SNI |
//! | `off` | a name | no SNI, and that name expected |
//!
//! | target of `proxy_pass` | URL | dialled |
//! |---|---|---|
//! | `https://a.example` | the same | the same |
//! | `https://app`, an `upstream` | `https://` and each server's address | the same |
//! | `https://app.example`, an `upstream` | `https://app.example` | each server's address |
//! | `http://unix:/run/a.sock:` | `http://localhost` | the socket |

use std::{collections::BTreeMap, time::Duration};

use crate::import::{
    directive::Directive,
    draft::{Draft, HostChoice, Server, SharedSettings, SniChoice},
    group_calls::GroupCalls,
    note::Finding,
    settings::SettingValue,
};

use super::value;

/// A row of this importer.
pub(super) type NginxRow = crate::import::directive_row::DirectiveRow<MapDirective>;

/// Maps a directive. The last argument is the text of its row.
///
/// It is called for each line of the row's name that holds in the location.
pub(super) type MapDirective = fn(&mut Location, &Directive, &'static str) -> Finding;

/// A block with `proxy_pass`.
#[derive(Debug, Default)]
pub(super) struct Location {
    pub(super) draft: Draft,
    /// The path of the block, if it is a prefix.
    ///
    /// From the innermost `location` block.
    pub(super) path: Option<String>,
    /// The path of a block with `=`.
    pub(super) exact_path: Option<String>,
    /// The variables that `set` gave a fixed value.
    pub(super) variables: BTreeMap<String, String>,
    /// The name of the enclosing server, if it is the only one and no pattern.
    pub(super) server_name: Option<String>,
    /// `None` if the URL cannot be imported: the section then has no origin.
    pub(super) pass: Option<Pass>,
    /// The servers of the `upstream`.
    pub(super) members: Vec<MemberLine>,
    pub(super) group: GroupCalls,
    pub(super) ssl_name: Option<String>,
    /// The field that has the client's address, in lower case.
    pub(super) real_ip_header: Option<String>,
    /// Whether a `rewrite` maps paths.
    pub(super) is_rewritten: bool,
}

/// The value of `proxy_pass`.
#[derive(Debug)]
pub(super) struct Pass {
    pub(super) line: usize,
    /// Such as `https`.
    pub(super) scheme: &'static str,
    /// Host and port, or the path of a socket after `unix:`.
    pub(super) target: String,
    /// Whether the target is the name of an `upstream`.
    pub(super) is_upstream: bool,
}

/// A `server` of an `upstream`.
#[derive(Debug)]
pub(super) struct MemberLine {
    pub(super) line: usize,
    pub(super) address: String,
    pub(super) weight: Option<u32>,
    pub(super) is_backup: bool,
    pub(super) max_connections: Option<u64>,
}

impl Location {
    pub(super) fn shared(&mut self) -> &mut SharedSettings {
        &mut self.draft.shared
    }

    /// The word with the variables that are known.
    ///
    /// Others stay as they are, which the rows take for a value that depends on the request.
    pub(super) fn expand(&self, word: &str) -> String {
        value::expand(word, &self.variables)
    }

    /// The words of a directive, each [expanded](Self::expand).
    pub(super) fn expanded(&self, directive: &Directive) -> Vec<String> {
        let words = directive.words.iter();
        words.map(|word| self.expand(word)).collect()
    }

    pub(super) fn set(
        &mut self,
        key: &'static str,
        value: SettingValue,
        text: &'static str,
    ) -> Finding {
        self.shared().set(key, value, text)
    }

    /// In nginx's units: a number without a unit is seconds.
    pub(super) fn set_time(
        &mut self,
        key: &'static str,
        word: &str,
        text: &'static str,
    ) -> Finding {
        match time_of(word) {
            Ok(time) => self.set(key, SettingValue::Time(time), text),
            Err(finding) => finding,
        }
    }

    pub(super) fn set_number(
        &mut self,
        key: &'static str,
        word: &str,
        text: &'static str,
    ) -> Finding {
        match word.parse() {
            Ok(number) => self.set(key, SettingValue::Number(number), text),
            Err(_) => Finding::refused("the value is no number"),
        }
    }

    /// The draft, once all directives are read.
    ///
    /// A member without a port gets port 80, also with TLS, as in nginx. A `server` line for TLS
    /// needs `:443`.
    pub(super) fn finish(mut self) -> Draft {
        let Some(pass) = self.pass else {
            return self.draft;
        };
        self.draft.group_calls = self.group.into_calls();
        let tls = &mut self.draft.shared.tls;
        tls.is_on = pass.scheme == "https";
        match (self.ssl_name, tls.sni == SniChoice::Omit) {
            (Some(name), true) => tls.expected_name = Some(name),
            (Some(name), false) => tls.sni = SniChoice::Name(name),
            (None, _) => {}
        }
        if pass.target.starts_with("unix:") {
            let shared = &self.draft.shared;
            let url = format!("{}://localhost", pass.scheme);
            let mut server = Server::new(shared, pass.target.clone(), pass.line, url);
            server.dial = Some(pass.target);
            self.draft.servers.push(server);
            return self.draft;
        }
        if !pass.is_upstream {
            let url = format!("{}://{}", pass.scheme, pass.target);
            let server = Server::new(&self.draft.shared, pass.target, pass.line, url);
            self.draft.servers.push(server);
            return self.draft;
        }
        // nginx takes the name of an `upstream` for all names. A name without a dot is a label of
        // the file, which no origin knows.
        let is_host_name = pass.target.contains('.');
        let is_tls = pass.scheme == "https";
        for member in self.members {
            let is_socket = member.address.starts_with("unix:");
            let address = match (is_socket, is_host_name) {
                (_, true) => pass.target.clone(),
                (true, false) => "localhost".to_owned(),
                // The port of a server is 80, whatever the scheme.
                (false, false) if is_tls && !has_port(&member.address) => {
                    format!("{}:80", member.address)
                }
                (false, false) => member.address.clone(),
            };
            let url = format!("{}://{address}", pass.scheme);
            let shared = &self.draft.shared;
            let mut server = Server::new(shared, member.address.clone(), member.line, url);
            if is_socket {
                server.dial = Some(member.address);
            } else if is_host_name {
                server.dial = Some(match has_port(&member.address) {
                    true => member.address,
                    false => format!("{}:80", member.address),
                });
            }
            server.weight = member.weight;
            server.is_backup = member.is_backup;
            if let Some(count) = member.max_connections {
                // The number was checked when its line was read.
                let _ = server
                    .settings
                    .set("pool.max_connections", SettingValue::Number(count));
            }
            self.draft.servers.push(server);
        }
        self.draft
    }

    /// nginx's redirect of a folder without its slash, which the routes do not have.
    ///
    /// `None` for a section whose prefix does not end in a slash.
    pub(super) fn redirect_of_folder(&self) -> Option<Finding> {
        let path = self.draft.route.as_deref()?;
        let folder = path.strip_suffix('/')?;
        Some(Finding::by_hand(format!(
            "nginx redirects `{folder}` to `{path}`, and the routes answer 404: \
             `.route(\"{folder}\", any(Redirect::permanent(\"{path}\")))` redirects too, but with \
             308 and without the query"
        )))
    }

    /// Whether the origin speaks TLS.
    pub(super) fn is_https(&self) -> bool {
        let pass = self.pass.as_ref();
        pass.is_some_and(|pass| pass.scheme == "https")
    }

    /// Whether no directive sets the Host.
    pub(super) fn has_default_host(&self) -> bool {
        self.draft.shared.host == HostChoice::Url
    }
}

/// Understands IPv6 addresses in brackets.
fn has_port(address: &str) -> bool {
    let after_brackets = address.rsplit(']').next().unwrap_or(address);
    after_brackets.contains(':')
}

/// The time, or a finding that it is none. nginx has no time of zero here.
pub(super) fn time_of(word: &str) -> Result<Duration, Finding> {
    match value::time(word) {
        Some(time) if !time.is_zero() => Ok(time),
        Some(_) => Err(Finding::refused("a time of zero would pass at once")),
        None => Err(Finding::refused("the value is no time")),
    }
}

/// What becomes of a directive whose value `off` is the only one that the crate has.
pub(super) fn refused_unless_off(
    _: &mut Location,
    directive: &Directive,
    text: &'static str,
) -> Finding {
    match directive.word() {
        "off" => Finding::no_effect(text),
        _ => Finding::refused(text),
    }
}
