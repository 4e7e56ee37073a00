//! Queues: one site (or several that jobs join by their queues), jobs that arrive at random.

use super::super::case::{Case, Problem, bad, number};
use super::super::judge::{Effort, Line, Replicate, Values, stochastic};
use super::super::measure::Measured;
use super::super::play::{Seen, play};
use super::super::setting::{Of, Setting, Short, rate};
use crate::scenario::Scenario;

/// One stream of jobs.
struct Stream {
    rate: f64,
    service: Short,
    gpus: u64,
    priority: Option<i64>,
    /// Other arrivals than a Poisson stream of single jobs, as the scenario has them.
    arrivals: Option<String>,
    /// Further keys.
    more: String,
}

/// A queue: streams, places, discipline.
struct Queue {
    streams: Vec<Stream>,
    /// GPUs of each site.
    sites: Vec<u64>,
    /// Keys of each site's limit on jobs.
    admission: Option<String>,
    policy: String,
}

/// Runs a case of a queue.
pub(super) fn run(case: &Case, effort: Effort) -> Result<Vec<Line>, Problem> {
    if case.model == "gang-saturation" {
        return saturation(case, effort);
    }
    let queue = queue(case)?;
    let names: Vec<String> = case.numbers()?.into_iter().map(|(name, _)| name).collect();
    stochastic(case, effort, &|jobs| {
        let scenario = queue.scenario(case, jobs)?;
        Ok(replicate(scenario, names.clone()))
    })
}

/// Prepares replications of a scenario that measure these answers.
pub(super) fn replicate(scenario: Scenario, names: Vec<String>) -> Replicate {
    Box::new(move |seed| {
        let mut jobs = Vec::new();
        let ending = play(&scenario, seed, |job| jobs.push(Seen::from(job)))?;
        jobs.sort_unstable_by_key(|job| job.number);
        let measured = Measured { jobs, totals: ending.totals };
        names
            .iter()
            .map(|name| measured.value(name).map(|value| (name.clone(), value)).ok_or_else(|| Problem::Answer(name.clone())))
            .collect::<Result<Values, _>>()
    })
}

/// Returns horizon and warm-up, in units, for so many measured jobs at a rate: a tenth more is deleted.
pub(super) fn window(jobs: u64, per_unit: f64) -> (f64, f64) {
    let measured = jobs as f64 / per_unit;
    let warmup = measured * 0.1;
    (measured + warmup, warmup)
}

impl Queue {
    fn scenario(&self, case: &Case, jobs: u64) -> Result<Scenario, Problem> {
        let mut setting = Setting::new();
        let (horizon, warmup) = window(jobs, self.streams.iter().map(|stream| stream.rate).sum());
        setting.window(horizon, warmup);
        for (index, gpus) in self.sites.iter().enumerate() {
            setting.site(&format!("s{index}"), *gpus);
            if let Some(keys) = &self.admission {
                setting.add(&format!("admission.s{index}"), keys);
            }
        }
        for (index, stream) in self.streams.iter().enumerate() {
            let class = format!("c{index}");
            setting.class(&class, &stream.priority.map_or_else(String::new, |priority| format!("priority = {priority}")));
            let arrivals = stream.arrivals.clone().unwrap_or_else(|| format!("{{ process = \"poisson\", rate = \"{}\" }}", rate(stream.rate)));
            let work = stream.service.write(Of::Time);
            setting.workload(&format!("w{index}"), &class, &format!("arrivals = {arrivals}\ngpus = {}\nwork = {work}\n{}", stream.gpus, stream.more));
        }
        setting.policy(&self.policy);
        setting.build(&case.id)
    }
}

fn stream(rate: f64, service: Short) -> Stream {
    Stream { rate, service, gpus: 1, priority: None, arrivals: None, more: String::new() }
}
fn plain(streams: Vec<Stream>, servers: u64, policy: &str) -> Queue {
    Queue { streams, sites: vec![servers], admission: None, policy: policy.to_owned() }
}

/// Returns the law of service: `service`, or exponential by `mean_service`.
fn service(case: &Case) -> Result<Short, Problem> {
    if case.has("service") { Short::read("service", case.text("service")?) } else { Ok(Short::exponential(case.number("mean_service")?)) }
}
fn servers(case: &Case) -> Result<u64, Problem> {
    if case.has("servers") { case.count("servers") } else { Ok(1) }
}

const FIFO: &str = "order = \"fifo\"\nplace = \"first-fit\"";

