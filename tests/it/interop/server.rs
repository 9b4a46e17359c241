//! A real server as a child process. It listens on a port of its own, ends with its test, and what it said is shown when the test
//! fails.

use std::{
    ffi::OsString,
    fs,
    io::{self, BufRead, BufReader, ErrorKind, PipeReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::fd::OwnedFd,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use tempfile::TempDir;

use crate::support::Certified;

const GO: Package = Package::new("go", "golang-go");
const HAPROXY: Package = Package::new("haproxy", "haproxy");
const NGINX: Package = Package::new("nginx", "nginx-light");
const OPENSSL: Package = Package::new("openssl", "openssl");

/// A running server; it is killed when it is dropped.
pub(super) struct Server {
    child: Child,
    address: SocketAddr,
    said: Said,
    _folder: Folder,
}

impl Server {
    /// An nginx with these `server` blocks, which say `listen LISTEN`.
    pub(super) fn nginx(folder: Folder, servers: &str) -> Self {
        const MOST_TRIES: usize = 5;
        let settings = include_str!("nginx/nginx.conf").replace("SERVERS", servers);
        let mut nginx = NGINX.command(&folder);
        nginx.args(["-p", ".", "-c", "nginx.conf"]);
        let mut said = Said::default();
        for _ in 0..MOST_TRIES {
            // Between this and nginx, somebody else may take the port.
            let (_, address) = listening();
            folder.write(
                "nginx.conf",
                &settings.replace("LISTEN", &address.to_string()),
            );
            let (child, output) = NGINX.start(&mut nginx);
            said = output.said.clone();
            // It says its version as soon as it listens.
            if output.find(|line| line.find(" nginx/")).is_some() {
                return Self::new(child, address, said, folder);
            }
        }
        panic!("nginx does not start:\n{}", said.text());
    }

    /// A HAProxy with these sections, of which one says `bind fd@0`.
    pub(super) fn haproxy(folder: Folder, sections: &str) -> Self {
        folder.write(
            "haproxy.cfg",
            &include_str!("haproxy.cfg").replace("SECTIONS", sections),
        );
        // It listens before HAProxy has started, so that nobody waits.
        let (listener, address) = listening();
        let mut check = HAPROXY.command(&folder);
        check.args(["-c", "-f", "haproxy.cfg"]);
        HAPROXY.check(check.stdin(listener.try_clone().unwrap()));

        let mut haproxy = HAPROXY.command(&folder);
        haproxy.args(["-db", "-f", "haproxy.cfg"]).stdin(listener);
        let (child, output) = HAPROXY.start(&mut haproxy);
        let said = output.said.clone();
        output.read_on();
        Self::new(child, address, said, folder)
    }

    /// An `openssl s_server` with these arguments. It answers every request with a page about its connection.
    pub(super) fn openssl(folder: Folder, arguments: &str) -> Self {
        let mut openssl = OPENSSL.command(&folder);
        openssl
            .args(["s_server", "-www", "-accept", "127.0.0.1:0"])
            .args(arguments.split_whitespace());
        let (child, output) = OPENSSL.start(&mut openssl);
        let said = output.said.clone();
        let address = output.find(|line| line.strip_prefix("ACCEPT ")?.parse().ok());
        let address = address.unwrap_or_else(|| panic!("openssl does not start:\n{}", said.text()));
        Self::new(child, address, said, folder)
    }

    /// A Go program that decrypts ClientHellos, and the `ECHConfigList` that it publishes.
    pub(super) fn go(folder: Folder, arguments: &str) -> (Self, Vec<u8>) {
        folder.write("ech.go", include_str!("ech.go"));
        // Not `go run`, which would outlive its end as a child.
        let mut build = GO.command(&folder);
        GO.check(build.args(["build", "-o", "ech", "ech.go"]));
        let program = Package::new("./ech", "golang-go");
        let mut ech = program.command(&folder);
        ech.args(arguments.split_whitespace());
        let (child, output) = program.start(&mut ech);
        let said = output.said.clone();
        let told = output.find(|line| {
            let (address, list) = line.strip_prefix("LISTENING ")?.split_once(' ')?;
            let list = data_encoding::HEXLOWER.decode(list.as_bytes()).ok()?;
            Some((address.parse().ok()?, list))
        });
        let (address, list) = told.unwrap_or_else(|| panic!("no server:\n{}", said.text()));
        (Self::new(child, address, said, folder), list)
    }

    /// An `openssl s_server` with these arguments that takes early data, which it does only where somebody answers by hand: each GET is
    /// answered with `ok`, and that the connection ends.
    pub(super) fn openssl_with_early_data(folder: Folder, arguments: &str) -> Self {
        let mut openssl = OPENSSL.command(&folder);
        openssl
            .args(["s_server", "-early_data", "-accept", "127.0.0.1:0"])
            .args(arguments.split_whitespace())
            .stdin(Stdio::piped());
        let (mut child, mut output) = OPENSSL.start(&mut openssl);
        let said = output.said.clone();
        let address = output.next_that(|line| line.strip_prefix("ACCEPT ")?.parse().ok());
        let address = address.unwrap_or_else(|| panic!("openssl does not start:\n{}", said.text()));
        let mut hand = child.stdin.take().unwrap();
        thread::spawn(move || {
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
            while output.next_that(|line| line.find("GET /")).is_some() {
                hand.write_all(answer).unwrap();
            }
        });
        Self::new(child, address, said, folder)
    }

    /// What it has said so far.
    pub(super) fn said(&self) -> String {
        self.said.text()
    }

    fn new(child: Child, address: SocketAddr, said: Said, folder: Folder) -> Self {
        Self {
            child,
            address,
            said,
            _folder: folder,
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- what the server said ---\n{}", self.said.text());
        }
    }
}

/// The certificates and settings of a server. It runs in this folder, so that its settings name files without a path.
pub(super) struct Folder(TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Keeps a certificate and its key together as `<name>.pem`.
    pub(super) fn certified(self, name: &str, certified: &Certified) -> Self {
        let text = certified.cert_pem() + &certified.key_pem();
        self.file(&format!("{name}.pem"), &text)
    }

    /// Makes a certificate of X.509 version 1 that vouches for itself, as openssl does where it is given no extensions.
    pub(super) fn version_1(self, name: &str, subject: &str) -> Self {
        let steps = [
            format!(
                "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -subj /CN={subject} -out {name}.csr"
            ),
            format!("x509 -req -in {name}.csr -signkey {name}.key -out {name}.pem"),
        ];
        for step in steps {
            OPENSSL.check(OPENSSL.command(&self).args(step.split_whitespace()));
        }
        self
    }

    pub(super) fn file(self, name: &str, text: &str) -> Self {
        self.write(name, text);
        self
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

/// A program and the Debian package that brings it.
struct Package {
    program: &'static str,
    package: &'static str,
}

impl Package {
    const fn new(program: &'static str, package: &'static str) -> Self {
        Self { program, package }
    }

    fn command(&self, folder: &Folder) -> Command {
        let mut command = Command::new(self.program);
        command
            .current_dir(folder.path())
            .env("PATH", path_with_servers())
            .stdin(Stdio::null());
        command
    }

    /// Lets a server look at its settings.
    fn check(&self, command: &mut Command) {
        let output = command.output();
        let output = output.unwrap_or_else(|error| self.missing(&error));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the settings are wrong:\n{said}");
    }

    fn start(&self, command: &mut Command) -> (Child, Output) {
        let (reader, writer) = io::pipe().unwrap();
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        let child = command.spawn();
        // The command holds the other end of the pipe, which would then never end.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let output = Output {
            lines: BufReader::new(reader),
            said: Said::default(),
        };
        (child.unwrap_or_else(|error| self.missing(&error)), output)
    }

    fn missing(&self, error: &io::Error) -> ! {
        let Self { program, package } = self;
        match error.kind() {
            ErrorKind::NotFound => {
                panic!("there is no `{program}`: `apt-get install {package}` brings it")
            }
            _ => panic!("`{program}` does not start: {error}"),
        }
    }
}

/// What a server says, while it says it.
struct Output {
    lines: BufReader<PipeReader>,
    said: Said,
}

impl Output {
    /// The first line in which something is found; `None` if the server ends before. The rest is read in the background.
    fn find<T>(mut self, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        let found = self.next_that(find)?;
        self.read_on();
        Some(found)
    }

    /// The same, and no further.
    fn next_that<T>(&mut self, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        loop {
            let line = self.next()?;
            if let Some(found) = find(&line) {
                return Some(found);
            }
        }
    }

    /// Reads until the server ends: one that cannot write would end early.
    fn read_on(mut self) {
        thread::spawn(move || while self.next().is_some() {});
    }

    fn next(&mut self) -> Option<String> {
        let mut line = String::new();
        let length = self.lines.read_line(&mut line).unwrap_or_default();
        self.said.add(&line);
        (length > 0).then(|| line.trim_end().to_owned())
    }
}

/// What a server has said so far.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<String>>);

impl Said {
    fn add(&self, line: &str) {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.push_str(line);
    }

    fn text(&self) -> String {
        let text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.clone()
    }
}

fn listening() -> (OwnedFd, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    (listener.into(), address)
}

/// Debian keeps servers where only root looks.
fn path_with_servers() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin");
    path
}
