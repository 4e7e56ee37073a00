//! The units that files can write, with the words for them.

/// What a quantity measures; the base unit is the model's integer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Unit {
    /// A length of time, in microseconds.
    Duration,
    /// Data, in bytes.
    Bytes,
    /// Bits per second.
    Bandwidth,
    /// Milliwatts.
    Power,
    /// Millijoules.
    Energy,
    /// Micro-yuan.
    Money,
    /// Micro-yuan per GPU-hour.
    PerGpuHour,
    /// Micro-yuan per kWh.
    PerKwh,
    /// Micro-yuan per GB.
    PerGb,
    /// Micro-yuan per GPU.
    PerGpu,
    /// Milligrams of CO₂ per kWh.
    Carbon,
    /// GPUs.
    Gpus,
    /// GPU-microseconds.
    GpuHours,
    /// How often, in events per 10⁹ days: the finest that is worth to write.
    Rate,
}

/// A word for a unit: its value in base units as a fraction.
pub(super) struct Word {
    pub(super) text: &'static str,
    pub(super) value: (u128, u128),
}

const fn word(text: &'static str, value: u128) -> Word {
    Word { text, value: (value, 1) }
}

const MINUTE: u128 = 60_000_000;
const HOUR: u128 = 60 * MINUTE;
const DAY: u128 = 24 * HOUR;
const YUAN: u128 = 1_000_000;
const KWH: u128 = 3_600_000_000;

static DURATION: &[Word] = &[
    word("us", 1),
    word("µs", 1),
    word("μs", 1),
    word("ms", 1000),
    word("s", 1_000_000),
    word("min", MINUTE),
    word("h", HOUR),
    word("d", DAY),
    word("w", 7 * DAY),
    word("y", 365 * DAY),
    word("微秒", 1),
    word("毫秒", 1000),
    word("秒", 1_000_000),
    word("分钟", MINUTE),
    word("分", MINUTE),
    word("小时", HOUR),
    word("时", HOUR),
    word("天", DAY),
    word("日", DAY),
    word("周", 7 * DAY),
    word("年", 365 * DAY),
];
static BYTES: &[Word] = &[
    word("B", 1),
    word("kB", 1000),
    word("MB", 1_000_000),
    word("GB", 1_000_000_000),
    word("TB", 1_000_000_000_000),
    word("PB", 1_000_000_000_000_000),
    word("EB", 1_000_000_000_000_000_000),
    word("KiB", 1 << 10),
    word("MiB", 1 << 20),
    word("GiB", 1 << 30),
    word("TiB", 1 << 40),
    word("PiB", 1 << 50),
];
static BANDWIDTH: &[Word] = &[
    word("bps", 1),
    word("kbps", 1000),
    word("Mbps", 1_000_000),
    word("Gbps", 1_000_000_000),
    word("Tbps", 1_000_000_000_000),
    word("bit/s", 1),
    word("kbit/s", 1000),
    word("Mbit/s", 1_000_000),
    word("Gbit/s", 1_000_000_000),
    word("Tbit/s", 1_000_000_000_000),
];
static POWER: &[Word] = &[
    word("mW", 1),
    word("W", 1000),
    word("kW", 1_000_000),
    word("MW", 1_000_000_000),
    word("GW", 1_000_000_000_000),
    word("瓦", 1000),
    word("千瓦", 1_000_000),
    word("兆瓦", 1_000_000_000),
];
static ENERGY: &[Word] = &[
    word("Wh", 3_600_000),
    word("kWh", KWH),
    word("MWh", 1000 * KWH),
    word("GWh", 1_000_000 * KWH),
    word("TWh", 1_000_000_000 * KWH),
    word("度", KWH),
    word("千瓦时", KWH),
    word("兆瓦时", 1000 * KWH),
];
static MONEY: &[Word] = &[word("CNY", YUAN), word("元", YUAN), word("yuan", YUAN), word("RMB", YUAN)];
static PER_GPU_HOUR: &[Word] = &[word("CNY/GPU-h", YUAN), word("元/卡时", YUAN), word("元/GPU时", YUAN), word("yuan/GPU-h", YUAN)];
static PER_KWH: &[Word] = &[
    word("CNY/kWh", YUAN),
    word("元/kWh", YUAN),
    word("元/度", YUAN),
    word("元/千瓦时", YUAN),
    word("yuan/kWh", YUAN),
    Word { text: "CNY/MWh", value: (1000, 1) },
];
static PER_GB: &[Word] = &[word("CNY/GB", YUAN), word("元/GB", YUAN), word("yuan/GB", YUAN), word("CNY/TB", 1000), word("元/TB", 1000)];
static PER_GPU: &[Word] = &[word("CNY/GPU", YUAN), word("元/卡", YUAN), word("元/GPU", YUAN), word("yuan/GPU", YUAN)];
static CARBON: &[Word] = &[
    word("gCO2/kWh", 1000),
    word("kgCO2/kWh", 1_000_000),
    word("tCO2/MWh", 1_000_000),
    word("kgCO2/MWh", 1000),
    word("gCO₂/kWh", 1000),
    word("kgCO₂/kWh", 1_000_000),
    word("tCO₂/MWh", 1_000_000),
];
static GPUS: &[Word] = &[word("GPU", 1), word("GPUs", 1), word("卡", 1), word("张", 1)];
static GPU_HOURS: &[Word] = &[word("GPU-h", HOUR), word("卡时", HOUR), word("GPU时", HOUR), word("GPU-d", DAY)];
static RATE: &[Word] = &[
    Word { text: "/s", value: (86_400_000_000_000, 1) },
    Word { text: "/min", value: (1_440_000_000_000, 1) },
    Word { text: "/h", value: (24_000_000_000, 1) },
    Word { text: "/d", value: (1_000_000_000, 1) },
    Word { text: "/w", value: (1_000_000_000, 7) },
    Word { text: "/秒", value: (86_400_000_000_000, 1) },
    Word { text: "/分钟", value: (1_440_000_000_000, 1) },
    Word { text: "/小时", value: (24_000_000_000, 1) },
    Word { text: "/天", value: (1_000_000_000, 1) },
];

