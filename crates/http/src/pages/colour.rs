//! Colour in OKLCH and contrast as WCAG 2.2 defines it.

/// A colour by perceived lightness (0 to 1), chroma (0 to about 0.37) and hue (degrees).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Oklch {
    /// 0 is black, 1 is white.
    pub lightness: f64,
    /// 0 is grey.
    pub chroma: f64,
    /// Degrees; 0 is near pink, 140 green, 260 blue.
    pub hue: f64,
}

impl Oklch {
    /// A colour by its parts.
    pub const fn new(lightness: f64, chroma: f64, hue: f64) -> Self {
        Self {
            lightness,
            chroma,
            hue,
        }
    }

    /// Reads `#rgb`, `#rrggbb` or `oklch(L C H)` with plain numbers.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        match text.strip_prefix('#') {
            Some(digits) => parse_hex(digits).map(Self::from_srgb),
            None => parse_oklch(text),
        }
    }

    /// The colour of 8-bit sRGB channels.
    pub fn from_srgb(channels: [u8; 3]) -> Self {
        let [red, green, blue] = channels.map(|channel| decode(f64::from(channel) / 255.0));
        let long = (0.412_221_470_8 * red + 0.536_332_536_3 * green + 0.051_445_992_9 * blue).cbrt();
        let medium = (0.211_903_498_2 * red + 0.680_699_545_1 * green + 0.107_396_956_6 * blue).cbrt();
        let short = (0.088_302_461_9 * red + 0.281_718_837_6 * green + 0.629_978_700_5 * blue).cbrt();
        let lightness = 0.210_454_255_3 * long + 0.793_617_785 * medium - 0.004_072_046_8 * short;
        let green_red = 1.977_998_495_1 * long - 2.428_592_205 * medium + 0.450_593_709_9 * short;
        let blue_yellow = 0.025_904_037_1 * long + 0.782_771_766_2 * medium - 0.808_675_766 * short;
        let hue = blue_yellow.atan2(green_red).to_degrees().rem_euclid(360.0);
        Self {
            lightness,
            chroma: green_red.hypot(blue_yellow),
            hue,
        }
    }

    /// The same hue at another lightness, with as much of the chroma as a screen can show.
    #[must_use]
    pub fn at_lightness(self, lightness: f64) -> Self {
        let mut colour = Self { lightness, ..self };
        while !colour.is_shown() && colour.chroma > 0.0 {
            colour.chroma = (colour.chroma - 0.002).max(0.0);
        }
        colour
    }

    /// The form stylesheets use.
    pub fn css(self) -> String {
        format!("oklch({:.3} {:.3} {:.1})", self.lightness, self.chroma, self.hue)
    }

    /// Relative luminance (WCAG 2.2), 0 to 1.
    pub fn luminance(self) -> f64 {
        let [red, green, blue] = self.linear().map(|channel| channel.clamp(0.0, 1.0));
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// Whether an sRGB screen shows the colour as it is.
    fn is_shown(self) -> bool {
        self.linear()
            .iter()
            .all(|channel| (-0.0005..=1.0005).contains(channel))
    }

    fn linear(self) -> [f64; 3] {
        let (sine, cosine) = self.hue.to_radians().sin_cos();
        let (green_red, blue_yellow) = (self.chroma * cosine, self.chroma * sine);
        let long = (self.lightness + 0.396_337_777_4 * green_red + 0.215_803_757_3 * blue_yellow).powi(3);
        let medium = (self.lightness - 0.105_561_345_8 * green_red - 0.063_854_172_8 * blue_yellow).powi(3);
        let short = (self.lightness - 0.089_484_177_5 * green_red - 1.291_485_548 * blue_yellow).powi(3);
        [
            4.076_741_662_1 * long - 3.307_711_591_3 * medium + 0.230_969_929_2 * short,
            -1.268_438_004_6 * long + 2.609_757_401_1 * medium - 0.341_319_396_5 * short,
            -0.004_196_086_3 * long - 0.703_418_614_7 * medium + 1.707_614_701 * short,
        ]
    }
}

/// Contrast of two colours, 1 (none) to 21 (black on white).
pub fn contrast(one: Oklch, other: Oklch) -> f64 {
    let (one, other) = (one.luminance(), other.luminance());
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn decode(channel: f64) -> f64 {
    if channel <= 0.040_45 {
        channel / 12.92
    } else {
        ((channel + 0.055) / 1.055).powf(2.4)
    }
}

fn parse_hex(digits: &str) -> Option<[u8; 3]> {
    if !digits.is_ascii() {
        return None;
    }
    let channel = |from: usize, to: usize| u8::from_str_radix(digits.get(from..to)?, 16).ok();
    match digits.len() {
        3 => Some([channel(0, 1)? * 17, channel(1, 2)? * 17, channel(2, 3)? * 17]),
        6 => Some([channel(0, 2)?, channel(2, 4)?, channel(4, 6)?]),
        _ => None,
    }
}

fn parse_oklch(text: &str) -> Option<Oklch> {
    let inner = text.strip_prefix("oklch(")?.strip_suffix(')')?;
    let mut parts = inner.split_ascii_whitespace().map(str::parse::<f64>);
    let colour = Oklch::new(parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let in_range = (0.0..=1.0).contains(&colour.lightness)
        && (0.0..=0.5).contains(&colour.chroma)
        && (0.0..=360.0).contains(&colour.hue);
    (in_range && parts.next().is_none()).then_some(colour)
}
