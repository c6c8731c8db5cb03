//! What a tenant may change about its pages: accent colour and corners. The logo is in `Chrome`.

use super::colour::{Oklch, contrast};

/// Least contrast of text (WCAG 2.2, 1.4.3).
const TEXT_CONTRAST: f64 = 4.5;

/// The surfaces text stands on and the ink of buttons; `assets/tokens.css` has the same (a test holds them).
const LIGHT_SURFACES: [Oklch; 3] = [
    Oklch::new(0.975, 0.004, 240.0),
    Oklch::new(1.0, 0.0, 0.0),
    Oklch::new(0.955, 0.006, 240.0),
];
const LIGHT_INK: Oklch = Oklch::new(1.0, 0.0, 0.0);
const DARK_SURFACES: [Oklch; 3] = [
    Oklch::new(0.175, 0.010, 240.0),
    Oklch::new(0.215, 0.012, 240.0),
    Oklch::new(0.255, 0.013, 240.0),
];
const DARK_INK: Oklch = Oklch::new(0.175, 0.010, 240.0);

/// A tenant's accent colour: the one it chose for light pages, and its kin for dark pages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accent {
    light: Oklch,
    dark: Oklch,
}

/// Why a colour cannot be an accent.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AccentRefused {
    /// Not `#rgb`, `#rrggbb` or `oklch(L C H)`.
    #[error("not a colour of the form #rrggbb or oklch(L C H)")]
    Format,
    /// Text in this colour, or button text on it, would be hard to read.
    #[error("contrast {ratio:.2}:1 is below 4.5:1; the nearest colour that has it is {nearest}")]
    Contrast {
        /// The lowest contrast the colour has with the ink of buttons and the surfaces.
        ratio: f64,
        /// The same hue at the nearest lightness that is accepted, ready for [`Accent::parse`].
        nearest: String,
    },
}

impl Accent {
    /// Accepts a colour with 4.5:1 against both the ink of buttons and every surface of light pages; the
    /// colour for dark pages follows from it.
    pub fn parse(text: &str) -> Result<Self, AccentRefused> {
        let light = Oklch::parse(text).ok_or(AccentRefused::Format)?;
        let ratio = least_contrast(light, LIGHT_INK, &LIGHT_SURFACES);
        if ratio < TEXT_CONTRAST {
            let nearest = nearest(light, LIGHT_INK, &LIGHT_SURFACES).css();
            return Err(AccentRefused::Contrast { ratio, nearest });
        }
        Ok(Self {
            light,
            dark: nearest(light, DARK_INK, &DARK_SURFACES),
        })
    }

    /// The colour on light pages.
    pub fn light(&self) -> Oklch {
        self.light
    }

    /// The colour on dark pages.
    pub fn dark(&self) -> Oklch {
        self.dark
    }
}

/// How round controls and cards are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Corners {
    /// Half-round controls.
    Round,
    /// Square.
    Sharp,
    /// 6 and 12 pixels.
    #[default]
    Soft,
}

/// How a tenant's pages look.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Brand {
    /// The accent colour; `None` keeps ours.
    pub accent: Option<Accent>,
    /// How round things are.
    pub corners: Corners,
}

impl Brand {
    /// A short text that changes whenever the stylesheet does, for cache-proof addresses.
    pub fn version(&self) -> String {
        // FNV-1a: names a version, protects nothing.
        let hash = tenant_css(self)
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        format!("{hash:016x}")
    }
}

/// The stylesheet at `{prefix}/assets/tenant.css`: overrides of tokens, nothing else.
pub fn tenant_css(brand: &Brand) -> String {
    let mut css = String::from(":root {\n");
    if let Some(accent) = brand.accent {
        css.push_str("  --accent: light-dark(");
        css.push_str(&accent.light.css());
        css.push_str(", ");
        css.push_str(&accent.dark.css());
        css.push_str(");\n");
    }
    css.push_str(match brand.corners {
        Corners::Round => "  --radius: 22px;\n  --radius-card: 24px;\n",
        Corners::Sharp => "  --radius: 0;\n  --radius-card: 0;\n",
        Corners::Soft => "",
    });
    css.push_str("}\n");
    css
}

fn least_contrast(colour: Oklch, ink: Oklch, surfaces: &[Oklch]) -> f64 {
    surfaces
        .iter()
        .map(|surface| contrast(colour, *surface))
        .fold(contrast(colour, ink), f64::min)
}

/// Walks away from the wanted lightness in both directions, in steps too small to see; the first colour with
/// contrast (a little more than needed, so that printing it with three decimals keeps it) wins.
fn nearest(wanted: Oklch, ink: Oklch, surfaces: &[Oklch]) -> Oklch {
    let readable = |colour: &Oklch| least_contrast(*colour, ink, surfaces) >= TEXT_CONTRAST + 0.03;
    (0..=400_u16)
        .flat_map(|step| [-f64::from(step) / 400.0, f64::from(step) / 400.0])
        .map(|offset| wanted.lightness + offset)
        .filter(|lightness| (0.0..=1.0).contains(lightness))
        .map(|lightness| wanted.at_lightness(lightness))
        .find(readable)
        // Black on light surfaces and white on dark ones always have it, so this is never reached.
        .unwrap_or(wanted)
}
