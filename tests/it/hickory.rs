//! Name servers asked directly: a name server of the test's own on the loopback.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use cdn_origin::{
    CdnOriginConnector, ErrorKind,
    connector::{CdnOriginBuilder, Timeouts},
    dial::{Dns, DnsCache, HappyEyeballs, HickoryResolver, hickory_resolver},
    error::{EchStatus, Facts, Stage},
    group::{MemberSource, OriginGroup},
    tls::{Ech, Roots, VerifyPolicy},
};
use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
    proto::{
        op::{Message, ResponseCode},
        rr::{
            Name, RData, Record, RecordType,
            rdata::{
                A, AAAA, HTTPS, SOA,
                svcb::{Alpn, EchConfigList, IpHint, Mandatory, SVCB, SvcParamKey, SvcParamValue},
            },
        },
    },
};
use http::Uri;
use tokio::{net::UdpSocket, task::JoinHandle};
use tower::ServiceExt;

use crate::{
    ech,
    resolve::listener,
    support::{Authority, Edge},
};

pub(crate) type Answers = dyn Fn(&str, RecordType) -> Answer + Send + Sync;

#[derive(Clone)]
pub(crate) enum Answer {
    Records(u32, Vec<RData>),
    Code(ResponseCode),
    Silence,
}

/// A name server that answers by a function and remembers the questions.
struct NameServer {
    address: SocketAddr,
    queries: Arc<Mutex<Vec<(String, RecordType)>>>,
    task: JoinHandle<()>,
}

