import { printable } from "@drover/foundation/printable";
import { nounOf, plural, shortRanges, sizeText as size, wrap } from "@drover/foundation/texts";
import type { Layout } from "./layout.ts";
import type { Plan } from "./plan.ts";
import type { Cpu, Topology } from "./topology.ts";

/** What is drawn besides the plan. */
export interface DrawOptions {
  readonly columns?: number | undefined;
  /** A sentence on how CPUs follow the load. */
  readonly load?: string | undefined;
  /** Whether workers are held to their CPUs. @default true */
  readonly isHeld?: boolean;
  /** Sentences about what this machine lacks. */
  readonly missing?: readonly string[];
}

/**
 * The plan for people: the machine's cores with the worker that each belongs to, and the memory arithmetic.
 */
export function drawPlan(plan: Plan, options: DrawOptions = {}): string {
  const { topology, layout } = plan;
  const { columns = Number.POSITIVE_INFINITY, load, isHeld = true, missing = [] } = options;
  const lines = [
    describeMachine(topology),
    "",
    ...(isHeld ? [...drawCpus(topology, layout, columns), ""] : []),
    ...layout.placements.map(({ cpus, threads, node }, index) => {
      const where =
        topology.nodes.length > 1 ? (node === undefined ? ", several NUMA nodes" : `, NUMA node ${node}`) : "";
      return `worker ${index + 1}${symbolNote(index)}: ${plural(threads, "thread")} on ${isHeld ? cpuWord(cpus) : "any CPU"}${where}`;
    }),
    ...(isHeld ? sparedLine(layout) : []),
    ...(load === undefined ? [] : [load]),
    ...layout.reasons.map((reason) => `why: ${reason}`),
    ...layout.warnings.map((warning) => `warning: ${warning}`),
    ...missing.map((sentence) => `missing: ${sentence}`),
    "",
    ...drawMemory(plan),
  ];
  return `${lines
    .map(printable)
    .flatMap((line) => wrap(line, columns, isRow(line) ? NOTE_INDENT : "  "))
    .join("\n")}\n`;
}

/** A figure with a note; all else that may be long is prose. */
function isRow(line: string): boolean {
  return line.startsWith("  ");
}

const NOTE_INDENT = " ".repeat(36);

/** Why the plan can't be started; undefined when it can. */
export function refusal(plan: Plan): string | undefined {
  const { budget, need, layout, shape, snapshots } = plan;
  if (snapshots.refused !== undefined) return snapshots.refused;
  if (budget.fits) return undefined;
  const count = layout.placements.length;
  const workers = `${plural(count, "worker")} ${count === 1 ? "does" : "do"}`;
  const kept = budget.snapshotBytes === 0 ? "" : ` + ${size(budget.snapshotBytes)} of snapshots`;
  const less = `less --ctx (${shape.contextTokens}) or --slots (${shape.slots})${kept === "" ? "" : ` or --snapshots (${size(budget.snapshotBytes)})`}`;
  const sum = `${size(budget.sharedBytes)} of shared weights + ${count} x ${size(need.perWorker.totalBytes)}${kept} + ${size(budget.headroomBytes)} of headroom = ${size(budget.neededBytes)}`;
  const advice =
    budget.mostWorkers > 0 ? `Use --workers ${budget.mostWorkers}, or ${less}.` : `Use ${less}, or a smaller model.`;
  return `${workers} not fit into memory: ${sum}, and ${size(budget.freeBytes)} are free. ${advice}`;
}

function describeMachine({ cpus, machineCpus, nodes, quotaCpus, memory }: Topology): string {
  const cores = new Set(cpus.map((cpu) => cpu.core)).size;
  const caches = new Set(cpus.map((cpu) => cpu.cache)).size;
  const parts = [
    cpus.length === machineCpus ? plural(cpus.length, "CPU") : `${cpus.length} of ${machineCpus} CPUs may be used`,
    plural(cores, "core"),
    ...(nodes.length > 1 ? [`${nodes.length} NUMA nodes`] : []),
    ...(caches > Math.max(1, nodes.length) ? [`${caches} L3 groups`] : []),
    ...(quotaCpus === undefined ? [] : [`a quota of ${quotaCpus} CPUs`]),
    `${size(memory.freeBytes)} of ${size(memory.limitBytes ?? memory.totalBytes)} memory free`,
  ];
  return `Machine: ${parts.join(", ")}`;
}

const SPARED = "*";
const UNUSED = ".";
const SYMBOLS = "123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LABEL_WIDTH = 24;
const MOST_CORES_PER_LINE = 32;

