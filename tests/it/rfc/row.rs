//! A row of the table: a request, what the origin must receive, its response, and what the client
//! must receive.
//!
//! Each row runs over all pairs of protocols, unless it is limited to some. Each run checks the
//! invariants of every message. A second request on the same connection proves that all parties
//! agree where the first one ended.

use std::{fmt::Write, time::Duration};

use axum::Router;

use super::{
    Protocol::{self, Http1, Http2},
    client::{Ask, Client},
    invariants,
    message::{Seen, field},
    origin::{Origin, Reply},
};
use crate::support::Site;

type Lines = &'static [&'static str];

/// What one side must receive.
#[derive(Clone, Copy, Debug, Default)]
struct Expected {
    start: Option<&'static str>,
    /// For each name in it, all lines of that name, in order.
    fields: Lines,
    absent: Lines,
    body: Option<&'static str>,
    trailers: Lines,
    cut_short: bool,
}

/// A rule, and its effect on one exchange.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) struct Row {
    rule: &'static str,
    clients: &'static [Protocol],
    origins: &'static [Protocol],
    ask: Ask,
    origin: Expected,
    /// Whether the origin must receive nothing.
    refused: bool,
    reply: Reply,
    client: Expected,
}

const BOTH: &[Protocol] = &[Http1, Http2];

impl Row {
    /// A request without content, and the response `200` with content `ok`.
    pub(crate) fn new(rule: &'static str, start: &'static str, fields: Lines) -> Self {
        Self {
            rule,
            clients: BOTH,
            origins: BOTH,
            ask: Ask::Message {
                start,
                fields,
                body: None,
                trailers: &[],
            },
            origin: Expected {
                start: Some(start),
                ..Expected::default()
            },
            refused: false,
            reply: Reply::Message {
                status: "200",
                fields: &[],
                body: Some("ok"),
                trailers: &[],
            },
            client: Expected {
                start: Some("200"),
                ..Expected::default()
            },
        }
    }

    /// A request of these bytes.
    pub(crate) fn bytes(rule: &'static str, bytes: &'static str) -> Self {
        let mut row = Self::new(rule, "", &[]).from(&[Http1]);
        row.ask = Ask::Bytes(bytes);
        row.origin.start = None;
        row
    }

    /// Only for clients of these protocols.
    pub(crate) fn from(mut self, clients: &'static [Protocol]) -> Self {
        self.clients = clients;
        self
    }

    /// Only for origins of these protocols.
    pub(crate) fn to(mut self, origins: &'static [Protocol]) -> Self {
        self.origins = origins;
        self
    }

    /// With content and trailers, which the origin must receive.
    pub(crate) fn content(mut self, content: &'static str, lines: Lines) -> Self {
        if let Ask::Message { body, trailers, .. } = &mut self.ask {
            (*body, *trailers) = (Some(content), lines);
        }
        self.origin.body = Some(content);
        self.origin.trailers = lines;
        self
    }

    pub(crate) fn origin_start(mut self, start: &'static str) -> Self {
        self.origin.start = Some(start);
        self
    }

    pub(crate) fn origin_sees(mut self, fields: Lines, absent: Lines) -> Self {
        (self.origin.fields, self.origin.absent) = (fields, absent);
        self
    }

    pub(crate) fn origin_gets(mut self, body: &'static str, trailers: Lines) -> Self {
        (self.origin.body, self.origin.trailers) = (Some(body), trailers);
        self
    }

    /// The origin's response. The client must receive the same status and content.
    pub(crate) fn answer(mut self, status: &'static str, lines: Lines) -> Self {
        if let Reply::Message {
            status: was,
            fields,
            ..
        } = &mut self.reply
        {
            (*was, *fields) = (status, lines);
        }
        self.client.start = Some(status);
        self
    }

    pub(crate) fn answer_content(mut self, content: Option<&'static str>, lines: Lines) -> Self {
        if let Reply::Message { body, trailers, .. } = &mut self.reply {
            (*body, *trailers) = (content, lines);
        }
        self.client.body = content;
        self
    }

    pub(crate) fn answer_bytes(mut self, reply: Reply) -> Self {
        self.reply = reply;
        self.to(&[Http1])
    }

    pub(crate) fn client_sees(mut self, fields: Lines, absent: Lines) -> Self {
        (self.client.fields, self.client.absent) = (fields, absent);
        self
    }

    pub(crate) fn client_gets(
        mut self,
        status: &'static str,
        body: &'static str,
        trailers: Lines,
    ) -> Self {
        self.client.start = Some(status);
        (self.client.body, self.client.trailers) = (Some(body), trailers);
        self
    }

    /// The client can detect that the response is truncated.
    pub(crate) fn client_sees_an_end_too_early(mut self) -> Self {
        self.client.cut_short = true;
        self.client.start = None;
        self
    }

