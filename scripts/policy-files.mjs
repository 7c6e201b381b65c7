// What follows from the files in packages/balancer/src/policies: the registry of the policies, and the values of the setting `balancer.policy`.
import { readdirSync, readFileSync } from "node:fs";

const folder = "packages/balancer/src/policies";

/** @returns the generated files as `{path, text}`, read from the repository's root */
export function generatedPolicyFiles() {
  const policies = readdirSync(folder)
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => ({ file, name: nameIn(readFileSync(`${folder}/${file}`, "utf8")) }))
    .filter(({ name }) => name !== undefined)
    .toSorted((one, other) => one.name.localeCompare(other.name));
  return [
    { path: `${folder}/registry.ts`, text: registry(policies) },
    { path: "config/src/settings/policy-names.ts", text: names(policies) },
  ];
}

/** The name of the policy that a file defines; undefined for a file without one. */
function nameIn(text) {
  return /^export const policy = \{\n\s+name: "(\w+)"/m.exec(text)?.[1];
}

const header = "// Generated from the files in packages/balancer/src/policies by `pnpm docs:generate`.\n";

function registry(policies) {
  const imports = policies.map(({ file, name }) => `import { policy as ${name} } from "./${file}";\n`);
  const entries = policies.map(({ name }) => `  ${name},\n`);
  return `${header}${imports.join("")}import type { PolicyDefinition } from "./policy.ts";

/** Every policy by its name. */
export const policies = {
${entries.join("")}} as const satisfies Record<string, PolicyDefinition>;

export type PolicyName = keyof typeof policies;
`;
}

function names(policies) {
  const values = policies.map(({ name }) => `  "${name}",\n`);
  return `${header}
/** What \`balancer.policy\` may be. */
export const policyNames = [
${values.join("")}] as const;
`;
}
