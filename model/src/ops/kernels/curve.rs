//! The activation functions at one point: value and slope, written so that loops over them
//! vectorise.
//!
//! GELU: Hendrycks & Gimpel 2016, <https://arxiv.org/abs/1606.08415>; SiLU: Elfwing et al. 2017,
//! <https://arxiv.org/abs/1702.03118>.

use crate::ops::kernels::simd::exp;

/// A function with its slope. `#[inline(always)]` in every implementation lets a caller's loop
/// inside [`crate::ops::kernels::simd::vectorized`] take it in.
pub trait Curve {
    /// f(x).
    fn value(x: f32) -> f32;
    /// f(x) and f′(x), which share most of their work.
    fn value_and_slope(x: f32) -> (f32, f32);
}

/// x·Φ(x) with Φ approximated by a logistic function of a cubic, the "tanh form":
/// ½x(1 + tanh u) = x·σ(2u).
pub struct GeluTanh;
/// x·Φ(x) with the exact normal distribution, the "erf form".
pub struct GeluErf;
/// x·σ(x), also called Swish.
pub struct Silu;
/// max(x, 0).
pub struct Relu;

/// 1 / (1 + e⁻ˣ); at least 10⁻³⁸, since [`exp`] is cut.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The normal distribution Φ(x) and e^(−x²/2), which is √(2π) times its density.
///
/// The smaller tail, Φ(−|x|), is e^(−x²/2) times a polynomial in 1 / (1 + |x|/√8), fitted for the
/// least relative error (3·10⁻⁷ for |x| < 5, where the rounding of x² takes over): an error function
/// that is only absolutely accurate would leave few digits of GELU at −4.
#[inline(always)]
pub fn normal(x: f32) -> (f32, f32) {
    // Beyond 13 Φ is 0 or 1 in float32, and the square stays finite.
    let z = x.abs().min(13.0);
    let e = exp(-0.5 * (z * z));
    let t = 1.0 / (1.0 + 0.353_553_4 * z);
    let p = -0.029_519_597;
    let p = p * t + 0.142_214_57;
    let p = p * t - 0.243_448_24;
    let p = p * t + 0.138_859_11;
    let p = p * t - 0.013_191_927;
    let p = p * t + 0.101_291_94;
    let p = p * t + 0.121_564_99;
    let p = p * t + 0.141_185_84;
    let p = p * t + 0.141_043_32;
    let tail = e * (p * t);
    (if x < 0.0 { tail } else { 1.0 - tail }, e)
}

/// 2√(2/π), which makes the hyperbolic tangent's argument the logistic function's.
const GELU_SCALE: f32 = 1.595_769_2;
const GELU_CUBIC: f32 = 0.044_715;

impl Curve for GeluTanh {
    #[inline(always)]
    fn value(x: f32) -> f32 {
        // Beyond 16 the function is 0 or x, and a cube that overflows would make NaN of it.
        let c = x.clamp(-16.0, 16.0);
        x * sigmoid(GELU_SCALE * c * (1.0 + GELU_CUBIC * (c * c)))
    }

    #[inline(always)]
    fn value_and_slope(x: f32) -> (f32, f32) {
        let c = x.clamp(-16.0, 16.0);
        let square = c * c;
        let s = sigmoid(GELU_SCALE * c * (1.0 + GELU_CUBIC * square));
        let inner = GELU_SCALE * (1.0 + 3.0 * GELU_CUBIC * square);
        let value = x * s;
        (value, s + value * (1.0 - s) * inner)
    }
}

impl Curve for GeluErf {
    #[inline(always)]
    fn value(x: f32) -> f32 {
        x * normal(x).0
    }

    #[inline(always)]
    fn value_and_slope(x: f32) -> (f32, f32) {
        let (phi, e) = normal(x);
        // 1/√(2π) makes e the slope of Φ; where x is cut, e has vanished.
        (x * phi, phi + x.clamp(-13.0, 13.0) * (0.398_942_3 * e))
    }
}

impl Curve for Silu {
    #[inline(always)]
    fn value(x: f32) -> f32 {
        x * sigmoid(x)
    }

    #[inline(always)]
    fn value_and_slope(x: f32) -> (f32, f32) {
        let s = sigmoid(x);
        let value = x * s;
        (value, s + value * (1.0 - s))
    }
}

