//! `edwc sweep`: what a scenario gives where its keys have other values.

use super::arguments::Sweep;
use super::chart::{Dot, Swing};
use super::conduct;
use super::points::{self, LOAD};
use super::request::{Command, Request};
use super::rows::{self, Scale, label, phrase};
use super::{assumptions, chart, prepare};
use crate::cli::failure::{Exit, Failure, plural};
use crate::cli::printer::Printer;
use crate::cli::summary::table::{Table, cut, wrap};
use crate::cli::summary::words::number;
use crate::experiment::comparison::Row;
use crate::experiment::factors::{self, number_and_unit};
use crate::experiment::{Comparison, Design, Factor, Point, Range};
use crate::policy::Registered;
use crate::scenario::takes_whole_numbers;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Points of a sweep beyond which something else was meant.
const MOST_POINTS: u64 = 100_000;
/// The widest name of a point in the table.
const WIDEST_NAME: usize = 40;

/// How the points are chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Method {
    /// All combinations.
    #[default]
    Grid,
    /// Each factor alone.
    OneAtATime,
    /// A Latin hypercube.
    Latin,
}

/// A file of `--sweep`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SweepFile {
    #[serde(default)]
    method: Method,
    /// Points of a Latin hypercube.
    points: Option<u64>,
    /// Values or a range by path.
    vary: BTreeMap<String, serde_json::Value>,
}

/// Runs all points and shows what they give.
pub(crate) fn run(arguments: &Sweep, registered: &[Registered], printer: &mut Printer) -> Result<(), Failure> {
    let conduct = &arguments.conduct;
    printer.hush(conduct.quiet);
    rows::shown(&conduct.metrics)?;
    let charted = conduct.metrics.first().map_or_else(|| Ok(rows::NET_PRICE.to_owned()), |path| rows::known(path))?;
    if arguments.assumptions {
        return assumptions::run(arguments, &charted, registered, printer);
    }
    let (method, points) = plan(arguments)?;
    if let Some((path, _)) = points.iter().flatten().find(|(path, _)| path.starts_with("policy.") && !conduct.policies.is_empty()) {
        return Err(Failure::new(Exit::Usage, format!("`{path}` is varied, and `--policy` takes its place")).help("give one of them"));
    }
    let entrants = points::entrants(&arguments.files, &points, &conduct.overrides, printer)?;
    let experiment = prepare::experiment(entrants, conduct, registered, printer)?;
    let request = Request::new(conduct, Command::Sweep { method, charted })?;
    conduct::and_print(&experiment, conduct, &request, printer)
}

/// Prints what all points give, with a picture of one metric.
pub(super) fn print((method, charted): (Method, &str), design: &Design, comparison: &Comparison, shown: &[String], printer: &mut Printer) {
    let width = printer.width();
    let (points, replications) = (comparison.names.len(), comparison.replications);
    let runs = plural(points * replications as usize, "run");
    let said = format!(
        "{runs}: {}, {replications} {} each; ± is {:.0} % sure",
        plural(points, "point"),
        if replications == 1 { "seed" } else { "seeds" },
        100.0 * comparison.confidence
    );
    printer.out(&wrap(&said, width, "  "));
    printer.out(&format!("\n{}\n", table(comparison, shown, width)));
    if let Some(row) = comparison.row(charted) {
        printer.out(&picture(method, design, comparison, row, width));
        printer.out(&wrap(&extremes(comparison, row), width, "  "));
    }
}

/// Makes the points of the command line.
fn plan(arguments: &Sweep) -> Result<(Method, Vec<Point>), Failure> {
    let usage = |message: String| Failure::new(Exit::Usage, message);
    let (method, texts, count) = match &arguments.sweep {
        Some(file) => read_file(file)?,
        None if arguments.latin.is_some() => (Method::Latin, arguments.vary.clone(), arguments.latin),
        None if arguments.one_at_a_time => (Method::OneAtATime, arguments.vary.clone(), None),
        None => (Method::Grid, arguments.vary.clone(), None),
    };
    let paths: Vec<&str> = texts.iter().map(|text| text.split('=').next().unwrap_or_default().trim()).collect();
    if let Some((_, twice)) = paths.iter().enumerate().find(|(at, path)| paths[..*at].contains(path)) {
        return Err(usage(format!("`{twice}` is varied twice")).help("give all its values at once"));
    }
    let loads = Factor { path: LOAD.to_owned(), values: arguments.load.iter().map(f64::to_string).collect() };
    if texts.is_empty() && loads.values.is_empty() {
        return Err(usage("nothing is varied".to_owned()).help("`--vary subsidy.hangzhou.budget.amount=\"1M CNY\",\"2M CNY\"` or `--load 0.5,0.9`"));
    }
    let points = if method == Method::Latin {
        let ranges = texts.iter().map(|text| Range::read(text)).collect::<Result<Vec<_>, _>>().map_err(usage)?;
        if ranges.is_empty() || !loads.values.is_empty() {
            return Err(usage("a Latin hypercube draws from ranges, and only from these".to_owned()).help("`--latin 20 --vary PATH=0..0.6`"));
        }
        let count = count.ok_or_else(|| usage("a Latin hypercube needs `points`".to_owned()))?;
        let first = points::at_point(&arguments.files[0], &Point::new(), &arguments.conduct.overrides)?;
        let seed = arguments.conduct.seed.unwrap_or(first.model().seed);
        factors::latin_hypercube(&ranges, count, seed, |path| takes_whole_numbers(&first.scenario.document, path))
    } else {
        let mut factors = texts.iter().map(|text| Factor::read(text)).collect::<Result<Vec<_>, _>>().map_err(usage)?;
        if !loads.values.is_empty() {
            factors.push(loads);
        }
        let size = factors::grid_size(&factors);
        if method == Method::Grid && size > MOST_POINTS {
            return Err(usage(format!("{size} points are more than {MOST_POINTS}")).help("`--latin N` draws some of them"));
        }
        if method == Method::Grid { factors::grid(&factors) } else { factors::one_at_a_time(&factors) }
    };
    Ok((method, points))
}

