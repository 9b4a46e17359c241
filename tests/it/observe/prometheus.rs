//! A reader of Prometheus text.

use std::collections::BTreeMap;

/// One line of a scrape.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

/// What a scrape contains.
#[derive(Debug, Default)]
pub(crate) struct Scrape {
    pub(crate) samples: Vec<Sample>,
    pub(crate) help: BTreeMap<String, String>,
    pub(crate) types: BTreeMap<String, String>,
}

impl Scrape {
    pub(crate) fn parse(text: &str) -> Self {
        let mut scrape = Self::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, help) = help.split_once(' ').expect(line);
                scrape.help.insert(name.into(), help.into());
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').expect(line);
                scrape.types.insert(name.into(), kind.into());
            } else {
                scrape.samples.push(sample(line));
            }
        }
        scrape
    }

    /// The sum of a metric over all samples that have these labels.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let of_name = self.samples.iter().filter(|sample| sample.name == name);
        let has = |sample: &&Sample| {
            labels
                .iter()
                .all(|(key, value)| sample.labels.get(*key).is_some_and(|it| it == value))
        };
        of_name.filter(has).map(|sample| sample.value).sum()
    }

    /// The sum of a metric for each value of a label.
    pub(crate) fn by(&self, name: &str, label: &str) -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::new();
        for sample in self.samples.iter().filter(|sample| sample.name == name) {
            if let Some(value) = sample.labels.get(label) {
                *sums.entry(value.clone()).or_default() += sample.value as u64;
            }
        }
        sums
    }
}

fn sample(line: &str) -> Sample {
    let (key, value) = line.rsplit_once(' ').expect(line);
    let (name, labels) = match key.split_once('{') {
        None => (key, ""),
        Some((name, labels)) => (name, labels.strip_suffix('}').expect(line)),
    };
    let mut rest = labels;
    let mut labels = BTreeMap::new();
    while let Some((key, after)) = rest.split_once("=\"") {
        let (value, after) = after.split_once('"').expect(line);
        labels.insert(key.trim_start_matches(',').to_owned(), value.to_owned());
        rest = after;
    }
    Sample {
        name: name.into(),
        labels,
        value: value.parse().expect(line),
    }
}