fn queue(case: &Case) -> Result<Queue, Problem> {
    match case.model.as_str() {
        "mm1" | "mmc" | "mg1" | "mdc" => Ok(plain(vec![stream(case.number("lam")?, service(case)?)], servers(case)?, FIFO)),
        "sjf" => Ok(plain(vec![stream(case.number("lam")?, service(case)?)], servers(case)?, "order = \"sjf\"\nplace = \"first-fit\"")),
        "srpt" => preempting(case, "srpt"),
        "lcfs-preemptive" => preempting(case, "lcfs"),
        "las" => las(case),
        "dm1" => fixed_cadence(case),
        "batch-arrivals" => batches(case),
        "mginf" => {
            let (rate, law) = (case.number("lam")?, service(case)?);
            let nodes = never_full(rate * law.mean());
            Ok(plain(vec![stream(rate, law)], nodes, FIFO))
        }
        "mmck" => {
            let mut queue = plain(vec![stream(case.number("lam")?, service(case)?)], servers(case)?, FIFO);
            queue.admission = Some(format!("limit = {}", case.count("K")?));
            Ok(queue)
        }
        "erlang-b" | "mgcc-loss" => {
            let mut queue = plain(vec![stream(case.number("lam")?, service(case)?)], servers(case)?, FIFO);
            queue.admission = Some("loss = true".to_owned());
            Ok(queue)
        }
        "gang-loss" => gang_loss(case),
        "priority" | "priority-mmc" => priorities(case, "order = \"priority\"\nplace = \"first-fit\""),
        "preemptive-priority" | "preemptive-priority-mmc" => {
            priorities(case, "order = \"priority\"\nplace = \"first-fit\"\npreempt = \"evict-lower(checkpoint=1)\"")
        }
        "erlang-a" => {
            let mut patient = stream(case.number("lam")?, service(case)?);
            let patience = if case.has("patience") {
                Short::read("patience", case.text("patience")?)?
            } else {
                Short::exponential(case.number("mean_patience")?)
            };
            patient.more = format!("patience = {}", patience.write(Of::Time));
            Ok(plain(vec![patient], servers(case)?, FIFO))
        }
        "gang-queue" => gangs(case),
        _ => shortest_queue(case),
    }
}

/// Returns servers enough that a queue of so much offered work never forms: forty deviations of the Poisson law and more.
pub(super) fn never_full(offered: f64) -> u64 {
    (offered + 40.0 * offered.sqrt() + 200.0).ceil() as u64
}

fn preempting(case: &Case, order: &str) -> Result<Queue, Problem> {
    let policy = format!("order = \"{order}\"\nplace = \"first-fit\"\npreempt = \"evict-lower(checkpoint=1)\"");
    Ok(plain(vec![stream(case.number("lam")?, service(case)?)], servers(case)?, &policy))
}

/// Least attained service: the quantum is small against the mean service, so that jobs of equal service share the server.
fn las(case: &Case) -> Result<Queue, Problem> {
    let law = service(case)?;
    let quantum_h = law.mean() / 50.0;
    let policy = format!("order = \"las(quantum_h={quantum_h})\"\nplace = \"first-fit\"\npreempt = \"evict-lower(checkpoint=1)\"");
    Ok(plain(vec![stream(case.number("lam")?, law)], servers(case)?, &policy))
}

fn fixed_cadence(case: &Case) -> Result<Queue, Problem> {
    let between = Short::read("interarrival", case.text("interarrival")?)?;
    let mut jobs = stream(1.0 / between.mean(), service(case)?);
    jobs.arrivals = Some(format!("{{ process = \"renewal\", between = {} }}", between.write(Of::Time)));
    Ok(plain(vec![jobs], servers(case)?, FIFO))
}

fn batches(case: &Case) -> Result<Queue, Problem> {
    let (batch, mean) = batch(case.text("batch")?)?;
    let per_unit = case.number("batch_rate")?;
    let mut jobs = stream(per_unit * mean, service(case)?);
    jobs.arrivals = Some(format!("{{ process = \"poisson\", rate = \"{}\", batch = {batch} }}", rate(per_unit)));
    Ok(plain(vec![jobs], servers(case)?, FIFO))
}

/// Reads a law of batch sizes: `fixed:4`, `uniform:1:4`, `geometric:2` (by its mean, cut where 1e-12 is left).
fn batch(text: &str) -> Result<(String, f64), Problem> {
    let words: Vec<&str> = text.split(':').collect();
    let read = |at: usize| words.get(at).and_then(|word| word.parse::<f64>().ok()).filter(|value| *value >= 1.0);
    let written = |sizes: &[(u64, f64)]| {
        let values: Vec<String> = sizes.iter().map(|(size, _)| size.to_string()).collect();
        let weights: Vec<String> = sizes.iter().map(|(_, weight)| format!("{weight:?}")).collect();
        let all: f64 = sizes.iter().map(|(_, weight)| weight).sum();
        let mean = sizes.iter().map(|(size, weight)| *size as f64 * weight).sum::<f64>() / all;
        (format!("{{ values = [{}], weights = [{}] }}", values.join(", "), weights.join(", ")), mean)
    };
    match (words[0], read(1), read(2)) {
        ("fixed" | "det", Some(size), _) => Ok((format!("{}", size as u64), size)),
        ("uniform" | "uni", Some(from), Some(to)) => Ok(written(&(from as u64..=to as u64).map(|size| (size, 1.0)).collect::<Vec<_>>())),
        ("geometric" | "geom" | "geo", Some(mean), _) => {
            let stay = 1.0 - 1.0 / mean;
            let mut sizes = vec![(1, 1.0)];
            while sizes.last().is_some_and(|(_, weight)| *weight > 1e-12) && stay > 0.0 {
                let (size, weight) = sizes[sizes.len() - 1];
                sizes.push((size + 1, weight * stay));
            }
            Ok(written(&sizes))
        }
        _ => Err(bad("batch", &format!("`{text}` is no law of batches that is known here"))),
    }
}

