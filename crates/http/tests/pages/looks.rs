//! Colours that can be read: the tokens themselves, and every accent a tenant may choose.

use std::collections::BTreeMap;

use http_face::pages::{Accent, AccentRefused, Brand, Corners, Oklch, asset, contrast, tenant_css};

/// Token name to its light and dark colour, from the stylesheet that is served.
fn tokens() -> BTreeMap<String, [Oklch; 2]> {
    let css = String::from_utf8(asset("tokens.css").unwrap().bytes.into_owned()).unwrap();
    css.lines()
        .filter_map(|line| line.trim().strip_prefix("--")?.split_once(": light-dark("))
        .map(|(name, pair)| {
            let (light, dark) = pair.trim_end_matches(");").split_once("), ").unwrap();
            let parse = |text: String| Oklch::parse(&text).unwrap_or_else(|| panic!("{name}: {text}"));
            (
                name.to_owned(),
                [parse(format!("{light})")), parse(dark.to_owned())],
            )
        })
        .collect()
}

#[test]
fn contrast_is_what_wcag_says() {
    let [white, black] = [Oklch::parse("#fff").unwrap(), Oklch::parse("#000000").unwrap()];
    assert!((contrast(white, black) - 21.0).abs() < 0.01);
    assert!((contrast(white, white) - 1.0).abs() < 0.001);
    // The grey WCAG's own literature names as the lightest that passes on white.
    assert!((contrast(white, Oklch::parse("#767676").unwrap()) - 4.54).abs() < 0.01);
}

#[test]
fn text_is_readable_on_every_surface() {
    let tokens = tokens();
    for scheme in [0, 1] {
        let colour = |name: &str| tokens[name][scheme];
        for surface in ["bg", "surface", "raised"] {
            for text in ["text", "muted", "accent", "ok", "warn", "bad", "info"] {
                let ratio = contrast(colour(text), colour(surface));
                assert!(
                    ratio >= 4.5,
                    "--{text} on --{surface}, scheme {scheme}: {ratio:.2}"
                );
            }
            for mark in ["edge", "focus"] {
                let ratio = contrast(colour(mark), colour(surface));
                assert!(
                    ratio >= 3.0,
                    "--{mark} on --{surface}, scheme {scheme}: {ratio:.2}"
                );
            }
        }
        for (ink, ground) in [
            ("accent-ink", "accent"),
            ("surface", "bad"),
            ("text", "ok-ground"),
            ("text", "warn-ground"),
            ("text", "bad-ground"),
            ("text", "info-ground"),
        ] {
            let ratio = contrast(colour(ink), colour(ground));
            assert!(ratio >= 4.5, "--{ink} on --{ground}, scheme {scheme}: {ratio:.2}");
        }
        for kind in ["ok", "warn", "bad", "info"] {
            let ratio = contrast(colour(kind), colour(&format!("{kind}-ground")));
            assert!(
                ratio >= 3.0,
                "--{kind} on its ground, scheme {scheme}: {ratio:.2}"
            );
        }
    }
}

#[test]
fn a_readable_accent_is_kept_and_gets_a_dark_twin() {
    let tokens = tokens();
    for text in ["#075a66", "#7a1f5c", "#333", "oklch(0.45 0.15 260)"] {
        let accent = Accent::parse(text).unwrap();
        assert_eq!(accent.light(), Oklch::parse(text).unwrap());
        for (scheme, colour) in [accent.light(), accent.dark()].into_iter().enumerate() {
            for other in ["bg", "surface", "raised", "accent-ink"] {
                let ratio = contrast(colour, tokens[other][scheme]);
                assert!(ratio >= 4.5, "{text} with --{other}, scheme {scheme}: {ratio:.2}");
            }
        }
    }
}

#[test]
fn a_pale_accent_is_refused_with_a_neighbour_that_is_accepted() {
    for text in [
        "#ffcc00",
        "#00ff00",
        "#ff6b6b",
        "#ffffff",
        "#8899aa",
        "oklch(0.9 0.3 110)",
    ] {
        let Err(AccentRefused::Contrast { ratio, nearest }) = Accent::parse(text) else {
            panic!("{text} was accepted")
        };
        assert!(ratio < 4.5);
        let [wanted, proposed] = [text, &nearest].map(|text| Oklch::parse(text).unwrap());
        assert!(Accent::parse(&nearest).is_ok(), "{text}: {nearest}");
        assert!(proposed.lightness < wanted.lightness);
        // A step lighter no longer passes: it is the nearest.
        let lighter = proposed.at_lightness(proposed.lightness + 0.01).css();
        assert!(Accent::parse(&lighter).is_err(), "{text}: {lighter} would do");
    }
}

#[test]
fn what_is_no_colour_is_refused() {
    for text in [
        "",
        "red",
        "#12",
        "#12345g",
        "#ääa",
        "oklch(0.5 0.1)",
        "oklch(0.5 0.1 20 / 50%)",
        "oklch(2 0 0)",
        "oklch(NaN 0 0)",
        "url(x)",
        "#fff;}body{",
    ] {
        assert_eq!(Accent::parse(text), Err(AccentRefused::Format), "{text:?}");
    }
}

#[test]
fn the_tenant_stylesheet_overrides_tokens_only() {
    let brand = Brand {
        accent: Accent::parse("#7a1f5c").ok(),
        corners: Corners::Sharp,
    };
    let css = tenant_css(&brand);
    assert!(css.starts_with(":root {\n") && css.ends_with("}\n"));
    assert!(css.contains("--accent: light-dark(oklch("));
    assert!(css.contains("--radius: 0;"));
    assert_eq!(tenant_css(&Brand::default()), ":root {\n}\n");
    assert_ne!(brand.version(), Brand::default().version());
    assert_eq!(Brand::default().version(), Brand::default().version());
}
