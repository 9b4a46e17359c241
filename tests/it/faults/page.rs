//! The page of the guide.

use std::{env, fs, path::Path};

use super::{cell::Outcome, mutations::MUTATIONS, rows::MATRIX};

const HEAD: &str = "\
What happens to a request when its connection is slow, cut, corrupted or silent.

`tests/it/faults/` in the repository injects each fault between the pool and the origin, and
generates these tables. Each case ends within its deadline. Afterwards the pool has all of its
permits, the next requests succeed, and no task and no socket is left.

* **delay**: bytes arrive 700 ms later.
* **drop**: from now on, bytes of both directions vanish, as if a firewall had forgotten the
  connection.
* **truncate**: the connection ends.
* **corrupt**: one bit changes.
* **reset**: both sides get a TCP reset.
* **half-close**: this direction ends, the other one goes on.
* **stall**: this direction stops, and its sender can write no more than buffers take.
* **one byte at a time**: each read returns one byte.

A cell has the status that the client gets, and [`Error::kind`] and [`Error::stage`] of the error.
\"Aborted\" means that the response had begun. The client never gets a truncated body as a complete
one, and no POST that the origin may have processed is sent again. The deadlines are those of
[`timeouts`].
";

const MUTATIONS_HEAD: &str = "
# Mutations

To check the tests, each of these bugs was added on purpose. The second column lists the tests that
failed. `faults` are the tests behind the tables above. `simulation` sends random requests through
random faults, and `cancellation` drops each future at each of its polls.

| mistake | found by |
|---|---|
";

const LINKS: &str = "
[`Error::kind`]: crate::Error::kind
[`Error::stage`]: crate::Error::stage
[`timeouts`]: crate::guide::timeouts
";

/// Compares the page with the guide's, or writes it if `BLESS` is set.
pub(super) fn check() {
    let page = page();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide/faults.md");
    if env::var_os("BLESS").is_some() {
        fs::write(&file, &page).expect("a writable guide");
        return;
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        page == written,
        "src/guide/faults.md differs; BLESS=1 cargo test --all-features --test it faults"
    );
}

fn page() -> String {
    let mut page = String::from(HEAD);
    for (point, rows) in MATRIX {
        let (title, place) = point.texts();
        page += &format!("\n# {title}\n\n{place}\n\n");
        page += "| fault | http | https, HTTP/1.1 | https, HTTP/2 |\n|---|---|---|---|\n";
        for (fault, outcomes) in rows {
            let [http, https1, https2] = outcomes.map(|outcome: Outcome| outcome.to_string());
            page += &format!("| {fault} | {http} | {https1} | {https2} |\n");
        }
    }
    page += MUTATIONS_HEAD;
    for (mistake, tests) in MUTATIONS {
        page += &format!("| {mistake} | {tests} |\n");
    }
    page + LINKS
}