impl NameServer {
    async fn start(answers: impl Fn(&str, RecordType) -> Answer + Send + Sync + 'static) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let queries = Arc::new(Mutex::new(Vec::new()));
        let seen = queries.clone();
        let task = tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
                let question = Message::from_vec(&buffer[..length]).unwrap();
                if let Some(reply) = reply(question, &answers, &seen) {
                    socket.send_to(&reply, peer).await.unwrap();
                }
            }
        });
        Self {
            address,
            queries,
            task,
        }
    }

    fn queries(&self) -> Vec<(String, RecordType)> {
        let mut queries = self.queries.lock().unwrap().clone();
        queries.sort();
        queries.dedup();
        queries
    }

    /// A resolver that asks this server alone.
    fn resolver(&self) -> HickoryResolver {
        self.resolver_with_timeout(Duration::from_secs(2))
    }

    fn resolver_with_timeout(&self, timeout: Duration) -> HickoryResolver {
        let mut server = NameServerConfig::udp(self.address.ip());
        let mut connection = ConnectionConfig::udp();
        connection.port = self.address.port();
        server.connections = vec![connection];
        let search = vec![Name::from_ascii("search.test.").unwrap()];
        let config = ResolverConfig::from_parts(None, search, vec![server]);
        let mut builder =
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        let options = builder.options_mut();
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        options.timeout = timeout;
        options.attempts = 0;
        builder.build().unwrap().into()
    }

    /// A builder for `http://origin.example.` at this port.
    fn builder(&self, port: u16) -> CdnOriginBuilder {
        CdnOriginConnector::builder(format!("http://origin.example.:{port}"))
            .dns(Dns::default().resolver(self.resolver()))
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn reply(
    question: Message,
    answers: &Answers,
    queries: &Mutex<Vec<(String, RecordType)>>,
) -> Option<Vec<u8>> {
    let query = question.queries[0].clone();
    let name = query.name().to_ascii();
    queries
        .lock()
        .unwrap()
        .push((name.clone(), query.query_type()));
    let mut reply = question.into_response();
    match answers(&name, query.query_type()) {
        Answer::Silence => return None,
        Answer::Code(code) => reply.metadata.response_code = code,
        Answer::Records(ttl, records) => {
            for data in records {
                reply.add_answer(Record::from_rdata(query.name().clone(), ttl, data));
            }
        }
    }
    if reply.answers.is_empty() && reply.metadata.response_code != ResponseCode::ServFail {
        let zone = Name::from_ascii("example.").unwrap();
        let soa = SOA::new(zone.clone(), zone.clone(), 1, 60, 60, 60, 60);
        reply.add_authority(Record::from_rdata(zone, 60, RData::SOA(soa)));
    }
    Some(reply.to_vec().unwrap())
}

pub(crate) fn a(address: SocketAddr) -> RData {
    match address.ip() {
        IpAddr::V4(v4) => RData::A(A(v4)),
        IpAddr::V6(v6) => RData::AAAA(AAAA(v6)),
    }
}

fn nothing() -> Answer {
    Answer::Records(0, Vec::new())
}

async fn facts(builder: CdnOriginBuilder) -> Facts {
    let connector = builder.build().unwrap();
    let stream = connector.oneshot(Uri::default()).await.unwrap();
    stream.info().facts().clone()
}

#[tokio::test]
async fn both_families_are_asked_and_the_ttl_is_told() {
    let (_listener, live) = listener().await;
    let server = NameServer::start(move |_, kind| match kind {
        RecordType::A => Answer::Records(123, vec![a(live)]),
        _ => nothing(),
    })
    .await;
    let facts = facts(server.builder(live.port())).await;
    assert_eq!(facts.peer(), Some(live));
    let [resolution] = facts.resolutions() else {
        panic!("{:?}", facts.resolutions());
    };
    assert_eq!(resolution.ttl, Some(Duration::from_secs(123)));
    assert_eq!(resolution.source, "A records");
    let name = String::from("origin.example.");
    let expected = [(name.clone(), RecordType::A), (name, RecordType::AAAA)];
    assert_eq!(server.queries(), expected);
}

#[tokio::test]
async fn an_absolute_name_is_not_sought_in_search_domains_and_another_is() {
    let server = NameServer::start(|_, _| Answer::Code(ResponseCode::NXDomain)).await;
    let connector = server.builder(80).build().unwrap();
    let error = connector.oneshot(Uri::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResolveFailed);
    let names = |queries: Vec<(String, RecordType)>| {
        let mut names: Vec<_> = queries.into_iter().map(|(name, _)| name).collect();
        names.dedup();
        names
    };
    assert_eq!(names(server.queries()), ["origin.example."]);

    let connector = server.builder(80).dial("short").build().unwrap();
    let _ = connector.oneshot(Uri::default()).await.unwrap_err();
    assert!(names(server.queries()).contains(&String::from("short.search.test.")));
}

#[test]
fn a_resolver_outlives_the_runtime_that_first_used_it() {
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let servers = runtime();
    let (_listener, live) = servers.block_on(listener());
    let server = servers.block_on(NameServer::start(move |_, kind| match kind {
        RecordType::A => Answer::Records(60, vec![a(live)]),
        _ => nothing(),
    }));
    let dns = Dns::default().resolver(server.resolver());
    let connector = CdnOriginConnector::builder(format!("http://origin.example.:{}", live.port()))
        .dns(dns.cache(DnsCache::off()));
    let connector = connector.build().unwrap();
    for _ in 0..5 {
        let runtime = runtime();
        let connected = runtime.block_on(connector.clone().oneshot(Uri::default()));
        runtime.shutdown_background();
        assert_eq!(connected.unwrap().info().facts().peer(), Some(live));
    }
}

#[tokio::test]
async fn a_family_whose_servers_fail_does_not_hide_the_other() {
    let (_listener, live) = listener().await;
    let server = NameServer::start(move |_, kind| match kind {
        RecordType::A => Answer::Records(60, vec![a(live)]),
        _ => Answer::Code(ResponseCode::ServFail),
    })
    .await;
    assert_eq!(facts(server.builder(live.port())).await.peer(), Some(live));
}

// RFC 8305 section 3 over a real resolver: a silent AAAA costs a resolution delay and not its timeout.
#[tokio::test]
async fn a_family_that_is_never_answered_does_not_hold_up_the_other() {
    let (_listener, live) = listener().await;
    let server = NameServer::start(move |_, kind| match kind {
        RecordType::A => Answer::Records(60, vec![a(live)]),
        _ => Answer::Silence,
    })
    .await;
    let facts = facts(server.builder(live.port())).await;
    assert_eq!(facts.peer(), Some(live));
    // Had it waited for the other answer, there would be two, or a failure first.
    assert_eq!(facts.resolutions().len(), 1);
}

#[tokio::test]
async fn failures_are_told_apart() {
    for (code, known) in [
        (ResponseCode::NXDomain, true),
        (ResponseCode::ServFail, false),
        (ResponseCode::Refused, false),
    ] {
        let server = NameServer::start(move |_, _| Answer::Code(code)).await;
        let connector = server.builder(80).build().unwrap();
        let error = connector.oneshot(Uri::default()).await.unwrap_err();
        assert_eq!(error.stage(), Stage::Resolve);
        let found = std::error::Error::source(&error).unwrap().to_string();
        let expected = match known {
            true => "the name does not exist or has no address",
            false => "the look-up failed",
        };
        assert_eq!(found, expected, "{code}");
    }
}

#[tokio::test]
async fn an_https_record_gives_port_target_protocols_and_ech() {
    let (_listener, live) = listener().await;
    let port = live.port();
    let server = NameServer::start(move |name, kind| match (name, kind) {
        ("_8443._https.origin.example.", RecordType::HTTPS) => {
            let service = |priority, target: &str, params| {
                let target = Name::from_ascii(target).unwrap();
                RData::HTTPS(HTTPS(SVCB::new(priority, target, params)))
            };
            let best = vec![
                (
                    SvcParamKey::Alpn,
                    SvcParamValue::Alpn(Alpn(vec!["h2".into()])),
                ),
                (SvcParamKey::Port, SvcParamValue::Port(port)),
                (
                    SvcParamKey::EchConfigList,
                    SvcParamValue::EchConfigList(EchConfigList(vec![0, 3, 1, 2, 3])),
                ),
            ];
            let unknown = vec![(
                SvcParamKey::Mandatory,
                SvcParamValue::Mandatory(Mandatory(vec![SvcParamKey::Key(667)])),
            )];
            let records = vec![
                service(2, "worse.example.", Vec::new()),
                service(1, "odd.example.", unknown),
                service(1, "pool.example.", best),
            ];
            Answer::Records(60, records)
        }
        ("pool.example.", RecordType::A) => Answer::Records(60, vec![a(live)]),
        _ => nothing(),
    })
    .await;
    let builder = CdnOriginConnector::builder("http://origin.example.:8443")
        .dns(Dns::default().resolver(server.resolver().https_records()));
    let facts = facts(builder).await;
    assert_eq!(facts.peer(), Some(live));
    let service = facts.resolutions()[0].service.as_ref().unwrap();
    assert_eq!(service.target(), Some("pool.example."));
    assert_eq!(service.port(), Some(port));
    assert_eq!(service.alpn(), ["h2"]);
    assert_eq!(service.ech(), [0, 3, 1, 2, 3]);
}

#[tokio::test]
async fn an_https_record_encrypts_the_hello() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("origin.example")
        .serves("public.example")
        .start()
        .await;
    let live = edge.address();
    let server = NameServer::start(move |name, kind| match (name, kind) {
        (name, RecordType::HTTPS) if name.starts_with('_') => {
            let list = ech::list("public.example", &ech::key());
            let params = vec![(
                SvcParamKey::EchConfigList,
                SvcParamValue::EchConfigList(EchConfigList(list)),
            )];
            let https = HTTPS(SVCB::new(1, Name::root(), params));
            Answer::Records(60, vec![RData::HTTPS(https)])
        }
        (_, RecordType::A) => Answer::Records(60, vec![a(live)]),
        _ => nothing(),
    })
    .await;
    let builder = || {
        CdnOriginConnector::builder(format!("https://origin.example.:{}", live.port()))
            .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
            .ech(Ech::from_dns())
    };
    let facts =
        facts(builder().dns(Dns::default().resolver(server.resolver().https_records()))).await;
    // The edge cannot read it, and says so in the public name.
    let names: Vec<_> = edge.hellos().into_iter().map(|it| it.sni).collect();
    let expected = ["public.example", "origin.example"];
    assert_eq!(names, expected.map(|name| Some(name.to_owned())));
    assert_eq!(facts.tls_session().unwrap().ech, EchStatus::Disabled);

    // Without the call, the resolver reads no such record.
    let deaf = builder()
        .dns(Dns::default().resolver(server.resolver()))
        .build()
        .unwrap_err();
    assert_eq!(deaf.problems()[0].setter(), "ech");
}

