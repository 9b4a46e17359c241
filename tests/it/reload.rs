//! Trust that changes while connections are made: the new one holds at once, the old one leaves nothing behind.

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use cdn_origin::{
    CdnOriginConnector, Error,
    connector::{AdviceId, Sessions},
    error::{BuildProblemKind, CertificateProblem, ErrorKind},
    tls::{
        ClientIdentity, Crls, Roots, VerifyPolicy, danger,
        rustls::{RootCertStore, ServerConfig, crypto::aws_lc_rs, server::WebPkiClientVerifier},
    },
};
use http::Uri;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::watch,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::{
    failing::to,
    http_get,
    pki::Ca,
    support::{Authority, Certified, Edge},
};

const NAME: &str = "www.example.test";

fn trusting(authority: &Authority) -> VerifyPolicy {
    VerifyPolicy::roots(Roots::pem(authority.root_pem()))
}

fn pem(certified: &Certified) -> ClientIdentity {
    ClientIdentity::pem(certified.cert_pem(), certified.key_pem())
}

/// Connects, exchanges a few bytes so that tickets arrive, and tells whether a session was resumed.
async fn connect(connector: &CdnOriginConnector) -> Result<bool, Error> {
    let mut stream = connector.clone().oneshot(Uri::default()).await?;
    http_get::exchange(&mut stream).await;
    Ok(stream.info().facts().tls_session().unwrap().resumed)
}

async fn serving(authority: &Authority) -> Edge {
    Edge::builder(authority).serves(NAME).start().await
}

#[tokio::test]
async fn new_roots_hold_at_once_for_all_clones_and_no_old_session_is_resumed() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let edge = serving(&authority).await;
    let connector = to(&edge, &authority, NAME).build().unwrap();
    let clone = connector.clone();
    assert!(!connect(&connector).await.unwrap());
    assert!(connect(&clone).await.unwrap());

    connector
        .reload(|tls| tls.verify(trusting(&stranger)))
        .unwrap();
    for connector in [&connector, &clone] {
        let error = connect(connector).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::Certificate(CertificateProblem::UnknownIssuer)
        );
    }

    clone
        .reload(|tls| tls.verify(trusting(&authority)))
        .unwrap();
    // The sessions of the first time are gone, although the roots are the same again.
    assert!(!connect(&connector).await.unwrap());
    assert!(connect(&connector).await.unwrap());
}

#[test]
fn the_advice_is_about_the_trust_that_is_in_force() {
    let authority = Authority::new();
    let connector = CdnOriginConnector::builder("https://www.example.test")
        .verify(trusting(&authority))
        .build()
        .unwrap();
    let ids = || {
        let advice = connector.advice();
        advice.iter().map(|it| it.id()).collect::<Vec<_>>()
    };
    assert_eq!(ids(), []);
    let anybody = danger::accept_any_certificate;
    connector.reload(|tls| tls.verify(anybody())).unwrap();
    assert_eq!(ids(), [AdviceId::VerificationOff]);
    connector
        .reload(|tls| tls.verify(trusting(&authority)))
        .unwrap();
    assert_eq!(ids(), []);
}

#[test]
fn the_systems_store_is_read_again_when_its_file_has_changed() {
    const CHILD: &str = "reload::a_child_whose_system_store_changes";
    let file = tempfile::NamedTempFile::new().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args([CHILD, "--exact", "--ignored", "--nocapture"])
        .env("SSL_CERT_FILE", file.path())
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
}

#[tokio::test]
#[ignore = "another test runs it, in a process with an environment of its own"]
async fn a_child_whose_system_store_changes() {
    let file = std::env::var_os("SSL_CERT_FILE").unwrap();
    let (authority, stranger) = (Authority::new(), Authority::new());
    let edge = serving(&authority).await;
    let build = || {
        let builder = CdnOriginConnector::builder(format!("https://{NAME}")).dial(edge.address());
        builder.build().unwrap()
    };
    fs::write(&file, stranger.root_pem()).unwrap();
    let first = build();
    assert!(connect(&first).await.is_err());

    let both = stranger.root_pem() + &authority.root_pem();
    fs::write(&file, both).unwrap();
    assert!(connect(&build()).await.is_ok());
    assert!(
        connect(&first).await.is_err(),
        "it keeps what it was built with"
    );
    first.reload(|tls| tls).unwrap();
    assert!(connect(&first).await.is_ok());
}