/// Words that multiply the number: longer ones first, so that `万亿` is not read as `万`.
pub(super) static MULTIPLIERS: &[(&str, u128)] = &[
    ("万亿", 1_000_000_000_000),
    ("千亿", 100_000_000_000),
    ("百亿", 10_000_000_000),
    ("十亿", 1_000_000_000),
    ("千万", 10_000_000),
    ("百万", 1_000_000),
    ("十万", 100_000),
    ("亿", 100_000_000),
    ("万", 10_000),
    ("千", 1000),
    ("bn", 1_000_000_000),
    ("B", 1_000_000_000),
    ("M", 1_000_000),
    ("k", 1000),
];

impl Unit {
    pub(super) fn words(self) -> &'static [Word] {
        match self {
            Self::Duration => DURATION,
            Self::Bytes => BYTES,
            Self::Bandwidth => BANDWIDTH,
            Self::Power => POWER,
            Self::Energy => ENERGY,
            Self::Money => MONEY,
            Self::PerGpuHour => PER_GPU_HOUR,
            Self::PerKwh => PER_KWH,
            Self::PerGb => PER_GB,
            Self::PerGpu => PER_GPU,
            Self::Carbon => CARBON,
            Self::Gpus => GPUS,
            Self::GpuHours => GPU_HOURS,
            Self::Rate => RATE,
        }
    }
    /// Says what it measures, with its article, for messages.
    pub fn what(self) -> &'static str {
        match self {
            Self::Duration => "a length of time",
            Self::Bytes => "an amount of data",
            Self::Bandwidth => "a bandwidth",
            Self::Power => "a power",
            Self::Energy => "an energy",
            Self::Money => "an amount of money",
            Self::PerGpuHour | Self::PerKwh | Self::PerGb | Self::PerGpu => "a price",
            Self::Carbon => "a carbon intensity",
            Self::Gpus => "a number of GPUs",
            Self::GpuHours => "a number of GPU-hours",
            Self::Rate => "a rate",
        }
    }
    /// Gives examples as a file writes them.
    pub fn examples(self) -> &'static [&'static str] {
        match self {
            Self::Duration => &["30 ms", "1 h 30 min", "14 d", "20分钟"],
            Self::Bytes => &["80 GB", "2 PB"],
            Self::Bandwidth => &["400 Gbps", "10 Mbps"],
            Self::Power => &["350 W", "3 MW"],
            Self::Energy => &["1.5 GWh", "200万度"],
            Self::Money => &["2.5M CNY", "2.5亿元"],
            Self::PerGpuHour => &["12.5 CNY/GPU-h", "12.5元/卡时"],
            Self::PerKwh => &["0.36 CNY/kWh", "0.36元/度"],
            Self::PerGb => &["0.05 CNY/GB"],
            Self::PerGpu => &["340000 CNY/GPU", "34万元/卡"],
            Self::Carbon => &["0.6423 kgCO2/kWh"],
            Self::Gpus => &["1840 GPU", "1.2万卡"],
            Self::GpuHours => &["250000 GPU-h", "25万卡时"],
            Self::Rate => &["12 /d", "20 /h"],
        }
    }
    /// Lists the units that are accepted, for help.
    pub fn accepted(self) -> String {
        let words: Vec<_> = self.words().iter().map(|word| format!("`{}`", word.text)).collect();
        format!("accepted units: {}", words.join(", "))
    }
    /// Asks for the unit that a bare number lacks.
    pub fn write_the_unit(self) -> String {
        let examples: Vec<_> = self.examples().iter().map(|example| format!("`\"{example}\"`")).collect();
        format!("write the unit: {}; {}", examples.join(", "), self.accepted())
    }
}
