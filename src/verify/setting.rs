//! The text of the scenario that a case becomes. One time unit of a case is one hour.

use super::case::{Problem, bad};
use crate::base::Time;
use crate::base::time::MICROS_PER_HOUR;
use crate::scenario::{Options, Scenario};
use std::fmt::Write as _;

/// A scenario in the making: one region, one tenant, one class unless more are added.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    text: String,
    horizon: Option<f64>,
    warmup: f64,
    drain: bool,
    start: String,
    busy: String,
    head: String,
}

/// The bytes of one unit of data on a link of one unit of capacity: what 1 Gbit/s carries in an hour.
pub(super) const UNIT_BYTES: f64 = 450e9;

impl Setting {
    /// Begins with a region `demand`, a tenant `user`, a chip `gpu` and free electricity.
    pub(super) fn new() -> Self {
        let mut setting = Self {
            text: String::new(),
            horizon: None,
            warmup: 0.0,
            drain: true,
            start: "2025-01-01T00:00:00+08:00".to_owned(),
            busy: "500 W".to_owned(),
            head: String::new(),
        };
        setting.add("region.demand", "province = \"east\"");
        setting.add("tenant.user", "region = \"demand\"");
        setting
    }
    /// Adds a table.
    pub(super) fn add(&mut self, table: &str, keys: &str) -> &mut Self {
        let _ = writeln!(self.text, "[{table}]\n{keys}");
        self
    }
    /// Sets when arrivals stop, and what is deleted as warm-up, in units.
    pub(super) fn window(&mut self, horizon: f64, warmup: f64) -> &mut Self {
        (self.horizon, self.warmup) = (Some(horizon), warmup);
        self
    }
    /// Ends the run at its horizon, whatever is still there.
    pub(super) fn cut(&mut self) -> &mut Self {
        self.drain = false;
        self
    }
    /// Sets the local date and time of the start.
    pub(super) fn start(&mut self, date: &str) -> &mut Self {
        self.start = date.to_owned();
        self
    }
    /// Adds tables as text.
    pub(super) fn head(&mut self, text: &str) -> &mut Self {
        self.head.push_str(text);
        self
    }
    /// Sets the power of a GPU that computes; idle ones draw nothing.
    pub(super) fn busy(&mut self, power: &str) -> &mut Self {
        self.busy = power.to_owned();
        self
    }
    /// Adds a site with one pool `all` of single-GPU nodes.
    pub(super) fn site(&mut self, name: &str, nodes: u64) -> &mut Self {
        self.pool(name, nodes, 1, "price = \"0 CNY/GPU-h\"")
    }
    /// Adds a site with one pool `all`.
    pub(super) fn pool(&mut self, name: &str, nodes: u64, gpus_per_node: u64, keys: &str) -> &mut Self {
        self.add(&format!("site.{name}"), "province = \"west\"\nside = \"west\"\ntariff = \"all\"\ngrid = \"all\"");
        self.add(&format!("site.{name}.pool.all"), &format!("chip = \"gpu\"\nnodes = {nodes}\ngpus_per_node = {gpus_per_node}\n{keys}"))
    }
    /// Adds a class that runs on every GPU at speed one.
    pub(super) fn class(&mut self, name: &str, keys: &str) -> &mut Self {
        self.add(&format!("class.{name}"), &format!("speed = {{ gpu = 1.0 }}\n{keys}"))
    }
    /// Adds a workload of the tenant `user`.
    pub(super) fn workload(&mut self, name: &str, class: &str, keys: &str) -> &mut Self {
        self.add(&format!("workload.{name}"), &format!("class = \"{class}\"\ntenants = {{ user = 1.0 }}\n{keys}"))
    }
    /// Sets the policy's keys.
    pub(super) fn policy(&mut self, keys: &str) -> &mut Self {
        self.add("policy", keys)
    }
    /// Parses and checks the scenario.
    pub(super) fn build(&self, id: &str) -> Result<Scenario, Problem> {
        let mut head = format!("format = 1\n[scenario]\nstart = {}\nseed = 1\n", self.start);
        if let Some(horizon) = self.horizon {
            let _ = writeln!(head, "horizon = \"{}\"\nwarmup = \"{}\"", span(horizon), span(self.warmup));
        }
        let _ = writeln!(head, "{}", if self.drain { "drain = { until = \"idle\", at_most = \"100000 y\" }" } else { "drain = \"horizon\"" });
        head.push_str(&chip("gpu", &self.busy));
        if !self.text.contains("[tariff.all]") {
            head.push_str("[tariff.all]\nflat = \"0 CNY/kWh\"\n");
        }
        head.push_str("[grid.all]\ncarbon = \"0 kgCO2/kWh\"\n[data.any]\nstays = \"anywhere\"\n");
        head.push_str("[network.default]\nequipment_rtt = \"0 ms\"\n");
        let text = head + &self.head + &self.text;
        Scenario::parse(&format!("case {id}"), &text, &Options::default()).map_err(|diagnostics| {
            let list: Vec<_> = diagnostics
                .list
                .iter()
                .map(|each| each.places.first().map_or_else(String::new, |place| format!("{}: ", place.path)) + &each.message)
                .collect();
            Problem::Run(format!("the scenario is refused: {}", list.join("; ")))
        })
    }
}