#[tokio::test]
async fn an_open_connection_stays_open() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let connector = to(&edge, &authority, NAME).build().unwrap();
    let mut stream = connector.clone().oneshot(Uri::default()).await.unwrap();
    let stranger = Authority::new();
    connector
        .reload(|tls| tls.verify(trusting(&stranger)))
        .unwrap();
    http_get::exchange(&mut stream).await;
}

#[tokio::test]
async fn an_identity_is_replaced_and_taken_away() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves(NAME)
        .requires_clients_of(&authority)
        .start()
        .await;
    let [one, two] = ["one.test", "two.test"].map(|name| authority.issue_client(name));
    let builder = to(&edge, &authority, NAME).client_identity(pem(&one));
    let connector = builder.build().unwrap();
    connect(&connector).await.unwrap();
    connector
        .reload(|tls| tls.client_identity(pem(&two)))
        .unwrap();
    connect(&connector).await.unwrap();
    let seen: Vec<_> = edge.hellos().into_iter().map(|it| it.client).collect();
    let expected = [&one, &two].map(|it| Some(it.chain[0].to_vec()));
    assert_eq!(seen, expected);

    connector.reload(|tls| tls.no_client_identity()).unwrap();
    let mut stream = connector.clone().oneshot(Uri::default()).await.unwrap();
    stream.read(&mut [0; 1]).await.unwrap_err();
    assert_eq!(stream.info().alert().unwrap().code(), 116);
}

#[tokio::test]
async fn what_cannot_be_used_changes_nothing_and_is_told() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let connector = to(&edge, &authority, NAME).build().unwrap();
    assert!(!connect(&connector).await.unwrap());
    let error = connector
        .reload(|tls| {
            tls.verify(VerifyPolicy::roots(Roots::pem("nothing")))
                .client_identity(ClientIdentity::pem("nothing", "nothing"))
        })
        .unwrap_err();
    let problems: Vec<_> = error.problems().iter().map(|it| it.setter()).collect();
    assert_eq!(problems, ["verify", "client_identity"]);
    // Not even the sessions are lost.
    assert!(connect(&connector).await.unwrap());
    // And what was refused is not kept for the next time.
    connector.reload(|tls| tls).unwrap();
    assert!(!connect(&connector).await.unwrap());
}

#[tokio::test]
async fn a_closure_that_panics_changes_nothing() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let connector = to(&edge, &authority, NAME).build().unwrap();
    assert!(!connect(&connector).await.unwrap());
    let clone = connector.clone();
    let panicking = std::thread::spawn(move || clone.reload(|_| panic!("on purpose")));
    panicking.join().unwrap_err();
    assert!(connect(&connector).await.unwrap());
    connector.reload(|tls| tls).unwrap();
    assert!(!connect(&connector).await.unwrap());
}

#[test]
fn a_plain_http_connector_has_nothing_to_reload() {
    let connector = CdnOriginConnector::builder("http://www.example.test")
        .build()
        .unwrap();
    connector.reload(|tls| tls.no_client_identity()).unwrap();
    assert!(!connector.reload_if_changed().unwrap());
}

/// The files of a connector.
struct Files {
    _folder: tempfile::TempDir,
    roots: PathBuf,
    chain: PathBuf,
    key: PathBuf,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        Self {
            roots: path("roots.pem"),
            chain: path("chain.pem"),
            key: path("key.pem"),
            _folder: folder,
        }
    }

    fn identity(&self) -> ClientIdentity {
        ClientIdentity::pem_files(&self.chain, &self.key)
    }

    fn write_identity(&self, certified: &Certified) {
        fs::write(&self.chain, certified.cert_pem()).unwrap();
        fs::write(&self.key, certified.key_pem()).unwrap();
    }
}

#[tokio::test]
async fn changed_files_are_noticed_and_unchanged_ones_left_alone() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves(NAME)
        .requires_clients_of(&authority)
        .start()
        .await;
    let files = Files::new();
    fs::write(&files.roots, authority.root_pem()).unwrap();
    files.write_identity(&authority.issue_client("one.test"));
    let connector = to(&edge, &authority, NAME)
        .verify(VerifyPolicy::roots(Roots::pem_file(&files.roots)))
        .client_identity(files.identity())
        .build()
        .unwrap();
    assert!(!connect(&connector).await.unwrap());
    assert!(!connector.reload_if_changed().unwrap());
    assert!(connect(&connector).await.unwrap());

    // A name of another length, so that the file has another length whatever the clock says.
    let two = authority.issue_client("the-second-client.example.test");
    files.write_identity(&two);
    assert!(connector.reload_if_changed().unwrap());
    assert!(!connect(&connector).await.unwrap());
    let seen = edge.hellos().pop().unwrap().client;
    assert_eq!(seen, Some(two.chain[0].to_vec()));

    let both = authority.root_pem() + &Authority::new().root_pem();
    fs::write(&files.roots, both).unwrap();
    assert!(connector.reload_if_changed().unwrap());
    connect(&connector).await.unwrap();
}