    /// The client receives this, and the origin nothing.
    pub(crate) fn refused(mut self, status: &'static str) -> Self {
        self.refused = true;
        self.client.start = Some(status);
        self
    }
}

/// Runs the rows, and fails with a list of all violations.
pub(crate) async fn hold(rows: &[Row]) {
    let mut complaints = String::new();
    for (client, origin) in [
        (Http1, Http1),
        (Http2, Http1),
        (Http1, Http2),
        (Http2, Http2),
    ] {
        let scene = Scene::new(origin).await;
        let applies = |row: &&Row| row.clients.contains(&client) && row.origins.contains(&origin);
        for row in rows.iter().filter(applies) {
            for complaint in scene.try_out(row, client).await {
                let _ = writeln!(
                    complaints,
                    "{client:?} to {origin:?}, {}:\n    {complaint}",
                    row.rule
                );
            }
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
}

/// A served proxy in front of an origin.
pub(crate) struct Scene {
    pub(crate) origin: Origin,
    pub(crate) site: Site,
}

impl Scene {
    pub(crate) async fn new(origin: Protocol) -> Self {
        let origin = Origin::of(origin).await;
        let site = Site::serve(Router::new().fallback_service(origin.proxy())).await;
        Self { origin, site }
    }

    async fn try_out(&self, row: &Row, protocol: Protocol) -> Vec<String> {
        // Keeps a failing test from hanging.
        let outcome = tokio::time::timeout(Duration::from_secs(60), self.exchange(row, protocol));
        outcome.await.unwrap_or_else(|_| vec!["hangs".into()])
    }

    async fn exchange(&self, row: &Row, protocol: Protocol) -> Vec<String> {
        let mut complaints = Vec::new();
        self.origin.answers(row.reply);
        let mut client = Client::of(protocol, self.site.address()).await;
        let response = client.ask(row.ask).await;
        let goes_on = response.as_ref().is_some_and(|seen| !seen.is_last());
        match &response {
            Some(seen) => complaints.extend(differences("the client", seen, &row.client)),
            None if row.client.cut_short => {}
            None => complaints.push("the client got no response".into()),
        }
        let seen = self.origin.take();
        match (&seen[..], row.refused) {
            ([], true) => {}
            ([one], false) => complaints.extend(differences("the origin", one, &row.origin)),
            (all, _) => complaints.push(format!("the origin saw {} requests: {all:?}", all.len())),
        }
        for seen in &seen {
            complaints.extend(invariants::of_request(seen));
        }
        if let Some(response) = &response {
            complaints.extend(invariants::of_response(response));
        }
        if !goes_on {
            client = Client::of(protocol, self.site.address()).await;
        }
        complaints.extend(self.canary(&mut client).await);
        complaints
    }

    /// Checks a second request and its response.
    pub(crate) async fn canary(&self, client: &mut Client) -> Option<String> {
        let response = client.canary().await;
        let mut seen = self.origin.take();
        // The rest of a truncated message may arrive late.
        seen.retain(|seen| !seen.cut_short || seen.start.starts_with("no message"));
        let answered = response
            .as_ref()
            .is_some_and(|seen| seen.start == "200" && seen.body == "canary");
        let reached_origin = matches!(&seen[..], [one] if one.start == "GET /canary");
        let wrong =
            format!("the next request is answered by {response:?}, and the origin saw {seen:?}");
        (!answered || !reached_origin).then_some(wrong)
    }
}

fn differences(who: &str, seen: &Seen, expected: &Expected) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut complain = |what: String| complaints.push(format!("{who}: {what}; it saw {seen:?}"));
    if expected.start.is_some_and(|start| start != seen.start) {
        complain(format!("{:?} was expected", expected.start));
    }
    if expected.body.is_some_and(|body| body != seen.body) {
        complain(format!("the content {:?} was expected", expected.body));
    }
    let wanted: Vec<_> = expected.fields.iter().map(|line| field(line)).collect();
    for (name, _) in &wanted {
        let values = wanted.iter().filter(|(other, _)| other == name);
        let values: Vec<_> = values.map(|(_, value)| value.as_str()).collect();
        if seen.lines(name) != values {
            complain(format!("{name}: {values:?} was expected"));
        }
    }
    for name in expected.absent {
        if seen.has(name) {
            complain(format!("{name} was not expected"));
        }
    }
    let trailers: Vec<_> = expected.trailers.iter().map(|line| field(line)).collect();
    if seen.trailers != trailers {
        complain(format!("the trailers {trailers:?} were expected"));
    }
    if seen.cut_short != expected.cut_short {
        complain(format!("cut short: {} was expected", expected.cut_short));
    }
    complaints
}
