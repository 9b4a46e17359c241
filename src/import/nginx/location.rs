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
    draft::{Draft, HostChoice, OriginDraft, SharedSettings, SniChoice},
    group_calls::GroupCalls,
    has_settings::HasSettings,
    note::Outcome,
    settings::Settings,
    values,
};

use super::{scope::Scope, value};

/// A row of this importer.
pub(super) type NginxRow = crate::import::directive_row::DirectiveRow<MapDirective>;

/// Maps a directive. The last argument is the text of its row.
///
/// It is called for each line of the row's name that holds in the location.
pub(super) type MapDirective = fn(&mut Location, &Directive, &'static str) -> Outcome;

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

impl HasSettings for Location {
    fn settings(&mut self) -> &mut Settings {
        &mut self.draft.shared.settings
    }
}

impl Location {
    pub(super) fn new(scope: &Scope<'_>) -> Self {
        let mut location = Self {
            path: scope.path.clone(),
            exact_path: scope.exact_path.clone(),
            variables: scope.variables(),
            server_name: scope.server_name(),
            ..Self::default()
        };
        location.draft.section.clone_from(&scope.section);
        location.draft.line = scope.line;
        location
    }

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

    /// The draft, once all directives are read.
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
        let shared = &self.draft.shared;
        self.draft.servers = match pass.is_upstream {
            true => {
                let members = self.members.into_iter();
                members.map(|it| pass.member_server(shared, it)).collect()
            }
            false => vec![pass.own_server(shared)],
        };
        self.draft
    }

    /// nginx's redirect of a folder without its slash, which the routes do not have.
    ///
    /// `None` for a section whose prefix does not end in a slash.
    pub(super) fn redirect_of_folder(&self) -> Option<Outcome> {
        let path = self.draft.route.as_deref()?;
        let folder = path.strip_suffix('/')?;
        Some(Outcome::by_hand(format!(
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

impl Pass {
    /// The origin of a URL that names no `upstream`.
    fn own_server(self, shared: &SharedSettings) -> OriginDraft {
        let is_socket = self.target.starts_with("unix:");
        let host = if is_socket { "localhost" } else { &self.target };
        let url = format!("{}://{host}", self.scheme);
        let mut server = OriginDraft::new(shared, self.target.clone(), self.line, url);
        server.dial = is_socket.then_some(self.target);
        server
    }

    /// A server of the `upstream`.
    ///
    /// Without a port, it gets port 80, also with TLS, as in nginx. A `server` line for TLS needs
    /// `:443`.
    fn member_server(&self, shared: &SharedSettings, member: MemberLine) -> OriginDraft {
        let is_socket = member.address.starts_with("unix:");
        // nginx takes the name of an `upstream` for all names. A name without a dot is a label of
        // the file, which no origin knows.
        let is_host_name = self.target.contains('.');
        let with_port = match is_socket || has_port(&member.address) {
            true => member.address.clone(),
            false => format!("{}:80", member.address),
        };
        let host = match (is_host_name, is_socket, self.scheme) {
            (true, _, _) => &self.target,
            (false, true, _) => "localhost",
            (false, false, "https") => &with_port,
            (false, false, _) => &member.address,
        };
        let url = format!("{}://{host}", self.scheme);
        let mut server = OriginDraft::new(shared, member.address, member.line, url);
        server.dial = (is_host_name || is_socket).then_some(with_port);
        server.weight = member.weight;
        server.is_backup = member.is_backup;
        if let Some(count) = member.max_connections {
            // The number was checked when its line was read.
            let _ = server.settings.insert("pool.max_connections", count);
        }
        server
    }
}

/// Understands IPv6 addresses in brackets.
fn has_port(address: &str) -> bool {
    let after_brackets = address.rsplit(']').next().unwrap_or(address);
    after_brackets.contains(':')
}

/// The time, or why there is none. A number without a unit is seconds.
///
/// nginx has no time of zero here.
pub(super) fn time_of(word: &str) -> Result<Duration, Outcome> {
    values::non_zero(value::time(word))
}

/// What becomes of a directive whose value `off` is the only one that the crate has.
pub(super) fn refused_unless_off(
    _: &mut Location,
    directive: &Directive,
    text: &'static str,
) -> Outcome {
    match directive.word() {
        "off" => Outcome::no_effect(text),
        _ => Outcome::refused(text),
    }
}