#[tokio::test]
async fn half_a_change_keeps_the_old_trust_until_the_other_half_is_there() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves(NAME)
        .requires_clients_of(&authority)
        .start()
        .await;
    let files = Files::new();
    files.write_identity(&authority.issue_client("one.test"));
    let builder = to(&edge, &authority, NAME).client_identity(files.identity());
    let connector = builder.build().unwrap();

    let two = authority.issue_client("the-second-client.example.test");
    fs::write(&files.chain, two.cert_pem()).unwrap();
    for _ in 0..2 {
        let error = connector.reload_if_changed().unwrap_err();
        assert_eq!(error.problems()[0].kind(), BuildProblemKind::InvalidKey);
        assert!(error.to_string().contains("does not belong"), "{error}");
        connect(&connector).await.unwrap();
    }
    fs::remove_file(&files.key).unwrap();
    let error = connector.reload_if_changed().unwrap_err();
    assert_eq!(error.problems()[0].kind(), BuildProblemKind::UnreadableFile);
    connect(&connector).await.unwrap();

    fs::write(&files.key, two.key_pem()).unwrap();
    assert!(connector.reload_if_changed().unwrap());
    connect(&connector).await.unwrap();
    let seen = edge.hellos().pop().unwrap().client;
    assert_eq!(seen, Some(two.chain[0].to_vec()));
}

#[tokio::test]
async fn a_connector_that_is_added_later_uses_what_the_others_have_loaded() {
    const OTHER: &str = "other.example.test";
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves_with(NAME, authority.issue(&[NAME, OTHER]))
        .requires_clients_of(&authority)
        .start()
        .await;
    let files = Files::new();
    let (one, two) = (
        authority.issue_client("one.test"),
        authority.issue_client("the-second-client.example.test"),
    );
    files.write_identity(&one);
    let builder = to(&edge, &authority, NAME).client_identity(files.identity());
    let connector = builder.build().unwrap();
    let added = || {
        let builder = CdnOriginConnector::builder(format!("https://{NAME}"))
            .dial(edge.address().to_string())
            .expected_name(OTHER)
            .sessions(Sessions::default().share_with(&connector));
        builder.build().unwrap()
    };
    let presented = async || {
        connect(&added()).await.unwrap();
        edge.hellos().pop().unwrap().client
    };

    fs::write(&files.chain, two.cert_pem()).unwrap();
    assert!(connector.reload_if_changed().is_err());
    assert_eq!(presented().await, Some(one.chain[0].to_vec()));
    fs::write(&files.key, two.key_pem()).unwrap();
    assert_eq!(presented().await, Some(one.chain[0].to_vec()));
    assert!(connector.reload_if_changed().unwrap());
    assert_eq!(presented().await, Some(two.chain[0].to_vec()));
}

#[tokio::test]
async fn a_newer_revocation_list_takes_effect() {
    let root = Ca::root();
    let key = crate::pki::key();
    let mut params = rcgen::CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    params.serial_number = Some(9.into());
    let certified = Certified::new(&root.sign(&params, &key), &key);
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves_with(NAME, certified)
        .start()
        .await;
    let files = Files::new();
    let list = &files.roots;
    fs::write(list, root.crl(1, 2090)).unwrap();
    let policy = VerifyPolicy::roots(Roots::pem(root.pem())).crls(Crls::pem_file(list));
    let connector = to(&edge, &authority, NAME).verify(policy).build().unwrap();
    assert!(!connect(&connector).await.unwrap());
    assert!(connect(&connector).await.unwrap());

    let other = Ca::root().crl(1, 2090);
    fs::write(list, root.crl(9, 2090) + &other).unwrap();
    assert!(connector.reload_if_changed().unwrap());
    let error = connect(&connector).await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::Revoked)
    );
}

