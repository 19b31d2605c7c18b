// SPDX-License-Identifier: MPL-2.0
//! The element's properties as options: the list comes from the element, when the program runs.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::Path;

use clap::builder::{
    OsStringValueParser, PossibleValue, PossibleValuesParser, TypedValueParser, ValueParser,
};
use clap::{Arg, ArgMatches, Command};
use gst::glib;
use gst::prelude::*;
use gstud2m::ud2mrestore::Ud2mRestore;

/// Properties that say nothing to a file: its frames are never late, and the command itself tells
/// how far it is.
const LIVE: [&str; 2] = ["overload-policy", "stats-interval"];

/// Properties that were given, with their texts, in the order of the command line.
#[derive(Clone, Debug, Default)]
pub struct Properties {
    given: Vec<(String, OsString)>,
    film: bool,
}

/// What old film asks for, unless the same is given. Frames without defects stay as they are.
const FILM: [(&str, &str); 2] = [("task", "inpaint"), ("noise-sigma", "0")];

impl Properties {
    /// The properties of these names, with their texts; an error names one that does not exist or
    /// does not take its text.
    pub fn of(given: Vec<(String, OsString)>) -> Result<Self, String> {
        let specs = specs();
        for (name, text) in &given {
            let spec = specs.iter().find(|spec| spec.name() == name);
            let spec = spec.ok_or_else(|| format!("there is no property {name}"))?;
            value(spec, text).map_err(|what| format!("{name}: {what}"))?;
        }
        Ok(Self { given, film: false })
    }

    /// The same for old film where that is asked for: its defects are found first.
    pub fn of_film(mut self, film: bool) -> Self {
        self.film = film;
        self
    }

    /// Whether defects of film are looked for.
    pub fn is_film(&self) -> bool {
        self.film
    }

    /// The properties with their texts, in the order of the command line.
    pub fn given(&self) -> &[(String, OsString)] {
        &self.given
    }

    /// The same, with whole paths of files and folders: they hold wherever a process works.
    pub fn with_whole_paths(mut self) -> Self {
        let specs = specs();
        let is_text = |name: &str| {
            let mut specs = specs.iter().filter(|spec| spec.name() == name);
            specs.any(|spec| spec.value_type() == glib::Type::STRING)
        };
        for (name, text) in &mut self.given {
            // The bare name of a model is looked for where models are installed.
            let is_path = name != "model" || text.as_encoded_bytes().contains(&b'/');
            if is_text(name) && is_path && !text.is_empty() {
                *text = std::path::absolute(&*text).map_or_else(|_| text.clone(), Into::into);
            }
        }
        self
    }

    /// Sets them on the element.
    pub fn apply(&self, element: &gst::Element) {
        if self.film {
            // Another task has a noise of its own.
            let has_task = self.given.iter().any(|(name, _)| name == "task");
            let defaults = FILM.iter().filter(|_| !has_task);
            defaults.for_each(|(name, text)| element.set_property_from_str(name, text));
            element.set_property_from_str("mask-source", "alpha");
        }
        for (name, text) in &self.given {
            // clap has read the same text before.
            let spec = element.find_property(name);
            if let Some(Ok(value)) = spec.map(|spec| value(&spec, text)) {
                element.set_property_from_value(name, &value);
            }
        }
    }
}

impl fmt::Display for Properties {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        // How many threads there are changes no frame.
        let given = self.given.iter().filter(|(name, _)| name != "threads");
        let given = given.map(|(name, text)| {
            // Of files the name says enough, and nothing of the machine.
            let text = text.to_string_lossy();
            format!("{name}={}", text.rsplit('/').next().unwrap_or(&text))
        });
        let film = self.film.then(|| "film".to_owned());
        let given: Vec<_> = film.into_iter().chain(given).collect();
        if given.is_empty() {
            return f.write_str("no settings given");
        }
        f.write_str(&given.join(" "))
    }
}

/// The properties that are options: those of the element's own that can be set.
pub fn specs() -> Vec<glib::ParamSpec> {
    let own = Ud2mRestore::static_type();
    let class = glib::Class::<Ud2mRestore>::from_type(own);
    let all = class.map_or_else(Vec::new, |class| class.list_properties().to_vec());
    all.into_iter()
        .filter(|spec| spec.owner_type() == own)
        .filter(|spec| spec.flags().contains(glib::ParamFlags::WRITABLE))
        .filter(|spec| !LIVE.contains(&spec.name()))
        .collect()
}

/// The value of `text` for a property, or what it takes.
fn value(spec: &glib::ParamSpec, text: &OsStr) -> Result<glib::Value, String> {
    if spec.value_type() == glib::Type::STRING {
        return Ok(Path::new(text).to_value());
    }
    let text = text.to_str().unwrap_or_default();
    macro_rules! numbers {
        ($($kind:ty: $number:ty),*) => {$(
            if let Some(spec) = spec.downcast_ref::<$kind>() {
                let (low, high) = (spec.minimum(), spec.maximum());
                let number = text.parse::<$number>().ok();
                let number = number.filter(|n| (low..=high).contains(n));
                return number.map(|n| n.to_value())
                    .ok_or_else(|| format!("it is a number from {low} to {high}"));
            }
        )*};
    }
    numbers!(
        glib::ParamSpecInt: i32,
        glib::ParamSpecUInt: u32,
        glib::ParamSpecUInt64: u64,
        glib::ParamSpecDouble: f64
    );
    glib::Value::deserialize(text, spec.value_type()).map_err(|_| "it is true or false".to_owned())
}

/// What the option of a property reads.
fn parser(spec: &glib::ParamSpec) -> ValueParser {
    if let Some(choices) = spec.downcast_ref::<glib::ParamSpecEnum>() {
        let class = choices.enum_class();
        let values = class.values().iter();
        let values = values.map(|v| PossibleValue::new(v.nick().to_owned()).help(v.name()));
        return PossibleValuesParser::new(values).map(OsString::from).into();
    }
    let spec = spec.clone();
    let read = move |text: OsString| value(&spec, &text).map(|_| text);
    OsStringValueParser::new().try_map(read).into()
}

/// The option of a property.
fn argument(spec: &glib::ParamSpec) -> Arg {
    let default = spec.default_value();
    let default = match default.get::<f64>() {
        Ok(number) => Some(number.to_string()),
        Err(_) => default.serialize().ok().map(|text| text.to_string()),
    };
    let blurb = spec.blurb().unwrap_or_default().to_owned();
    let help = match default.filter(|text| text != "NULL") {
        Some(default) => format!("{blurb} [default: {default}]"),
        None => blurb,
    };
    Arg::new(spec.name())
        .long(spec.name())
        .help(help)
        .help_heading("How it is restored")
        .value_name(
            spec.value_type()
                .name()
                .trim_start_matches('g')
                .to_uppercase(),
        )
        .value_parser(parser(spec))
        .allow_hyphen_values(true)
}

impl clap::Args for Properties {
    fn augment_args(command: Command) -> Command {
        command.args(specs().iter().map(argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for Properties {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given: Vec<(usize, String, OsString)> = specs()
            .iter()
            .filter_map(|spec| {
                let text = matches.get_one::<OsString>(spec.name())?;
                let place = matches.index_of(spec.name())?;
                Some((place, spec.name().to_owned(), text.clone()))
            })
            .collect();
        given.sort();
        let given = given.into_iter().map(|(_, name, text)| (name, text));
        Ok(Self {
            given: given.collect(),
            film: false,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
