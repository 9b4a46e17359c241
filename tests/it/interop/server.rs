//! A real server as a child process, killed at the end of its test. Its output is printed if the
//! test fails.

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

/// A running server, killed on drop.
pub(super) struct Server {
    child: Child,
    address: SocketAddr,
    log: ServerOutput,
    folder: Folder,
    /// Whether the child has children of its own, which have to be stopped by it.
    has_workers: bool,
}

impl Server {
    /// Starts an nginx with these `server` blocks, which contain `listen LISTEN`.
    pub(super) fn nginx(folder: Folder, servers: &str) -> Self {
        Self::nginx_with(folder, "master_process off;", servers)
    }

    /// Starts an nginx whose worker process can be replaced by [`reload`](Self::reload).
    pub(super) fn nginx_with_worker(folder: Folder, servers: &str) -> Self {
        let mut nginx = Self::nginx_with(folder, "worker_processes 1;", servers);
        nginx.has_workers = true;
        nginx
    }

    fn nginx_with(folder: Folder, processes: &str, servers: &str) -> Self {
        const MOST_TRIES: usize = 5;
        let settings = include_str!("nginx/nginx.conf")
            .replace("PROCESSES", processes)
            .replace("SERVERS", servers);
        let mut nginx = NGINX.nginx(&folder);
        let mut log = ServerOutput::default();
        for _ in 0..MOST_TRIES {
            // Another process may take the port before nginx does.
            let (_, address) = listening();
            folder.write(
                "nginx.conf",
                &settings.replace("LISTEN", &address.to_string()),
            );
            let (child, output) = NGINX.start(&mut nginx);
            log = output.log.clone();
            // nginx prints its version as soon as it listens.
            if output.find(|line| line.find(" nginx/")).is_some() {
                return Self::new(child, address, log, folder);
            }
        }
        panic!("nginx does not start:\n{}", log.text());
    }

    /// Starts a HAProxy with these sections, one of which contains `bind fd@0`.
    pub(super) fn haproxy(folder: Folder, sections: &str) -> Self {
        folder.write(
            "haproxy.cfg",
            &include_str!("haproxy.cfg").replace("SECTIONS", sections),
        );
        // The socket listens before HAProxy starts, so there is no need to wait.
        let (listener, address) = listening();
        let mut check = HAPROXY.command(&folder);
        check.args(["-c", "-f", "haproxy.cfg"]);
        HAPROXY.check(check.stdin(listener.try_clone().unwrap()));

        let mut haproxy = HAPROXY.command(&folder);
        haproxy.args(["-db", "-f", "haproxy.cfg"]).stdin(listener);
        let (child, output) = HAPROXY.start(&mut haproxy);
        let log = output.log.clone();
        output.read_on();
        Self::new(child, address, log, folder)
    }

    /// Starts an `openssl s_server` with these arguments. It responds with a page about the
    /// connection.
    pub(super) fn openssl(folder: Folder, arguments: &str) -> Self {
        let mut openssl = OPENSSL.command(&folder);
        openssl
            .args(["s_server", "-www", "-accept", "127.0.0.1:0"])
            .args(arguments.split_whitespace());
        let (child, output) = OPENSSL.start(&mut openssl);
        let log = output.log.clone();
        let address = output.find(|line| line.strip_prefix("ACCEPT ")?.parse().ok());
        let address = address.unwrap_or_else(|| panic!("openssl does not start:\n{}", log.text()));
        Self::new(child, address, log, folder)
    }

    /// Starts a Go program that decrypts ClientHellos, and returns its `ECHConfigList`.
    pub(super) fn go(folder: Folder, arguments: &str) -> (Self, Vec<u8>) {
        GO.build(&folder, include_str!("ech.go"));
        let program = Package::new("./program", "golang-go");
        let mut ech = program.command(&folder);
        ech.args(arguments.split_whitespace());
        let (child, address, list, output) = program.listen(&mut ech);
        let list = data_encoding::HEXLOWER.decode(list.as_bytes()).unwrap();
        (Self::new(child, address, output, folder), list)
    }

    /// Starts an `openssl s_server` with these arguments that accepts early data.
    ///
    /// It accepts early data only in interactive mode. Each GET gets the response `ok`, and the
    /// connection is closed.
    pub(super) fn openssl_with_early_data(folder: Folder, arguments: &str) -> Self {
        let mut openssl = OPENSSL.command(&folder);
        openssl
            .args(["s_server", "-early_data", "-accept", "127.0.0.1:0"])
            .args(arguments.split_whitespace())
            .stdin(Stdio::piped());
        let (mut child, mut output) = OPENSSL.start(&mut openssl);
        let log = output.log.clone();
        let address = output.next_that(|line| line.strip_prefix("ACCEPT ")?.parse().ok());
        let address = address.unwrap_or_else(|| panic!("openssl does not start:\n{}", log.text()));
        let mut hand = child.stdin.take().unwrap();
        thread::spawn(move || {
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
            while output.next_that(|line| line.find("GET /")).is_some() {
                hand.write_all(answer).unwrap();
            }
        });
        Self::new(child, address, log, folder)
    }

