//! The format as data: every key with its kind of value, its default and a line about it.
//!
//! One list ([`list`]) is the source of the checks of form ([`walk()`]), of the JSON Schema ([`schema()`]) and of the reference page
//! ([`reference()`]), so that the three cannot disagree.

mod check;
mod jobs;
mod law;
mod list;
mod reference;
mod rules;
mod schema;
pub(super) mod value;
mod walk;

pub use law::{LAWS, LawKeys};
pub use list::ROOT;
pub use reference::reference;
pub use schema::schema;
pub use walk::{Names, walk};

use super::quantity::Unit;

/// A table with fixed keys.
#[derive(Debug)]
pub struct Shape {
    /// What one such table is, in a word or two: the heading of the reference.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Its keys, in the order of the reference.
    pub keys: &'static [Key],
}

/// A key of a table.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// Whether it must be there.
    pub need: Need,
    /// One line about it.
    pub about: &'static str,
}

/// Whether a key must be there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// It must.
    Required,
    /// It need not; the words say what holds without it.
    Default(&'static str),
}

/// What a value is.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A string with a number and a unit.
    Quantity(Unit),
    /// A quantity or the word `unlimited`.
    Limit(Unit),
    /// A number from the first to the second (inclusive), without a unit.
    Number(f64, f64),
    /// A share from 0 to 1.
    Share,
    /// An integer from the first to the second (inclusive).
    Integer(i128, i128),
    /// `true` or `false`.
    Boolean,
    /// Free text.
    Text,
    /// A text, or `{ en = …, zh = … }`.
    Bilingual,
    /// A name that is introduced here, such as a province's.
    Name,
    /// Latitude and longitude.
    Position,
    /// A date, with or without a time.
    Date,
    /// A date, or a length of time since the start.
    Instant,
    /// One of the words.
    Words(&'static [&'static str]),
    /// The name of something that exists.
    Reference(Target),
    /// A path to a file, relative to the scenario's folder.
    File,
    /// A part of a policy of the given kind, with parameters in brackets.
    Part(&'static str),
    /// Several parts of a policy, joined by `+`.
    Parts,
    /// A range of hours of the day, `7-9` or `22-6`.
    Hours,
    /// A range of excess, `0..100%`.
    Excess,
    /// A law of a positive quantity.
    Law(LawUnit),
    /// The user's estimate of the work.
    Estimate,
    /// A value in the unit of the law that it belongs to.
    LawValue,
    /// A list of values.
    List(&'static Kind),
    /// A list of exactly so many values.
    Exactly(usize, &'static Kind),
    /// A table with fixed keys.
    Table(&'static Shape),
    /// A table whose keys name things of the scenario that are declared by it.
    Declares(&'static Kind),
    /// A table whose keys are of one kind.
    Map(KeyKind, &'static Kind),
    /// A table whose keys depend on the word at one of them.
    Tagged(&'static Tagged),
    /// One of several kinds, told apart by the type of the value.
    Either(&'static [Kind]),
    /// Values by dotted paths, for a change.
    Settings,
}

/// The keys of a [`Kind::Map`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyKind {
    /// Names of things that exist.
    Reference(Target),
    /// A word and a number: `nodes_8`.
    Threshold(&'static str),
    /// Ranges of hours.
    Hours,
    /// Ranges of GPUs: `1-8`, `9-`.
    Sizes,
    /// Paths of the scenario.
    Path,
    /// Any text.
    Text,
}

/// A table whose keys depend on a word.
#[derive(Debug)]
pub struct Tagged {
    /// The key with the word.
    pub tag: &'static str,
    /// The shapes by word; each lists its keys without the tag.
    pub shapes: &'static [(&'static str, &'static Shape)],
}

/// What a law's values are measured in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LawUnit {
    /// A quantity with a unit.
    Quantity(Unit),
    /// A bare number.
    Factor,
    /// A share from 0 to 1.
    Share,
}

/// What a reference refers to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Target {
    /// `[government]`.
    Government,
    /// `[region]`.
    Region,
    /// `[chip]`.
    Chip,
    /// `[site]`.
    Site,
    /// `SITE.POOL` of `[site.SITE.pool]`.
    Pool,
    /// `[tariff]`.
    Tariff,
    /// `[grid]`.
    Grid,
    /// A region, site or exchange.
    End,
    /// `[data]`.
    Data,
    /// `[class]`.
    Class,
    /// `[tenant]`.
    Tenant,
    /// `[quota]`.
    Quota,
    /// `[stack]`.
    Stack,
    /// `[source]`.
    Source,
    /// A province of a region, site or government.
    Province,
    /// A city of a region or site.
    City,
    /// A hub of a site.
    Hub,
    /// A kind of tenant.
    TenantKind,
}

impl Target {
    /// Says what it is, for messages.
    pub fn what(self) -> &'static str {
        match self {
            Self::Government => "government",
            Self::Region => "region",
            Self::Chip => "chip",
            Self::Site => "site",
            Self::Pool => "pool",
            Self::Tariff => "tariff",
            Self::Grid => "grid",
            Self::End => "region, site or exchange",
            Self::Data => "data class",
            Self::Class => "job class",
            Self::Tenant => "tenant",
            Self::Quota => "quota",
            Self::Stack => "stacking group",
            Self::Source => "source",
            Self::Province => "province",
            Self::City => "city",
            Self::Hub => "hub",
            Self::TenantKind => "kind of tenant",
        }
    }
}

const fn key(name: &'static str, kind: Kind, about: &'static str) -> Key {
    Key { name, kind, need: Need::Required, about }
}
const fn optional(name: &'static str, kind: Kind, default: &'static str, about: &'static str) -> Key {
    Key { name, kind, need: Need::Default(default), about }
}
