import { costOfJson, MOST_NESTING, MOST_VALUES, OBJECT_VALUES } from "@drover/contract/json/json-cost";
import { badField } from "../../errors.ts";

/** Refuses JSON that would cost too much to parse and to check. @throws RequestError 400 `nested_too_deep`, `too_many_values` */
export async function refuseCostlyJson(bytes: Uint8Array): Promise<void> {
  const fault = await costOfJson(bytes);
  if (fault !== undefined) throw badField(null, faults[fault], fault);
}

const faults = {
  nested_too_deep: `The body is nested deeper than ${MOST_NESTING} levels.`,
  too_many_values: `The body has more than ${MOST_VALUES} values (elements of lists and members of objects; an object counts as ${OBJECT_VALUES}). Send less, or several requests.`,
} as const;