#[tokio::test]
async fn hints_are_dialled_where_there_is_no_address() {
    let (_listener, live) = listener().await;
    let port = live.port();
    let server = NameServer::start(move |_, kind| match kind {
        RecordType::HTTPS => {
            let hint = IpHint(vec![A(Ipv4Addr::LOCALHOST)]);
            let params = vec![
                (SvcParamKey::Port, SvcParamValue::Port(port)),
                (SvcParamKey::Ipv4Hint, SvcParamValue::Ipv4Hint(hint)),
            ];
            let https = HTTPS(SVCB::new(1, Name::root(), params));
            Answer::Records(60, vec![RData::HTTPS(https)])
        }
        _ => nothing(),
    })
    .await;
    let builder = CdnOriginConnector::builder("http://origin.example.:8443")
        .dns(Dns::default().resolver(server.resolver().https_records()));
    assert_eq!(facts(builder).await.peer(), Some(live));
}

#[tokio::test]
async fn an_alias_leads_to_its_target_and_an_alias_to_nothing_nowhere_else() {
    let (_listener, live) = listener().await;
    for (target, holder) in [
        ("alias.example.", "alias.example."),
        (".", "origin.example."),
    ] {
        let server = NameServer::start(move |name, kind| match kind {
            RecordType::HTTPS => {
                let target = Name::from_ascii(target).unwrap();
                let https = HTTPS(SVCB::new(0, target, Vec::new()));
                Answer::Records(60, vec![RData::HTTPS(https)])
            }
            RecordType::A if name == holder => Answer::Records(60, vec![a(live)]),
            _ => nothing(),
        })
        .await;
        let url = format!("http://origin.example.:{}", live.port());
        let builder = CdnOriginConnector::builder(url)
            .dns(Dns::default().resolver(server.resolver().https_records()));
        assert_eq!(facts(builder).await.peer(), Some(live), "{target}");
    }
}