/// A server that tells each client which certificate it presented.
struct Mirror {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Mirror {
    async fn start(authority: &Authority) -> Self {
        let certified = authority.issue(&[NAME]);
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(authority.root_der()).unwrap();
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients.build().unwrap())
            .with_single_cert(certified.chain.clone(), certified.key.clone_key())
            .unwrap();
        config.ticketer = aws_lc_rs::Ticketer::new().unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut tls) = acceptor.accept(stream).await else {
                        return;
                    };
                    let chain = tls.get_ref().1.peer_certificates().unwrap();
                    let presented = chain[0].to_vec();
                    let _ = tls.write_all(&presented).await;
                    let _ = tls.shutdown().await;
                });
            }
        });
        Self { address, task }
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What one connection met: the certificate that it presented, or why it failed.
async fn presented(connector: &CdnOriginConnector) -> Result<Vec<u8>, Error> {
    let mut stream = connector.clone().oneshot(Uri::default()).await?;
    let mut certificate = Vec::new();
    stream.read_to_end(&mut certificate).await.unwrap();
    Ok(certificate)
}

/// Generation `n` presents the n-th identity; the even ones trust the server, the odd ones trust somebody else.
#[tokio::test(flavor = "multi_thread")]
async fn trust_and_identity_are_swapped_fifty_times_under_load() {
    const SWAPS: usize = 50;
    const BETWEEN: usize = 8;
    const WORKERS: usize = 16;
    let (authority, stranger) = (Authority::new(), Authority::new());
    let mirror = Mirror::start(&authority).await;
    let identity = |n: usize| authority.issue_client(&format!("client-{n}.test"));
    let identities: Arc<Vec<Certified>> = Arc::new((0..=SWAPS).map(identity).collect());
    let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
        .dial(mirror.address)
        .verify(trusting(&authority))
        .client_identity(pem(&identities[0]))
        .build()
        .unwrap();

    // A swap has begun before it is done: a connection in between may meet either.
    let (begun, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (count, mut counted) = watch::channel(0_usize);
    let count = Arc::new(count);
    let work = {
        let (connector, identities) = (connector.clone(), identities.clone());
        let (begun, done) = (begun.clone(), done.clone());
        move || {
            let (connector, identities) = (connector.clone(), identities.clone());
            let (begun, done, count) = (begun.clone(), done.clone(), count.clone());
            async move {
                loop {
                    let oldest = done.load(Ordering::SeqCst);
                    let outcome = presented(&connector).await;
                    let newest = begun.load(Ordering::SeqCst);
                    match outcome {
                        Ok(certificate) => {
                            let is = |it: &Certified| it.chain[0].as_ref() == certificate;
                            let met = identities.iter().position(is).unwrap();
                            assert_eq!(met % 2, 0, "{met} does not trust the server");
                            assert!((oldest..=newest).contains(&met), "{oldest} {met} {newest}");
                        }
                        Err(error) => {
                            assert_eq!(
                                error.kind(),
                                ErrorKind::Certificate(CertificateProblem::UnknownIssuer)
                            );
                            let odd = (oldest..=newest).any(|it| it % 2 == 1);
                            assert!(odd, "{oldest} {newest}: {error}");
                        }
                    }
                    count.send_modify(|count| *count += 1);
                }
            }
        }
    };
    let began = Instant::now();
    let mut workers: tokio::task::JoinSet<()> = (0..WORKERS).map(|_| work()).collect();
    let swapping = async {
        for n in 1..=SWAPS {
            let enough = n * BETWEEN;
            counted.wait_for(|count| *count >= enough).await.unwrap();
            begun.store(n, Ordering::SeqCst);
            let trusted = if n % 2 == 0 { &authority } else { &stranger };
            connector
                .reload(|tls| {
                    tls.verify(trusting(trusted))
                        .client_identity(pem(&identities[n]))
                })
                .unwrap();
            done.store(n, Ordering::SeqCst);
        }
        let enough = (SWAPS + 1) * BETWEEN;
        counted.wait_for(|count| *count >= enough).await.unwrap();
    };
    tokio::select! {
        () = swapping => (),
        Some(ended) = workers.join_next() => panic!("a worker ended: {ended:?}"),
    }
    let connections = *counted.borrow();
    println!("{connections} connections in {:?}", began.elapsed());
    let last = presented(&connector).await.unwrap();
    assert_eq!(last, identities[SWAPS].chain[0].to_vec());
}
