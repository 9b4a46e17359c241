//! One exchange with the edge of a case, and its diagnosis.

use std::{convert::Infallible, fmt, time::Duration};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, OriginProxy, VerifyPolicy,
    diagnosis::{Cause, Certainty, Diagnosis},
    tls::Roots,
};
use http::{Request, StatusCode, Uri, Version};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use tower::ServiceExt;

use crate::{
    proofs::{Answer, assert_answer_proved, assert_error_proved, assert_findings_proved},
    support::Authority,
    transports::to,
};

use super::{
    case::{Case, EdgeActs, Fix, Through},
    edge::Staged,
};

/// The protocol of the client.
#[derive(Clone, Copy, Debug)]
pub(super) enum Client {
    Http1,
    Http2,
}

/// A case with the protocols on both sides.
#[derive(Clone, Copy)]
pub(super) struct Run {
    case: &'static Case,
    client: Client,
    protocol: &'static str,
    is_fixed: bool,
}

/// What came of it.
pub(super) struct Outcome {
    status: Option<StatusCode>,
    pub(super) diagnosis: Diagnosis,
    report: Option<String>,
}

impl Run {
    pub(super) fn first_of(case: &'static Case, client: Client) -> Self {
        Self {
            case,
            client,
            protocol: "http/1.1",
            is_fixed: false,
        }
    }

    /// The case with each pair of protocols that it has.
    pub(super) fn all_of(case: &'static Case) -> Vec<Self> {
        let clients = match case.through {
            Through::Proxy => &[Client::Http1, Client::Http2][..],
            Through::Connector | Through::Probe => &[Client::Http1],
        };
        let protocols = match case.edge {
            EdgeActs::Responds(..) if case.url.starts_with("https") => &["http/1.1", "h2"][..],
            _ => &["http/1.1"],
        };
        let pairs = clients.iter().flat_map(|client| {
            let with = |protocol: &&'static str| Self {
                protocol,
                ..Self::first_of(case, *client)
            };
            protocols.iter().map(with)
        });
        pairs.collect()
    }

    /// The same with the first fix.
    pub(super) fn fixed(self) -> Self {
        Self {
            is_fixed: true,
            ..self
        }
    }

    fn fix(&self) -> Fix {
        match self.is_fixed {
            true => self.case.fix,
            false => Fix::None,
        }
    }

    pub(super) async fn diagnose(&self) -> Outcome {
        let case = self.case;
        let authority = Authority::new();
        let url = match self.fix() {
            Fix::Url(url) => url,
            _ => case.url,
        };
        let edge = Staged::start(case, url, self.protocol, &authority).await;
        let builder = CdnOriginConnector::builder(url).transport(to(edge.address()));
        let builder = match url.starts_with("https") {
            true => builder.verify(VerifyPolicy::roots(Roots::pem(authority.root_pem()))),
            false => builder,
        };
        let builder = (case.connector)(builder);
        let builder = match self.fix() {
            Fix::Connector(fix) => fix(builder),
            _ => builder,
        };
        let connector = builder.build().unwrap();
        match case.through {
            Through::Proxy => self.through_proxy(connector).await,
            Through::Connector => {
                let uri = Uri::from_static(case.uri);
                Outcome::of(connector.oneshot(uri).await.err())
            }
            Through::Probe => {
                let probe = cdn_origin::probe(&connector).pause(Duration::ZERO);
                let findings = probe.await.unwrap();
                assert_findings_proved(&findings);
                let works = findings.working().is_some();
                Outcome {
                    status: works.then_some(StatusCode::OK),
                    diagnosis: findings.diagnosis().clone(),
                    report: Some(findings.to_string()),
                }
            }
        }
    }

    async fn through_proxy(&self, connector: CdnOriginConnector) -> Outcome {
        let proxy = (self.case.proxy)(OriginProxy::new(connector));
        let proxy = match self.fix() {
            Fix::Proxy(fix) => fix(proxy),
            _ => proxy,
        };
        let mut outcome = None;
        for _ in 0..self.case.requests {
            let Ok(response) = proxy.clone().oneshot(self.request()).await;
            let (head, body) = response.into_parts();
            let body = body.collect().await;
            let error = head
                .extensions
                .get::<Error>()
                .cloned()
                .or_else(|| body.err());
            outcome = Some(match head.extensions.get::<Diagnosis>() {
                Some(diagnosis) if error.is_none() => {
                    self.assert_proved(diagnosis);
                    Outcome {
                        status: Some(head.status),
                        diagnosis: diagnosis.clone(),
                        report: None,
                    }
                }
                _ => Outcome {
                    status: Some(head.status),
                    ..Outcome::of(error)
                },
            });
        }
        outcome.expect("a case has at least one request")
    }

    /// Asserts that each certain cause of the edge's response has a proof.
    fn assert_proved(&self, diagnosis: &Diagnosis) {
        let case = self.case;
        let EdgeActs::Responds(status, fields, body) = case.edge else {
            return;
        };
        let answer = Answer {
            url: case.url,
            status,
            fields,
            body,
        };
        assert_answer_proved(diagnosis, &answer);
    }

    /// The Host of the client's request.
    fn host(&self) -> &'static str {
        match self.case.host {
            "" => self.case.url.split_once("://").unwrap().1,
            host => host,
        }
    }

    fn request(&self) -> Request<UnsyncBoxBody<Bytes, Infallible>> {
        let case = self.case;
        let host = self.host();
        let request = match self.client {
            Client::Http1 => Request::get("/page").header("host", host),
            Client::Http2 => Request::get(format!("https://{host}/page")).version(Version::HTTP_2),
        };
        let request = (case.request)(request);
        let content = Bytes::from_static(case.content.as_bytes());
        let body = match case.is_streamed {
            true => {
                let frame = Ok::<_, Infallible>(Frame::data(content));
                StreamBody::new(futures_util::stream::iter([frame])).boxed_unsync()
            }
            false => Full::new(content).boxed_unsync(),
        };
        request.body(body).unwrap()
    }
}