/// RFC 9460 section 3: a client that can do without the record connects as if there were none.
#[tokio::test]
async fn a_record_whose_target_has_no_address_does_not_hide_those_of_the_name() {
    let (_listener, live) = listener().await;
    for priority in [0, 1] {
        let server = NameServer::start(move |name, kind| match kind {
            RecordType::HTTPS => {
                let target = Name::from_ascii("gone.example.").unwrap();
                let https = HTTPS(SVCB::new(priority, target, Vec::new()));
                Answer::Records(60, vec![RData::HTTPS(https)])
            }
            RecordType::A if name == "origin.example." => Answer::Records(60, vec![a(live)]),
            _ => nothing(),
        })
        .await;
        let url = format!("http://origin.example.:{}", live.port());
        let builder = CdnOriginConnector::builder(url)
            .dns(Dns::default().resolver(server.resolver().https_records()));
        let facts = facts(builder).await;
        assert_eq!(facts.peer(), Some(live), "{priority}");
        // The target may get an address soon.
        assert_eq!(
            facts.resolutions()[0].ttl,
            Some(Duration::from_secs(5)),
            "{priority}"
        );
    }
}

/// The origin publishes an ECH configuration, which a dial without the record would not have.
#[tokio::test]
async fn a_record_with_ech_whose_target_has_no_address_is_not_ignored() {
    let (_listener, live) = listener().await;
    let server = NameServer::start(move |name, kind| match kind {
        RecordType::HTTPS => {
            let ech = EchConfigList(vec![0, 1, 2]);
            let params = vec![(
                SvcParamKey::EchConfigList,
                SvcParamValue::EchConfigList(ech),
            )];
            let target = Name::from_ascii("gone.example.").unwrap();
            let https = HTTPS(SVCB::new(1, target, params));
            Answer::Records(60, vec![RData::HTTPS(https)])
        }
        RecordType::A if name == "origin.example." => Answer::Records(60, vec![a(live)]),
        _ => nothing(),
    })
    .await;
    let url = format!("http://origin.example.:{}", live.port());
    let connector = CdnOriginConnector::builder(url)
        .dns(Dns::default().resolver(server.resolver().https_records()))
        .build()
        .unwrap();
    let error = connector.oneshot(Uri::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResolveFailed);
}