/** One mark for each CPU, the threads of a core together, a line for each L3 group. */
function drawCpus(topology: Topology, layout: Layout, columns: number): readonly string[] {
  const marks = new Map<number, string>();
  for (const id of layout.spared) marks.set(id, SPARED);
  for (const [index, { cpus }] of layout.placements.entries()) {
    for (const id of cpus)
      marks.set(id, marks.get(id) === undefined || marks.get(id) === SPARED ? symbolOf(index) : "+");
  }
  const lines: string[] = [];
  for (const [group, cpus] of groupCpus(topology)) {
    const cores = [...new Set(cpus.map((cpu) => cpu.core))].map((core) => cpus.filter((cpu) => cpu.core === core));
    const cells = cores.map((threads) => threads.map((cpu) => marks.get(cpu.id) ?? UNUSED).join(""));
    const perLine = coresPerLine(columns, Math.max(...cells.map((cell) => cell.length)));
    for (let at = 0; at < cells.length; at += perLine) {
      lines.push(`${(at === 0 ? group : "").padEnd(LABEL_WIDTH)}${cells.slice(at, at + perLine).join(" ")}`);
    }
  }
  const legend = [
    "digits and letters: the worker",
    ...(layout.spared.length > 0 ? [`${SPARED}: left to the balancer`] : []),
    ...(lines.some((line) => line.includes(UNUSED, 24)) ? [`${UNUSED}: not used`] : []),
    ...(lines.some((line) => line.includes("+", 24)) ? ["+: used by several workers"] : []),
  ];
  return [...lines, `(${legend.join("; ")})`];
}

/** Eights, so that a core's place is easily counted. */
function coresPerLine(columns: number, cellWidth: number): number {
  const fitting = Math.min(MOST_CORES_PER_LINE, Math.floor((columns - LABEL_WIDTH + 1) / (cellWidth + 1)));
  return Math.max(8, fitting - (fitting % 8));
}

function groupCpus({ cpus, nodes }: Topology): ReadonlyMap<string, readonly Cpu[]> {
  const manyCaches = new Set(cpus.map((cpu) => cpu.cache)).size > 1;
  const manyKinds = new Set(cpus.map((cpu) => cpu.kind)).size > 1;
  const groups = new Map<string, Cpu[]>();
  for (const cpu of cpus) {
    const words = [
      ...(nodes.length > 1 ? [`node ${cpu.node}`] : []),
      ...(manyCaches && cpu.cache !== undefined ? [`L3 of CPU ${cpu.cache}`] : []),
      ...(manyKinds ? [cpu.kind] : []),
    ];
    const name = words.length === 0 ? "CPUs" : words.join(", ");
    groups.set(name, [...(groups.get(name) ?? []), cpu]);
  }
  return groups;
}

function symbolOf(index: number): string {
  return SYMBOLS[index] ?? "#";
}

/** Worker 10 is drawn as A. */
function symbolNote(index: number): string {
  return index < 9 ? "" : ` (${symbolOf(index)})`;
}

function cpuWord(cpus: readonly number[]): string {
  return `${nounOf(cpus.length, "CPU")} ${shortRanges(cpus)}`;
}

function sparedLine({ spared }: Layout): readonly string[] {
  return spared.length === 0 ? [] : [`balancer: ${cpuWord(spared)}`];
}

function drawMemory(plan: Plan): readonly string[] {
  const { need, budget, shape, layout, model } = plan;
  const { perWorker } = need;
  const count = layout.placements.length;
  return [
    `Memory for ${model.name} (${model.quantization}, ${plural(model.layers, "layer")})`,
    "each worker:",
    row("weights, repacked", perWorker.repackedBytes, "in the order that the CPU's kernels want"),
    row(
      "keys and values",
      perWorker.kvBytes,
      `${plural(shape.slots, "slot")} x ${shape.contextTokens} tokens, ${shape.kvType}`,
    ),
    row("compute buffers", perWorker.computeBytes, `${shape.batchTokens} tokens a step`),
    row("tokenizer", perWorker.tokenizerBytes, `${model.vocabularySize} tokens`),
    row("process", perWorker.processBytes),
    "in all:",
    row(plural(count, "worker"), budget.workersBytes, `${count} x ${size(perWorker.totalBytes)}`),
    row("weights, shared", budget.sharedBytes, `of ${size(need.mappedBytes)} mapped; the rest may be dropped`),
    row("snapshots", budget.snapshotBytes, snapshotNote(plan)),
    row("headroom", budget.headroomBytes),
    row("needed", budget.neededBytes),
    row(
      "free",
      budget.freeBytes,
      plan.topology.memory.limitBytes === undefined ? "" : "within the control group's limit",
    ),
    "",
    refusal(plan) ?? `It fits. More than ${plural(budget.mostWorkers, "worker")} of this shape would be refused.`,
  ];
}

function row(label: string, bytes: number, note = ""): string {
  return `${`  ${label}`.padEnd(24)}${size(bytes).padStart(9)}${note === "" ? "" : `   ${note}`}`;
}

function snapshotNote({ budget, snapshots }: Plan): string {
  if (budget.snapshotBytes > 0) return "of ended requests, in /dev/shm, for all workers";
  return `none: ${snapshots.reason ?? "the workers leave no memory for them"}`;
}
