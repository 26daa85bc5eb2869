//! The demo: Blynk's own example, and requests of real programs found in public repositories, with
//! their tokens replaced.

use std::io::Write;

use anyhow::Context;
use pinquery_devices::template_from_json;

use crate::devices::Devices;
use crate::{TEMPLATE, human};

struct Scene {
    title: &'static str,
    template: &'static str,
    query: &'static str,
}

const SCENES: [Scene; 8] = [
    Scene {
        title: "Blynk's example",
        template: TEMPLATE,
        query: "token=bFFtSHNCZZDWQ__Zs96cP5jLMhLoJofg&v1=33&v2=44",
    },
    Scene {
        title: "Python, urllib: an escaped string, and a boolean as Python writes it",
        template: r#"{"v0":{"type":"double"},"v3":{"type":"boolean"},"v7":{"type":"string"}}"#,
        query: "token=vPq09OIvEzwj9qYUCs19aVmP2GuaEsSu&v0=4.98&v3=True&v7=Test+complete%3A+PASS",
    },
    Scene {
        title: "Documentation: a location as two segments of one pin",
        template: r#"{"v3":{"type":"double"},"v5":{"type":"location"},"v14":{"type":"double","min":0,"max":100}}"#,
        query: "token=A1LYKvG5KPyyRdyO57Ojp6HQ6iTlY8K_&V5=30.5234&V5=50.4501&V14=100.0&V3=23.1",
    },
    Scene {
        title: "ESP32, Arduino: a duty cycle of 255 for a percentage",
        template: r#"{"v0":{"type":"integer","min":0,"max":100},"v1":{"type":"boolean"},"v2":{"type":"boolean"},"v3":{"type":"integer"},"v4":{"type":"enumerable","values":[0,20,130],"fallback":0}}"#,
        query: "token=Neun8N9Fp0u-Wrfan8I8kUd0kqZjlRw4&V0=255&V1=1&V2=0&V3=0&V4=0",
    },
    Scene {
        title: "ESP8266, Arduino: a space before a number, from String(0.0, 0)",
        template: r#"{"v1":{"type":"double"},"v2":{"type":"double","min":0,"max":100},"v3":{"type":"integer"},"v4":{"type":"boolean"},"v5":{"type":"boolean"}}"#,
        query: "token=zG5_JBCU54tJ4bE7GvShFeNyA318Kymg&v1=24.6&v2=52.3&v3= 0&v4=0&v5=1",
    },
    Scene {
        title: "Node, axios: a number with a unit",
        template: r#"{"v1":{"type":"double"},"v2":{"type":"string"},"v3":{"type":"string"},"v4":{"type":"string"},"v7":{"type":"string"}}"#,
        query: "token=BR2aq_8GQF563FAz4_LRymn-p-mHUrrM&V1=24%20cm&V4=hidup%20Auto&V2=jarak%20aman&V3=Gelap&V7=Auto%20Close",
    },
    Scene {
        title: "Python, requests: a database's NULL, as Python writes it",
        template: r#"{"v2":{"type":"double"}}"#,
        query: "token=3bmdOGIstriIp9ljM7r04zHBgsDgwOz6&v2=None",
    },
    Scene {
        title: "MicroPython: no sensor responded, so nothing follows the last `&`",
        template: TEMPLATE,
        query: "token=3U-YPo09rNkW1Zw9_OHp46pBMt1toKZF&",
    },
];

pub fn show(out: &mut impl Write) -> anyhow::Result<()> {
    for Scene {
        title,
        template,
        query,
    } in SCENES
    {
        let devices = Devices::Any(template_from_json(template.as_bytes()).context(title)?);
        let outcome = pinquery::parse(query, |token| devices.get(token));
        writeln!(out, "# {title}")?;
        human::show(out, query.as_bytes(), &devices, &outcome)?;
        writeln!(out)?;
    }
    writeln!(out, "To parse your own queries, see --help.")?;
    Ok(())
}
