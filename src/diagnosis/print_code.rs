//! Prints the code of a fix in lines that can be pasted: a call is in one line, or broken as
//! rustfmt does.
//!
//! ```text
//!   fix: .tls_parameters(
//!            TlsParameters::default()
//!                .key_exchange_groups(["x25519", "secp256r1", "secp384r1"]),
//!        )
//! ```

/// Splits a fix where a line may end: between words, and before a further call, but not inside a
/// call.
pub(super) fn split_code(code: &str) -> impl Iterator<Item = &str> {
    let mut depth = Depth::default();
    let inner = code.char_indices().filter(move |(at, char)| {
        let (before, after) = code.split_at(*at);
        let is_space = before.ends_with(' ') && !after.starts_with(' ');
        let is_end = depth.is_outside() && (is_space || is_further_call(before, after));
        depth.read(*char);
        is_end
    });
    let mut start = 0;
    let ends = inner.map(|(at, _)| at).chain([code.len()]);
    ends.map(move |end| {
        let word = &code[start..end];
        start = end;
        word
    })
}

/// The lines of a call, each at most `room` wide if that is possible.
pub(super) fn lines_of_call(call: &str, room: usize) -> Vec<String> {
    if call.chars().count() <= room {
        return vec![call.to_owned()];
    }
    let links: Vec<_> = split_code(call).collect();
    if let [first, rest @ ..] = &links[..]
        && !rest.is_empty()
    {
        let mut lines = lines_of_call(first, room);
        for link in rest {
            lines.extend(indented(lines_of_call(link, room.saturating_sub(4))));
        }
        return lines;
    }
    let Some((head, arguments, tail)) = parts(call) else {
        return vec![call.to_owned()];
    };
    let mut lines = vec![head.to_owned()];
    for argument in arguments {
        let mut argument = lines_of_call(argument, room.saturating_sub(5));
        if let Some(last) = argument.last_mut() {
            last.push(',');
        }
        lines.extend(indented(argument));
    }
    lines.push(tail.to_owned());
    lines
}

fn indented(lines: Vec<String>) -> impl Iterator<Item = String> {
    lines.into_iter().map(|line| format!("    {line}"))
}

fn is_further_call(before: &str, after: &str) -> bool {
    let mut next = after.chars();
    before.ends_with(')')
        && next.next() == Some('.')
        && next.next().is_some_and(|it| it.is_ascii_lowercase())
}

/// The call up to its parenthesis, its arguments, and the rest from the closing one on.
fn parts(call: &str) -> Option<(&str, Vec<&str>, &str)> {
    let open = call.find('(')? + 1;
    let mut depth = Depth::default();
    let mut start = open;
    let mut arguments = Vec::new();
    for (at, char) in call.char_indices().skip_while(|(at, _)| *at < open) {
        match char {
            ')' if depth.is_outside() => {
                arguments.push(call[start..at].trim());
                arguments.retain(|it| !it.is_empty());
                return (!arguments.is_empty()).then(|| (&call[..open], arguments, &call[at..]));
            }
            ',' if depth.is_outside() => {
                arguments.push(call[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
        depth.read(char);
    }
    None
}

/// How deep in brackets a character is, and whether in a string.
#[derive(Default)]
struct Depth {
    brackets: usize,
    is_in_string: bool,
}

impl Depth {
    fn is_outside(&self) -> bool {
        self.brackets == 0 && !self.is_in_string
    }

    fn read(&mut self, char: char) {
        match char {
            '"' => self.is_in_string = !self.is_in_string,
            _ if self.is_in_string => {}
            '(' | '[' => self.brackets += 1,
            ')' | ']' => self.brackets = self.brackets.saturating_sub(1),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_whole_or_broken_as_rustfmt_does() {
        let groups = "TlsParameters::default().key_exchange_groups([\"x25519\", \"secp256r1\"])";
        let call = format!(".tls_parameters({groups})");
        for (room, lines) in [
            (90, vec![call.as_str()]),
            (80, vec![".tls_parameters(", &format!("    {groups},"), ")"]),
            (
                60,
                vec![
                    ".tls_parameters(",
                    "    TlsParameters::default()",
                    "        .key_exchange_groups([\"x25519\", \"secp256r1\"]),",
                    ")",
                ],
            ),
        ] {
            assert_eq!(lines_of_call(&call, room), lines, "{room}");
        }
        let identity = ".client_identity(ClientIdentity::pem(chain, key))";
        let lines = [
            ".client_identity(",
            "    ClientIdentity::pem(chain, key),",
            ")",
        ];
        assert_eq!(lines_of_call(identity, 40), lines);
        let lines = [
            ".client_identity(",
            "    ClientIdentity::pem(",
            "        chain,",
            "        key,",
            "    ),",
            ")",
        ];
        assert_eq!(lines_of_call(identity, 20), lines);
        assert_eq!(lines_of_call(".omit_sni()", 5), [".omit_sni()"]);
        let lines = [".sni(", "    \"a (b, c\",", ")"];
        assert_eq!(lines_of_call(".sni(\"a (b, c\")", 10), lines);
    }

    #[test]
    fn code_is_split_between_words_and_calls() {
        let code = ".sni(\"a\").expected_name(\"b c\") only if [x y] is";
        let words: Vec<_> = split_code(code).collect();
        let expected = [
            ".sni(\"a\")",
            ".expected_name(\"b c\") ",
            "only ",
            "if ",
            "[x y] ",
            "is",
        ];
        assert_eq!(words, expected);
        assert_eq!(split_code("").collect::<Vec<_>>(), [""]);
    }
}