impl Outcome {
    fn of(error: Option<Error>) -> Self {
        if let Some(error) = &error {
            assert_error_proved(error);
        }
        let diagnosis = error.as_ref().map(Error::diagnosis);
        Self {
            status: error.is_none().then_some(StatusCode::OK),
            diagnosis: diagnosis.unwrap_or_default(),
            report: error.map(|error| error.report().to_string()),
        }
    }

    pub(super) fn is_success(&self) -> bool {
        self.status.is_some_and(|status| status.is_success())
    }

    /// How it differs from what the case expects.
    pub(super) fn differences(&self, case: &Case, run: &Run) -> Option<String> {
        let causes = self.diagnosis.causes();
        let is_met = match case.expected {
            [] => causes.is_empty() && !self.is_success(),
            expected => {
                let is_one = |(index, expected): (usize, &(_, _, &str))| {
                    let (id, certainty, part) = *expected;
                    causes.get(index).is_some_and(|cause| {
                        let fix = cause.fixes().first().map(ToString::to_string);
                        let is_fix = match part {
                            "" => fix.is_none(),
                            part => fix.is_some_and(|fix| fix.contains(part)),
                        };
                        (cause.id(), cause.certainty()) == (id, certainty) && is_fix
                    })
                };
                // A further certain cause would need a proof, too.
                let certain = causes.iter().map(Cause::certainty);
                let certain = certain.filter(|it| *it == Certainty::Certain).count();
                let proved = expected.iter().filter(|it| it.1 == Certainty::Certain);
                expected.iter().enumerate().all(is_one) && certain == proved.count()
            }
        };
        let report = self.report.as_deref().unwrap_or_default();
        let is_narrow = report.lines().all(|line| line.chars().count() <= 80);
        let expected = case.expected;
        (!is_met || !is_narrow).then(|| {
            format!(
                "{} ({:?} to {}): expected {expected:?}, found {self}",
                case.symptom, run.client, run.protocol
            )
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "status {:?}", self.status)?;
        for cause in self.diagnosis.causes() {
            let (id, fixes) = (cause.id(), cause.fixes());
            writeln!(f, "  {id} {cause}; {} fixes", fixes.len())?;
        }
        f.write_str(self.report.as_deref().unwrap_or_default())
    }
}