/// An answer of one record of the type HTTPS for each of these.
fn services(
    services: impl IntoIterator<Item = (u16, Vec<(SvcParamKey, SvcParamValue)>)>,
) -> Answer {
    let record =
        |(priority, params)| RData::HTTPS(HTTPS(SVCB::new(priority, Name::root(), params)));
    Answer::Records(60, services.into_iter().map(record).collect())
}

#[tokio::test]
async fn an_endpoint_that_speaks_http3_alone_is_passed_over() {
    let (_listener, live) = listener().await;
    let port = live.port();
    let server = NameServer::start(move |_, kind| match kind {
        RecordType::HTTPS => {
            let alpn = |name: &str| {
                let alpn = Alpn(vec![name.to_owned()]);
                (SvcParamKey::Alpn, SvcParamValue::Alpn(alpn))
            };
            let no_default = (SvcParamKey::NoDefaultAlpn, SvcParamValue::NoDefaultAlpn);
            let at = |port| (SvcParamKey::Port, SvcParamValue::Port(port));
            services([
                (1, vec![alpn("h3"), no_default, at(1)]),
                (2, vec![alpn("h2"), at(port)]),
            ])
        }
        RecordType::A => Answer::Records(3600, vec![a(live)]),
        _ => nothing(),
    })
    .await;
    let builder = CdnOriginConnector::builder("http://origin.example.:8443")
        .dns(Dns::default().resolver(server.resolver().https_records()));
    let facts = facts(builder).await;
    assert_eq!(facts.peer(), Some(live));
    // The record ends before the addresses do.
    let ttl = facts.resolutions()[0].ttl;
    assert_eq!(ttl, Some(Duration::from_secs(60)));
}

// Middleboxes that drop what they do not know do this.
#[tokio::test]
async fn an_https_record_that_never_comes_does_not_hold_up_the_addresses() {
    let (_listener, live) = listener().await;
    let server = NameServer::start(move |_, kind| match kind {
        RecordType::HTTPS => Answer::Silence,
        RecordType::A => Answer::Records(3600, vec![a(live)]),
        _ => nothing(),
    })
    .await;
    let url = format!("http://origin.example.:{}", live.port());
    let resolver = server.resolver_with_timeout(Duration::from_secs(3600));
    let builder =
        CdnOriginConnector::builder(url).dns(Dns::default().resolver(resolver.https_records()));
    let facts = facts(builder).await;
    assert_eq!(facts.peer(), Some(live));
    // It may be there next time.
    let ttl = facts.resolutions()[0].ttl;
    assert_eq!(ttl, Some(Duration::from_secs(5)));
}

#[tokio::test]
async fn an_answer_without_one_family_is_not_kept_for_long() {
    let (_listener, live) = listener().await;
    for missing in [Answer::Silence, Answer::Code(ResponseCode::ServFail)] {
        let server = NameServer::start(move |_, kind| match kind {
            RecordType::A => Answer::Records(3600, vec![a(live)]),
            RecordType::AAAA => missing.clone(),
            _ => nothing(),
        })
        .await;
        let url = format!("http://origin.example.:{}", live.port());
        let resolver = server.resolver_with_timeout(Duration::from_secs(3600));
        let builder =
            CdnOriginConnector::builder(url).dns(Dns::default().resolver(resolver.https_records()));
        let facts = facts(builder).await;
        assert_eq!(facts.peer(), Some(live));
        let ttl = facts.resolutions()[0].ttl;
        assert_eq!(ttl, Some(Duration::from_secs(5)));
    }
}

/// The first answer has no IPv4 address, as the packet with it was lost.
#[tokio::test]
async fn a_family_without_an_answer_is_looked_up_when_the_other_leads_nowhere() {
    let (_listener, live) = listener().await;
    let is_lost = AtomicBool::new(true);
    let server = NameServer::start(move |_, kind| match kind {
        RecordType::A if is_lost.swap(false, SeqCst) => Answer::Silence,
        RecordType::A => Answer::Records(3600, vec![a(live)]),
        // No listener has the port there.
        RecordType::AAAA => Answer::Records(3600, vec![RData::AAAA(AAAA(Ipv6Addr::LOCALHOST))]),
        _ => nothing(),
    })
    .await;
    let url = format!("http://origin.example.:{}", live.port());
    let dns = Dns::default().resolver(server.resolver().https_records());
    let facts = facts(CdnOriginConnector::builder(url).dns(dns)).await;
    assert_eq!(facts.peer(), Some(live));
}

