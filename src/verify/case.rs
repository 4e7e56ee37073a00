//! Cases as files have them: JSON, read without assumptions about which parameters a model takes.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What keeps a case from being run.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Problem {
    /// No adapter knows the model.
    #[error("the model `{0}` is unknown")]
    UnknownModel(String),
    /// A parameter is missing or not what the model takes.
    #[error("the parameter `{name}`: {what}")]
    Parameter {
        /// The parameter.
        name: String,
        /// What is wrong with it.
        what: String,
    },
    /// The model does not measure this.
    #[error("the answer `{0}` is not one that this model measures")]
    Answer(String),
    /// The scenario that the case became does not run.
    #[error("{0}")]
    Run(String),
}

/// How an answer is judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Nature {
    /// By precision and distance over replications.
    Stochastic,
    /// Exactly, or to a tolerance.
    Exact,
}

/// A case.
#[derive(Clone, PartialEq, Debug)]
pub struct Case {
    /// Its name.
    pub id: String,
    /// The word that the adapter dispatches on.
    pub model: String,
    /// How its answers are judged.
    pub nature: Nature,
    /// What it is about, in a line.
    pub about: String,
    /// The parameters.
    pub params: Map<String, Value>,
    /// What must be measured or computed.
    pub answer: Value,
    /// The largest relative half-width that counts as precise.
    pub relative_half_width: f64,
    /// Jobs (or what the model counts) for a relative half-width of one per cent, by answer.
    pub jobs_for_one_percent: BTreeMap<String, f64>,
}

/// Reads a file of cases: `{"cases": [...]}`, or the list alone.
///
/// # Errors
/// The text is not JSON, or a case lacks what every case has.
pub fn read(text: &str) -> Result<Vec<Case>, String> {
    let whole: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    let list = whole.get("cases").unwrap_or(&whole).as_array().ok_or("no list of cases")?;
    list.iter().enumerate().map(|(at, case)| Case::read(case).map_err(|what| format!("case {at}: {what}"))).collect()
}

impl Case {
    fn read(case: &Value) -> Result<Self, String> {
        let text = |key: &str| case.get(key).and_then(Value::as_str).map(str::to_owned);
        let need = |key: &str| text(key).ok_or(format!("`{key}` is missing"));
        let hints = case.get("jobs_for_1pct_half_width").and_then(Value::as_object);
        Ok(Self {
            id: need("id")?,
            model: need("model")?,
            nature: if text("nature").as_deref() == Some("stochastic") { Nature::Stochastic } else { Nature::Exact },
            about: text("about").unwrap_or_default(),
            params: case.get("params").and_then(Value::as_object).cloned().ok_or("`params` is missing")?,
            answer: case.get("answer").cloned().ok_or("`answer` is missing")?,
            relative_half_width: case.pointer("/tolerance/rel_half_width").and_then(Value::as_f64).unwrap_or(0.01),
            jobs_for_one_percent: hints.into_iter().flatten().filter_map(|(name, jobs)| Some((name.clone(), jobs.as_f64()?))).collect(),
        })
    }

    /// Returns the answers of a stochastic case.
    pub(super) fn numbers(&self) -> Result<Vec<(String, f64)>, Problem> {
        let answers = self.answer.as_object().ok_or_else(|| bad("answer", "an object of numbers is needed"))?;
        answers.iter().map(|(name, value)| Ok((name.clone(), number(name, value)?))).collect()
    }
    /// Tells whether a parameter is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.params.get(name).is_some_and(|value| !value.is_null())
    }
    pub(super) fn param(&self, name: &str) -> Result<&Value, Problem> {
        self.params.get(name).ok_or_else(|| bad(name, "is missing"))
    }
    pub(super) fn number(&self, name: &str) -> Result<f64, Problem> {
        number(name, self.param(name)?)
    }
    pub(super) fn count(&self, name: &str) -> Result<u64, Problem> {
        count(name, self.param(name)?)
    }
    pub(super) fn text(&self, name: &str) -> Result<&str, Problem> {
        self.param(name)?.as_str().ok_or_else(|| bad(name, "a text is needed"))
    }
    pub(super) fn list(&self, name: &str) -> Result<&[Value], Problem> {
        self.param(name)?.as_array().map(Vec::as_slice).ok_or_else(|| bad(name, "a list is needed"))
    }
    pub(super) fn numbers_of(&self, name: &str) -> Result<Vec<f64>, Problem> {
        self.list(name)?.iter().map(|value| number(name, value)).collect()
    }
    pub(super) fn texts_of(&self, name: &str) -> Result<Vec<String>, Problem> {
        self.list(name)?.iter().map(|value| value.as_str().map(str::to_owned).ok_or_else(|| bad(name, "a list of texts is needed"))).collect()
    }
    pub(super) fn table(&self, name: &str) -> Result<&Map<String, Value>, Problem> {
        self.param(name)?.as_object().ok_or_else(|| bad(name, "an object is needed"))
    }
}

pub(super) fn bad(name: &str, what: &str) -> Problem {
    Problem::Parameter { name: name.to_owned(), what: what.to_owned() }
}

/// Reads a number, also written as a text or a fraction: `1.5`, `"1.5"`, `"3/2"`.
pub(super) fn number(name: &str, value: &Value) -> Result<f64, Problem> {
    let read = |text: &str| text.trim().parse::<f64>().ok();
    let found = match value {
        Value::String(text) => match text.split_once('/') {
            Some((above, below)) => read(above).zip(read(below)).map(|(above, below)| above / below),
            None => read(text),
        },
        other => other.as_f64(),
    };
    found.filter(|number| number.is_finite()).ok_or_else(|| bad(name, "a number is needed"))
}

pub(super) fn count(name: &str, value: &Value) -> Result<u64, Problem> {
    let found = number(name, value)?;
    if found >= 0.0 && found.fract() == 0.0 { Ok(found as u64) } else { Err(bad(name, "a whole number is needed")) }
}

/// Reads a field of an object inside a parameter.
pub(super) fn field<'a>(name: &str, object: &'a Value, key: &str) -> Result<&'a Value, Problem> {
    object.get(key).ok_or_else(|| bad(name, &format!("`{key}` is missing")))
}
/// Reads an id, which may be an integer or a text.
pub(super) fn id(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