/// Reads a file of `--sweep` as the command line would say the same.
fn read_file(file: &std::path::Path) -> Result<(Method, Vec<String>, Option<u64>), Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| Failure::io("read", file, &error))?;
    let invalid = |why: String| Failure::new(Exit::Invalid, format!("`{}`: {why}", file.display()));
    let sweep: SweepFile = toml::from_str(&text).map_err(|error| invalid(error.message().replace('\n', " ")))?;
    let mut texts = Vec::new();
    for (path, values) in &sweep.vary {
        let values = match values {
            serde_json::Value::String(range) => range.clone(),
            serde_json::Value::Array(values) if !values.is_empty() && !values.iter().any(serde_json::Value::is_object) => {
                values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
            }
            _ => return Err(invalid(format!("`{path}` needs a list of values, or a range such as `\"0..0.6\"`"))),
        };
        texts.push(format!("{path}={values}"));
    }
    Ok((sweep.method, texts, sweep.points))
}

/// Writes what all points give: a row a point, as many metrics beside each other as fit.
fn table(comparison: &Comparison, paths: &[String], width: usize) -> String {
    let rows: Vec<&Row> = paths.iter().filter_map(|path| comparison.row(path)).collect();
    let block = |rows: &[&Row]| {
        let mut table = Table::of(std::iter::once(String::new()).chain(rows.iter().map(|row| label(&row.metric.path).to_owned())).collect());
        let scales: Vec<Scale> = rows.iter().map(|row| Scale::of(row, comparison.baseline)).collect();
        table.push(std::iter::once("".into()).chain(scales.iter().map(|scale| scale.unit.into())).collect());
        for (at, name) in comparison.names.iter().enumerate() {
            let cell = |(row, scale): (&&Row, &Scale)| {
                let cell = &row.cells[at];
                cell.mean.map_or_else(|| "-".to_owned(), |mean| scale.estimate(mean, cell.half_width)).into()
            };
            table.push(std::iter::once(cut(name, WIDEST_NAME).into()).chain(rows.iter().zip(&scales).map(cell)).collect());
        }
        table
    };
    let mut fitting = rows.len().max(1);
    while fitting > 1 && rows.chunks(fitting).any(|rows| block(rows).width() > width) {
        fitting -= 1;
    }
    rows.chunks(fitting).map(|rows| block(rows).render_whole(width)).collect::<Vec<_>>().join("\n")
}

/// Draws a metric: each factor's swing, or a line over the only factor if that is a number; of more there is no picture.
fn picture(method: Method, design: &Design, comparison: &Comparison, row: &Row, width: usize) -> String {
    let scale = Scale::of(row, comparison.baseline);
    let title = format!("{} ({})", phrase(&row.metric.path), scale.unit);
    let one_series = design.alternatives.iter().filter(|each| each.settings == design.alternatives[0].settings).count() == 1;
    if method == Method::OneAtATime && one_series {
        let Some(base) = row.cells[comparison.baseline].mean else { return String::new() };
        let mut swings: Vec<Swing> = Vec::new();
        for (alternative, cell) in design.alternatives.iter().zip(&row.cells) {
            let ([(path, _)], Some(mean)) = (alternative.settings.as_slice(), cell.mean) else { continue };
            match swings.iter_mut().find(|swing| swing.name == *path) {
                Some(swing) => swing.at.push(mean),
                None => swings.push(Swing { name: path.clone(), at: vec![mean] }),
            }
        }
        let title = format!("{title}: as it is {}; each factor alone:", scale.value(base));
        return chart::tornado(&title, base, &swings, |value| scale.value(value), width) + "\n";
    }
    let mut dots = Vec::new();
    for (alternative, cell) in design.alternatives.iter().zip(&row.cells) {
        let ([(_, value)], Some(y)) = (alternative.settings.as_slice(), cell.mean) else { return String::new() };
        let Some((x, _)) = number_and_unit(value.trim_matches('"')) else { return String::new() };
        dots.push(Dot { x, y, half_width: cell.half_width });
    }
    dots.sort_by(|a, b| a.x.total_cmp(&b.x));
    if !one_series || dots.len() < 2 {
        return String::new();
    }
    let path = &design.alternatives[0].settings[0].0;
    let title = format!("{title} over {path}");
    chart::line(&title, &dots, |value| scale.value(value), number, width) + "\n"
}

/// Says where a metric is least and where it is most.
fn extremes(comparison: &Comparison, row: &Row) -> String {
    let scale = Scale::of(row, comparison.baseline);
    let known = || row.cells.iter().zip(&comparison.names).filter_map(|(cell, name)| Some((cell.mean?, cell.half_width, name)));
    let said = |(mean, half_width, name): (f64, Option<f64>, &String)| format!("{} {} at {name}", scale.estimate(mean, half_width), scale.unit);
    match (known().min_by(|a, b| a.0.total_cmp(&b.0)), known().max_by(|a, b| a.0.total_cmp(&b.0))) {
        (Some(least), Some(most)) if least.0 < most.0 => format!("{}: least {}, most {}.", phrase(&row.metric.path), said(least), said(most)),
        (Some(_), _) => format!("{}: the same everywhere.", phrase(&row.metric.path)),
        _ => format!("{}: known nowhere.", phrase(&row.metric.path)),
    }
}
