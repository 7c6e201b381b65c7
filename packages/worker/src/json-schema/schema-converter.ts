import { textTree } from "./grammar/text-tree.ts";
import { listRule } from "./array-rules.ts";
import { areDisjoint } from "./disjoint.ts";
import type { GrammarRules } from "./grammar/grammar-rules.ts";
import { anyArray, anyObject, anyString, anyValue, space } from "./grammar/json-rules.ts";
import { NoCommonValue } from "./merge-schemas.ts";
import { withListedNames, withoutPatterns } from "./named-properties.ts";
import { numberRule } from "./numbers/number-rule.ts";
import { type FurtherProperties, type PropertyRule, chooseOptional, objectRule, otherName } from "./object-rules.ts";
import {
  type Schema,
  type SchemaObject,
  type SchemaType,
  UnsupportedSchema,
  asSchema,
  asSchemas,
  at,
  BY_TYPE,
  impliedTypes,
  isOfType,
  numberOf,
  propertiesOf,
  type Relax,
  relaxInto,
  requiredOf,
  typesOf,
  valuesOf,
} from "./schema.ts";
import { SchemaRefs } from "./schema-refs.ts";
import { stringRule } from "./string-rule.ts";

const MOST_RULES = 10_000;
const MOST_DEPTH = 64;
const MOST_EXCLUSIVE = 256;

/** Keywords that bound values in a way that no grammar here says. `false` and 0 of some bound nothing. */
const UNSUPPORTED = (
  "not if then else dependentRequired dependentSchemas dependencies patternProperties contains minContains maxContains " +
  "uniqueItems unevaluatedItems $dynamicRef $recursiveRef"
).split(" ");
const HARMLESS: ReadonlyMap<string, unknown> = new Map<string, unknown>([["uniqueItems", false]]);

/** Turns one document of JSON Schema into rules of a grammar. Each text of the grammar is JSON that is valid under it. */
export class SchemaConverter {
  readonly #param: string;
  readonly #relax: Relax;
  readonly #rules: GrammarRules;
  readonly #refs: SchemaRefs;
  /** Rules by schema: what makes a schema that refers to itself finite. */
  readonly #known = new Map<string, string>();
  /** Schemas since the last character that is certain: meeting one again means that the schema is only itself. */
  #open = new Set<string>();
  #depth = 0;

  /**
   * @param param what the schema is called in the request
   * @param relaxed takes the places that are left out because a grammar can't say them; absent: they are refused
   */
  constructor(rules: GrammarRules, document: Schema, param: string, relaxed?: Set<string>) {
    this.#relax = relaxInto(relaxed, param);
    this.#param = param;
    this.#rules = rules;
    this.#refs = new SchemaRefs(document);
  }

