//! The command line.

use crate::{proxy::ProxyKind, workload::Workload};

pub(crate) const USAGE: &str = "\
cargo bench --bench peers -- [SECTION..] [--quick] [--workload TEXT] [--proxy TEXT]

sections, all of them but the gate by default:
  instructions  user instructions of a request, counted by callgrind
  cpu           CPU time of a request: rounds of all proxies alternate on one core
  throughput    requests per second with 8 to 64 connections, on one and on two threads
  cache         cache misses of a request in callgrind's simulation, and waits for events
  connect       user instructions of a full and of a resumed TLS connection
  idle          user instructions of a request with 1, 1,000 and 10,000 idle connections
  memory        resident memory of an idle connection in the pool
  gate          compares instructions of this crate's paths with the committed baseline;
                --bless writes the baseline

--quick takes fewer requests and rounds. --workload and --proxy select by a part of the name.";

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Section {
    Instructions,
    Cpu,
    Throughput,
    Cache,
    Connect,
    Idle,
    Memory,
    Gate,
}

const SECTIONS: [(&str, Section); 8] = [
    ("instructions", Section::Instructions),
    ("cpu", Section::Cpu),
    ("throughput", Section::Throughput),
    ("cache", Section::Cache),
    ("connect", Section::Connect),
    ("idle", Section::Idle),
    ("memory", Section::Memory),
    ("gate", Section::Gate),
];

pub(crate) struct Options {
    pub(crate) sections: Vec<Section>,
    pub(crate) quick: bool,
    /// Whether the gate writes its baseline instead of comparing with it.
    pub(crate) bless: bool,
    workload: String,
    proxy: String,
}

impl Options {
    pub(crate) fn parse(arguments: &[&str]) -> Result<Self, String> {
        let mut options = Self {
            sections: Vec::new(),
            quick: false,
            bless: false,
            workload: String::new(),
            proxy: String::new(),
        };
        let mut arguments = arguments.iter();
        while let Some(&argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument {
                "--quick" => options.quick = true,
                "--bless" => options.bless = true,
                "--workload" => options.workload = (*value()?).to_owned(),
                "--proxy" => options.proxy = (*value()?).to_owned(),
                name => {
                    let known = SECTIONS.iter().find(|(known, _)| *known == name);
                    let (_, section) = known.ok_or(format!("unknown argument: {name}"))?;
                    options.sections.push(*section);
                }
            }
        }
        if options.sections.is_empty() {
            options.sections = SECTIONS.map(|(_, section)| section).to_vec();
            options.sections.retain(|section| *section != Section::Gate);
        }
        Ok(options)
    }

    /// The selected proxies that are installed.
    pub(crate) fn proxies(&self) -> Vec<ProxyKind> {
        let selected = |proxy: &ProxyKind| proxy.name().contains(&self.proxy);
        let proxies = ProxyKind::ALL.into_iter().filter(selected);
        proxies.filter(|proxy| proxy.is_installed()).collect()
    }

    pub(crate) fn selects(&self, workload: &Workload) -> bool {
        workload.name.contains(&self.workload)
    }
}
