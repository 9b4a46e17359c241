//! A `reverse_proxy`, and what its lines have said so far.
//!
//! Lines fill it in any order. [`ReverseProxy::finish`] decides what depends on several of them:
//!
//! | address, or a TLS line | `header_up Host` | Host of the origin |
//! |---|---|---|
//! | https | absent | the origin's (Caddy 2.11; before, the client's) |
//! | http | absent | the client's |
//! | any | a name or placeholder | that |

use std::time::Duration;

use crate::import::{
    directive::Directive,
    draft::{Draft, HostChoice, OriginDraft, SharedSettings, SniChoice, VerifyChoice},
    group_calls::GroupCalls,
    has_settings::HasSettings,
    note::{ImportNote, Outcome},
    origin_url::origin_url,
    settings::Settings,
    values,
};

use super::value::{self, Upstream};

/// A row about a line of `reverse_proxy` or of its transport.
pub(super) type CaddyRow = crate::import::directive_row::DirectiveRow<MapSubdirective>;

/// Maps a line. The last argument is the text of its row.
pub(super) type MapSubdirective = fn(&mut ReverseProxy, &Directive, &'static str) -> Outcome;

#[derive(Debug, Default)]
pub(super) struct ReverseProxy {
    pub(super) draft: Draft,
    pub(super) group: GroupCalls,
    upstreams: Vec<UpstreamLine>,
    pub(super) weights: Vec<u32>,
    /// The Host, if `header_up` says it.
    ///
    /// `None` until a line sets it.
    pub(super) host: Option<HostChoice>,
    /// Whether the transport has a line about TLS.
    ///
    /// Then all upstreams get TLS, also those without `https://`.
    pub(super) has_tls_line: bool,
    pub(super) dial_timeout: Option<Duration>,
    pub(super) tls_timeout: Option<Duration>,
    pub(super) notes: Vec<ImportNote>,
}

/// An upstream that can be imported.
#[derive(Debug)]
struct UpstreamLine {
    line: usize,
    name: String,
    upstream: Upstream,
}

impl UpstreamLine {
    /// Whether requests have another Host than the address.
    fn differs_from(&self, host: &HostChoice) -> bool {
        match (host, &self.upstream) {
            (HostChoice::Url, _) => false,
            (HostChoice::Fixed(name), Upstream::Host(_, host, _)) => name != host,
            _ => true,
        }
    }
}

impl HasSettings for ReverseProxy {
    fn settings(&mut self) -> &mut Settings {
        &mut self.draft.shared.settings
    }
}

impl ReverseProxy {
    pub(super) fn new(is_group: bool) -> Self {
        Self {
            group: GroupCalls::new(is_group),
            ..Self::default()
        }
    }

    pub(super) fn note(&mut self, line: usize, directive: &str, outcome: Outcome) {
        self.notes.push(ImportNote::new(line, directive, outcome));
    }

    /// Adds notes on the lines of a block that the function of its row does not read.
    pub(super) fn note_block(&mut self, line: &Directive, row: Option<&CaddyRow>) {
        let Some(row) = row.filter(|row| row.map.is_some()) else {
            return;
        };
        if ["tls_trust_pool", "transport"].contains(&row.name) {
            return;
        }
        for inner in line.lines() {
            let outcome = match (row.name, inner.name.as_str()) {
                ("lb_policy", "fallback") => {
                    Outcome::refused("a request without a key gets the member with the least load")
                }
                _ => Outcome::unmapped(),
            };
            self.note(inner.line, &format!("{} {}", row.name, inner.name), outcome);
        }
    }

    pub(super) fn shared(&mut self) -> &mut SharedSettings {
        &mut self.draft.shared
    }

    /// Adds the address of an upstream.
    pub(super) fn add_upstream(&mut self, line: usize, word: &str) {
        let outcome = match value::upstream(word) {
            Ok(upstream) => {
                self.upstreams.push(UpstreamLine {
                    line,
                    name: word.to_owned(),
                    upstream,
                });
                match self.group.is_group {
                    true => Outcome::mapped("a member of `OriginGroup::builder`"),
                    false => Outcome::mapped("`CdnOriginConnector::builder`"),
                }
            }
            Err(problem) => Outcome::refused(problem),
        };
        self.note(line, "reverse_proxy to", outcome);
    }

    /// The draft, once all lines are read.
    ///
    /// A warning about names is given for the defaults that an edge does not accept.
    pub(super) fn finish(
        mut self,
        path: Option<&str>,
        is_bounded: bool,
    ) -> (Draft, Vec<ImportNote>) {
        let is_https =
            |line: &UpstreamLine| matches!(line.upstream, Upstream::Host(Some("https"), _, _));
        let is_tls = self.has_tls_line || self.upstreams.iter().any(is_https);
        self.draft.shared.tls.is_on = is_tls;
        self.settle_timeouts();
        self.warn_of_names(is_tls);
        self.draft.shared.host = match (self.host.take(), is_tls) {
            (Some(host), _) => host,
            (None, true) => HostChoice::Url,
            (None, false) => HostChoice::Preserve,
        };
        for (index, line) in std::mem::take(&mut self.upstreams).into_iter().enumerate() {
            let weight = self.weights.get(index).copied();
            let server = self.server(line, is_tls, weight);
            self.draft.servers.push(server);
        }
        self.draft.group_calls = std::mem::take(&mut self.group).into_calls();
        if is_bounded && !self.draft.servers.is_empty() {
            let line = self.draft.line;
            if let Some(outcome) = self.draft.add_route(path) {
                self.note(line, "reverse_proxy", outcome);
            }
        }
        (self.draft, self.notes)
    }

    /// Makes room for the parts of a connect that are longer than by default.
    ///
    /// The whole connect has a deadline of its own, which longer parts must not reach first.
    fn settle_timeouts(&mut self) {
        /// The defaults of each part and of the whole.
        const PART: Duration = Duration::from_secs(10);
        const WHOLE: Duration = Duration::from_secs(15);
        let parts = [self.dial_timeout, self.tls_timeout];
        let sum = parts
            .map(|part| part.unwrap_or(PART))
            .into_iter()
            .fold(Duration::ZERO, Duration::saturating_add);
        if parts != [None, None] && sum > WHOLE {
            self.set("timeouts.connect", sum, "");
        }
    }

    fn warn_of_names(&mut self, is_tls: bool) {
        let mut texts = Vec::new();
        let is_public = |line: &UpstreamLine| {
            let Upstream::Host(_, host, _) = &line.upstream else {
                return false;
            };
            host.contains('.') && host.chars().any(|char| char.is_ascii_alphabetic())
        };
        let has_name = self.upstreams.iter().any(is_public);
        let tls = &self.draft.shared.tls;
        match (&self.host, is_tls) {
            (None, true) => texts.push((
                "header_up Host",
                "without this line, Caddy sends the origin's host, and before version 2.11 the \
                 client's. The import sends the origin's",
            )),
            (None, false) if has_name => texts.push((
                "header_up Host",
                "without this line, the client's Host is passed, and an edge that does not serve \
                 that name refuses the request",
            )),
            (Some(host), true)
                if tls.sni == SniChoice::Url
                    && tls.verify == VerifyChoice::On
                    && self.upstreams.iter().any(|line| line.differs_from(host)) =>
            {
                texts.push((
                    "tls_server_name",
                    "without this line, the SNI is the origin's host and differs from Host: an \
                     edge that serves the site by its name refuses such requests",
                ));
            }
            _ => {}
        }
        let line = self.draft.line;
        for (directive, text) in texts {
            self.note(line, directive, Outcome::warning(text));
        }
    }

    /// An address without a scheme has port 80 in Caddy, even if the transport has TLS.
    fn server(&mut self, line: UpstreamLine, is_tls: bool, weight: Option<u32>) -> OriginDraft {
        let (url, dial) = match line.upstream {
            Upstream::Socket(path) => (
                origin_url(is_tls, "localhost", None),
                Some(format!("unix:{path}")),
            ),
            Upstream::Host(said, host, port) => {
                // Caddy takes the port from the scheme of the address alone.
                let port = port.unwrap_or(match said {
                    Some("https") => 443,
                    _ => 80,
                });
                let text = match (port, is_tls) {
                    (443, false) => Some(
                        "plain HTTP to a port of TLS: an edge answers 400. Write `https://` before \
                         the address",
                    ),
                    (80, true) => Some(
                        "TLS to port 80, the default of an address without `https://`: write \
                         `https://` before it",
                    ),
                    _ => None,
                };
                if let Some(text) = text {
                    self.note(line.line, "reverse_proxy to", Outcome::warning(text));
                }
                (origin_url(is_tls, &host, Some(port)), None)
            }
        };
        let mut server = OriginDraft::new(&self.draft.shared, line.name, line.line, url);
        server.dial = dial;
        server.weight = weight.filter(|_| self.group.is_group);
        server
    }
}

/// The time in a line, or why there is none.
pub(super) fn time_of(line: &Directive) -> Result<Duration, Outcome> {
    values::non_zero(value::time(line.word()))
}

/// The number in a line, or why there is none.
pub(super) fn number_of(line: &Directive) -> Result<u32, Outcome> {
    let no_number = |_| Outcome::refused("the value is no number");
    line.word().parse().map_err(no_number)
}