  /** The rule of the schema's values. @throws UnsupportedSchema */
  rule(schema: Schema, path: string): string {
    const flat = this.#refs.flat(schema, path);
    if (flat === false) throw new NoCommonValue(path, "nothing is valid under it");
    if (flat === true) return anyValue(this.#rules);
    const key = JSON.stringify(flat);
    this.#refs.spend(key.length, path);
    if (this.#open.has(key)) throw new UnsupportedSchema(path, "it refers to itself without end");
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#rules.size > MOST_RULES || this.#depth > MOST_DEPTH)
      throw new UnsupportedSchema(path, "the schema is too large");
    const name = this.#rules.reserve();
    this.#known.set(key, name);
    this.#open.add(key);
    this.#depth += 1;
    try {
      const where = at(this.#param, path).replace(/\.$/u, "");
      this.#rules.at(where, () => this.#rules.define(name, this.#body(flat, path)));
    } catch (error) {
      this.#known.delete(key);
      throw error;
    } finally {
      this.#depth -= 1;
      this.#open.delete(key);
    }
    return name;
  }

  /** A schema inside of brackets: characters are certain before it. */
  #inside(schema: Schema, path: string): string {
    const open = this.#open;
    this.#open = new Set();
    try {
      return this.rule(schema, path);
    } finally {
      this.#open = open;
    }
  }

  #body(schema: SchemaObject, path: string): string {
    for (const keyword of UNSUPPORTED) {
      if (keyword in schema && schema[keyword] !== HARMLESS.get(keyword)) {
        this.#relax(at(path, keyword), "this keyword is not supported");
      }
    }
    const { anyOf, oneOf, ...rest } = schema;
    if (oneOf !== undefined) return this.#oneOf(oneOf, { ...rest, ...(anyOf === undefined ? {} : { anyOf }) }, path);
    if (anyOf !== undefined) return this.#choice(asSchemas(anyOf, at(path, "anyOf")), rest, at(path, "anyOf"));
    const values = valuesOf(schema, path);
    if (values !== undefined) return this.#values(values, schema, path);
    const types = typesOf(schema, path) ?? impliedTypes(schema);
    if (types === undefined) return anyValue(this.#rules);
    const [only] = types;
    if (only !== undefined && types.length === 1) return this.#typed(only, schema, path);
    return types.map((type) => this.rule({ ...schema, type }, path)).join(" | ");
  }

  #oneOf(oneOf: unknown, rest: SchemaObject, path: string): string {
    const here = at(path, "oneOf");
    const options = asSchemas(oneOf, here);
    if (options.length > MOST_EXCLUSIVE)
      throw new UnsupportedSchema(here, `it has more than ${MOST_EXCLUSIVE} alternatives`);
    const known = new WeakMap<SchemaObject, WeakMap<SchemaObject, boolean>>();
    options.forEach((option, index) => {
      if (options.slice(index + 1).some((other) => !areDisjoint(this.#refs, option, other, here, known))) {
        this.#relax(here, "its alternatives overlap, so that one response could match several; use anyOf");
      }
    });
    return this.#choice(options, rest, here);
  }

  /** Alternatives that contradict what holds beside them are left out. */
  #choice(options: readonly Schema[], rest: SchemaObject, path: string): string {
    const rules = options.flatMap((option, index) => {
      const here = at(path, index);
      try {
        return [this.rule(this.#refs.merge(rest, this.#refs.flat(option, here), here), here)];
      } catch (error) {
        if (error instanceof NoCommonValue) return [];
        throw error;
      }
    });
    if (rules.length === 0) throw new NoCommonValue(path, "nothing is valid under any of its alternatives");
    return [...new Set(rules)].join(" | ");
  }

  #values(values: readonly unknown[], schema: SchemaObject, path: string): string {
    const types = typesOf(schema, path);
    const listed = Array.isArray(schema["enum"])
      ? new Set(schema["enum"].map((value: unknown) => JSON.stringify(value)))
      : undefined;
    const valid = values.filter(
      (value) =>
        (types === undefined || types.some((type) => isOfType(value, type))) &&
        (listed === undefined || listed.has(JSON.stringify(value))),
    );
    const bounds = Object.values(BY_TYPE)
      .flat()
      .find((keyword) => keyword in schema);
    if (bounds !== undefined) this.#relax(at(path, bounds), "it is not supported beside enum or const");
    if (valid.length === 0) throw new NoCommonValue(path, "none of its values has an allowed type");
    return textTree(
      this.#rules,
      valid.map((value) => [JSON.stringify(value), ""]),
    );
  }

  #typed(type: SchemaType, schema: SchemaObject, path: string): string {
    if (type === "object") return this.#object(schema, path);
    if (type === "array") return this.#array(schema, path);
    if (type === "boolean") return '"true" | "false"';
    if (type === "null") return '"null"';
    const relax = this.#relax;
    if (type !== "string") return numberRule({ rules: this.#rules, type, schema, path, relax });
    const isBound = BY_TYPE.string.some((keyword) => keyword in schema);
    return isBound ? stringRule(this.#rules, schema, path, relax) : anyString(this.#rules);
  }

  #object(given: SchemaObject, path: string): string {
    const schema = withListedNames(withoutPatterns(given, path), path);
    if (!BY_TYPE.object.some((keyword) => keyword in schema)) return anyObject(this.#rules);
    const declared = propertiesOf(schema, path);
    const { additionalProperties, propertyNames } = schema;
    const least = numberOf(schema, "minProperties", path) ?? 0;
    const most = numberOf(schema, "maxProperties", path) ?? Infinity;
    const required = new Set(requiredOf(schema));
    const undeclared = [...required].filter((name) => !declared.has(name));
    if (undeclared.length > 0 && additionalProperties === false) {
      throw new NoCommonValue(at(path, "required"), `'${undeclared[0] ?? ""}' is required and not allowed`);
    }
    const free =
      additionalProperties === undefined ? true : asSchema(additionalProperties, at(path, "additionalProperties"));
    const all = [...declared, ...undeclared.map((name): [string, Schema] => [name, free])];
    const names =
      propertyNames === undefined || all.length > 0 ? undefined : asSchema(propertyNames, at(path, "propertyNames"));
    if (propertyNames !== undefined && all.length > 0) {
      this.#relax(at(path, "propertyNames"), "it is not supported beside 'properties' or 'required'");
    }
    const listed = this.#listed(all, required, { least, most }, path);
    const isMap = additionalProperties !== undefined || (all.length === 0 && !("properties" in schema));
    const room = { least: least - listed.filter((property) => property.required).length, most: most - listed.length };
    return objectRule(
      this.#rules,
      listed,
      isMap ? this.#further(free, names, all, room, path) : this.#nothingMore(room, path),
    );
  }

  #listed(
    properties: readonly (readonly [string, Schema])[],
    required: ReadonlySet<string>,
    { least, most }: { readonly least: number; readonly most: number },
    path: string,
  ): PropertyRule[] {
    const names = properties.map(([name]) => name);
    const { must, left } = chooseOptional(names, required, least, most);
    return properties.flatMap(([name, value]) => {
      const optional = !required.has(name);
      if (optional && left.has(name)) return [];
      const here = at(path, `properties.${name}`);
      try {
        return [{ name, required: !optional || must.has(name), value: this.#inside(value, here) }];
      } catch (error) {
        if (error instanceof NoCommonValue && optional) return [];
        throw error;
      }
    });
  }

  #further(
    value: Schema,
    names: Schema | undefined,
    listed: readonly (readonly [string, Schema])[],
    room: { readonly least: number; readonly most: number },
    path: string,
  ): FurtherProperties | undefined {
    const most = room.most === Infinity ? undefined : Math.max(0, room.most);
    // Two properties may get the same name, and count once then.
    if (room.least > 1)
      throw new UnsupportedSchema(at(path, "minProperties"), "more than one property of any name is not supported");
    if (value === false) return this.#nothingMore(room, path);
    const known = listed.map(([name]) => name);
    const name = names === undefined ? otherName(this.#rules, known) : this.#nameRule(names, path);
    return { name, value: this.#inside(value, at(path, "additionalProperties")), least: Math.max(0, room.least), most };
  }

  #nameRule(names: Schema, path: string): string {
    const here = at(path, "propertyNames");
    return this.#inside(this.#refs.merge({ type: "string" }, this.#refs.flat(names, here), here), here);
  }

  #nothingMore(room: { readonly least: number }, path: string): undefined {
    if (room.least > 0) throw new NoCommonValue(at(path, "minProperties"), "there are fewer properties than that");
  }

  #array(schema: SchemaObject, path: string): string {
    if (!BY_TYPE.array.some((keyword) => keyword in schema)) return anyArray(this.#rules);
    const { items, prefixItems, additionalItems } = schema;
    const tuple = Array.isArray(items) ? items : prefixItems;
    const prefix =
      tuple === undefined || (Array.isArray(tuple) && tuple.length === 0)
        ? []
        : asSchemas(tuple, at(path, "prefixItems"));
    const restOf = Array.isArray(items) ? additionalItems : items;
    const least = Math.max(0, Math.ceil(numberOf(schema, "minItems", path) ?? 0));
    const most = Math.floor(numberOf(schema, "maxItems", path) ?? Infinity);
    const rest = restOf === undefined ? true : asSchema(restOf, at(path, "items"));
    // Items beyond a tuple that nothing describes are left out where they need not be there.
    const limit =
      rest === false || (restOf === undefined && prefix.length > 0)
        ? Math.max(prefix.length, rest === false ? 0 : least)
        : Infinity;
    const bound = Math.min(most, limit);
    if (bound < least) throw new NoCommonValue(at(path, "minItems"), "no array is that long");
    const ws = space(this.#rules);
    const tupleRules = prefix
      .slice(0, bound === Infinity ? undefined : bound)
      .map((item, index) => this.#inside(item, at(path, `prefixItems.${index}`)));
    const more = bound > tupleRules.length ? this.#inside(rest, at(path, "items")) : undefined;
    const list = listRule(this.#rules, tupleRules, more, least, bound);
    return `"[" ${ws} ${list} ${ws} "]"`;
  }
}