fn gang_loss(case: &Case) -> Result<Queue, Problem> {
    let (rates, services) = (case.numbers_of("lam")?, case.texts_of("service")?);
    let gangs: Vec<u64> = case.numbers_of("gang")?.into_iter().map(|gang| gang as u64).collect();
    if rates.len() != gangs.len() || services.len() != gangs.len() {
        return Err(bad("gang", "one rate and one service for each gang is needed"));
    }
    let mut streams = Vec::new();
    for ((rate, service), gpus) in rates.iter().zip(&services).zip(gangs) {
        streams.push(Stream { gpus, ..stream(*rate, Short::read("service", service)?) });
    }
    let mut queue = plain(streams, case.count("gpus")?, FIFO);
    queue.admission = Some("loss = true".to_owned());
    Ok(queue)
}

/// Class 1 is the highest.
fn priorities(case: &Case, policy: &str) -> Result<Queue, Problem> {
    let rates = case.numbers_of("lam")?;
    let services = if case.has("service") {
        case.texts_of("service")?.iter().map(|text| Short::read("service", text)).collect::<Result<Vec<_>, _>>()?
    } else {
        let means = match case.param("mean_service")? {
            serde_json::Value::Array(_) => case.numbers_of("mean_service")?,
            one => vec![number("mean_service", one)?; rates.len()],
        };
        means.into_iter().map(Short::exponential).collect()
    };
    if services.len() != rates.len() {
        return Err(bad("service", "one law for each class is needed"));
    }
    let classes = rates.len() as i64;
    let streams = (0..).zip(rates).zip(services).map(|((index, rate), service)| Stream { priority: Some(classes - index), ..stream(rate, service) });
    Ok(plain(streams.collect(), servers(case)?, policy))
}

/// Small jobs take one GPU, large ones all; nobody passes a blocked head.
fn gangs(case: &Case) -> Result<Queue, Problem> {
    let Gangs { gpus, small, mu } = Gangs::read(case)?;
    let rate = case.number("lam")?;
    let mut streams = Vec::new();
    for (share, mu, gpus) in [(small, mu[0], 1), (1.0 - small, mu[1], gpus)] {
        if share > 0.0 {
            streams.push(Stream { gpus, ..stream(rate * share, Short::exponential(1.0 / mu)) });
        }
    }
    Ok(plain(streams, gpus, FIFO))
}

/// Jobs of one GPU and of all.
struct Gangs {
    gpus: u64,
    /// The share of small ones.
    small: f64,
    /// Rates of service of small and of large ones.
    mu: [f64; 2],
}

impl Gangs {
    fn read(case: &Case) -> Result<Self, Problem> {
        Ok(Self { gpus: case.count("gpus")?, small: case.number("p_small")?, mu: [case.number("mu_small")?, case.number("mu_large")?] })
    }
}

/// A queue that never empties: a backlog at the start that outlasts the run, small and large jobs in random order.
fn saturation(case: &Case, effort: Effort) -> Result<Vec<Line>, Problem> {
    let Gangs { gpus, small, mu } = Gangs::read(case)?;
    let names: Vec<String> = case.numbers()?.into_iter().map(|(name, _)| name).collect();
    // What would be served if no GPU ever waited for a gang, and the GPU time of one job.
    let most = 1.0 / (small / (gpus as f64 * mu[0]) + (1.0 - small) / mu[1]);
    let fastest = mu[0].max(mu[1]);
    stochastic(case, effort, &|jobs| {
        let mut setting = Setting::new();
        let (horizon, warmup) = window(jobs, most);
        setting.window(horizon, warmup).cut();
        setting.site("s", gpus);
        // All jobs are of one workload, whose order is random: the slower ones are so by the nodes that they span.
        setting.class("c", &format!("spread = {{ nodes_1 = {:.6}, nodes_{gpus} = {:.6} }}", mu[0] / fastest, mu[1] / fastest));
        let expected = horizon * most;
        let backlog = (1.2 * expected + 10.0 * expected.sqrt() + 100.0) as u64;
        let sizes = format!("{{ values = [1, {gpus}], weights = [{small:?}, {:?}] }}", 1.0 - small);
        let work = Short::exponential(1.0 / fastest).write(Of::Time);
        setting.workload("w", "c", &format!("arrivals = {{ process = \"at-start\", jobs = {backlog} }}\ngpus = {sizes}\nwork = {work}"));
        setting.policy(FIFO);
        Ok(replicate(setting.build(&case.id)?, names.clone()))
    })
}

fn shortest_queue(case: &Case) -> Result<Queue, Problem> {
    let sites = case.numbers_of("servers")?.into_iter().map(|servers| servers as u64).collect();
    let streams = vec![stream(case.number("lam")?, service(case)?)];
    let policy = "order = \"fifo\"\nbind = \"at-submit\"\nplace = \"shortest-queue\"".to_owned();
    Ok(Queue { streams, sites, admission: None, policy })
}