    /// Has nginx replace its worker: the old one closes its connections after their requests.
    pub(super) fn reload(&self) {
        NGINX.check(NGINX.nginx(&self.folder).args(["-s", "reload"]));
    }

    /// The output so far.
    pub(super) fn output(&self) -> String {
        self.log.text()
    }

    fn new(child: Child, address: SocketAddr, log: ServerOutput, folder: Folder) -> Self {
        Self {
            child,
            address,
            log,
            folder,
            has_workers: false,
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = match self.has_workers {
            true => NGINX
                .nginx(&self.folder)
                .args(["-s", "stop"])
                .status()
                .map(drop),
            false => self.child.kill(),
        };
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- server output ---\n{}", self.log.text());
        }
    }
}

/// A Go program, built once.
pub(super) struct GoProgram(Folder);

impl GoProgram {
    pub(super) fn build(source: &str) -> Self {
        let folder = Folder::new();
        GO.build(&folder, source);
        Self(folder)
    }

    /// Starts the program with this argument.
    pub(super) fn start(&self, argument: &str) -> Server {
        let path = self.0.path().join("program");
        let program = Package::new("./program", "golang-go");
        let folder = Folder::new();
        std::os::unix::fs::symlink(path, folder.path().join("program")).unwrap();
        let mut command = program.command(&folder);
        let (child, address, _, output) = program.listen(command.arg(argument));
        Server::new(child, address, output, folder)
    }
}

/// The certificates and the configuration of a server, which runs in this folder.
pub(super) struct Folder(TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Writes a certificate and its key to `<name>.pem`.
    pub(super) fn certified(self, name: &str, certified: &Certified) -> Self {
        let text = certified.cert_pem() + &certified.key_pem();
        self.file(&format!("{name}.pem"), &text)
    }

    /// Creates a self-signed X.509 version 1 certificate, as openssl does without extensions.
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

    /// Creates a self-signed certificate with an EC key on this curve.
    pub(super) fn on_curve(self, name: &str, subject: &str, curve: &str) -> Self {
        let step = format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:{curve} -nodes -keyout {name}.key -out {name}.pem -subj /CN={subject} -addext subjectAltName=DNS:{subject}"
        );
        OPENSSL.check(OPENSSL.command(&self).args(step.split_whitespace()));
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

/// A program and its Debian package.
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

    /// The command of an nginx that runs in this folder.
    fn nginx(&self, folder: &Folder) -> Command {
        let mut command = self.command(folder);
        command.args(["-p", ".", "-c", "nginx.conf"]);
        command
    }

    /// Checks the configuration of a server.
    fn check(&self, command: &mut Command) {
        let output = command.output();
        let output = output.unwrap_or_else(|error| self.missing(&error));
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the settings are wrong:\n{log}");
    }

    /// Builds a Go program. `go run` would leave its child running.
    fn build(&self, folder: &Folder, source: &str) {
        folder.write("program.go", source);
        let mut build = self.command(folder);
        self.check(build.args(["build", "-o", "program", "program.go"]));
    }

    /// Starts a server that prints `LISTENING`, its address, and possibly something more.
    fn listen(&self, command: &mut Command) -> (Child, SocketAddr, String, ServerOutput) {
        let (child, output) = self.start(command);
        let log = output.log.clone();
        let found = output.find(|line| {
            let line = line.strip_prefix("LISTENING ")?;
            let (address, more) = line.split_once(' ').unwrap_or((line, ""));
            Some((address.parse().ok()?, more.to_owned()))
        });
        let (address, more) = found.unwrap_or_else(|| panic!("no server:\n{}", log.text()));
        (child, address, more, log)
    }

    fn start(&self, command: &mut Command) -> (Child, Output) {
        let (reader, writer) = io::pipe().unwrap();
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        let child = command.spawn();
        // The command holds the other end of the pipe and would keep it open.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let output = Output {
            lines: BufReader::new(reader),
            log: ServerOutput::default(),
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

/// The output of a running server.
struct Output {
    lines: BufReader<PipeReader>,
    log: ServerOutput,
}

impl Output {
    /// The first result of `find` over the lines; `None` if the server ends before.
    ///
    /// The remaining output is read in the background.
    fn find<T>(mut self, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        let found = self.next_that(find)?;
        self.read_on();
        Some(found)
    }

    /// Like `find`, without reading further.
    fn next_that<T>(&mut self, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        loop {
            let line = self.next()?;
            if let Some(found) = find(&line) {
                return Some(found);
            }
        }
    }

    /// Reads until the server ends: a server that cannot write would end early.
    fn read_on(mut self) {
        thread::spawn(move || while self.next().is_some() {});
    }

    fn next(&mut self) -> Option<String> {
        let mut line = String::new();
        let length = self.lines.read_line(&mut line).unwrap_or_default();
        self.log.add(&line);
        (length > 0).then(|| line.trim_end().to_owned())
    }
}

/// The output of a server so far.
#[derive(Clone, Default)]
struct ServerOutput(Arc<Mutex<String>>);

impl ServerOutput {
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

/// The search path with the directories in which Debian installs servers.
fn path_with_servers() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin");
    path
}
