//! Many tenants: the time and the memory of 10,000 of them, and what they add to a request.
//!
//! ```text
//! cargo bench --bench tenants
//! ```
//!
//! 10,000 tenants are inserted, 1,000 of them get a request over https to an in-memory origin that
//! refuses the connection: their proxies exist then. The instructions of a request are counted by
//! callgrind, with one tenant and with 10,000.
//!
//! Linux only: resident memory is read from `/proc`.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a bench stops at the first failure"
)]

use std::{
    convert::Infallible,
    env, fs, io,
    process::{Command, Stdio},
    time::Instant,
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, OriginProxy, SpkiPin, VerifyPolicy,
    tenants::{Tenant, VirtualHosts},
};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tower::ServiceExt;

const TENANTS: usize = 10_000;
const IN_USE: usize = 1_000;
const REQUESTS: [u64; 2] = [200, 1200];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    match arguments[..] {
        ["requests", tenants, count] => {
            runtime.block_on(requests(tenants.parse().unwrap(), count.parse().unwrap()));
        }
        _ => {
            runtime.block_on(memory());
            let [one, many] = [1, TENANTS].map(instructions);
            println!("instructions of a request: {one} with one tenant, {many} with {TENANTS}");
            println!("ratio: {:.3}", many as f64 / one as f64);
        }
    }
}

fn host(number: usize) -> String {
    format!("tenant-{number}.example")
}

async fn memory() {
    let refused = tower::service_fn(|_: Uri| async {
        Err::<TokioIo<tokio::io::DuplexStream>, _>(io::Error::from(
            io::ErrorKind::ConnectionRefused,
        ))
    });
    let connector = CdnOriginConnector::any_origin()
        .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
        .transport(refused);
    let template = OriginProxy::new(connector.build().unwrap());
    let (before, start) = (resident(), Instant::now());
    let hosts = VirtualHosts::new(template);
    for number in 0..TENANTS {
        let tenant = Tenant::new(format!("https://{}", host(number)));
        let tenant = tenant.expected_name(format!("name-{number}.example"));
        hosts.insert(&host(number), tenant).unwrap();
    }
    println!("{TENANTS} tenants inserted in {:?}", start.elapsed());
    println!("memory: {:.1} MiB", mib(resident() - before));
    let start = Instant::now();
    for number in 0..IN_USE {
        let response = get(&hosts, &host(number)).await;
        assert_eq!(response, StatusCode::BAD_GATEWAY);
    }
    println!("{IN_USE} proxies built and used in {:?}", start.elapsed());
    println!(
        "memory: {:.1} MiB, {} proxies",
        mib(resident() - before),
        hosts.proxies().len()
    );
}

/// Sends requests through a service with so many tenants.
async fn requests(tenants: usize, count: u64) {
    let transport = tower::service_fn(|_: Uri| async {
        let (near, far) = tokio::io::duplex(4096);
        let answer = service_fn(|_: Request<Incoming>| async {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"ok"))))
        });
        let server = http1::Builder::new().serve_connection(TokioIo::new(far), answer);
        tokio::spawn(async move { drop(server.await) });
        Ok::<_, Infallible>(TokioIo::new(near))
    });
    let connector = CdnOriginConnector::any_origin().transport(transport);
    let hosts = VirtualHosts::new(OriginProxy::new(connector.build().unwrap()));
    for number in 0..tenants {
        let tenant = Tenant::new(format!("http://{}", host(number)));
        hosts.insert(&host(number), tenant).unwrap();
    }
    for _ in 0..count {
        assert_eq!(get(&hosts, "tenant-0.example").await, StatusCode::OK);
    }
}

async fn get(hosts: &VirtualHosts, host: &str) -> StatusCode {
    let request = Request::get("/").header("host", host);
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = hosts.clone().oneshot(request).await;
    let status = response.status();
    response.into_body().collect().await.unwrap();
    status
}

/// The instructions of one request, by the difference of two runs.
fn instructions(tenants: usize) -> u64 {
    let [few, many] = REQUESTS.map(|count| total_instructions(tenants, count));
    (many - few) / (REQUESTS[1] - REQUESTS[0])
}

fn total_instructions(tenants: usize, count: u64) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().unwrap())
        .args(["requests", &tenants.to_string(), &count.to_string()])
        .stdout(Stdio::null())
        .output()
        .expect("valgrind is installed");
    let log = String::from_utf8_lossy(&output.stderr);
    let mut lines = log.lines();
    let line = lines.find(|line| line.contains("Collected : "));
    let count = line.unwrap().rsplit(' ').next().unwrap();
    count.parse().unwrap()
}

fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let mut lines = status.lines();
    let line = lines.find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib * 1024
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}