/// Such an answer does not tell which addresses the name no longer has.
#[tokio::test]
async fn members_of_a_family_without_an_answer_stay_while_those_of_the_other_change() {
    let has_failed = Arc::new(AtomicBool::new(false));
    let fails = has_failed.clone();
    let server = NameServer::start(move |_, kind| match (kind, fails.load(SeqCst)) {
        (RecordType::A, false) => Answer::Records(0, vec![a(([127, 0, 0, 1], 0).into())]),
        (RecordType::A, true) => Answer::Records(0, vec![a(([127, 0, 0, 2], 0).into())]),
        (RecordType::AAAA, false) => {
            Answer::Records(0, vec![RData::AAAA(AAAA(Ipv6Addr::LOCALHOST))])
        }
        (RecordType::AAAA, true) => Answer::Code(ResponseCode::ServFail),
        _ => nothing(),
    })
    .await;
    let cache = DnsCache::default().ttl(Duration::ZERO..=Duration::ZERO);
    for resolver in [server.resolver(), server.resolver().https_records()] {
        has_failed.store(false, SeqCst);
        let dns = Dns::default().resolver(resolver).cache(cache.clone());
        let connector = CdnOriginConnector::builder("http://origin.example.").dns(dns);
        let source = MemberSource::dns(connector.build().unwrap());
        let group = OriginGroup::builder().tier_from(source).build().unwrap();
        let until = async |expected: [&str; 2]| {
            let names = || group.snapshot().into_iter().map(|it| it.name);
            while !names().eq(expected) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        until(["127.0.0.1:80", "[::1]:80"]).await;
        has_failed.store(true, SeqCst);
        until(["127.0.0.2:80", "[::1]:80"]).await;
    }
}

#[tokio::test]
async fn a_search_domain_does_not_hide_that_the_names_own_servers_fail() {
    let server = NameServer::start(move |name, _| match name {
        "origin.example." => Answer::Code(ResponseCode::ServFail),
        _ => Answer::Code(ResponseCode::NXDomain),
    })
    .await;
    let connector = CdnOriginConnector::builder("http://origin.example")
        .dns(Dns::default().resolver(server.resolver()))
        .build()
        .unwrap();
    let error = connector.oneshot(Uri::default()).await.unwrap_err();
    let found = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(found, "the look-up failed");
}

#[tokio::test]
async fn a_name_that_exists_is_not_sought_in_search_domains() {
    let (_listener, live) = listener().await;
    let server = NameServer::start(move |name, kind| match (name, kind) {
        ("origin.example.", RecordType::A) => Answer::Records(60, vec![a(live)]),
        ("origin.example.", _) => nothing(),
        // A wildcard.
        (_, RecordType::AAAA) => Answer::Records(60, vec![RData::AAAA(AAAA(Ipv6Addr::LOCALHOST))]),
        _ => Answer::Code(ResponseCode::NXDomain),
    })
    .await;
    let url = format!("http://origin.example:{}", live.port());
    let builder = CdnOriginConnector::builder(url).dns(Dns::default().resolver(server.resolver()));
    assert_eq!(facts(builder).await.peer(), Some(live));
    let names: Vec<_> = server.queries().into_iter().map(|(name, _)| name).collect();
    assert!(
        names.iter().all(|name| name == "origin.example."),
        "{names:?}"
    );
}

#[tokio::test]
async fn a_name_server_that_never_answers_meets_the_dial_deadline() {
    let server = NameServer::start(|_, _| Answer::Silence).await;
    let deadline = Duration::from_millis(50);
    let connector = server
        .builder(80)
        .happy_eyeballs(HappyEyeballs::default())
        .timeouts(Timeouts::default().dial(deadline))
        .build()
        .unwrap();
    let error = connector.oneshot(Uri::default()).await.unwrap_err();
    assert!(error.kind() == ErrorKind::TimedOut);
    assert_eq!(error.stage(), Stage::Resolve);
}
