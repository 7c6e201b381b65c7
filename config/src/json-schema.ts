import { z } from "zod";
import type { Setting } from "./setting.ts";
import { keyInGroup, settingGroups } from "./setting-groups.ts";

type JsonObject = Record<string, unknown>;

/** The JSON Schema (draft 2020-12) of `drover.yaml`, by which an editor completes and checks the file. */
export function settingsJsonSchema(): JsonObject {
  const properties: JsonObject = {};
  for (const { name, settings } of settingGroups()) {
    const own = Object.fromEntries(settings.map((setting) => [keyInGroup(setting), settingSchema(setting)]));
    if (name === "") Object.assign(properties, own);
    // null: a group whose settings are all commented out.
    else properties[name] = { type: ["object", "null"], properties: own, additionalProperties: false };
  }
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Drover's settings (drover.yaml)",
    description: "Generated from config/src/settings.ts by `pnpm docs:generate`; do not edit.",
    type: ["object", "null"],
    properties,
    additionalProperties: false,
  };
}

function settingSchema(setting: Setting): JsonObject {
  const { $schema: _, ...schema } = z.toJSONSchema(setting.schema(z), { io: "input" }) as JsonObject;
  const unit = setting.unit ?? setting.schema.unit;
  return {
    description: unit === undefined ? setting.doc : `${setting.doc} Unit: ${unit}.`,
    ...(setting.default === undefined ? {} : { default: setting.default }),
    // A key without a value counts as not given.
    anyOf: [schema, { type: "null" }],
  };
}
