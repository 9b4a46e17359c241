//! A section with servers, and the values of its lines so far.
//!
//! HAProxy's `server` line carries most of what other servers have in directives of the section:
//! address, TLS, names, limits. Its values are kept apart in [`ServerLine`] until the line is
//! complete.
//!
//! ```text
//! server a a.example:443 ssl sni str(www.example.com) verify required weight 10
//! │      │ │             └── keywords ──> ServerLine
//! │      │ └── address ──> url https://a.example
//! │      └── the name of the member
//! ```

use std::{collections::BTreeMap, time::Duration};

use crate::import::{
    draft::{Draft, HostChoice, OriginDraft, SharedSettings, SniChoice, TlsChoice},
    group_calls::GroupCalls,
    has_settings::HasSettings,
    local_address::{port_left_out, set_local_address},
    note::{NoteKind, Outcome},
    origin_url::origin_url,
    settings::Settings,
    values,
};

use super::{
    parse::ConfigLine,
    value::{self, Address},
};

/// A row about a line of a section.
pub(super) type BackendRow = crate::import::directive_row::DirectiveRow<MapLine>;

/// Maps a line. The last argument is the text of its row.
pub(super) type MapLine = fn(&mut Backend, &ConfigLine, &'static str) -> Outcome;

/// A `backend` or `listen`, with its defaults.
#[derive(Debug, Default)]
pub(super) struct Backend {
    pub(super) draft: Draft,
    pub(super) group: GroupCalls,
    /// The values of `default-server`.
    pub(super) default_server: ServerLine,
    /// The lines of servers without `check`.
    unchecked: Vec<usize>,
    /// Whether a rule removes or replaces the client's X-Forwarded-For.
    pub(super) replaces_forwarded_for: bool,
}

/// The values of a `server` line after its address.
///
/// It starts as a copy of the `default-server` values.
#[derive(Clone, Debug, Default)]
pub(super) struct ServerLine {
    pub(super) settings: Settings,
    pub(super) tls: TlsChoice,
    pub(super) weight: Option<u32>,
    pub(super) is_backup: bool,
    pub(super) is_checked: bool,
    pub(super) is_disabled: bool,
    pub(super) is_without_reuse: bool,
    pub(super) is_without_tickets: bool,
    /// Whether HTTP/2 is spoken in any case: `proto h2`.
    pub(super) is_http2: bool,
    pub(super) sends_proxy_v1: bool,
    pub(super) sends_proxy_v2: bool,
    /// Calls of the group's health check, with their arguments.
    pub(super) checks: BTreeMap<&'static str, String>,
    /// Calls of the group's ejection, with their arguments.
    pub(super) ejection: BTreeMap<&'static str, String>,
    /// The folders of relative paths. Empty for none.
    pub(super) ca_base: String,
    pub(super) crt_base: String,
    /// Whether `sni` is there, with whatever value.
    ///
    /// An expression that depends on the request cannot be imported, but it tells that SNI was
    /// meant.
    pub(super) has_sni: bool,
}

impl HasSettings for Backend {
    fn settings(&mut self) -> &mut Settings {
        &mut self.draft.shared.settings
    }
}

impl HasSettings for ServerLine {
    fn settings(&mut self) -> &mut Settings {
        &mut self.settings
    }
}

impl Backend {
    /// Unlike nginx, HAProxy passes the client's Host unless a rule changes it.
    pub(super) fn new(section: String, line: usize, count: usize) -> Self {
        let mut backend = Self {
            group: GroupCalls::new(count > 1),
            ..Self::default()
        };
        backend.draft.section = section;
        backend.draft.line = line;
        // HAProxy passes the client's Host.
        backend.draft.shared.host = HostChoice::Preserve;
        backend
    }

    pub(super) fn shared(&mut self) -> &mut SharedSettings {
        &mut self.draft.shared
    }

    /// What becomes of a keyword that concerns the whole group.
    pub(super) fn of_group(&self, text: &'static str) -> Outcome {
        match self.group.is_group {
            true => Outcome::mapped(text),
            false => Outcome::no_effect("there is one server"),
        }
    }

    /// Adds a server, and returns notes about what is not on its line.
    ///
    /// Refused if the address is a variable, or no address of TCP or a Unix socket.
    pub(super) fn add(
        &mut self,
        line: &ConfigLine,
        mut own: ServerLine,
    ) -> (Outcome, Vec<Outcome>) {
        let mut warnings = Vec::new();
        let address = match value::address(line.word(2)) {
            Ok(address) => address,
            Err(problem) => return (Outcome::refused(problem), warnings),
        };
        let is_tls = own.tls.is_on;
        if own.is_http2 && !is_tls {
            own.settings.take("alpn");
            warnings.push(Outcome::refused("HTTP/2 is spoken over TLS only"));
        }
        self.take_group_calls(line.number, &own, &mut warnings);
        let (url, dial) = match address {
            Address::Socket(path) => (
                origin_url(is_tls, "localhost", None),
                Some(format!("unix:{path}")),
            ),
            Address::Host(host, port) => {
                if port.is_none() {
                    warnings.push(Outcome::warning(
                        "no port: HAProxy connects to the port that the client used; the import \
                         takes 80, or 443 with TLS",
                    ));
                }
                if port == Some(443) && !is_tls {
                    warnings.push(Outcome::warning(
                        "no `ssl`: plain HTTP to a port of TLS: an edge answers 400",
                    ));
                }
                self.warn(&host, &own, &mut warnings);
                (origin_url(is_tls, &host, port), None)
            }
        };
        let name = line.word(1).to_owned();
        let mut server = OriginDraft::new(&self.draft.shared, name, line.number, url);
        server.dial = dial;
        server.weight = own.weight.filter(|_| self.group.is_group);
        server.is_backup = own.is_backup && self.group.is_group;
        server.settings.extend(own.settings);
        server.tls = own.tls;
        self.draft.servers.push(server);
        let outcome = match self.group.is_group {
            true => Outcome::mapped("a member of `OriginGroup::builder`"),
            false => Outcome::mapped("`CdnOriginConnector::builder`"),
        };
        (outcome, warnings)
    }

    /// The values of the group: the first server that names one decides.
    fn take_group_calls(&mut self, line: usize, own: &ServerLine, warnings: &mut Vec<Outcome>) {
        let mut outcomes = Vec::new();
        for (setter, value) in &own.ejection {
            outcomes.push(self.group.eject(&format!(".{setter}({value})"), ""));
        }
        if !own.is_checked {
            self.unchecked.push(line);
        } else {
            self.group.check.is_on = true;
            for (setter, value) in &own.checks {
                outcomes.push(self.group.check(format!(".{setter}({value})"), ""));
            }
        }
        outcomes.retain(|outcome| outcome.kind == NoteKind::Refused);
        warnings.append(&mut outcomes);
    }

    /// The lines of servers that are checked here, and not in HAProxy.
    pub(super) fn unchecked(&self) -> &[usize] {
        let check = &self.group.check;
        match self.group.is_group && check.is_on && check.path.is_some() {
            true => &self.unchecked,
            false => &[],
        }
    }

    /// Notes about the names of a server that is reached by TCP.
    ///
    /// An edge has to know the name in SNI and the name in Host; both are missing in many
    /// configurations that work with a server of one's own.
    fn warn(&self, host: &str, own: &ServerLine, warnings: &mut Vec<Outcome>) {
        let is_name = host.chars().any(|char| char.is_ascii_alphabetic()) && !host.starts_with('[');
        if is_name && self.draft.shared.host == HostChoice::Preserve {
            warnings.push(Outcome::warning(
                "no `http-request set-header Host`: the client's Host is passed, and an edge that \
                 does not serve that name refuses the request",
            ));
        }
        if !own.tls.is_on {
            return;
        }
        if !own.has_sni && is_name {
            warnings.push(Outcome::warning(
                "no `sni`: HAProxy before 3.3 sends none, and a CDN closes the connection. The \
                 import sends the server's name",
            ));
        }
        let has_name = own.tls.expected_name.is_some() || own.tls.sni != SniChoice::Url;
        if !is_name && !has_name {
            warnings.push(Outcome::warning(
                "no `verifyhost`: HAProxy accepts the certificate of any name. The import expects \
                 the address: `CdnOriginBuilder::expected_name`",
            ));
        }
    }

    /// The draft, once all lines are read.
    pub(super) fn finish(mut self) -> Draft {
        self.draft.group_calls = self.group.into_calls();
        self.draft
    }
}

/// The time, or why there is none.
pub(super) fn time_of(word: &str) -> Result<Duration, Outcome> {
    values::non_zero(value::time(word))
}

/// Sets the address of `source`, of a section or a server. A port is left out with a warning.
pub(super) fn set_source(settings: &mut Settings, word: &str, text: &'static str) -> Outcome {
    let (address, port) = value::local_address(word);
    let has_port = port.is_some_and(|port| port != "0");
    match (address, has_port) {
        ("*" | "0.0.0.0" | "::", has_port) => {
            settings.take("socket_options.local_address");
            match has_port {
                true => port_left_out(),
                false => Outcome::mapped("the system chooses by default"),
            }
        }
        _ => set_local_address(settings, address, has_port, text),
    }
}
