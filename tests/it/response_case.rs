//! One response of an origin, and its diagnosis by the proxy.

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, HostRewriteLayer, OriginProxy,
    diagnosis::{Cause, CauseId, Certainty, Diagnosis},
    tls::{Roots, VerifyPolicy},
};
use http::{Request, Response};
use http_body_util::Full;
use tower::ServiceExt;

use crate::{
    proofs::{Answer, assert_answer_proved},
    support::{Authority, Edge},
    transports::to,
};

/// The requested path.
const PATH: &str = "/page";

/// A response of an origin, with the URL and the Host of its request.
pub(crate) struct ResponseCase {
    pub(crate) url: &'static str,
    pub(crate) host: &'static str,
    pub(crate) status: u16,
    pub(crate) fields: &'static [(&'static str, &'static str)],
    pub(crate) body: &'static str,
}

impl ResponseCase {
    fn respond(&self) -> impl Fn(Request<Bytes>) -> Response<Bytes> + Send + Sync + use<> {
        let (status, fields, body) = (self.status, self.fields, self.body);
        move |_| {
            let response = Response::builder().status(status);
            let with = |response: http::response::Builder, (name, value): &(&str, &str)| {
                response.header(*name, *value)
            };
            let response = fields.iter().fold(response, with);
            response.body(Bytes::from_static(body.as_bytes())).unwrap()
        }
    }

    /// The diagnosis of the response.
    pub(crate) async fn diagnosis(&self) -> Option<Diagnosis> {
        let authority = Authority::new();
        let (scheme, rest) = self.url.split_once("://").unwrap();
        let name = rest.split(':').next().unwrap();
        let edge = Edge::builder(&authority).respond(self.respond());
        let edge = match scheme {
            "http" => edge.plain_http().start().await,
            _ => edge.serves(name).start().await,
        };
        let builder = CdnOriginConnector::builder(self.url).transport(to(edge.address()));
        let builder = match scheme {
            "http" => builder,
            _ => builder.verify(VerifyPolicy::roots(Roots::pem(authority.root_pem()))),
        };
        let proxy = OriginProxy::new(builder.build().unwrap());
        let proxy = proxy.host_rewrite(HostRewriteLayer::preserve());
        let request = Request::get(PATH).header("host", self.host);
        let request = request.body(Full::<Bytes>::default()).unwrap();
        let Ok(response) = proxy.oneshot(request).await;
        assert_eq!(response.status().as_u16(), self.status);
        let diagnosis: Option<Diagnosis> = response.extensions().get().cloned();
        if let Some(diagnosis) = &diagnosis {
            let answer = Answer {
                url: self.url,
                status: self.status,
                fields: self.fields,
                body: self.body,
            };
            assert_answer_proved(diagnosis, &answer);
        }
        diagnosis
    }

    pub(crate) async fn assert_not_certain(&self) {
        if let Some(diagnosis) = self.diagnosis().await {
            let certainty = diagnosis.likeliest().unwrap().certainty();
            let what = format!("{} {} {:?}", self.url, self.status, self.fields);
            assert!(certainty < Certainty::Certain, "{what}: {diagnosis}");
        }
    }

    pub(crate) async fn assert_cause(&self, id: CauseId, certainty: Certainty) -> Cause {
        let diagnosis = self.diagnosis().await.expect("a diagnosis");
        let cause = diagnosis.likeliest().unwrap();
        assert_eq!(
            (cause.id(), cause.certainty()),
            (id, certainty),
            "{diagnosis}"
        );
        cause.clone()
    }
}

/// A response to a request for `https://www.example.test/page`.
pub(crate) fn https(
    status: u16,
    fields: &'static [(&'static str, &'static str)],
    body: &'static str,
) -> ResponseCase {
    ResponseCase {
        url: "https://www.example.test",
        host: "www.example.test",
        status,
        fields,
        body,
    }
}