impl Curve for Relu {
    // Written without `max`, which would turn NaN into 0 and hide a run that has gone wrong.
    #[inline(always)]
    fn value(x: f32) -> f32 {
        if x < 0.0 { 0.0 } else { x }
    }

    #[inline(always)]
    fn value_and_slope(x: f32) -> (f32, f32) {
        (Self::value(x), if x > 0.0 { 1.0 } else { 0.0 })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// erf by its series of positive terms, e^(−x²) Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!!.
    pub fn naive_erf(x: f64) -> f64 {
        if x.abs() > 6.0 {
            return x.signum();
        }
        let (mut term, mut sum, mut n) = (x, x, 1.0);
        while term.abs() > 1e-18 * sum.abs() {
            term *= 2.0 * x * x / (2.0 * n + 1.0);
            sum += term;
            n += 1.0;
        }
        sum * (-x * x).exp() * std::f64::consts::FRAC_2_SQRT_PI
    }

    pub fn gelu_tanh(x: f64) -> f64 {
        0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh())
    }

    pub fn gelu_erf(x: f64) -> f64 {
        0.5 * x * (1.0 + naive_erf(x / 2f64.sqrt()))
    }

    pub fn silu(x: f64) -> f64 {
        x / (1.0 + (-x).exp())
    }

    fn worst<C: Curve>(naive: fn(f64) -> f64) -> (f64, f64, f64) {
        let mut worst = (0.0f64, 0.0f64, 0.0f64);
        for i in -24_000..=24_000 {
            let x = i as f32 * 5e-4 + 1e-5;
            let wide = f64::from(x);
            let slope = (naive(wide + 1e-5) - naive(wide - 1e-5)) / 2e-5;
            let (value, got_slope) = C::value_and_slope(x);
            worst.0 = worst
                .0
                .max((f64::from(C::value(x)) - naive(wide)).abs() / wide.abs().max(1.0));
            worst.1 = worst
                .1
                .max((f64::from(value) - naive(wide)).abs() / wide.abs().max(1.0));
            worst.2 = worst.2.max((f64::from(got_slope) - slope).abs());
        }
        worst
    }

    #[test]
    fn normal_keeps_its_digits_in_the_tail() {
        for i in 0..=50_000 {
            let x = i as f32 * -1e-4;
            // Φ(x) = ½ + ½ erf(x/√2) loses digits in the tail, float64 has enough of them.
            let want = 0.5 + 0.5 * naive_erf(f64::from(x) / 2f64.sqrt());
            let (low, high) = (f64::from(normal(x).0), f64::from(normal(-x).0));
            assert!((low / want - 1.0).abs() < 1.5e-6, "{x}: {low} {want}");
            assert!((high - 1.0 + want).abs() < 2e-7, "{x}: {high} {want}");
        }
    }

    #[test]
    fn values_and_slopes_follow_float64() {
        for (name, worst) in [
            ("tanh", worst::<GeluTanh>(gelu_tanh)),
            ("erf", worst::<GeluErf>(gelu_erf)),
            ("silu", worst::<Silu>(silu)),
            ("relu", worst::<Relu>(|x| x.max(0.0))),
        ] {
            let (value, fused, slope) = worst;
            assert!(
                value < 3e-7 && fused < 3e-7 && slope < 2e-6,
                "{name}: {worst:?}"
            );
        }
    }

    #[test]
    fn far_out_they_are_zero_or_the_identity() {
        fn check<C: Curve>() {
            for x in [40.0, 1e4, 1e20, 3e38] {
                assert_eq!(C::value_and_slope(x), (x, 1.0));
                assert_eq!(C::value(x), x);
            }
            for x in [-100.0, -1e4, -1e20] {
                let (value, slope) = C::value_and_slope(x);
                assert!(
                    value.abs() < 1e-15 && slope.abs() < 1e-15,
                    "{x}: {value} {slope}"
                );
                assert!(C::value(x).abs() < 1e-15);
            }
            assert!(C::value(f32::NAN).is_nan());
        }
        check::<GeluTanh>();
        check::<GeluErf>();
        check::<Silu>();
        check::<Relu>();
    }
}
