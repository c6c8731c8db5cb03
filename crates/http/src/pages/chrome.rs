//! What surrounds every page: language, theme, tenant, and where things are.

use super::{Brand, Locale, Words, asset_url, link};

/// Which colour scheme a page is shown in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the reader's system says.
    #[default]
    Auto,
    /// Dark whatever the system says.
    Dark,
    /// Light whatever the system says.
    Light,
}

impl Theme {
    /// Reads the reader's choice (a cookie value); anything unknown follows the system.
    pub fn parse(choice: Option<&str>) -> Self {
        match choice {
            Some("dark") => Self::Dark,
            Some("light") => Self::Light,
            _ => Self::Auto,
        }
    }

    /// Its name in the cookie and in forms.
    pub fn word(self) -> &'static str {
        self.forced().unwrap_or("auto")
    }

    /// The key of its text.
    pub fn key(self) -> &'static str {
        match self {
            Self::Auto => "theme-auto",
            Self::Dark => "theme-dark",
            Self::Light => "theme-light",
        }
    }

    /// The value of `data-theme`, unless the system decides.
    pub fn forced(self) -> Option<&'static str> {
        match self {
            Self::Auto => None,
            Self::Dark => Some("dark"),
            Self::Light => Some("light"),
        }
    }
}

/// What surrounds every page.
#[derive(Clone, Debug)]
pub struct Chrome {
    /// The language of the page.
    pub locale: Locale,
    /// The colour scheme.
    pub theme: Theme,
    /// The name people know the tenant by.
    pub tenant_name: String,
    /// The tenant's logo: a path of ours or a `data:` address (the content security policy allows no other).
    /// Without one the first letter of the name stands in a coloured square.
    pub logo_url: Option<String>,
    /// Put before `/assets/...`; empty unless the assets live under another path.
    pub asset_base: String,
    /// Path of the tenant's issuer: empty for the default tenant, else for example `/t/acme`.
    pub path_prefix: String,
    /// Identifies the request in the log ("Request id" at the foot of error pages).
    pub request_id: String,
    /// Changes whenever [`super::tenant_css`] would, see [`Brand::version`].
    pub brand_version: String,
    /// The GET address of this page (path and query without `lang`) for the language switch; `None` hides it.
    pub self_url: Option<String>,
}

impl Chrome {
    /// Chrome for the default tenant's paths; set the other fields as needed.
    pub fn new(locale: Locale, tenant_name: &str, brand: &Brand) -> Self {
        Self {
            locale,
            theme: Theme::Auto,
            tenant_name: tenant_name.to_owned(),
            logo_url: None,
            asset_base: String::new(),
            path_prefix: String::new(),
            request_id: String::new(),
            brand_version: brand.version(),
            self_url: None,
        }
    }

    pub(super) fn words(&self) -> Words {
        Words::new(self.locale)
    }

    /// The address of one of our assets.
    pub(super) fn asset(&self, name: &str) -> String {
        format!("{}{}", self.asset_base, asset_url(name))
    }

    /// The address of a picture in the sprite.
    pub(super) fn icon(&self, name: &str) -> String {
        format!("{}#{name}", self.asset("icons.svg"))
    }

    pub(super) fn tenant_css(&self) -> String {
        let prefix = if self.path_prefix.is_empty() {
            &self.asset_base
        } else {
            &self.path_prefix
        };
        format!("{prefix}/assets/tenant.css?v={}", self.brand_version)
    }

    pub(super) fn logo(&self) -> Option<&str> {
        link::picture(self.logo_url.as_deref())
    }

    /// Stands for the logo of a tenant without one.
    pub(super) fn monogram(&self) -> String {
        link::initial(&self.tenant_name)
    }

    /// The other languages and this one: tag, own name, address (`None` for the current one).
    pub(super) fn languages(&self) -> Vec<(&'static str, &'static str, Option<String>)> {
        let Some(here) = self.self_url.as_deref() else {
            return Vec::new();
        };
        let joint = if here.contains('?') { '&' } else { '?' };
        Locale::all()
            .map(|locale| {
                let address = (locale != self.locale).then(|| format!("{here}{joint}lang={}", locale.tag()));
                (locale.tag(), locale.name(), address)
            })
            .collect()
    }
}
