//! The ziggurat: standard normal and exponential numbers (Marsaglia & Tsang 2000, "The ziggurat method for generating random variables").
//!
//! Layer and position come from disjoint bits of one 64-bit word, which avoids the correlation that Doornik (2005) found in the original. The tables
//! are computed once, at first use, by portable mathematics.

use super::random::Draws;
use std::sync::LazyLock;

impl Draws {
    /// Draws from the standard normal law.
    #[inline]
    pub fn normal(&mut self) -> f64 {
        let layers = &*NORMAL;
        loop {
            let bits = self.bits();
            let layer = (bits & 0xff) as usize;
            // The upper 53 bits as a signed number in [-1, 1).
            let x = ((bits as i64) >> 11) as f64 * (1.0 / (1_u64 << 52) as f64) * layers.edge[layer];
            if x.abs() < layers.edge[layer + 1] {
                return x;
            }
            if let Some(x) = normal_edge(layers, layer, x, self) {
                return x;
            }
        }
    }
    /// Draws from the exponential law of mean one.
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        let layers = &*EXPONENTIAL;
        loop {
            let bits = self.bits();
            let layer = (bits & 0xff) as usize;
            let x = (bits >> 11) as f64 * (1.0 / (1_u64 << 53) as f64) * layers.edge[layer];
            if x < layers.edge[layer + 1] {
                return x;
            }
            if layer == 0 {
                return EXPONENTIAL_TAIL - libm::log(self.open_unit());
            }
            if under(layers, layer, self, exponential_density(x)) {
                return x;
            }
        }
    }
}

const LAYERS: usize = 256;

/// Where the normal law's base layer ends and its tail begins, and the same for the exponential law: the roots that give 256 equal areas.
const NORMAL_TAIL: f64 = 3.654_152_885_361_009;
const EXPONENTIAL_TAIL: f64 = 7.697_117_470_131_05;

static NORMAL: LazyLock<Layers> = LazyLock::new(|| {
    let tail = (std::f64::consts::PI / 2.0).sqrt() * libm::erfc(NORMAL_TAIL * std::f64::consts::FRAC_1_SQRT_2);
    Layers::new(NORMAL_TAIL, tail, normal_density, |y| (-2.0 * libm::log(y)).sqrt())
});
static EXPONENTIAL: LazyLock<Layers> =
    LazyLock::new(|| Layers::new(EXPONENTIAL_TAIL, exponential_density(EXPONENTIAL_TAIL), exponential_density, |y| -libm::log(y)));

/// Right edges and densities of the layers, from the base up.
struct Layers {
    edge: [f64; LAYERS + 1],
    density: [f64; LAYERS + 1],
}

impl Layers {
    fn new(tail_start: f64, tail_area: f64, density: fn(f64) -> f64, inverse: fn(f64) -> f64) -> Self {
        let area = tail_start * density(tail_start) + tail_area;
        let mut edge = [0.0; LAYERS + 1];
        edge[0] = area / density(tail_start);
        edge[1] = tail_start;
        for layer in 2..LAYERS {
            edge[layer] = inverse(density(edge[layer - 1]) + area / edge[layer - 1]);
        }
        Self { density: edge.map(density), edge }
    }
}

#[cold]
fn normal_edge(layers: &Layers, layer: usize, x: f64, draws: &mut Draws) -> Option<f64> {
    if layer > 0 {
        return under(layers, layer, draws, normal_density(x)).then_some(x);
    }
    // Marsaglia (1964): the tail by a pair of exponentials.
    loop {
        let beyond = -libm::log(draws.open_unit()) / NORMAL_TAIL;
        if -2.0 * libm::log(draws.open_unit()) >= beyond * beyond {
            return Some(if x < 0.0 { -NORMAL_TAIL - beyond } else { NORMAL_TAIL + beyond });
        }
    }
}

/// Draws a height within the layer and tells whether it lies under the curve.
fn under(layers: &Layers, layer: usize, draws: &mut Draws, density: f64) -> bool {
    let (bottom, top) = (layers.density[layer], layers.density[layer + 1]);
    bottom + (top - bottom) * draws.unit() < density
}

fn normal_density(x: f64) -> f64 {
    libm::exp(-0.5 * x * x)
}

fn exponential_density(x: f64) -> f64 {
    libm::exp(-x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_have_equal_areas_up_to_the_top() {
        for layers in [&*NORMAL, &*EXPONENTIAL] {
            let area = layers.edge[1] * (layers.density[2] - layers.density[1]);
            for layer in 1..LAYERS {
                let this = layers.edge[layer] * (layers.density[layer + 1] - layers.density[layer]);
                assert!((this - area).abs() < 1e-12, "layer {layer}: {this} is not {area}");
            }
        }
    }
}
