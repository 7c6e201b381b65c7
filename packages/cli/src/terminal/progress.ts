import type { Clock } from "@drover/foundation/clock";
import { Transfer, transferText } from "@drover/models/transfer";
import type { OnProgress } from "@drover/models";
import type { LoadProgress } from "@drover/supervisor/application";
import cliProgress from "cli-progress";

/** Bars at the bottom of a terminal; elsewhere nothing, because the log says it. */
export interface Progress {
  /** A bar for a download or a long write, until `end`. */
  readonly transfer: (what: string) => { readonly onProgress: OnProgress; readonly end: () => void };
  /** A bar for each worker that loads its model, until all of them are ready. */
  readonly load: (worker: string, progress: LoadProgress) => void;
  /** Takes the bars away; later progress is ignored. */
  readonly end: () => void;
  /** Writes text above the bars; plain where there are none. */
  readonly print: (text: string) => void;
}

/** What is printed may be longer than a line: it would leave the ends of the bars that it is written over. */
const ERASE_BELOW = "\u001b[J";

export function createProgress(stream: NodeJS.WriteStream, write: (text: string) => void, clock: Clock): Progress {
  if (!stream.isTTY)
    return {
      transfer: () => ({ onProgress: () => {}, end: () => {} }),
      load: () => {},
      end: () => {},
      print: write,
    };
  const bars = new Bars(stream, write);
  return {
    transfer(what) {
      const transfer = new Transfer();
      const rest = () => {
        const state = transfer.state(clock.monotonicMs());
        return state === undefined ? "" : transferText(state);
      };
      return {
        onProgress({ doneBytes, totalBytes }) {
          transfer.add(doneBytes, totalBytes, clock.monotonicMs());
          bars.show(what, totalBytes === undefined ? 0 : doneBytes / totalBytes, rest);
        },
        end: () => bars.remove(what),
      };
    },
    load(worker, { share, isReady }) {
      const name = `worker ${worker}`;
      if (isReady) return bars.remove(name);
      const what = share < 1 ? `${Math.floor(share * 100)}% of the model is read` : "is warming up";
      bars.show(name, share, () => what);
    },
    end: () => bars.end(),
    print: (text) => bars.print(text),
  };
}

/** What a bar is drawn from, at each redraw. */
interface Payload {
  readonly name: string;
  readonly rest: () => string;
}

class Bars {
  readonly #stream: NodeJS.WriteStream;
  readonly #write: (text: string) => void;
  readonly #byName = new Map<string, cliProgress.SingleBar>();
  /** Those that are shown but are done; all are taken away together, when the last one is. */
  readonly #done = new Set<string>();
  /** undefined while no bar is shown. */
  #screen: cliProgress.MultiBar | undefined;
  #hasEnded = false;

  constructor(stream: NodeJS.WriteStream, write: (text: string) => void) {
    this.#stream = stream;
    this.#write = write;
  }

  show(name: string, share: number, rest: () => string): void {
    if (this.#hasEnded) return;
    this.#screen ??= openScreen(this.#stream);
    const payload: Payload = { name, rest };
    this.#done.delete(name);
    const bar = this.#byName.get(name) ?? this.#screen.create(1, share, payload);
    this.#byName.set(name, bar);
    bar.update(share, payload);
  }

  remove(name: string): void {
    const bar = this.#byName.get(name);
    if (bar === undefined) return;
    this.#done.add(name);
    if (this.#done.size === this.#byName.size) return this.#close();
    const payload: Payload = { name, rest: () => "ready" };
    bar.update(1, payload);
  }

  end(): void {
    this.#hasEnded = true;
    this.#close();
  }

  print(text: string): void {
    if (this.#screen === undefined) this.#write(text);
    else this.#screen.log(`${ERASE_BELOW}${text}`);
  }

  #close(): void {
    // What was printed since the last redraw waits for the next one, and stop() would drop it: the welcome, for one.
    this.#screen?.update();
    this.#screen?.stop();
    this.#screen = undefined;
    this.#byName.clear();
    this.#done.clear();
  }
}

function openScreen(stream: NodeJS.WriteStream): cliProgress.MultiBar {
  // Without `linewrap`, what is printed above the bars is cut at the terminal's width, the curl line to copy too.
  return new cliProgress.MultiBar(
    {
      stream,
      format: drawBar,
      hideCursor: true,
      clearOnComplete: true,
      linewrap: true,
      // A bar whose text is the same would not come back below what was printed over it.
      forceRedraw: true,
      fps: 5,
      barsize: 24,
      // Else it ends by itself at SIGINT, and what is printed during the drain is never shown.
      gracefulExit: false,
    },
    cliProgress.Presets.shades_classic,
  );
}

/** In one line of the terminal: a bar that wraps leaves its first line behind at each redraw. */
function drawBar(
  options: cliProgress.Options,
  params: cliProgress.Params & { readonly maxWidth?: number },
  { name, rest }: Payload,
): string {
  const bar = cliProgress.Format.BarFormat(params.progress, options);
  return `${name} [${bar}] ${rest()}`.slice(0, (params.maxWidth ?? 80) - 1);
}
