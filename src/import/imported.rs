//! `Imported`: configurations, code and notes.

use crate::config::OriginConfig;

use super::{
    draft::Draft,
    note::{Finding, ImportNote, NoteKind},
    print_code,
};

/// What an importer made of a text.
#[derive(Clone, Debug)]
pub struct Imported {
    origins: Vec<ImportedOrigin>,
    code: String,
    notes: Vec<ImportNote>,
}

impl Imported {
    pub(super) fn new(drafts: &[Draft], mut notes: Vec<ImportNote>) -> Self {
        let mut origins = Vec::new();
        let mut sections = Vec::new();
        for draft in drafts {
            let mut servers = Vec::new();
            for server in &draft.servers {
                let config = server.settle().and_then(|settings| {
                    let config = settings.config()?;
                    Ok((settings, config))
                });
                match config {
                    Ok((settings, config)) => {
                        origins.push(ImportedOrigin {
                            section: draft.section.clone(),
                            server: server.name.clone(),
                            config,
                        });
                        servers.push((server, settings));
                    }
                    Err(problem) => {
                        let finding = Finding::refused(format!("no origin: {problem}"));
                        notes.push(ImportNote::new(server.line, "server", finding));
                    }
                }
            }
            if !servers.is_empty() {
                sections.push((draft, servers));
            }
        }
        notes.sort_by_key(ImportNote::line);
        notes.dedup();
        Self {
            origins,
            code: print_code::print(&sections),
            notes,
        }
    }

    /// Returns the origins, in the order of the text.
    #[must_use]
    pub fn origins(&self) -> &[ImportedOrigin] {
        &self.origins
    }

    /// Builder code: a function for each section that proxies.
    ///
    /// It returns an `OriginProxy`, or an `OriginGroup` if the section has several servers. A
    /// `location` with a path has a second function, which adds its routes to axum's `Router`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Returns what became of each directive, in the order of lines.
    #[must_use]
    pub fn notes(&self) -> &[ImportNote] {
        &self.notes
    }

    /// Returns the notes of one kind.
    pub fn notes_of(&self, kind: NoteKind) -> impl Iterator<Item = &ImportNote> {
        self.notes.iter().filter(move |note| note.kind() == kind)
    }
}

/// The configuration of one origin, and where it is from.
#[derive(Clone, Debug)]
pub struct ImportedOrigin {
    section: String,
    server: String,
    config: OriginConfig,
}

impl ImportedOrigin {
    /// Returns the section, such as `location /`, `backend app` or `cluster app at /`.
    #[must_use]
    pub fn section(&self) -> &str {
        &self.section
    }

    /// Returns the server in the section: its name in HAProxy, its address in the others.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Returns the settings of connector and proxy.
    #[must_use]
    pub fn config(&self) -> &OriginConfig {
        &self.config
    }
}
