//! Tables of proxies.

use crate::proxy::ProxyKind;

/// Prints a table with a line for each proxy, beside what it takes of two peers.
///
/// `rest` is what follows the ratios.
pub(crate) fn print(title: &str, unit: &str, rows: &[(ProxyKind, f64, String)]) {
    if rows.is_empty() {
        return;
    }
    println!("\n{title:<48} {unit:>14} {:>8} {:>8}", "/stack", "/nginx");
    let of = |peer| rows.iter().find(|row| row.0 == peer).map(|row| row.1);
    let (stack, nginx) = (of(ProxyKind::Stack), of(ProxyKind::Nginx));
    for (proxy, value, rest) in rows {
        let share = |of: Option<f64>| of.map_or(String::new(), |of| format!("{:.3}", value / of));
        let value = match *value {
            value if value < 1000.0 => format!("{value:.2}"),
            value => format!("{value:.0}"),
        };
        let (name, stack, nginx) = (proxy.name(), share(stack), share(nginx));
        let line = format!("  {name:<46} {value:>14} {stack:>8} {nginx:>8}  {rest}");
        println!("{}", line.trim_end());
    }
}