/// Writes the table of a chip that draws nothing while idle.
pub(super) fn chip(name: &str, busy: &str) -> String {
    format!("[chip.{name}]\norigin = \"imported\"\npflops = 1.0\nmemory = \"80 GB\"\nidle = \"0 W\"\nbusy = \"{busy}\"\n")
}

/// Writes a length of time given in units.
pub(super) fn span(units: f64) -> String {
    format!("{} us", (units * MICROS_PER_HOUR as f64).round() as u64)
}
/// Writes a rate given per unit.
pub(super) fn rate(per_unit: f64) -> String {
    format!("{per_unit} /h")
}
/// Returns an instant in units.
pub(super) fn units(time: Time) -> f64 {
    time.0 as f64 / MICROS_PER_HOUR as f64
}

/// What a law is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Of {
    /// Time, in units.
    Time,
    /// Data, in units of [`UNIT_BYTES`].
    Data,
}

impl Of {
    fn write(self, value: f64) -> String {
        match self {
            Self::Time => span(value),
            Self::Data => format!("{} B", (value * UNIT_BYTES).round() as u64),
        }
    }
    fn scale(self) -> f64 {
        match self {
            Self::Time => 3600.0,
            Self::Data => UNIT_BYTES,
        }
    }
}

/// A law in the short form of cases: `exp:1`, `h2:0.9:0.5:4`.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Short {
    name: String,
    values: Vec<f64>,
}

impl Short {
    /// Reads the short form.
    pub(super) fn read(parameter: &str, text: &str) -> Result<Self, Problem> {
        let mut words = text.split(':');
        let name = words.next().unwrap_or_default().to_owned();
        let values: Option<Vec<f64>> = words.map(|word| word.trim().parse().ok()).collect();
        let values = values.ok_or_else(|| bad(parameter, &format!("`{text}` is no law")))?;
        let law = Self { name, values };
        if law.known() { Ok(law) } else { Err(bad(parameter, &format!("`{text}` is no law that is known here"))) }
    }
    /// Returns the exponential law of a mean.
    pub(super) fn exponential(mean: f64) -> Self {
        Self { name: "exp".to_owned(), values: vec![mean] }
    }
    fn known(&self) -> bool {
        let needed = match self.name.as_str() {
            "exp" | "det" => 1,
            "ln" | "wb" | "uni" | "erl" | "gam" | "par" => 2,
            "h2" => 3,
            _ => return false,
        };
        self.values.len() == needed
    }
    /// Returns the mean, in units.
    pub(super) fn mean(&self) -> f64 {
        let v = &self.values;
        match self.name.as_str() {
            "exp" | "det" => v[0],
            "ln" => libm::exp(v[0] + v[1] * v[1] / 2.0),
            "wb" => v[1] * libm::tgamma(1.0 + 1.0 / v[0]),
            "uni" => f64::midpoint(v[0], v[1]),
            "gam" => v[0] * v[1],
            "par" => v[0] * v[1] / (v[0] - 1.0),
            "h2" => v[0] * v[1] + (1.0 - v[0]) * v[2],
            _ => v[1],
        }
    }
    /// Returns the law of so many times the value.
    pub(super) fn scaled(&self, factor: f64) -> Self {
        let mut law = self.clone();
        match law.name.as_str() {
            "ln" => law.values[0] += libm::log(factor),
            "exp" | "det" => law.values[0] *= factor,
            "uni" => law.values.iter_mut().for_each(|value| *value *= factor),
            "h2" => law.values[1..].iter_mut().for_each(|value| *value *= factor),
            _ => law.values[1] *= factor,
        }
        law
    }
    /// Writes the law as a scenario has it.
    pub(super) fn write(&self, of: Of) -> String {
        let v = &self.values;
        match self.name.as_str() {
            "exp" => format!("{{ dist = \"exponential\", mean = \"{}\" }}", of.write(v[0])),
            "det" => format!("\"{}\"", of.write(v[0])),
            "ln" => format!("{{ dist = \"lognormal\", mu = {:?}, sigma = {:?} }}", v[0] + libm::log(of.scale()), v[1]),
            "wb" => format!("{{ dist = \"weibull\", shape = {:?}, scale = \"{}\" }}", v[0], of.write(v[1])),
            "uni" => format!("{{ dist = \"uniform\", min = \"{}\", max = \"{}\" }}", of.write(v[0]), of.write(v[1])),
            "gam" => format!("{{ dist = \"gamma\", shape = {:?}, scale = \"{}\" }}", v[0], of.write(v[1])),
            "par" => format!("{{ dist = \"pareto\", alpha = {:?}, scale = \"{}\" }}", v[0], of.write(v[1])),
            "h2" => format!(
                "{{ dist = \"hyperexponential\", branches = [{{ share = {:?}, mean = \"{}\" }}, {{ share = {:?}, mean = \"{}\" }}] }}",
                v[0],
                of.write(v[1]),
                1.0 - v[0],
                of.write(v[2])
            ),
            _ => format!("{{ dist = \"erlang\", k = {}, mean = \"{}\" }}", v[0], of.write(v[1])),
        }
    }
}
