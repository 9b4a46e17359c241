//! `Imported`: configurations, code and notes.

use std::collections::HashSet;

use crate::config::OriginConfig;

use super::{
    draft::Draft,
    note::{ImportNote, Outcome},
    print_code,
};

/// What an importer made of a text.
///
/// ```
/// use cdn_origin::import::{self, NoteKind};
///
/// let imported = import::nginx("location / { proxy_pass http://a.example; tcp_nodelay on; }")?;
/// for origin in imported.origins() {
///     println!("{}: {}", origin.section, origin.server);
/// }
/// // Every directive has a note, so that nothing is lost in silence.
/// let open = [NoteKind::ByHand, NoteKind::Unmapped];
/// assert!(!imported.notes().iter().any(|note| open.contains(&note.kind)));
/// # Ok::<(), cdn_origin::import::ImportError>(())
/// ```
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
                        let outcome = Outcome::refused(format!("no origin: {problem}"));
                        notes.push(ImportNote::new(server.line, "server", outcome));
                    }
                }
            }
            if !servers.is_empty() || draft.answer.is_some() {
                sections.push((draft, servers));
            }
        }
        notes.sort_by_key(|note| note.line);
        // Sections that share lines make the same notes.
        let mut seen = HashSet::new();
        let key = |note: &ImportNote| {
            let ImportNote {
                line,
                directive,
                kind,
                text,
            } = note.clone();
            (line, directive, kind, text)
        };
        notes.retain(|note| seen.insert(key(note)));
        Self {
            origins,
            code: print_code::print(&sections),
            notes,
        }
    }

    /// Returns the origins, in the order of the text.
    ///
    /// A server that cannot be used has a note in place of an origin.
    ///
    /// ```
    /// use cdn_origin::{OriginProxy, import};
    ///
    /// let text = "backend app\n  server a a.example:80\n  server b b.example:80\n";
    /// let imported = import::haproxy(text)?;
    /// for origin in imported.origins() {
    ///     let proxy = OriginProxy::try_from(&origin.config)?;
    ///     # drop(proxy);
    /// }
    /// assert_eq!(imported.origins().len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn origins(&self) -> &[ImportedOrigin] {
        &self.origins
    }

    /// Builder code: a function for each section that proxies.
    ///
    /// It returns an `OriginProxy`, or an `OriginGroup` if the section has several servers. A
    /// `location` with a path has a second function, which adds its routes to axum's `Router`. For
    /// paths that nginx closes, a function answers: another section could have their path.
    ///
    /// ```
    /// use cdn_origin::import;
    ///
    /// let imported = import::caddy("www.example.com\nreverse_proxy https://origin.example\n")?;
    /// assert!(imported.code().contains("https://origin.example"));
    /// # Ok::<(), import::ImportError>(())
    /// ```
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Returns what became of each directive, in the order of lines.
    ///
    /// ```
    /// use cdn_origin::import;
    ///
    /// let text = "location / { proxy_pass http://a.example; proxy_buffering off; }";
    /// let imported = import::nginx(text)?;
    /// for note in imported.notes() {
    ///     // line 1: proxy_buffering: no effect: responses are streamed: not buffered
    ///     println!("{note}");
    /// }
    /// # Ok::<(), import::ImportError>(())
    /// ```
    #[must_use]
    pub fn notes(&self) -> &[ImportNote] {
        &self.notes
    }
}

/// The configuration of one origin, and where it is from.
///
/// ```
/// use cdn_origin::import;
///
/// let imported = import::haproxy("backend app\n  server a a.example:443 ssl")?;
/// let origin = &imported.origins()[0];
/// assert_eq!((&*origin.section, &*origin.server), ("backend app", "a"));
/// # Ok::<(), import::ImportError>(())
/// ```
///
/// serde writes its configuration in any format, as a [configuration file](crate::config):
///
/// ```
/// use cdn_origin::import;
///
/// let imported = import::nginx("location / { proxy_pass http://a.example; }")?;
/// let file = toml::to_string(&imported.origins()[0].config)?;
/// assert!(file.contains("url = \"http://a.example\""));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ImportedOrigin {
    /// The section, such as `location /`, `backend app` or `cluster app at /`.
    pub section: String,
    /// The server in the section: its name in HAProxy, its address in the others.
    pub server: String,
    /// The settings of connector and proxy.
    pub config: OriginConfig,
}
