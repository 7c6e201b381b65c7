import {
  type Schema,
  type SchemaObject,
  type SchemaType,
  isOfType,
  propertiesOf,
  requiredOf,
  typesOf,
  valuesOf,
} from "./schema.ts";
import type { SchemaRefs } from "./schema-refs.ts";

/** Pairs that were looked at, or are just being: two recursive schemas with eight properties each would be compared 8^8 times. */
type Known = WeakMap<SchemaObject, WeakMap<SchemaObject, boolean>>;

/** Is it certain that no value is valid under both? `oneOf` is only a choice where this holds for each pair. */
export function areDisjoint(
  refs: SchemaRefs,
  a: Schema,
  b: Schema,
  path: string,
  known: Known = new WeakMap(),
): boolean {
  const first = refs.flat(a, path);
  const second = refs.flat(b, path);
  if (first === false || second === false) return true;
  if (first === true || second === true) return false;
  const others = known.get(first) ?? new WeakMap<SchemaObject, boolean>();
  known.set(first, others);
  const before = others.get(second);
  if (before !== undefined) return before;
  // While it is being looked at it is not certain.
  others.set(second, false);
  const result = compare(refs, first, second, path, known);
  others.set(second, result);
  return result;
}

function compare(refs: SchemaRefs, first: SchemaObject, second: SchemaObject, path: string, known: Known): boolean {
  refs.spend(1000, path);
  const firstValues = valuesOf(first, path);
  const secondValues = valuesOf(second, path);
  if (firstValues !== undefined && secondValues !== undefined) {
    const texts = new Set(firstValues.map((value) => JSON.stringify(value)));
    return !secondValues.some((value) => texts.has(JSON.stringify(value)));
  }
  const firstTypes = typesOf(first, path);
  const secondTypes = typesOf(second, path);
  if (firstValues !== undefined && secondTypes !== undefined) return !haveType(firstValues, secondTypes);
  if (secondValues !== undefined && firstTypes !== undefined) return !haveType(secondValues, firstTypes);
  if (firstTypes === undefined || secondTypes === undefined) return false;
  if (!overlap(firstTypes, secondTypes)) return true;
  const bothObjects = firstTypes.every((type) => type === "object") && secondTypes.every((type) => type === "object");
  return bothObjects && areObjectsDisjoint(refs, first, second, path, known);
}

function areObjectsDisjoint(refs: SchemaRefs, a: SchemaObject, b: SchemaObject, path: string, known: Known): boolean {
  const first = propertiesOf(a, path);
  const second = propertiesOf(b, path);
  if (forbidden(a, first, requiredOf(b)) || forbidden(b, second, requiredOf(a))) return true;
  return requiredOf(a).some((name) => {
    const one = first.get(name);
    const other = second.get(name);
    if (one === undefined || other === undefined || !requiredOf(b).includes(name)) return false;
    return areDisjoint(refs, one, other, path, known);
  });
}

function forbidden(schema: SchemaObject, known: ReadonlyMap<string, Schema>, names: readonly string[]): boolean {
  return schema["additionalProperties"] === false && names.some((name) => !known.has(name));
}

function haveType(values: readonly unknown[], types: readonly SchemaType[]): boolean {
  return values.some((value) => types.some((type) => isOfType(value, type)));
}

function overlap(a: readonly SchemaType[], b: readonly SchemaType[]): boolean {
  const others = wide(b);
  return [...wide(a)].some((type) => others.has(type));
}

function wide(types: readonly SchemaType[]): ReadonlySet<SchemaType> {
  return new Set(types.map((type) => (type === "integer" ? "number" : type)));
}
